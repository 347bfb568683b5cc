package execcheck

import (
	"io"
	"os"
	"strings"
	"time"
)

// output keeps the beginning of what is written to it.
type output struct {
	text []byte
	cut  bool
}

func (o *output) Write(p []byte) (int, error) {
	keep := min(len(p), MaxOutput-len(o.text))
	o.text = append(o.text, p[:keep]...)
	o.cut = o.cut || keep < len(p)
	return len(p), nil
}

func (o *output) String() string { return strings.TrimRight(string(o.text), " \t\r\n") }

// keeping reads a pipe that a command writes to into an output.
type keeping struct {
	read, write *os.File
	into        io.Writer
	done        chan struct{}
}

// keep begins to read a new pipe.
func keep(into io.Writer) (*keeping, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	k := &keeping{read: read, write: write, into: into, done: make(chan struct{})}
	k.begin()
	return k, nil
}

func (k *keeping) begin() {
	go func() {
		defer close(k.done)
		_, _ = io.Copy(k.into, k.read)
	}()
}

// end ends the reading once the command has ended. All that it has written itself is kept, however late the reading comes to
// it: an output whose end is missing could be just what was expected. What holds the pipe open beyond is left alone.
func (k *keeping) end() {
	_ = k.write.Close()
	select {
	case <-k.done:
	case <-time.After(pipesOpen):
		k.halt()
	}
	_ = k.read.Close()
}
