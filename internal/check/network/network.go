// Package network is what the kinds of check have in common that connect to something: how they connect, how a plan
// says where to and how it is secured, and what it means when there is no answer. An answer that is wrong is told apart
// from none by what the other side did: what it said, and said wrongly, is an answer; a connection that couldn't be made
// or that broke is none.
package network

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Network is how checks reach what they ask, and what certificates are judged with.
type Network struct {
	// Dial connects; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy chooses the proxy of an HTTP request; nil: none.
	Proxy func(*http.Request) (*url.URL, error)
	// Roots are the authorities that are trusted where a plan names none; nil: the system's.
	Roots *x509.CertPool
	// Now is the time that certificates are judged at, and that requests are signed for; nil: time.Now.
	Now func() time.Time
	// AWS gives the credentials and the region that requests are signed with; nil: there are none.
	AWS func() (aws.Config, error)
}

// System is the network as curl and the AWS SDKs use it: through the proxy of HTTP_PROXY, HTTPS_PROXY and NO_PROXY,
// never for loopback.
func System() Network { return Network{Proxy: http.ProxyFromEnvironment} }

// Whole fills in what is nil and has a default.
func (n Network) Whole() Network {
	if n.Dial == nil {
		n.Dial = new(net.Dialer).DialContext
	}
	if n.Now == nil {
		n.Now = time.Now
	}
	return n
}

// Connect connects over TCP, and ends what is read and written on the connection when ctx ends. The error then is one
// of TimedOut.
func (n Network) Connect(ctx context.Context, address string) (net.Conn, error) {
	return n.connect(ctx, "tcp", address)
}

// ConnectUDP makes a socket that receives from the address alone, with the same end.
func (n Network) ConnectUDP(ctx context.Context, address string) (net.Conn, error) {
	return n.connect(ctx, "udp", address)
}

func (n Network) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := n.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &bounded{Conn: conn, stop: Bound(ctx, conn)}, nil
}

// Bound ends what is read and written on a connection when ctx ends. Calling stop lets it be.
func Bound(ctx context.Context, conn interface{ SetDeadline(time.Time) error }) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// bounded is a connection whose time is that of a context.
type bounded struct {
	net.Conn
	stop func() bool
}

func (b *bounded) Close() error {
	b.stop()
	return b.Conn.Close()
}
