//go:build unix

package scenario_test

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

func TestWhatIsWrongWithListenersIsShownAtItsPlace(t *testing.T) {
	tests := []struct{ why, lines, want string }{
		{"it is a list", "listeners: {production: []}", "expected a port, or a mapping such as"},
		{"a port is none", "listeners: {test: {port: 70000}}", "s.yaml:5:26: port: 70000 is not a port"},
		{"a key is misspelled", "listeners: {test: {protcol: https}}", `did you mean "protocol"?`},
		{"a protocol is unknown", "listeners: {test: {protocol: h2c}}", `s.yaml:5:30: protocol: unknown protocol "h2c"`},
		{"plain HTTP has no certificate", "listeners: {test: {port: 0, names: [shop.example]}}", "s.yaml:5:36: test: names: those of a certificate"},
		{"two listeners have one port", "listeners: {production: 8080, test: {port: 8080}}", "s.yaml:5:37: listeners: production listens on port 8080"},
		{"a rule takes everything", "listeners: {test: {port: 0, rule: {}}}", "s.yaml:5:35: rule: a rule needs a condition"},
		{"a rule's headers are none", "listeners: {test: {port: 0, rule: {header: {}, path: /x}}}", "s.yaml:5:44: rule: header: it names none"},
		{"a condition is misspelled", "listeners: {test: {port: 0, rule: {heder: {a: b}}}}", `did you mean "header"?`},
		{"a header is the host", "listeners: {test: {port: 0, rule: {header: {Host: shop.example}}}}", "s.yaml:5:51: rule: an http-header condition can't be on the host header"},
		{"a host has no dot", "listeners: {test: {port: 0, rule: {host: shop}}}", "s.yaml:5:42: rule: host-header value \"shop\" must be a host name"},
		{"a path has what paths can't", "listeners: {test: {port: 0, rule: {path: '/a b'}}}", "s.yaml:5:42: rule: path-pattern value"},
		{"a method has a wildcard", "listeners: {test: {port: 0, rule: {method: 'P*'}}}", "methods take no wildcards"},
		{"a query has no value", "listeners: {test: {port: 0, rule: {query: {test: ''}}}}", "needs a value"},
		{"a source is no block", "listeners: {test: {port: 0, rule: {source_ip: 127.0.0.1}}}", "must be a CIDR block"},
		{"a rule has too many values", "listeners: {test: {port: 0, rule: {host: [a.b, a.c, a.d], path: [/a, /b, /c]}}}", "s.yaml:5:35: rule: the conditions have 6 values; a rule can have 5"},
		{"CodeDeploy takes no rules", "listeners: {test: {rule: {header: {x-test: '1'}}}}", "s.yaml:5:19: test: CodeDeploy is given listeners and no rules"},
		{"a way with a hook is unknown", "without_test_listener: ignore", `unknown way with such a hook "ignore"`},
		{"there is no certificate authority", `functions: {check: {command: x, env: {SSL_CERT_FILE: "{{ listeners.ca }}"}}}`, "{{ listeners.ca }}, and no listener of the scenario has protocol: https"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if _, err := parse(t, minimal+test.lines+"\n"); !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Both engines and all kinds of listeners, with a hook that finds green through them.
func TestAHookFindsGreenBehindAnyTestListener(t *testing.T) {
	const (
		code  = "appspec: %q\n"
		byECS = "ecs: {hooks: [{function: CodeDeployHook_check, stages: [POST_TEST_TRAFFIC_SHIFT]}]}\n"
	)
	tests := []struct{ why, engine, listeners, env string }{
		{"HTTPS", code, "{production: {protocol: https}, test: {protocol: https}}", "CA: '{{ listeners.ca }}'"},
		{"a rule of a listener of its own", code, "{test: {port: 0, rule: {host: green.example}}}", "HEADER: 'Host: green.example'"},
		{"a rule for a path", code, "{test: {port: 0, rule: {path: /green/*}}}", ""},
		{"a rule of the production listener", byECS, "{test: {rule: {header: {x-test: '1'}}}}", "HEADER: 'x-test: 1'"},
		{"a rule of the production listener for a path", byECS, "{test: {rule: {path: /green/*}}}", ""},
		{"a rule of an HTTPS listener", byECS, "{production: {protocol: https, names: [shop.example]}, test: {rule: {header: {x-test: ['1', '2']}, method: GET}}}", "HEADER: 'x-test: 2', CA: '{{ listeners.ca }}'"},
		{"HTTPS for test traffic alone", byECS, "{test: {protocol: https, port: 0}}", "CA: '{{ listeners.ca }}'"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			engine := test.engine
			if engine == code {
				engine = fmt.Sprintf(code, appSpecText)
			}
			for version, expect := range map[string]string{"green": "succeeded", "broken": "failed"} {
				got := show(t, behind(t, engine+"listeners: "+test.listeners, test.env, version, expect))
				if expected := "test listener: blue 0, green 100"; !strings.Contains(got, expected) {
					t.Errorf("there is no %q in\n%s", expected, got)
				}
				if expected := "  test listener: 1 request by green"; !strings.Contains(got, expected) {
					t.Errorf("there is no %q in\n%s", expected, got)
				}
			}
		})
	}
}

// behind is a scenario whose hook looks for a version behind listeners.
func behind(t *testing.T, lines, env, version, expect string) *scenario.Scenario {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse(scenario.Source{Name: "shop.yaml", Greenlight: binary, Folder: t.TempDir(), Text: []byte(fmt.Sprintf(`version: 1
%s
blue: {command: ["{{ greenlight }}"], env: {TEST_UPSTREAM: blue}}
green: {command: ["{{ greenlight }}"], env: {TEST_UPSTREAM: %q}}
functions:
  CodeDeployHook_check:
    command: ["{{ greenlight }}"]
    timeout: 60s
    env: {GREEN: "{{ listeners.test }}", WANT: green, %s}
speed: instant
expect: %s
`, lines, version, env, expect))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheCertificateAuthorityCanBeFetched(t *testing.T) {
	tests := []struct {
		why, listeners string
		status         int
	}{
		{"where a listener speaks HTTPS", "{production: {protocol: https}}", http.StatusOK},
		{"and where none does there is none", "{production: 0}", http.StatusNotFound},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := behind(t, fmt.Sprintf("appspec: %q\nlisteners: %s", appSpecText, test.listeners), "", "green", "succeeded")
			sim, err := s.Start(t.Context(), scenario.Host{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := sim.Close(); err != nil {
					t.Error(err)
				}
				http.DefaultClient.CloseIdleConnections()
			})
			resp, err := http.Get(sim.EndpointURL() + "/simulator/ca.pem")
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			trusted := x509.NewCertPool().AppendCertsFromPEM([]byte(body(sim.EndpointURL() + "/simulator/ca.pem")))
			if resp.StatusCode != test.status || trusted != (test.status == http.StatusOK) {
				t.Errorf("got %s, a certificate: %t", resp.Status, trusted)
			}
		})
	}
}

// What AWS does is in https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html and
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html, but for the hook without a test
// listener, of which nothing is documented.
func TestWhatCanNotWorkEndsAsWithAWS(t *testing.T) {
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer sick.Close()
	well := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer well.Close()
	tests := []struct {
		why, green, more string
		failed           codedeploy.Event // empty for none
		hook             codedeploy.EventStatus
		code, message    string
	}{
		{
			"no target of green is healthy", sick.URL, "expect: {status: failed, event: Install}", codedeploy.Install, codedeploy.EventSkipped,
			"TIMEOUT", "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.",
		},
		{
			"a hook's function is unknown", well.URL, "expect: {status: failed, event: AfterAllowTestTraffic}", codedeploy.AfterAllowTestTraffic, codedeploy.EventFailed,
			"INVALID_LAMBDA_FUNCTION", "The Lambda function CodeDeployHook_check for the AfterAllowTestTraffic lifecycle event could not be invoked",
		},
		{
			"a hook that has no test traffic is skipped", well.URL, "listeners: {test: none}\nwithout_test_listener: skip", "", codedeploy.EventSkipped, "", "",
		},
		{
			"or called all the same, as it may look at something else", well.URL,
			"listeners: {test: none}\nwithout_test_listener: call\nexpect: {status: failed, event: AfterAllowTestTraffic}",
			codedeploy.AfterAllowTestTraffic, codedeploy.EventFailed, "INVALID_LAMBDA_FUNCTION", "could not be invoked",
		},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			text := fmt.Sprintf("version: 1\nappspec: %q\nauto_rollback: true\nblue: {url: %q}\ngreen: {url: %q}\nspeed: instant\n%s\n",
				appSpecText, well.URL, test.green, test.more)
			s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			outcome, _, err := run(t, s)
			if err != nil {
				t.Fatal(err)
			}
			d := outcome.Deployment
			if got := d.Event(codedeploy.AfterAllowTestTraffic).Status; got != test.hook {
				t.Errorf("the hook's event is %s, want %s", got, test.hook)
			}
			if test.failed == "" {
				return
			}
			if e := d.Event(test.failed); e.Status != codedeploy.EventFailed || d.Error.Code != test.code || !strings.Contains(d.Error.Message, test.message) {
				t.Errorf("%s %s: %s: %s", test.failed, e.Status, d.Error.Code, d.Error.Message)
			}
			if outcome.Rollback == nil || outcome.Rollback.Status != codedeploy.Succeeded {
				t.Errorf("its rollback: %+v", outcome.Rollback)
			}
		})
	}
}
