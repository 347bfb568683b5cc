package scenariocheck_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	scenariocheck "github.com/greenlight-deploy/greenlight/internal/check/scenario"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// names are those of the plans in these tests.
var names = strictyaml.Names{
	Static: map[string]any{"vars": map[string]any{"sku": int64(42)}},
	Later:  []string{"green.url", "stage"},
}

func lookup(name string) (any, error) {
	if name == "stage" {
		return "AfterAllowTestTraffic", nil
	}
	return nil, errors.New("it has no value")
}

// tryDecode reads one check as a plan does.
func tryDecode(src string, n httpcheck.Network) (*scenariocheck.Check, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(names)
	c := scenariocheck.Kind(n).New()
	var common struct {
		Retry strictyaml.Value `yaml:"retry"`
	}
	d.Fields(root, &common, c)
	return c.(*scenariocheck.Check), d.Err()
}

func decode(t *testing.T, src string, n httpcheck.Network) *scenariocheck.Check {
	t.Helper()
	c, err := tryDecode(src, n)
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	return c
}

// green is a server that notes what it is asked.
type green struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

// serve answers with handle, which may be called by several requests at once.
func serve(t *testing.T, handle http.HandlerFunc) *green {
	t.Helper()
	g := &green{}
	g.Server = httptest.NewServer(g.noting(handle))
	t.Cleanup(g.Close)
	return g
}

// serveInMemory is serve in the time of a synctest bubble; the network leads to it.
func serveInMemory(t *testing.T, handle http.HandlerFunc) (*green, httpcheck.Network) {
	t.Helper()
	g := &green{}
	l := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	g.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: g.noting(handle)}} //nolint:gosec // nobody is slow in it
	g.Start()
	t.Cleanup(g.Close)
	return g, httpcheck.Network{Dial: l.dial}
}

func (g *green) noting(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.seen = append(g.seen, r.Method+" "+r.URL.RequestURI())
		g.mu.Unlock()
		handle(w, r)
	}
}

// pipes is a listener to which connections are pipes.
type pipes struct {
	accepted chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.accepted <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "green"} }

func (g *green) asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen
}

// run makes one run of a scenario, bounded as the gate bounds it.
func run(ctx context.Context, t *testing.T, src string, n httpcheck.Network, g *green) check.Result {
	t.Helper()
	c := decode(t, src, n)
	return c.Run(ctx, check.Scope{Green: check.Side{URL: g.URL}, Lookup: lookup, Grace: c.CleanupTime()})
}

func outcome(r check.Result) string {
	s := r.Outcome.String()
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	if r.Warning != "" {
		s += "; warning: " + r.Warning
	}
	return s
}
