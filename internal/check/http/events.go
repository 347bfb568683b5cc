package httpcheck

import (
	"bytes"
	"io"
	"mime"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

const eventStream = "text/event-stream"

// mostEvents is the most that a plan can wait for.
const mostEvents = 1000

// eventCount is how many server-sent events are read; 0: the answer isn't a stream of them.
type eventCount int

// DecodeNode reads a number.
func (c *eventCount) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	i, ok := d.Int(n)
	if ok && (i < 1 || i > mostEvents) {
		d.Problem(n, "between 1 and %d events can be read", mostEvents)
	}
	*c = eventCount(i)
}

// JSONSchema describes it.
func (*eventCount) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Between(1, mostEvents)
}

// events reads the first events of a stream.
//
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
type events struct {
	want int
	all  []event

	from    io.Reader
	line    []byte
	lines   int
	afterCR bool
	// what the next event has so far
	name, id string
	data     []string
}

type event struct{ name, data, id string }

// isEventStream says that the answer is what the plan waits for.
func (x *exchange) isEventStream() bool {
	kind, _, err := mime.ParseMediaType(x.answer.Header.Get("Content-Type"))
	return err == nil && kind == eventStream
}

// until gives a reader that ends with the last event that is wanted.
func (e *events) until(r io.Reader) io.Reader {
	e.from = r
	return e
}

func (e *events) Read(p []byte) (int, error) {
	if len(e.all) >= e.want {
		return 0, io.EOF
	}
	n, err := e.from.Read(p)
	for i, c := range p[:n] {
		if e.take(c); len(e.all) >= e.want {
			return i + 1, io.EOF
		}
	}
	return n, err
}

// take takes one byte. Lines end with CR, LF or both.
func (e *events) take(c byte) {
	switch {
	case c == '\n' && e.afterCR:
		e.afterCR = false
	case c == '\n' || c == '\r':
		e.afterCR = c == '\r'
		e.endLine()
	default:
		e.afterCR = false
		e.line = append(e.line, c)
	}
}

func (e *events) endLine() {
	line := e.line
	if e.lines++; e.lines == 1 {
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	e.line = e.line[:0]
	if len(line) == 0 {
		e.dispatch()
		return
	}
	name, value, _ := strings.Cut(strings.ToValidUTF8(string(line), "\uFFFD"), ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "event":
		e.name = value
	case "data":
		e.data = append(e.data, value)
	case "id":
		if !strings.Contains(value, "\x00") {
			e.id = value
		}
	}
}

// dispatch ends an event; one without data is none. An id stays that of all events after it.
func (e *events) dispatch() {
	name := e.name
	if name == "" {
		name = "message"
	}
	if e.data != nil {
		e.all = append(e.all, event{name, strings.Join(e.data, "\n"), e.id})
	}
	e.name, e.data = "", nil
}

// value is the list of the events as JSON paths and assertions see it: data parsed where it is JSON, and no id where none was sent.
func (e *events) value() []any {
	list := make([]any, 0, len(e.all))
	for _, one := range e.all {
		var data any = one.data
		if doc, err := expect.ParseJSON([]byte(one.data)); err == nil {
			data = doc
		}
		m := map[string]any{"event": one.name, "data": data}
		if one.id != "" {
			m["id"] = one.id
		}
		list = append(list, m)
	}
	return list
}
