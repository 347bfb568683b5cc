package simulator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// ListenerConfig is where production's or test's traffic comes in: a listener of its own, a rule of one, or
// for test traffic a rule of the production listener.
type ListenerConfig struct {
	Port int // of 127.0.0.1; 0 for any that is free
	// HTTPS has the listener speak TLS, with HTTP/2 and HTTP/1.1, and a certificate of
	// [Simulator.CertificateAuthority].
	HTTPS bool
	// Names are the certificate's beside 127.0.0.1 and localhost.
	Names []string
	// Conditions make it a rule: other requests to the listener are answered with 404 where no other
	// rule takes them.
	Conditions []elb.Condition
	// Shared has the rule stand in the production listener. It is Test's alone, and the other fields but
	// Conditions aren't looked at then. Amazon ECS moves it with test traffic. CodeDeploy knows listeners
	// and no rules, and moves it with production's: for it there is no test listener then.
	Shared bool
}

// Priorities of the rules. Test traffic is chosen out of production's.
const (
	testPriority       = 10
	productionPriority = 20
)

// route is what takes the service's traffic: a listener's default action, or a rule of it.
type route struct {
	listener *elb.Listener
	rule     *elb.Rule // nil for the default action
	config   ListenerConfig
}

// openListeners opens the listeners on blue.
func (s *Simulator) openListeners() (err error) {
	if s.production, err = s.openListener(ProductionListener, s.config.Production, productionPriority); err != nil {
		return err
	}
	if !s.config.WithoutTestListener {
		test, err := s.openTest()
		if err != nil {
			return err
		}
		s.test = &test
	}
	if !s.production.config.HTTPS && (s.test == nil || !s.test.config.HTTPS) {
		return nil
	}
	authority, err := s.balancer.CertificateAuthority()
	if err != nil {
		return err
	}
	return s.trust.write(authority)
}

func (s *Simulator) openTest() (route, error) {
	if !s.config.Test.Shared {
		return s.openListener(TestListener, s.config.Test, testPriority)
	}
	test := route{listener: s.production.listener, config: s.config.Test}
	test.config.HTTPS = s.production.config.HTTPS
	err := test.addRule(TestListener, testPriority)
	return test, err
}

func (s *Simulator) openListener(name string, config ListenerConfig, priority int) (route, error) {
	r := route{config: config}
	settings := elb.ListenerConfig{Name: name, Address: loopback(config.Port), TLS: config.HTTPS, ServerNames: config.Names}
	if len(config.Conditions) == 0 {
		settings.Weights = onBlue()
	} else {
		settings.Default.FixedResponse = &elb.FixedResponse{StatusCode: 404, Body: "No rule of the " + name + " listener takes this request.\n"}
	}
	var err error
	if r.listener, err = s.balancer.CreateListener(settings); err != nil || len(config.Conditions) == 0 {
		return r, err
	}
	err = r.addRule(name, priority)
	return r, err
}

func (r *route) addRule(name string, priority int) (err error) {
	r.rule, err = r.listener.CreateRule(elb.RuleConfig{
		Name: name, Priority: priority, Conditions: r.config.Conditions, Action: elb.Action{Forward: onBlue()},
	})
	return err
}

func onBlue() map[string]int { return map[string]int{TargetGroupOne: 100, TargetGroupTwo: 0} }

// url is the listener's, with the path of a rule for paths, so that a request to it meets the rule as far as a URL says;
// empty where there is no listener.
func (r route) url() string {
	if r.listener == nil {
		return ""
	}
	for _, c := range r.config.Conditions {
		if c.Field == elb.PathPattern {
			return r.listener.URL() + strings.NewReplacer("*", "", "?", "0").Replace(c.Values[0])
		}
	}
	return r.listener.URL()
}

// ecsRule is what ECS's advancedConfiguration names:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html.
func (r route) ecsRule() ecs.Rule {
	if r.rule != nil {
		return r.rule
	}
	return defaultRule{r.listener}
}

// pairListener is a listener as CodeDeploy moves it.
type pairListener struct{ *elb.Listener }

// Routes are the listener's default action and its rules.
func (l pairListener) Routes() []codedeploy.Route {
	routes := []codedeploy.Route{l.Listener}
	for _, r := range l.Rules() {
		routes = append(routes, r)
	}
	return routes
}

// faulty is what faults of listeners befall.
type faulty interface {
	Name() string
	Inject(elb.RouteFault) (*elb.Injected, error)
}

// routes are all listeners, and all their rules.
func (s *Simulator) routes() []faulty {
	var list []faulty
	for _, l := range s.balancer.Listeners() {
		list = append(list, l)
		for _, r := range l.Rules() {
			list = append(list, r)
		}
	}
	return list
}

// ProductionURL is where the service's users go. Where production is a rule for a path, it has such a path; what else a
// rule asks for, such as a header, must be sent. It is empty where an alias is deployed.
func (s *Simulator) ProductionURL() string { return s.production.url() }

// TestURL is where test traffic goes, likewise; empty where there is none.
func (s *Simulator) TestURL() string {
	if s.test == nil {
		return ""
	}
	return s.test.url()
}

// ProductionRule says what requests must have for production, such as "header x-test: 1"; empty where all of the
// listener's are.
func (s *Simulator) ProductionRule() string { return s.production.describe() }

// TestRule says likewise what requests must have to be test traffic.
func (s *Simulator) TestRule() string {
	if s.test == nil {
		return ""
	}
	return s.test.describe()
}

func (r route) describe() string {
	parts := make([]string, len(r.config.Conditions))
	for i, c := range r.config.Conditions {
		parts[i] = c.String()
	}
	return strings.Join(parts, ", ")
}

// CertificateAuthority is the path of the certificate, PEM encoded, that clients of HTTPS listeners must trust; empty
// where no listener speaks HTTPS. The file is there until the simulator is closed, and another one each time.
func (s *Simulator) CertificateAuthority() string { return s.trust.path }

// ListenerOf tells production's traffic from test's, which may both come to one listener.
func ListenerOf(c elb.Count) string {
	if c.Rule == TestListener {
		return TestListener
	}
	return c.Listener
}

// trust is a file with a certificate authority, in a folder of its own.
type trust struct{ path string }

func (t *trust) write(authority []byte) error {
	folder, err := os.MkdirTemp("", "simulator-")
	if err != nil {
		return fmt.Errorf("making a folder for the certificate authority: %w", err)
	}
	t.path = filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(t.path, authority, 0o600); err != nil {
		return fmt.Errorf("writing the certificate authority: %w", err)
	}
	return nil
}

func (t *trust) remove() error {
	if t.path == "" {
		return nil
	}
	return os.RemoveAll(filepath.Dir(t.path))
}
