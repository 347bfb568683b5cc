package expect_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// names are those of the plans in these tests.
var names = strictyaml.Names{
	Static: map[string]any{"vars": map[string]any{
		"sku": int64(42), "operator": "< 5", "notation": "~ .*", "limit": "300ms", "list": []any{int64(1), int64(2)}, "key": "id",
	}},
	Later: []string{"green.image", "green.limit", "green.port", "green.operator", "cart"},
}

// lookup knows the names that are known when a check runs.
func lookup(name string) (any, error) {
	values := map[string]any{
		"green.image": "shop:1.2+3", "green.limit": "250ms", "green.port": int64(8080), "green.operator": "!= nothing",
	}
	if value, ok := values[name]; ok {
		return value, nil
	}
	return nil, errors.New("it has no value")
}

// all are the expectations under the keys that a plan has for them.
type all struct {
	Status      *expect.Status      `yaml:"status"`
	Duration    *expect.Duration    `yaml:"duration"`
	Text        *expect.Text        `yaml:"text"`
	JSON        expect.JSON         `yaml:"json"`
	Size        *expect.Size        `yaml:"size"`
	Certificate *expect.Certificate `yaml:"certificate"`
	Assert      expect.Assert       `yaml:"assert"`
	Capture     *expect.Capture     `yaml:"capture"`
}

func tryDecode(src string) (*all, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(names)
	var a all
	d.Decode(root, &a)
	return &a, d.Err()
}

func decode(t *testing.T, src string) *all {
	t.Helper()
	a, err := tryDecode(src)
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	return a
}

// said is what a judgement says: its mismatch, its error, or nothing where the expectation is true.
func said(m *expect.Mismatch, err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case m != nil:
		return m.String()
	}
	return ""
}

func saidAll(all []*expect.Mismatch, err error) string {
	s := ""
	for _, m := range all {
		s += m.String() + "\n"
	}
	if err != nil {
		s += "error: " + err.Error()
	}
	return s
}

func TestWhatIsWrongWithAnExpectationIsToldAtItsPlace(t *testing.T) {
	tests := []struct{ why, src, want string }{
		{"a time without a unit could be any", `duration: < 300`, `1:11: duration: 300 has no unit: write 300ms, 300s or 300m`},
		{"no two measured times are the same", `duration: 300ms`, `1:11: duration: no duration is 300ms to the nanosecond: write < 300ms`},
		{"and so all of them differ", `duration: "!= 2s"`, `1:11: duration: no duration is 2s to the nanosecond: write < 2s`},
		{"a duration is no text", `duration: ~ 3.*`, `1:11: duration: ~ matches text; compare a duration, as in < 300ms with <, <=, > or >=`},
		{"an operator alone compares with nothing", `duration: <`, `1:11: duration: < compares with nothing: write a value after it`},
		{"time doesn't run backwards", `duration: < -3s`, `1:11: duration: "-3s" is negative, which no time is`},
		{"a mapping is no comparison", `duration: {max: 3s}`, `1:11: duration: expected a duration, as in < 300ms, found a mapping`},
		{"a size needs its unit too", `size: < 100`, `1:7: size: 100 has no unit: write 100B, 100kB or 100MB`},
		{"a size is no text", `size: ~ 1.*`, `1:7: size: ~ matches text; compare a size, as in < 100kB with <, <=, > or >=`},

		{"a code outside of HTTP's never comes", `status: 99`, `1:9: status: 99 is outside of 100 to 599, the statuses of HTTP`},
		{"nor does one above", `status: 200..600`, `1:9: status: 200..600 is outside of 100 to 599, the statuses of HTTP`},
		{"there are five classes", `status: 6xx`, `1:9: status: the class 6xx doesn't exist: classes are 1xx to 5xx`},
		{"a range goes up", `status: 299..200`, `1:9: status: the range 299..200 ends before it begins`},
		{"a word is no status", `status: ok`, `1:9: status: "ok" is not a status: write a code (200), a class (2xx) or a range (200..299)`},
		{"a sign is not part of a code", `status: "+200"`, `1:9: status: "+200" is not a status: write a code (200), a class (2xx) or a range (200..299)`},
		{"a range has no order", `status: < 2xx`, `1:9: status: < compares with one code, not with 2xx`},
		{"a status is no text", `status: ~ 2..`, `1:9: status: ~ matches text; a status is a code, a class (2xx) or a range (200..299)`},
		{"in a list, != would be true of nearly all", `status: [200, "!= 500"]`, `1:15: status: a list holds codes, classes (2xx) and ranges (200..299), of which one must fit; != stands alone`},
		{"an empty list can't be fulfilled", `status: []`, `1:9: status: the list is empty, so that no status would do`},
		{"every item of a list is looked at", `status: [200, ok, 700]`, `1:15: status: "ok" is not a status: write a code (200), a class (2xx) or a range (200..299)` + "\n" + `1:19: status: 700 is outside of 100 to 599, the statuses of HTTP`},
		{"a mapping is no status", `status: {is: 200}`, `1:9: status: expected a status: a code, a class (2xx) or a range (200..299), found a mapping`},
		{"a status is needed when the plan is read", `status: "{{ green.port }}"`, `1:9: status: {{ green.port }} is known only when a check runs, and this value is needed when the file is read`},
		{"what a name stands for is no operator", `status: "{{ vars.operator }}"`, `1:9: status: "< 5" is not a status: write a code (200), a class (2xx) or a range (200..299)`},

		{"a bad pattern would match nothing", `text: ~ (abc`, `1:7: text: "(abc" is not a regular expression: missing closing ): ` + "`(abc`"},
		{"only numbers have an order", `text: < abc`, `1:7: text: < compares numbers, and "abc" is none; a text that begins with < is written {{ "<" }}…`},
		{"HTML begins with an operator", `text: <html>`, `1:7: text: < compares numbers, and "html>" is none; a text that begins with < is written {{ "<" }}…`},
		{"a list is no text", `text: [a]`, `1:7: text: expected text or a comparison, found a list`},
		{"a name is known or wrong", `text: "{{ green.imag }}"`, `1:8: text: unknown name "green.imag": did you mean "green.image"?`},

		{"a path begins at the root", `json: {status: ok}`, `1:8: json: a JSON path begins with $, as in $.status`},
		{"a path ends", `json: {"$.items[": ok}`, `1:8: json: "$.items[" is not a JSON path: not terminated at 9 in $.items[`},
		{"scripts are no paths", `json: {"$.items[(1+1)]": ok}`, `1:8: json: "$.items[(1+1)]" holds a script (…), which is not part of the language; filters ?(…) are`},
		{"two descents cost the square of the answer", `json: {$..a..b: ok}`, `1:8: json: "$..a..b" looks into all depths (..) more than once; name the way to one of them`},
		{"also where one is in a filter", `json: {"$..a[?(@..b == 1)]": ok}`, `1:8: json: "$..a[?(@..b == 1)]" looks into all depths (..) more than once; name the way to one of them`},
		{"a descent leads to something", `json: {$..: ok}`, `1:8: json: "$.." ends in ..: write what to look for after it`},
		{"a comparison is typed", `json: {$.a: ">= three"}`, `1:13: $.a: >= compares numbers, and "three" is none; a text that begins with >= is written {{ ">=" }}…`},
		{"nothing is expected", `json: {}`, `1:7: json: no JSON path is given`},
		{"a path is given once", `json: {$.a: 1, $.a: 2}`, `1:16: json: the key "$.a" is already set on line 1`},

		{"a certificate's time left is compared", `certificate: {expires: 14d}`, `1:24: expires: write the time that must be left as a comparison: > 14d`},
		{"it has a unit", `certificate: {expires: "> 14"}`, `1:24: expires: 14 has no unit: write 14ms, 14s or 14m`},
		{"nothing is expected of it", `certificate: {}`, `1:14: certificate: nothing is expected of it: write expires, names or issuer`},

		{"an expression is true or false", `assert: status + 1`, `1:9: assert: the expression gives int, and must be true or false`},
		{"a name is known or wrong, at its column", `assert: status == 200 && boddy.total > 0`, `1:26: assert: unknown name "boddy": did you mean "body"?`},
		{"so is a variable", `assert: body.sku == vars.skuu`, `1:26: assert: unknown name "vars.skuu": did you mean "vars.sku"?`},
		{"and what green is", `assert: body.image == green.imag`, `1:29: assert: unknown name "green.imag": did you mean "green.image"?`},
		{"an expression ends", `assert: status ==`, `1:17: assert: unexpected token EOF`},
		{"types are compared with their like", `assert: 'status == "200"'`, `1:17: assert: invalid operation: == (mismatched types int and string)`},
		{"names stand as they are", `assert: body.sku == {{ vars.sku }}`, `1:21: assert: an expression knows the names as they are: write vars.sku, not {{ vars.sku }}`},
		{"a number is no expression", `assert: 5`, `1:9: assert: expected an expression, as in body.total > 0, found the number 5`},
		{"an empty one says nothing", `assert: " "`, `1:9: assert: the expression is empty`},
		{"an empty list says nothing", `assert: []`, `1:9: assert: the list is empty`},
		{"what builds huge texts isn't there", `assert: len(repeat("x", 5)) == 5`, `1:13: assert: unknown name "repeat": valid here: body, cart, duration, green, headers, size, status, vars`},
		{"every item is compiled", "assert:\n  - status == 200\n  - size >\n", `3:10: assert: unexpected token EOF`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := tryDecode(tt.src)
			got := ""
			var problems strictyaml.Problems
			if errors.As(err, &problems) {
				for i, p := range problems {
					if i > 0 {
						got += "\n"
					}
					got += fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: problems (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}
