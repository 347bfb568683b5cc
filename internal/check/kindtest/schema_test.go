package kindtest_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/check"
	alarmscheck "github.com/greenlight-deploy/greenlight/internal/check/alarms"
	cloudwatchcheck "github.com/greenlight-deploy/greenlight/internal/check/cloudwatch"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
	prometheuscheck "github.com/greenlight-deploy/greenlight/internal/check/prometheus"
	targetscheck "github.com/greenlight-deploy/greenlight/internal/check/targets"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// schemaOf is the schema of a kind's checks, resolved.
func schemaOf(t *testing.T, kind check.Kind) *jsonschema.Resolved {
	t.Helper()
	described := strictyaml.NewDescriber(func(reflect.Type, string) string { return "" }).Document(kind.Key, kind.New())
	text, err := json.Marshal(described)
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// What the decoder takes, the schema takes; and the mistakes that an editor is to show, it refuses.
func TestSchemasOfKindsAgreeWithTheirDecoders(t *testing.T) {
	kinds := []check.Kind{
		targetscheck.Kind(nil), alarmscheck.Kind(nil), cloudwatchcheck.Kind(nil, nil), prometheuscheck.Kind(httpcheck.Network{}, nil, nil),
	}
	const metric, query = "cloudwatch: {namespace: n, metric: m, stat: Sum}\n", "prometheus: {url: 'http://p', query: up}\n"
	tests := map[string][]struct {
		src  string
		take bool
	}{
		"targets": {
			{"targets: green", true},
			{"targets: {group: a}", true},
			{"targets: {grp: a}", false},
			{"targets: [a]", false},
			{"targets: green\nexpect: {healthy: 2}", true},
			{"targets: green\nexpect: {healthy: [\">= 2\", 100%]}", true},
			{"targets: green\nexpect: {healthy: \"{{ green.version }}\"}", true},
			{"targets: green\nexpect: {healthy: few}", false},
			{"expect: {healthy: 2}", false},
		},
		"alarms": {
			{"alarms: a", true},
			{"alarms: [a, \"{{ green.version }}\"]", true},
			{"alarms: {prefix: a, region: eu-west-1}", true},
			{"alarms: {tags: {a: b}}\nmissing: pass", true},
			{"alarms: {prefix: a, names: b}", false},
			{"alarms: []", false},
			{"alarms: a\nmissing: 0", false},
			{"alarms: {region: a}", false},
		},
		"cloudwatch": {
			{metric + "expect: {value: <= 5}", true},
			{metric + "expect: {value: 1e-3}", true},
			{metric + "over: 3m\nmissing: 0\nagg: max\nexpect: {value: \"!= -.5\"}", true},
			{metric + "missing: skip\nfresh: true\ndelay: 2m\nexpect: {series: 1}", true},
			{metric + "expect: {value: < 5ms}", false},
			{metric + "agg: median\nexpect: {value: 1}", false},
			{metric + "missing: none\nexpect: {value: 1}", false},
			{metric, false},
			{"cloudwatch: {expression: a/b, period: 5m, metrics: {a: {namespace: n, metric: a, stat: Sum}, b: {namespace: n, metric: b, stat: Sum}}}\nover: 5m\nagg: avg\nagainst: before\nexpect: {change: <= +10 %}", true},
			{metric + "against: red\nexpect: {change: < 1}", false},
		},
		"prometheus": {
			{query + "expect: {value: <= 5}", true},
			{"prometheus: {url: 'http://p', query: up, sigv4: true, headers: {a: b}}\nexpect: {series: 0}", true},
			{"prometheus: {url: 'http://p', query: up, basic: {user: a, password: b}, step: 15s}\nover: 3m\nexpect: {value: 1}", true},
			{"prometheus: {url: 'http://p', query: up, sigv4: {region: a, service: b}}\nexpect: {value: 1}", true},
			{"prometheus: {query: up}\nexpect: {value: 1}", false},
			{"prometheus: {url: 'http://p', query: up, sigv4: yes please}\nexpect: {value: 1}", false},
		},
	}
	for _, kind := range kinds {
		schema := schemaOf(t, kind)
		for _, tt := range tests[kind.Key] {
			t.Run(strings.ReplaceAll(tt.src, "\n", " "), func(t *testing.T) {
				var value any
				if err := yaml.Unmarshal([]byte(tt.src), &value); err != nil {
					t.Fatal(err)
				}
				invalid := schema.Validate(value)
				_, wrong := kindtest.Decode(kind, tt.src)
				if (invalid == nil) != tt.take || (wrong == nil) != tt.take {
					t.Errorf("the schema says %v, and the decoder %v", invalid, wrong)
				}
			})
		}
	}
}
