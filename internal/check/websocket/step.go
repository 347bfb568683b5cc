package websocketcheck

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Step is one turn: a message that is sent, and then the one that must come.
type Step struct {
	// Text is sent as a text message.
	Text strictyaml.Text `yaml:"text"`
	// JSON is any value, sent as a text message.
	JSON strictyaml.Value `yaml:"json"`
	// Base64 are bytes, sent as a binary message.
	Base64 strictyaml.Text `yaml:"base64"`
	// Close ends the connection with a code: 1000, or 3000 to 4999.
	Close int `yaml:"close"`
	// Expect is what must come then.
	Expect *Message `yaml:"expect"`
}

// Message is what must be true of the next message.
type Message struct {
	// Text compares a text message.
	Text *expect.Text `yaml:"text"`
	// JSON compares what JSON paths select in the message.
	JSON expect.JSON `yaml:"json"`
	// Base64 are the bytes of a binary message.
	Base64 strictyaml.Text `yaml:"base64"`
	// Size compares the message's.
	Size *expect.Size `yaml:"size"`
	// Close is the code with which the server must close the connection, in place of a message.
	Close int `yaml:"close"`
	// Within is the time for it, by default what is left of the check's.
	Within strictyaml.Duration `yaml:"within"`
	// Skip is how many other messages may come before: 0 to 1000, by default none.
	Skip int `yaml:"skip"`
}

// DecodeNode reads a mapping, or text alone, which is sent.
func (s *Step) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		d.Decode(n, &s.Text)
		return
	}
	type fields Step
	d.Fields(n, (*fields)(s))
	var first string
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case key == "expect":
		case first == "":
			first = key
		default:
			d.Problem(pair.Key, "%s: the step sends a message already, from %s: write one of text, json, base64 and close", key, first)
		}
	}
	if len(n.Pairs()) == 0 {
		d.Problem(n, "the step says nothing: write text, json, base64, close or expect")
	}
	if at, ok := n.Get("close"); ok && s.Close != 1000 && (s.Close < 3000 || s.Close > 4999) {
		d.Problem(at, "close: a client closes with 1000, or with a code of its own from 3000 to 4999")
	}
	if at, ok := n.Get("base64"); ok {
		validateBase64(d, at, s.Base64)
	}
}

// JSONSchema describes a mapping, or text alone.
func (*Step) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Step{})
	s.SetProperty("close", strictyaml.AnyOf(strictyaml.Between(1000, 1000), strictyaml.Between(3000, 4999)))
	s.MinProperties = 1
	s.Not = strictyaml.AnyOf(
		strictyaml.Needs("text", "json"), strictyaml.Needs("text", "base64"), strictyaml.Needs("text", "close"),
		strictyaml.Needs("json", "base64"), strictyaml.Needs("json", "close"), strictyaml.Needs("base64", "close"),
	)
	return strictyaml.AnyOf(strictyaml.Scalar(), s)
}

// JSONSchema describes what is expected of a message.
func (*Message) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Message{})
	s.SetProperty("close", strictyaml.AnyOf(strictyaml.Between(1000, 1014), strictyaml.Between(3000, 4999)))
	s.SetProperty("skip", strictyaml.Between(0, 1000))
	s.SetProperty("within", strictyaml.PositiveDuration())
	return s
}

func validateBase64(d *strictyaml.Decoder, at strictyaml.Node, t strictyaml.Text) {
	if literal, known := t.Literal(); known {
		if _, err := base64.StdEncoding.DecodeString(literal); err != nil {
			d.Problem(at, "base64: %s", err)
		}
	}
}

// Validate refuses what no message can be.
func (m *Message) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("skip"); ok && (m.Skip < 0 || m.Skip > 1000) {
		d.Problem(at, "skip: between 0 and 1000 messages can be skipped")
	}
	if at, ok := n.Get("within"); ok && m.Within == 0 {
		d.Problem(at, "within: no message comes in no time")
	}
	if at, ok := n.Get("base64"); ok {
		validateBase64(d, at, m.Base64)
		if m.Text != nil {
			d.Problem(at, "base64: the message is a text already, by text")
		}
	}
	at, ok := n.Get("close")
	if ok && m.Close != noCode && !isCloseCode(m.Close) {
		d.Problem(at, "close: %d is no code of a close frame: they go from 1000 to 1014 (1005: without one) and from 3000 to 4999", m.Close)
	}
	if ok && (m.Text != nil || m.JSON != nil || !m.Base64.IsZero() || m.Size != nil) {
		d.Problem(at, "close: the connection is closed in place of a message: write one of them")
	}
}

// sends gives the message of a step; false: it sends none.
func (s *Step) sends(lookup strictyaml.Lookup) (message, bool, error) {
	switch {
	case !s.Text.IsZero():
		t, err := s.Text.Expand(lookup)
		return message{text, []byte(t)}, true, err
	case !s.JSON.IsZero():
		value, err := s.JSON.Expand(lookup)
		if err != nil {
			return message{}, false, err
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(value); err != nil {
			return message{}, false, fmt.Errorf("%s: writing the message as JSON: %w", s.JSON.Position(), err)
		}
		return message{text, bytes.TrimSuffix(b.Bytes(), []byte("\n"))}, true, nil
	case !s.Base64.IsZero():
		decoded, err := decoded(s.Base64, lookup)
		return message{binaryData, decoded}, true, err
	case s.Close != 0:
		return message{closing, []byte{byte(s.Close >> 8), byte(s.Close)}}, true, nil
	}
	return message{}, false, nil
}

func decoded(t strictyaml.Text, lookup strictyaml.Lookup) ([]byte, error) {
	s, err := t.Expand(lookup)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%s: base64: %w", t.Position(), err)
	}
	return b, nil
}

// judge compares a message.
func (m *Message) judge(got message, lookup strictyaml.Lookup) *expect.Mismatches {
	found := &expect.Mismatches{}
	shown := expect.Quote(string(got.payload))
	if m.Close != 0 {
		found.Add(nil, &expect.Mismatch{Subject: "the message", Got: shown, Expected: "none: that the connection is closed with " + strconv.Itoa(m.Close)})
		return found
	}
	if m.Text != nil {
		if got.opcode != text {
			missing, err := m.Text.Missing("the message", lookup)
			if missing != nil {
				missing.Got = "binary, and no text"
			}
			found.Add(err, missing)
		} else {
			mismatch, err := m.Text.Judge("the message", string(got.payload), lookup)
			found.Add(err, mismatch)
		}
	}
	if !m.Base64.IsZero() {
		want, err := decoded(m.Base64, lookup)
		switch {
		case err != nil:
			found.Add(err)
		case got.opcode != binaryData:
			found.Add(nil, &expect.Mismatch{Subject: "the message", Got: "the text " + shown, Expected: "a binary one"})
		case !bytes.Equal(got.payload, want):
			found.Add(nil, &expect.Mismatch{Subject: "the message", Got: encoded(got.payload), Expected: encoded(want)})
		}
	}
	if m.Size != nil {
		mismatch, err := m.Size.Judge(int64(len(got.payload)), lookup)
		found.Add(err, mismatch)
	}
	if len(m.JSON) > 0 {
		doc, err := expect.ParseJSON(got.payload)
		if err != nil {
			found.Add(nil, &expect.Mismatch{Subject: "the message", Got: fmt.Sprintf("not JSON (%s): %s", err, shown), Expected: "JSON"})
			return found
		}
		all, err := m.JSON.Judge(doc, lookup)
		found.Add(err, all...)
	}
	return found
}

// encoded shows bytes, the first few of them.
func encoded(b []byte) string {
	return strings.Trim(expect.Quote(base64.StdEncoding.EncodeToString(b)), `"`)
}
