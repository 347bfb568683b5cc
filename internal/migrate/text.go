package migrate

import (
	"fmt"
	"io"
)

// headings are what the kinds of notes are called for people.
func heading(k Kind) string {
	switch k {
	case Before:
		return "Before the service is changed"
	case Differs:
		return "What will differ"
	case After:
		return "After it"
	}
	return string(k)
}

// Text writes notes for people.
func Text(out io.Writer, notes []Note) error {
	var last Kind
	for _, n := range notes {
		text := ""
		if n.Kind != last {
			text = heading(n.Kind) + "\n"
			if last != "" {
				text = "\n" + text
			}
			last = n.Kind
		}
		text += "  - " + n.Text + ".\n"
		for _, c := range n.Commands {
			text += "      " + c + "\n"
		}
		if _, err := io.WriteString(out, text); err != nil {
			return fmt.Errorf("writing the notes: %w", err)
		}
	}
	return nil
}
