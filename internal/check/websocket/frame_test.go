package websocketcheck

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAMaskedFrameIsThatOfTheSpecification(t *testing.T) {
	// The example of RFC 6455, 5.7.
	want := []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}
	if got := maskedFrame(text, []byte("Hello"), [4]byte{0x37, 0xfa, 0x21, 0x3d}); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// The frames in testdata are those of npm's ws.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		"\x81\x05Hello", "\x01\x03Hel\x80\x02lo", "\x89\x05Hello\x81\x00", "\x82\x7e\x01\x00" + strings.Repeat("x", 256), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 65536),
		"\x88\x02\x03\xe8", "\x88\x00", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		var answered int
		m, err := readMessage(bufio.NewReader(bytes.NewReader(sent)), func(o opcode, payload []byte) {
			answered += len(payload)
			if !o.control() || len(payload) > 125 {
				t.Errorf("a frame is answered with opcode %d and %d bytes", o, len(payload))
			}
		})
		switch {
		case len(m.payload)+answered > len(sent):
			t.Errorf("%d bytes were sent, and %d came", len(sent), len(m.payload)+answered)
		case err != nil && (m.opcode != 0 || m.payload != nil):
			t.Errorf("a message comes with an error: %v", err)
		case err == nil && m.opcode == text && !utf8.Valid(m.payload):
			t.Error("a text is not UTF-8")
		case err == nil && m.opcode != text && m.opcode != binaryData:
			t.Errorf("a message has the opcode %d", m.opcode)
		}
	})
}
