package scenario

import (
	"errors"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

type listeners struct {
	// the production listener: a port of 127.0.0.1, or a mapping; any port that is free
	Production listener `yaml:"production"`
	// the test listener: a port of 127.0.0.1, a mapping, a rule alone, which stands in the production listener, or none; any port that is free
	Test testListener `yaml:"test"`
}

// Validate refuses two listeners on one port, where the place can still be shown.
func (l *listeners) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if l.Test.none || l.Test.shared() || l.Test.Port == 0 || l.Test.Port != l.Production.Port {
		return
	}
	at, _ := n.Get("test")
	d.Problem(at, "production listens on port %d; give test another, or no port where a rule of production's listener chooses test traffic", l.Test.Port)
}

// https tells whether any of them speaks TLS.
func (l *listeners) https() bool {
	return l.Production.Protocol == https || !l.Test.none && l.Test.Protocol == https
}

// listener is a port, or a mapping that says more.
type listener struct {
	// the port of 127.0.0.1; 0, which is any that is free
	Port port `yaml:"port"`
	// http (the default), or https, with a certificate that {{ listeners.ca }} is to be trusted by
	Protocol protocol `yaml:"protocol"`
	// the names of the certificate, beside 127.0.0.1 and localhost
	Names []string `yaml:"names"`
	// which of the listener's requests are meant; all
	Rule rule `yaml:"rule"`

	own bool // it has a port or a protocol
}

// DecodeNode reads a port or the mapping.
func (l *listener) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		type fields listener // without this method
		d.Fields(n, (*fields)(l))
		l.validate(d, n)
	case n.IsScalar():
		l.own = true
		d.Decode(n, &l.Port)
	default:
		d.Mismatch(n, "a port, or a mapping such as {port: 8443, protocol: https}")
	}
}

func (l *listener) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	for _, key := range []string{"port", "protocol"} {
		if _, ok := n.Get(key); ok {
			l.own = true
		}
	}
	if at, ok := n.Get("names"); ok && l.Protocol != https {
		d.Problem(at, "names: those of a certificate, which only protocol: https has")
	}
}

func (l *listener) config() simulator.ListenerConfig {
	return simulator.ListenerConfig{Port: int(l.Port), HTTPS: l.Protocol == https, Names: l.Names, Conditions: l.Rule.conditions}
}

// testListener is a listener, a rule of the production listener, or none.
type testListener struct {
	listener
	none bool
}

// DecodeNode reads a listener, a rule or none.
func (l *testListener) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsScalar() {
		var ok bool
		if n, ok = d.Static(n); !ok {
			return
		}
	}
	if n.IsString() && n.Text() == "none" {
		l.none = true
		return
	}
	l.listener.DecodeNode(d, n)
}

// shared tells whether it is a rule of the production listener: a rule with no listener of its own.
func (l *testListener) shared() bool { return len(l.Rule.conditions) > 0 && !l.own }

func (l *testListener) config() simulator.ListenerConfig {
	config := l.listener.config()
	config.Shared = l.shared()
	return config
}

// protocol is what a listener speaks.
type protocol string

// https is TLS, with a certificate that is made for it. The other one is http.
const https protocol = "https"

// DecodeNode reads http or https.
func (p *protocol) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var name string
	d.Decode(n, &name)
	if !slices.Contains(protocols(), name) {
		d.Problem(n, "%s", strictyaml.Unknown("protocol", name, protocols()))
	}
	*p = protocol(name)
}

func protocols() []string { return []string{"http", string(https)} }

// rule says which requests it takes: those that meet all that it names, each by one of the values there.
type rule struct {
	// values of headers, by name, with the wildcards * and ?, in any case
	Header strictyaml.Map[texts] `yaml:"header"`
	// the Host header without its port, with the wildcards * and ?, in any case
	Host texts `yaml:"host"`
	// the path, with the wildcards * and ?, such as /test/*
	Path texts `yaml:"path"`
	// the method, such as GET
	Method texts `yaml:"method"`
	// values of the query, by key, with the wildcards * and ?, in any case
	Query strictyaml.Map[texts] `yaml:"query"`
	// where requests come from, such as 127.0.0.0/8
	SourceIP texts `yaml:"source_ip"`

	conditions []elb.Condition
}

// texts is a text or several.
type texts = strictyaml.OneOrMany[string]

// written is a condition with where it is written: below a key, and there below a name where the key has several.
type written struct {
	key, name string
	condition elb.Condition
}

// written lists what the rule may name; what it doesn't has no values.
func (r *rule) written() []written {
	list := []written{
		{"host", "", elb.Condition{Field: elb.HostHeader, Values: r.Host}},
		{"path", "", elb.Condition{Field: elb.PathPattern, Values: r.Path}},
		{"method", "", elb.Condition{Field: elb.RequestMethod, Values: r.Method}},
		{"source_ip", "", elb.Condition{Field: elb.SourceIP, Values: r.SourceIP}},
	}
	for _, h := range r.Header {
		list = append(list, written{"header", h.Key, elb.Condition{Field: elb.HTTPHeader, Header: h.Key, Values: h.Value}})
	}
	for _, q := range r.Query {
		c := elb.Condition{Field: elb.QueryString}
		for _, value := range q.Value {
			c.Query = append(c.Query, elb.QueryPair{Key: q.Key, Value: value})
		}
		list = append(list, written{"query", q.Key, c})
	}
	return list
}

// Validate makes conditions of it, and refuses what the load balancer would refuse, where the place can still be shown.
func (r *rule) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	wrong := false
	for _, w := range r.written() {
		at, ok := n.Get(w.key)
		if !ok {
			continue
		}
		if w.name != "" {
			at, _ = at.Get(w.name)
		}
		if err := elb.ValidateConditions([]elb.Condition{w.condition}); err != nil {
			d.Problem(at, "%s", err)
			wrong = true
		}
		r.conditions = append(r.conditions, w.condition)
	}
	for _, key := range []string{"header", "query"} {
		if at, ok := n.Get(key); ok && at.IsMapping() && len(at.Pairs()) == 0 {
			d.Problem(at, "%s: it names none", key)
		}
	}
	if len(n.Pairs()) == 0 {
		d.Problem(n, "a rule needs a condition: header, host, path, method, query or source_ip")
	} else if err := elb.ValidateConditions(r.conditions); err != nil && !wrong && len(r.conditions) > 0 {
		d.Problem(n, "%s", err)
	}
}

// testHook is what becomes of a hook for AfterAllowTestTraffic where there is no test listener.
type testHook codedeploy.WithoutTestListener

// DecodeNode reads its name.
func (h *testHook) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var name string
	d.Decode(n, &name)
	i := slices.Index(testHooks(), name)
	if i < 0 {
		d.Problem(n, "%s", strictyaml.Unknown("way with such a hook", name, testHooks()))
		return
	}
	*h = testHook([]codedeploy.WithoutTestListener{codedeploy.RefuseHook, codedeploy.SkipHook, codedeploy.RunHook}[i])
}

// testHooks are the names, in the order of what they stand for.
func testHooks() []string { return []string{"refuse", "skip", "call"} }

// validateListeners refuses what needs a listener that isn't there.
func (f *file) validateListeners(d *strictyaml.Decoder, n strictyaml.Node) {
	if codedeploy.WithoutTestListener(f.WithoutTest) != codedeploy.RefuseHook || f.ECS.given || f.AppSpec.spec.Hooks[codedeploy.AfterAllowTestTraffic] == "" {
		return
	}
	at, _ := n.Get("listeners")
	const instead = "the AppSpec has a hook for AfterAllowTestTraffic, which would see no test traffic; without_test_listener: skip or call lets it pass"
	switch {
	case f.Listeners.Test.none:
		d.Problem(at, "listeners: test is none, and %s", instead)
	case f.Listeners.Test.shared():
		at, _ = at.Get("test")
		d.Problem(at, "test: CodeDeploy is given listeners and no rules, and moves a rule of the production listener with production's traffic. "+
			"Give test a port of its own, or have ECS deploy: %s", instead)
	}
}

// validateAddress refuses a name in a function's environment that stands for nothing in this scenario.
func (f *file) validateAddress(name string) error {
	switch {
	case f.forLambda() && name != nameEndpoint:
		return errors.New("a Lambda deployment has no listeners; functions invoke its alias at {{ " + nameEndpoint + " }}")
	case name == nameTest && f.Listeners.Test.none:
		return errors.New("the scenario has no test listener")
	case name == nameAuthority && !f.Listeners.https():
		return errors.New("no listener of the scenario has protocol: https")
	}
	return nil
}
