// Package kindtest is for the tests of kinds that ask AWS: checks as a plan has them, peers on loopback in AWS's place, and
// results in the words that tests compare.
package kindtest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// The ARNs of what is deployed in these tests.
const (
	GreenGroup   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-2/2222222222222222"
	BlueGroup    = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-1/1111111111111111"
	LoadBalancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/3333333333333333"
	Function     = "arn:aws:lambda:eu-west-1:123456789012:function:shop:7"
)

// names are those that plans in tests may hold.
var names = strictyaml.Names{
	Static: map[string]any{"vars": map[string]any{"sku": int64(42), "limit": "< 5"}},
	Later: []string{
		"green.target_group_arn", "blue.target_group_arn", "green.version", "blue.version", "green.function", "load_balancer_arn", "green.image",
	},
}

// Lookup knows all of the names but green.image.
func Lookup(name string) (any, error) {
	if value, ok := map[string]any{
		"green.target_group_arn": GreenGroup, "blue.target_group_arn": BlueGroup, "green.version": "7", "blue.version": "6",
		"green.function": Function, "load_balancer_arn": LoadBalancer,
	}[name]; ok {
		return value, nil
	}
	return nil, errors.New("not known here")
}

// Decode reads one check as a plan does.
func Decode(kind check.Kind, src string) (check.Check, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(names)
	c := kind.New()
	d.Fields(root, c)
	return c, d.Err()
}

// Ask runs a check of a plan once, and gives its result in words.
func Ask(t testing.TB, kind check.Kind, src string, scope check.Scope) string {
	t.Helper()
	c, err := Decode(kind, src)
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	if scope.Lookup == nil {
		scope.Lookup = Lookup
	}
	return Outcome(c.Run(t.Context(), scope))
}

// Outcome is a result in words.
func Outcome(r check.Result) string {
	s := r.Outcome.String()
	if r.Retry != check.RetryNever {
		s += ", to be retried"
	}
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	return s
}

// A Peer is a server in AWS's place, and what it was asked.
type Peer struct {
	URL string

	mu    sync.Mutex
	asked []Call
}

// Call is one request to a Peer.
type Call struct {
	// Operation is that of X-Amz-Target, or of a query; else method and path.
	Operation string
	Header    http.Header
	Query     string
	Body      string
}

// Reply is what a Peer answers. The zero Status is 200.
type Reply struct {
	Status int
	Header map[string]string
	Body   string
}

// Serve starts a Peer that answers what reply gives.
func Serve(t testing.TB, reply func(Call) Reply) *Peer {
	t.Helper()
	p := &Peer{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller left
		}
		c := Call{Operation: r.Method + " " + r.URL.Path, Header: r.Header, Query: r.URL.RawQuery, Body: string(body)}
		if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
			c.Operation = operation
		} else if _, rest, ok := strings.Cut(c.Body, "Action="); ok && r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			c.Operation, _, _ = strings.Cut(rest, "&")
		}
		p.mu.Lock()
		p.asked = append(p.asked, c)
		p.mu.Unlock()
		answer := reply(c)
		for name, value := range answer.Header {
			w.Header().Set(name, value)
		}
		if answer.Status != 0 {
			w.WriteHeader(answer.Status)
		}
		_, _ = io.WriteString(w, answer.Body)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Asked are the requests so far.
func (p *Peer) Asked() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.asked...)
}

// Config gives the AWS configuration by which the peer is asked.
func (p *Peer) Config(t testing.TB) func() (aws.Config, error) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return func() (aws.Config, error) {
		return aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String(p.URL), HTTPClient: &http.Client{Transport: transport},
			Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		}, nil
	}
}

// Refused is an error of a service that speaks JSON.
func Refused(status int, code, message string) Reply {
	text, err := json.Marshal(map[string]string{"__type": code, "message": message})
	if err != nil {
		panic(err) // two texts can be written
	}
	return Reply{Status: status, Body: string(text), Header: map[string]string{"X-Amzn-Errortype": code}}
}
