//go:build unix

package simulator_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	elbsdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func byHeader(name, value string) []elb.Condition {
	return []elb.Condition{{Field: elb.HTTPHeader, Header: name, Values: []string{value}}}
}

// ask sends a request with headers, Host among them, and returns the answer's text.
func ask(t *testing.T, client *http.Client, url string, headers map[string]string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	req.Host = req.Header.Get("Host")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s *scenario) elbClient() *elbsdk.Client {
	return elbsdk.New(elbsdk.Options{
		BaseEndpoint: aws.String(s.EndpointURL()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

// rulesAt lists what DescribeRules shows of the rules of the listener at a URL: priority, and green's weight or - where it
// is no forward.
func (s *scenario) rulesAt(t *testing.T, listener string) []string {
	t.Helper()
	client := s.elbClient()
	balancers, err := client.DescribeLoadBalancers(t.Context(), &elbsdk.DescribeLoadBalancersInput{})
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := client.DescribeListeners(t.Context(), &elbsdk.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	if err != nil {
		t.Fatal(err)
	}
	where, err := url.Parse(listener)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(listeners.Listeners, func(l elbtypes.Listener) bool { return strconv.Itoa(int(aws.ToInt32(l.Port))) == where.Port() })
	rules, err := client.DescribeRules(t.Context(), &elbsdk.DescribeRulesInput{ListenerArn: listeners.Listeners[at].ListenerArn})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range rules.Rules {
		weight := "-"
		if r.Actions[0].ForwardConfig != nil {
			for _, g := range r.Actions[0].ForwardConfig.TargetGroups {
				if strings.Contains(aws.ToString(g.TargetGroupArn), "/"+simulator.TargetGroupTwo+"/") {
					weight = strconv.Itoa(int(aws.ToInt32(g.Weight)))
				}
			}
		}
		list = append(list, aws.ToString(r.Priority)+": "+weight)
	}
	return list
}

// shifts lists how green's weights changed: listener and weight.
func (s *scenario) shifts() []string {
	var list []string
	for _, entry := range s.Timeline().Entries() {
		if w, is := entry.What.(simulator.WeightsChanged); is {
			list = append(list, w.Listener+" "+strconv.Itoa(w.Weights[simulator.TargetGroupTwo]))
		}
	}
	return list
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func byECSAtRule(c *simulator.Config) {
	c.ECS = &simulator.ECSDeployments{}
	c.Test = simulator.ListenerConfig{Shared: true, Conditions: byHeader("x-test", "1")}
}

func TestECSMovesTheRuleThatChoosesTestTraffic(t *testing.T) {
	s := startInstant(t, byECSAtRule)
	if s.TestURL() != s.ProductionURL() || s.TestRule() != "header x-test: 1" {
		t.Errorf("test traffic is %q at %s", s.TestRule(), s.TestURL())
	}
	if d := s.deployService(t, "shop:2"); d.Status != ecs.Successful {
		t.Fatalf("%s: %s", d.Status, d.StatusReason)
	}
	same(t, "green's weights", []string{"test 100", "production 100"}, s.shifts())
	same(t, "the rules", []string{"10: 100", "default: 100"}, s.rulesAt(t, s.ProductionURL()))
	ask(t, fresh(), s.ProductionURL(), nil)
	ask(t, fresh(), s.ProductionURL(), map[string]string{"X-Test": "1"})
	var counted []string
	for _, c := range s.Traffic() {
		counted = append(counted, simulator.ListenerOf(c)+" "+c.TargetGroup)
	}
	same(t, "the traffic", []string{"production tg-2", "test tg-2"}, counted)

	revisions := s.ServiceDeployments()
	out, err := s.ecsClient().DescribeServices(t.Context(), &sdk.DescribeServicesInput{Services: []string{"service"}})
	if err != nil || len(revisions) != 1 {
		t.Fatal(err, revisions)
	}
	advanced := out.Services[0].LoadBalancers[0].AdvancedConfiguration
	for name, arn := range map[string]*string{"production": advanced.ProductionListenerRule, "test": advanced.TestListenerRule} {
		if !strings.Contains(aws.ToString(arn), ":listener-rule/app/") {
			t.Errorf("the %s rule is %s", name, aws.ToString(arn))
		}
	}
}

// fresh is a client that leaves no connections behind.
func fresh() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }

// CodeDeploy is told listeners. It has no test traffic then, and moves all of the listener that forwards to the pair.
func TestCodeDeployMovesARuleOfTheProductionListenerWithIt(t *testing.T) {
	shared := func(c *simulator.Config) {
		c.Test = simulator.ListenerConfig{Shared: true, Conditions: byHeader("x-test", "1")}
	}
	t.Run("with production's traffic", func(t *testing.T) {
		s := startInstant(t, shared)
		d := s.deploy(t, spec("shop:2")).Deployment
		if d.Status != codedeploy.Succeeded || d.Event(codedeploy.AllowTestTraffic).Status != codedeploy.EventSkipped {
			t.Errorf("%s: %v", d.Status, d.Events)
		}
		same(t, "green's weights", []string{"production 100", "test 100"}, s.shifts())
		same(t, "the rules", []string{"10: 100", "default: 100"}, s.rulesAt(t, s.ProductionURL()))
	})
	t.Run("so that a hook has no test traffic to look at", func(t *testing.T) {
		s := startInstant(t, shared)
		refused := new(codedeploy.APIError)
		if _, err := s.Create(spec("shop:2", codedeploy.AfterAllowTestTraffic)); !errors.As(err, &refused) || refused.Code != codedeploy.InvalidRevision {
			t.Errorf("got %v", err)
		}
	})
}

func TestListenersMayBeSharedWithOtherServices(t *testing.T) {
	atRules := func(c *simulator.Config) {
		c.Production.Conditions = []elb.Condition{{Field: elb.HostHeader, Values: []string{"shop.example"}}}
		c.Test.Conditions = byHeader("x-test", "1")
	}
	tests := []struct {
		why    string
		edit   func(*simulator.Config)
		deploy func(*testing.T, *scenario)
	}{
		{"with CodeDeploy", func(*simulator.Config) {}, func(t *testing.T, s *scenario) { s.deploy(t, spec("shop:2")) }},
		{"with ECS", func(c *simulator.Config) { c.ECS = &simulator.ECSDeployments{} }, func(t *testing.T, s *scenario) { s.deployService(t, "shop:2") }},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := startInstant(t, func(c *simulator.Config) { atRules(c); test.edit(c) })
			test.deploy(t, s)
			same(t, "green's weights", []string{"test 100", "production 100"}, s.shifts())
			same(t, "production's rules", []string{"20: 100", "default: -"}, s.rulesAt(t, s.ProductionURL()))
			same(t, "test's rules", []string{"10: 100", "default: -"}, s.rulesAt(t, s.TestURL()))
			for why, request := range map[string]struct {
				url, name, value, want string
			}{
				"production":            {s.ProductionURL(), "Host", "shop.example", "shop:2"},
				"production by another": {s.ProductionURL(), "Host", "cart.example", "No rule of the production listener takes this request.\n"},
				"test":                  {s.TestURL(), "X-Test", "1", "shop:2"},
				"test without":          {s.TestURL(), "X-Test", "0", "No rule of the test listener takes this request.\n"},
			} {
				if got := ask(t, fresh(), request.url, map[string]string{request.name: request.value}); got != request.want {
					t.Errorf("%s: got %q, want %q", why, got, request.want)
				}
			}
		})
	}
}

func TestTheURLOfARuleForAPathMeetsIt(t *testing.T) {
	tests := []struct{ why, pattern, path string }{
		{"a path", "/cart", "/cart"},
		{"all below it", "/test/*", "/test/"},
		{"any one letter", "/v?/cart", "/v0/cart"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := startInstant(t, func(c *simulator.Config) {
				c.Test = simulator.ListenerConfig{Shared: true, Conditions: []elb.Condition{{Field: elb.PathPattern, Values: []string{test.pattern}}}}
			})
			if want := s.ProductionURL() + test.path; s.TestURL() != want {
				t.Errorf("it is %s, want %s", s.TestURL(), want)
			}
			get(t, s.TestURL())
			if counts := s.Traffic(); len(counts) != 1 || simulator.ListenerOf(counts[0]) != simulator.TestListener {
				t.Errorf("the request went %+v", counts)
			}
		})
	}
}

func TestHTTPSListenersSpeakHTTP2AndPlainOnesDoNot(t *testing.T) {
	s := startInstant(t, func(c *simulator.Config) {
		c.Production = simulator.ListenerConfig{HTTPS: true, Names: []string{"shop.example"}}
		c.Test.HTTPS = true
	})
	authority, err := os.ReadFile(s.CertificateAuthority())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	for _, listener := range []string{s.ProductionURL(), s.TestURL()} {
		for want, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
			transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
			if got := protocolOf(t, transport, listener); got != want {
				t.Errorf("%s spoke %s, want %s", listener, got, want)
			}
		}
	}
	named := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "shop.example", MinVersion: tls.VersionTLS12}}
	if got := protocolOf(t, named, s.ProductionURL()); got != "HTTP/1.1" {
		t.Errorf("by its name the listener spoke %s", got)
	}

	plain := startInstant(t, nil)
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	for _, listener := range []string{plain.ProductionURL(), plain.TestURL()} {
		if got := protocolOf(t, &http.Transport{Protocols: only}, listener); got != "" {
			t.Errorf("%s spoke %s without TLS", listener, got)
		}
	}
	if plain.CertificateAuthority() != "" {
		t.Errorf("it has a certificate authority for nothing, %s", plain.CertificateAuthority())
	}
}

// protocolOf is what a server speaks with a client, empty where they can't.
func protocolOf(t *testing.T, transport *http.Transport, url string) string {
	t.Helper()
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "shop:1" {
		t.Errorf("it answered %q, %v", text, err)
	}
	return resp.Proto
}

func TestTheCertificateAuthorityIsGoneWithTheSimulator(t *testing.T) {
	s := &scenario{tasks: &tasks{running: map[string]string{}}}
	sim, err := simulator.Start(t.Context(), simulator.Config{Tasks: s.tasks.start, Blue: "shop:1", Production: simulator.ListenerConfig{HTTPS: true}})
	if err != nil {
		t.Fatal(err)
	}
	path := sim.CertificateAuthority()
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v", path, err)
	}
}

func TestFaultsOfTheTestListenerBefallItsRule(t *testing.T) {
	s := startInstant(t, func(c *simulator.Config) {
		byECSAtRule(c)
		c.ECS.BakeTime = time.Hour
	})
	if err := s.Inject(simulator.Fault{Kind: simulator.Revert, Subject: simulator.TestListener, By: 10 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	s.deployService(t, "shop:2")
	same(t, "green's weights", []string{"test 100", "production 100", "test 0"}, s.shifts())
}
