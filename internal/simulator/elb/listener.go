package elb

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ListenerConfig is a listener's configuration.
type ListenerConfig struct {
	Name string // how counts and observers call it
	// Address to listen on; the default is a free port of 127.0.0.1.
	Address string
	// Weights are the target groups of the default action, a weighted forward. They stand
	// for Default.Forward.
	Weights map[string]int
	// Default is what is done with requests that no rule takes, where Weights is empty.
	Default Action
	// TLS makes it an HTTPS listener, which speaks HTTP/2 to the clients that offer it in
	// ALPN, with a certificate of [LoadBalancer.CertificateAuthority].
	TLS bool
	// ServerNames are the names of the certificate beside localhost and the listener's address.
	ServerNames []string
	// LoadBalancerARN is what the API calls the load balancer whose listener it is, where that is another
	// one of [LoadBalancer.SiblingARN]; default this one.
	LoadBalancerARN string
}

// Listener accepts requests and hands them to its rules, and the others to its default
// action.
type Listener struct {
	route
	balancer string // the ARN of its load balancer
	ruleARN  string // of the default rule
	protocol string // HTTP or HTTPS
	port     string
	url      string
	server   *http.Server
	proxy    *httputil.ReverseProxy

	rulesMu sync.RWMutex
	rules   []*Rule // by priority
}

// CreateListener opens a listener: HTTP/1.1, or with TLS HTTP/2 as well.
func (lb *LoadBalancer) CreateListener(config ListenerConfig) (*Listener, error) {
	if config.Address == "" {
		config.Address = "127.0.0.1:0"
	}
	if len(config.Weights) > 0 {
		config.Default = Action{Forward: config.Weights}
	}
	balancer := cmp.Or(config.LoadBalancerARN, lb.ARN())
	arn := strings.Replace(balancer, ":loadbalancer/", ":listener/", 1) + "/" + newID()
	l := &Listener{
		route:    route{lb: lb, name: config.Name, kind: "listener", secure: config.TLS, arn: arn},
		balancer: balancer, ruleARN: newRuleARN(arn), protocol: "HTTP",
	}
	if err := l.open(config); err != nil {
		return nil, fmt.Errorf("creating listener %q: %w", config.Name, err)
	}
	return l, nil
}

func (l *Listener) open(config ListenerConfig) (err error) {
	lb := l.lb
	lb.mu.Lock()
	defer lb.mu.Unlock()
	switch {
	case lb.closed:
		return errClosed
	case config.Name == "" || lb.listeners[config.Name] != nil:
		return errorf(CodeDuplicateListener, "it needs a name that no other listener has")
	}
	if l.current, err = l.compileAction(config.Default); err != nil {
		return err
	}
	socket, err := new(net.ListenConfig).Listen(lb.ctx, "tcp", config.Address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return errorf(CodeDuplicateListener, "something listens on %s already; choose another port", config.Address)
	case errors.Is(err, syscall.EACCES):
		return errorf(CodeInvalidConfiguration, "this user may not listen on %s; choose a port from 1024 up", config.Address)
	case err != nil:
		return err
	}
	if err = l.serve(socket, config); err != nil {
		_ = socket.Close()
		return err
	}
	lb.listeners[config.Name] = l
	return nil
}

// serve starts to take requests from the socket; the caller holds the load balancer's lock.
func (l *Listener) serve(socket net.Listener, config ListenerConfig) (err error) {
	var host string
	if host, l.port, err = net.SplitHostPort(socket.Addr().String()); err != nil {
		return err
	}
	quiet := log.New(io.Discard, "", 0) // broken connections are counted, not printed
	l.server = &http.Server{Handler: l, ErrorLog: quiet, ReadHeaderTimeout: time.Minute, IdleTimeout: l.lb.config.IdleTimeout}
	l.proxy = &httputil.ReverseProxy{
		Transport: connection{l.lb}, Rewrite: l.rewrite,
		ModifyResponse: l.answered, ErrorHandler: l.unanswered, ErrorLog: quiet,
		FlushInterval: -1, BufferPool: buffers{&l.lb.buffers},
	}
	start := func() { _ = l.server.Serve(socket) }
	if config.TLS {
		l.protocol = "HTTPS"
		if l.server.TLSConfig, err = l.lb.tlsConfig(append([]string{host, "localhost"}, config.ServerNames...)); err != nil {
			return err
		}
		start = func() { _ = l.server.ServeTLS(socket, "", "") }
	}
	l.url = strings.ToLower(l.protocol) + "://" + socket.Addr().String()
	l.lb.running.Go(start)
	return nil
}

// tlsConfig has the versions of the security policy that new HTTPS listeners get, TLS 1.2
// and 1.3: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html.
func (lb *LoadBalancer) tlsConfig(names []string) (*tls.Config, error) {
	a, err := lb.authority()
	if err != nil {
		return nil, err
	}
	certificate, err := a.issue(names)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// URL is where the listener listens: http://127.0.0.1:port, or https with TLS.
func (l *Listener) URL() string { return l.url }

// newRuleARN is an ARN for another rule of a listener.
func newRuleARN(listener string) string {
	return strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/" + newID()
}

// LoadBalancerARN is the ARN of the load balancer whose listener it is.
func (l *Listener) LoadBalancerARN() string { return l.balancer }

// Protocol is HTTP or HTTPS.
func (l *Listener) Protocol() string { return l.protocol }

// DefaultRuleARN is what the API calls the default action by, as a rule of its own.
func (l *Listener) DefaultRuleARN() string { return l.ruleARN }

// Delete closes the listener, with the requests that are under way. Deleting it twice is no
// error.
func (l *Listener) Delete() {
	l.lb.mu.Lock()
	defer l.lb.mu.Unlock()
	if l.lb.listeners[l.name] == l {
		delete(l.lb.listeners, l.name)
	}
	_ = l.server.Close()
}
