package report

// Color is how a Style marks a text.
type Color string

// The colours, each with one meaning in all of greenlight's output.
const (
	Bad   Color = red
	Good  Color = green
	Doubt Color = yellow
	Aside Color = dim
)

// Paint marks a text, where the style has colour.
func (s Style) Paint(c Color, text string) string {
	t := Terminal{style: s}
	return t.paint(string(c), text)
}

// Fold breaks a line at spaces so that it fits the style's width. It begins at the column start; the lines after the first
// are indented.
func (s Style) Fold(line string, start, indent int) string { return fold(line, s.Width, start, indent) }

// Clean takes from a text what a terminal would obey instead of show.
func Clean(text string) string { return clean(text) }
