// Package secret fetches what a plan names as its secrets, keeps it from being printed, and masks it wherever text leaves:
// in reasons, reports, log lines and in what one call hands to the next.
//
// A [Store] fetches side by side and remembers for a stated time. All that it has ever given out its [Masker] masks, also
// where it stands encoded in a longer text.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Mask is what stands in the place of a secret.
const Mask = "***"

// Value is a secret's text. It can't be printed: each way to make text of it gives [Mask], and what looks past its methods
// finds a function. The zero Value is empty.
type Value struct{ reveal func() string }

func newValue(text string) Value { return Value{func() string { return text }} }

// Reveal gives the text, for a request that is to carry it.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// String masks the value.
func (Value) String() string { return Mask }

// Format masks the value under every verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mask) }

// MarshalText masks the value in JSON, and in all that is made of text.
func (Value) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// LogValue masks the value in a log line.
func (Value) LogValue() slog.Value { return slog.StringValue(Mask) }
