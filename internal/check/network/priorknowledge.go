package network

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// PriorKnowledge watches connections on which HTTP/2 is spoken without having asked for it (RFC 9113, section 3.3). A server
// of HTTP/1.1 answers the preface with an error and closes; a request that is on its way by then breaks the connection, and
// the answer that tells why is lost to the client. So nothing follows the preface before the server has said something, which
// one of HTTP/2 does at once: its own preface is the first that it sends (section 3.4), and clients of gRPC wait for it too.
type PriorKnowledge struct{ older atomic.Bool }

// Older says that a server has answered in HTTP/1.
func (k *PriorKnowledge) Older() bool { return k.older.Load() }

// Over is dial, watched.
func (k *PriorKnowledge) Over(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &prefaced{Conn: conn, knowledge: k, begun: make(chan struct{})}, nil
	}
}

var errOlder = errors.New("the server answered in HTTP/1 to HTTP/2")

// prefaced is a connection whose first write is the client's preface. One goroutine reads it.
type prefaced struct {
	net.Conn
	knowledge *PriorKnowledge
	sent      atomic.Bool
	head      []byte
	once      sync.Once
	begun     chan struct{} // closed when it is known what the server speaks
	refused   error         // why nothing more is written; read after begun
}

func (c *prefaced) Write(p []byte) (int, error) {
	if c.sent.Swap(true) {
		<-c.begun
		if c.refused != nil {
			return 0, c.refused
		}
	}
	return c.Conn.Write(p)
}

func (c *prefaced) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if older := []byte("HTTP/1."); len(c.head) < len(older) {
		c.head = append(c.head, p[:min(n, len(older)-len(c.head))]...)
		switch {
		case bytes.Equal(c.head, older):
			c.knowledge.older.Store(true)
			c.know(errOlder)
		case !bytes.HasPrefix(older, c.head):
			c.know(nil)
		}
	}
	if err != nil {
		c.know(err)
	}
	return n, err
}

func (c *prefaced) Close() error {
	c.know(net.ErrClosed)
	return c.Conn.Close()
}

func (c *prefaced) know(refused error) {
	c.once.Do(func() {
		c.refused = refused
		close(c.begun)
	})
}
