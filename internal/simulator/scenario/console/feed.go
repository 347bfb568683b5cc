package console

import (
	"encoding/json"
	"fmt"
	"io"
)

// Feed writes what functions and the two sides write themselves, line by line, as it comes.
type Feed struct {
	out    io.Writer
	asJSON bool
}

// NewFeed makes a Feed for people, each line behind the name of who wrote it, or of JSON objects of the type log. Each
// line is one call of out's Write, which must be safe for concurrent use.
func NewFeed(out io.Writer, asJSON bool) *Feed { return &Feed{out, asJSON} }

// Line shows a line of who wrote it: a function's name, or a side.
func (f *Feed) Line(source, text string) {
	if f == nil {
		return
	}
	if f.asJSON {
		line, err := json.Marshal(struct {
			Type   string `json:"type"`
			Source string `json:"source"`
			Text   string `json:"text"`
		}{"log", source, text})
		if err == nil {
			_, _ = f.out.Write(append(line, '\n'))
		}
		return
	}
	_, _ = io.WriteString(f.out, fmt.Sprintf("              %s | %s\n", source, plain(text)))
}
