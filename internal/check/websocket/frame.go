package websocketcheck

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// opcode is the kind of a frame (RFC 6455, 5.2).
type opcode byte

const (
	continuation opcode = 0
	text         opcode = 1
	binaryData   opcode = 2
	closing      opcode = 8
	ping         opcode = 9
	pong         opcode = 10
)

func (o opcode) control() bool { return o >= closing }

// MaxMessage is how much of a message is read, all of its frames together, in bytes: that of a body of http.
const MaxMessage = 1 << 20

// protocolError is what a server did against RFC 6455.
type protocolError string

func (e protocolError) Error() string { return string(e) }

// closed is the end that a server announced.
type closed struct {
	code   int // 1005 where the server gave none
	reason string
}

func (c closed) Error() string {
	if c.reason == "" {
		return fmt.Sprintf("closed by the server with %d", c.code)
	}
	return fmt.Sprintf("closed by the server with %d (%q)", c.code, c.reason)
}

// noCode stands for a close frame without a code (RFC 6455, 7.1.5).
const noCode = 1005

// frame is one frame of a server.
type frame struct {
	final   bool
	opcode  opcode
	payload []byte
}

// readFrame reads a frame whose payload has at most so many bytes. Servers don't mask theirs.
func readFrame(r *bufio.Reader, most int) (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{final: head[0]&0x80 != 0, opcode: opcode(head[0] & 0x0f)}
	size, masked := uint64(head[1]&0x7f), head[1]&0x80 != 0
	switch {
	case head[0]&0x70 != 0:
		return frame{}, protocolError("a frame uses an extension that wasn't agreed on")
	case f.opcode > binaryData && f.opcode < closing || f.opcode > pong:
		return frame{}, protocolError(fmt.Sprintf("a frame has the unknown opcode %d", f.opcode))
	case masked:
		return frame{}, protocolError("a frame of the server is masked, which only those of clients are")
	case f.opcode.control() && (!f.final || size > 125):
		return frame{}, protocolError("a control frame is in parts, or over 125 bytes long")
	}
	size, err := extended(r, size)
	if err != nil {
		return frame{}, err
	}
	if size > uint64(most) && !f.opcode.control() {
		return frame{}, errTooLarge
	}
	f.payload = make([]byte, size)
	_, err = io.ReadFull(r, f.payload)
	return f, err
}

var errTooLarge = protocolError(fmt.Sprintf("a message is over %d MiB, the most that is read", MaxMessage>>20))

// extended reads the rest of a length that has more than seven bits.
func extended(r *bufio.Reader, short uint64) (uint64, error) {
	var rest [8]byte
	size := map[uint64]int{126: 2, 127: 8}[short]
	if _, err := io.ReadFull(r, rest[8-size:]); err != nil || size == 0 {
		return short, err
	}
	long := binary.BigEndian.Uint64(rest[:])
	if size == 2 && long < 126 || size == 8 && long <= 0xffff || long>>63 != 0 {
		return 0, protocolError("a frame's length isn't written in the shortest way")
	}
	return long, nil
}

// message is what was sent in one frame or in several.
type message struct {
	opcode  opcode
	payload []byte
}

// readMessage puts a message together. Control frames may come in between: pings are answered, and one that
// ends the connection is a closed error.
func readMessage(r *bufio.Reader, answer func(opcode, []byte)) (message, error) {
	var m message
	for begun := false; ; {
		f, err := readFrame(r, MaxMessage-len(m.payload))
		if err != nil {
			if errors.Is(err, io.EOF) && begun {
				err = io.ErrUnexpectedEOF
			}
			return message{}, err
		}
		if f.opcode.control() {
			if err := control(f, answer); err != nil {
				return message{}, err
			}
			continue
		}
		switch {
		case begun && f.opcode != continuation:
			return message{}, protocolError("a message begins before the one before has ended")
		case !begun && f.opcode == continuation:
			return message{}, protocolError("a message goes on that hasn't begun")
		case !begun:
			m.opcode, begun = f.opcode, true
		}
		m.payload = append(m.payload, f.payload...)
		if !f.final {
			continue
		}
		if m.opcode == text && !utf8.Valid(m.payload) {
			return message{}, protocolError("a text is not UTF-8")
		}
		return m, nil
	}
}

// control takes a control frame.
func control(f frame, answer func(opcode, []byte)) error {
	switch f.opcode {
	case ping:
		answer(pong, f.payload)
	case closing:
		c, err := closeOf(f.payload)
		if err != nil {
			return err
		}
		answer(closing, f.payload[:min(2, len(f.payload))])
		return c
	}
	return nil
}

// closeOf reads what a close frame says (RFC 6455, 5.5.1 and 7.4).
func closeOf(payload []byte) (closed, error) {
	if len(payload) == 0 {
		return closed{code: noCode}, nil
	}
	if len(payload) == 1 {
		return closed{}, protocolError("a close frame has half of a code")
	}
	c := closed{code: int(binary.BigEndian.Uint16(payload)), reason: string(payload[2:])}
	switch {
	case !isCloseCode(c.code):
		return closed{}, protocolError(fmt.Sprintf("a close frame has the code %d, which none may have", c.code))
	case !utf8.ValidString(c.reason):
		return closed{}, protocolError("the reason of a close frame is not UTF-8")
	}
	return c, nil
}

// isCloseCode says that a close frame may have the code (RFC 6455, 7.4, and IANA's registry).
func isCloseCode(code int) bool {
	return code >= 1000 && code <= 1014 && code != 1004 && code != noCode && code != 1006 || code >= 3000 && code <= 4999
}

// writeFrame writes a frame of a client, which is masked with bytes that nobody can foretell.
func writeFrame(w io.Writer, o opcode, payload []byte) error {
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // never fails
	_, err := w.Write(maskedFrame(o, payload, mask))
	return err
}

func maskedFrame(o opcode, payload []byte, mask [4]byte) []byte {
	out := []byte{0x80 | byte(o)}
	switch size := len(payload); {
	case size < 126:
		out = append(out, 0x80|byte(size))
	case size <= 0xffff:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(size))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), uint64(size))
	}
	out = append(out, mask[:]...)
	for i, b := range payload {
		out = append(out, b^mask[i%4])
	}
	return out
}
