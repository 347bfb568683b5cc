package elb_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// secure is a client that trusts the load balancer.
func secure(t *testing.T, lb *elb.LoadBalancer, http2 bool) *http.Client {
	t.Helper()
	text, err := lb.CertificateAuthority()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s", text)
	}
	transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestATLSListenerSpeaksWhatTheClientOffersAndHTTP1Behind(t *testing.T) {
	seen := make(chan *http.Request, 1)
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cart" {
			seen <- r
		}
		_, _ = io.WriteString(w, "blue")
	}))
	l, err := lb.CreateListener(elb.ListenerConfig{Name: "production", Weights: map[string]int{"blue": 1}, TLS: true, ServerNames: []string{"shop.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(l.URL(), "https://127.0.0.1:") {
		t.Errorf("URL %s", l.URL())
	}
	for want, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(want, func(t *testing.T) {
			resp, err := secure(t, lb, http2).Do(request(t, "GET", l.URL()+"/cart"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if resp.Proto != want || resp.StatusCode != http.StatusOK {
				t.Errorf("got %s %s", resp.Proto, resp.Status)
			}
			if got := <-seen; got.Proto != "HTTP/1.1" || got.Header.Get("X-Forwarded-Proto") != "https" {
				t.Errorf("the target got %s, X-Forwarded-Proto %q", got.Proto, got.Header.Get("X-Forwarded-Proto"))
			}
		})
	}
}

func TestHTTP2WithoutTLSIsNotSpoken(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: only}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(request(t, "GET", l.URL()))
	if err == nil {
		_ = resp.Body.Close()
		t.Errorf("got %s %s", resp.Proto, resp.Status)
	}
}

func TestAnHTTPSListenerDoesNotRedirectToHTTP(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{TLS: true})
	back := elb.Action{Redirect: &elb.Redirect{StatusCode: 301, Protocol: "HTTP"}}
	_, err := l.CreateRule(elb.RuleConfig{Priority: 1, Action: back, Conditions: []elb.Condition{{Field: elb.PathPattern, Values: []string{"/"}}}})
	for what, err := range map[string]error{"rule": err, "default action": l.SetAction(back)} {
		if refused := (*elb.Error)(nil); !errors.As(err, &refused) || refused.Code != elb.CodeInvalidAction {
			t.Errorf("%s: got %v, want InvalidLoadBalancerAction", what, err)
		}
	}
}

func TestTheCertificateIsForTheNamesThatAreAskedFor(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{TLS: true, ServerNames: []string{"shop.example", "*.shop.example"}})
	for name, good := range map[string]bool{"": true, "localhost": true, "shop.example": true, "www.shop.example": true, "other.example": false} {
		c := secure(t, lb, true)
		c.Transport.(*http.Transport).TLSClientConfig.ServerName = name
		resp, err := c.Do(request(t, "GET", l.URL()))
		if err == nil {
			_ = resp.Body.Close()
		}
		if good != (err == nil) {
			t.Errorf("as %q: %v", name, err)
		}
	}
}

func TestAStrangerDoesNotTrustTheListener(t *testing.T) {
	lb, other := balancer(t, elb.Config{}), balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{TLS: true})
	resp, err := secure(t, other, true).Do(request(t, "GET", l.URL()))
	if err == nil {
		_ = resp.Body.Close()
		t.Error("the certificate of another load balancer's authority was trusted")
	}
}
