package hook

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// A warmTransport is an http.Transport with connections opened ahead of the first
// request. They are watched while they wait: once the server has closed them, requests
// go the usual way through the transport's pool.
type warmTransport struct {
	*http.Transport

	mu     sync.Mutex
	origin string // scheme://host:port that conns lead to
	conns  []*http.ClientConn
}

// warmClient returns an HTTP client over a warmTransport: client itself if it is one, as in a
// [LambdaConfig], and else one with the settings of client, which may be nil. The
// environment's certificate bundle and the like have been put into the SDK's own kind of client;
// any other kind is the caller's, and is returned as it is.
func warmClient(client aws.HTTPClient) (*warmTransport, aws.HTTPClient) {
	if shared, ok := client.(*http.Client); ok {
		warm, _ := shared.Transport.(*warmTransport)
		return warm, client
	}
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return nil, client
	}
	warm := &warmTransport{Transport: buildable.GetTransport()}
	// The transport doesn't count a connection of NewClientConn when it opens but does when it
	// closes, and panics where it has counted none; without a bound (the SDK's is 2048, a hook
	// needs one or two) it counts nothing.
	warm.MaxConnsPerHost = 0
	return warm, &http.Client{
		Transport: warm,
		Timeout:   buildable.GetTimeout(),
		// A redirect is an answer that CodeDeploy doesn't give; a signed request isn't
		// sent on to wherever it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// open opens n connections to the endpoint side by side, TLS handshake included, without sending a request. It fails
// where none could be opened.
func (t *warmTransport) open(ctx context.Context, endpoint *url.URL, n int) error {
	if endpoint.Scheme == "https" && t.TLSClientConfig.RootCAs == nil {
		// The handshake needs the system's root certificates, and would read and parse them
		// only once the server's own has arrived. Parsed here, they are while it is awaited.
		go func() { _, _ = x509.SystemCertPool() }()
	}
	conns, errs := make([]*http.ClientConn, n), make([]error, n)
	var opening sync.WaitGroup
	for i := range n {
		opening.Go(func() { conns[i], errs[i] = t.NewClientConn(ctx, endpoint.Scheme, hostPort(endpoint)) })
	}
	opening.Wait()
	conns = slices.DeleteFunc(conns, func(c *http.ClientConn) bool { return c == nil })
	if len(conns) == 0 {
		return fmt.Errorf("connect to %s: %w", endpoint.Redacted(), errs[0])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, conn := range t.conns {
		_ = conn.Close()
	}
	t.origin, t.conns = origin(endpoint), conns
	return nil
}

// RoundTrip sends the request over a connection opened ahead if one is free and alive.
func (t *warmTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		// The SDK closes the body of an answered request, and its WriteTo fails from then on.
		// If the transport is just looking for the body's end then, it takes the failure for
		// the connection's and closes that. A body that can only be read has just ended.
		plain := *req
		plain.Body = struct{ io.ReadCloser }{req.Body}
		req = &plain
	}
	if conn := t.reserve(req.URL); conn != nil {
		return conn.RoundTrip(req)
	}
	return t.Transport.RoundTrip(req)
}

func (t *warmTransport) reserve(to *url.URL) *http.ClientConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.origin != origin(to) {
		return nil
	}
	t.conns = slices.DeleteFunc(t.conns, func(c *http.ClientConn) bool { return c.Err() != nil })
	for _, conn := range t.conns {
		if conn.Reserve() == nil {
			return conn
		}
	}
	return nil
}

// CloseIdleConnections closes the connections opened ahead as well.
func (t *warmTransport) CloseIdleConnections() {
	t.mu.Lock()
	t.conns = slices.DeleteFunc(t.conns, func(c *http.ClientConn) bool {
		idle := c.InFlight() == 0
		if idle {
			_ = c.Close()
		}
		return idle
	})
	t.mu.Unlock()
	t.Transport.CloseIdleConnections()
}

func origin(u *url.URL) string { return u.Scheme + "://" + hostPort(u) }

func hostPort(u *url.URL) string {
	if port := u.Port(); port != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}
