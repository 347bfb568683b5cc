package httpcheck

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
)

// decoded is the body as it was before it was compressed. A coding that isn't known is noted, and the body given as it came.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1
func (x *exchange) decoded() io.Reader {
	raw := &counted{from: x.answer.Body, n: &x.came}
	var body io.Reader = raw
	codings := strings.Split(strings.Join(x.answer.Header.Values("Content-Encoding"), ","), ",")
	for _, coding := range slices.Backward(codings) {
		switch name := strings.ToLower(strings.TrimSpace(coding)); name {
		case "", "identity":
		case "gzip", "x-gzip":
			body = &decoding{name: "gzip", raw: raw, from: bufio.NewReader(body), open: openGzip}
		case "deflate":
			body = &decoding{name: name, raw: raw, from: bufio.NewReader(body), open: openDeflate}
		default:
			x.coding = name
			return raw
		}
	}
	return body
}

// counted counts what comes from the server, and keeps the error that it ended with.
type counted struct {
	from io.Reader
	n    *int64
	err  error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	*c.n += int64(n)
	c.err = err
	return n, err
}

// decoding undoes one coding. A body that is empty has none, whatever its head says: that of an answer to HEAD.
type decoding struct {
	name string
	raw  *counted
	from *bufio.Reader
	open func(*bufio.Reader) (io.Reader, error)
	to   io.Reader
}

func (d *decoding) Read(p []byte) (int, error) {
	if d.to == nil {
		if _, err := d.from.Peek(1); err != nil {
			return 0, err
		}
		to, err := d.open(d.from)
		if err != nil {
			return 0, d.blame(err)
		}
		d.to = to
	}
	n, err := d.to.Read(p)
	return n, d.blame(err)
}

// blame tells a body that is coded wrongly from one that broke off.
func (d *decoding) blame(err error) error {
	if err == nil || errors.Is(err, io.EOF) && d.to != nil || d.raw.err != nil && !errors.Is(d.raw.err, io.EOF) {
		return err
	}
	return &miscoded{d.name, err}
}

// miscoded is a body that isn't in the coding that its head names: an answer, and a wrong one.
type miscoded struct {
	coding string
	err    error
}

func (m *miscoded) Error() string {
	if errors.Is(m.err, io.ErrUnexpectedEOF) || errors.Is(m.err, io.EOF) {
		return "the body is not whole " + m.coding + ", which its content-encoding says that it is: it ends too early"
	}
	return "the body is not " + m.coding + ", which its content-encoding says that it is: " + network.Plainly(m.err)
}

func openGzip(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }

// openDeflate takes zlib's format, which the standard means, and the bare one, which some servers send.
func openDeflate(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(2)
	const deflate = 8 // zlib's method, in the low half of the first byte
	if err == nil && head[0]&0x0f == deflate && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}
