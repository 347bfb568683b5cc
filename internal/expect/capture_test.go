package expect_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// whole is an answer that holds something to capture everywhere, and much that isn't.
func whole() expect.Whole {
	return expect.Whole{
		Header: http.Header{"Location": {"/carts/c-17?new=1"}, "X-Many": {"1", "2"}, "X-Empty": {""}},
		Cookies: []*http.Cookie{
			{Name: "sid", Value: "first"}, {Name: "sid", Value: "last"}, {Name: "gone", Value: ""},
		},
		Body: []byte(`{"id": "c-17", "number": 9007199254740993, "ratio": 0.5, "paid": false, "zero": 0, "none": null, "empty": "",
			"items": [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}], "owner": {"name": "ann"}, "nothing": [], "href": "/carts/c-17"}`),
	}
}

func TestWhatIsCapturedKeepsItsType(t *testing.T) {
	for _, tt := range []struct {
		why, src string
		want     any
	}{
		{"a text", `$.id`, "c-17"},
		{"written in full", `{json: $.id}`, "c-17"},
		{"a number, exactly", `$.number`, int64(9007199254740993)},
		{"a fraction", `$.ratio`, 0.5},
		{"false is a value", `$.paid`, false},
		{"so is 0", `$.zero`, int64(0)},
		{"a mapping", `$.owner`, map[string]any{"name": "ann"}},
		{"a list that is there, and empty", `$.nothing`, []any{}},
		{"several values are a list", `$.items[*].sku`, []any{"a", "b"}},
		{"also where it is one", `$.items[?(@.price > 1)].sku`, []any{"b"}},
		{"a path of the plan's", `"$.{{ vars.key }}"`, "c-17"},
		{"a header", `{header: location}`, "/carts/c-17?new=1"},
		{"several lines of one", `{header: X-Many}`, "1, 2"},
		{"a cookie, as it was set last", `{cookie: sid}`, "last"},
		{"a part of a header", `{header: location, regex: '^/carts/([^?]+)'}`, "c-17"},
		{"a part of a JSON value", `{json: $.href, regex: '[^/]+$'}`, "c-17"},
		{"of a number too", `{json: $.number, regex: '^\d{4}'}`, "9007"},
		{"a part of the body", `{regex: '"price": (\d)'}`, "1"},
		{"the group that is asked for", `{regex: '"sku": "(\w)", "price": (\d)', group: 2}`, "1"},
		{"by its name", `{regex: '"sku": "(\w)", "price": (?P<price>\d)', group: price}`, "1"},
		{"all that it matches", `{regex: '"sku": "(\w)"', group: 0}`, `"sku": "a"`},
		{"a name in an expression stands for itself", `{header: location, regex: "{{ green.port }}|new=(.)"}`, "1"},
		{"the whole body", `{body: true}`, string(whole().Body)},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, wrong, err := take(t, tt.src, whole())
			if wrong != nil || err != nil {
				t.Fatalf("%s: %v, %v", tt.src, wrong, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

// Missing data is never a value.
func TestWhatIsNotThereIsNotCaptured(t *testing.T) {
	bare := expect.Whole{Header: http.Header{}}
	body := func(text string) expect.Whole { return expect.Whole{Header: http.Header{}, Body: []byte(text)} }
	for _, tt := range []struct {
		why, src string
		from     expect.Whole
		want     string
	}{
		{"a member that isn't there", `$.nope`, whole(), `$.nope is missing`},
		{"a member of what isn't there", `$.nope.id`, whole(), `$.nope.id is missing`},
		{"a member of a text", `$.id.id`, whole(), `$.id.id is missing`},
		{"an index out of range", `$.items[2].sku`, whole(), `$.items[2].sku is missing`},
		{"a filter that nothing fits", `$.items[?(@.price > 9)].sku`, whole(), `$.items[?(@.price > 9)].sku is missing`},
		{"null", `$.none`, whole(), `$.none is null`},
		{"an empty text", `$.empty`, whole(), `$.empty is empty`},
		{"a body that isn't JSON", `$.id`, body("<html>"), `body is not JSON (invalid character '<' looking for beginning of value, at byte 1): "<html>"`},
		{"an empty body", `$.id`, bare, `body is not JSON (it is empty): ""`},
		{"a body of null", `$`, body("null"), `$ is null`},
		{"an empty body as a whole", `{body: true}`, bare, `body is empty`},
		{"a body that isn't text", `{body: true}`, body("\xff\x00"), `body is not UTF-8 text: "\xff\x00"`},
		{"a body that wasn't read to its end", `$.id`, expect.Whole{Cut: true, Body: []byte(`{"id": 1}`)}, `body is longer than what is read, expected all of it to capture from`},
		{"a header that isn't there", `{header: ETag}`, whole(), `header etag is missing`},
		{"an empty one", `{header: X-Empty}`, whole(), `header x-empty is empty`},
		{"a cookie that isn't set", `{cookie: SID}`, whole(), `cookie SID is missing`},
		{"one that is taken away", `{cookie: gone}`, whole(), `cookie gone is empty`},
		{"an expression that matches nothing", `{header: location, regex: ^/orders/(.+)}`, whole(), `header location is "/carts/c-17?new=1", expected ~ ^/orders/(.+)`},
		{"a group that matches nothing", `{header: location, regex: '^/carts/(\d*)'}`, whole(), `what regex matches in header location is empty`},
		{"a group that took no part", `{regex: '(nope)|id'}`, whole(), `what regex matches in body is empty`},
		{"an expression on a list", `{json: $.items, regex: a}`, whole(), `$.items is [{"price":1,"sku":"a"},{"price":2,"sku":"b"}], expected text to search with regex`},
		{"an expression on null", `{json: $.none, regex: n}`, whole(), `$.none is null, expected text to search with regex`},
		{"an expression on what isn't there", `{json: $.nope, regex: .*}`, whole(), `$.nope is missing`},
		{"half a character", `{regex: "(?s:(.))"}`, body("\xc3"), `what regex matches in body is not UTF-8 text: "\xc3"`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			value, wrong, err := take(t, tt.src, tt.from)
			if err != nil || wrong == nil {
				t.Fatalf("%s: captured %v, %v", tt.src, value, err)
			}
			if diff := cmp.Diff(tt.want, wrong.String()); diff != "" || value != nil {
				t.Errorf("%s: captured %v (-want +got):\n%s", tt.src, value, diff)
			}
		})
	}
}

func TestACaptureThatNeedsANameWithoutAValueIsNoAnswerOfGreens(t *testing.T) {
	for src, want := range map[string]string{
		`{regex: "{{ cart }}"}`:                 "plan.yaml:1:19: {{ cart }}: it has no value",
		`{regex: "{{ green.port }}", group: 1}`: "plan.yaml:1:10: there is no group 1: the expression has 0",
	} {
		if _, wrong, err := take(t, src, whole()); wrong != nil || err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", src, wrong, err, want)
		}
	}
}

func TestWhatIsWrongWithACaptureIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"a path begins with $", `id`, `1:10: capture: a JSON path begins with $, as in $.id`},
		{"and is one", `$.a[`, `1:10: capture: "$.a[" is not a JSON path: `},
		{"also in full", `{json: .id}`, `1:17: capture: a JSON path begins with $, as in $.id`},
		{"it is a scalar or a mapping", `[$.id]`, `1:10: capture: expected what to capture: a JSON path such as $.id, or one of json, header, cookie, regex and body, found a list`},
		{"keys are known or wrong", `{haeder: etag}`, `1:11: capture: unknown key "haeder": did you mean "header"?`},
		{"one of them says what", `{json: $.id, header: etag}`, `1:23: capture: header: json says already what is captured: write one of json, header, cookie and body`},
		{"one is needed", `{}`, `1:10: capture: it isn't said what to capture: write one of json, header, cookie, regex and body`},
		{"a group alone isn't one", `{header: etag, group: 1}`, `1:32: capture: group: a group is one of a regular expression: add regex`},
		{"body is true", `{body: false}`, `1:17: capture: body: only true can stand here: the whole body is captured`},
		{"a header has a name", `{header: "a b"}`, `1:19: capture: header: "a b" is not the name of a header`},
		{"a cookie too", `{cookie: ""}`, `1:19: capture: cookie: the name is empty`},
		{"an expression is one", `{regex: "("}`, `1:18: capture: regex: "(" is not a regular expression: missing closing ): ` + "`(`"},
		{"and says something", `{regex: ""}`, `1:18: capture: regex: the expression is empty`},
		{"its group is there", `{regex: "(a)", group: 2}`, `1:32: capture: group: there is no group 2: the expression has 1`},
		{"or its name", `{regex: "(?P<cart>a)", group: crat}`, `1:40: capture: group: unknown group "crat": did you mean "cart"?`},
		{"a path holds what the plan knows", `"$.{{ cart }}"`, `1:10: capture: {{ cart }} is known only when a check runs, and this value is needed when the file is read`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := tryDecode("capture: " + tt.src)
			var problems strictyaml.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("%s: %v", tt.src, err)
			}
			got := fmt.Sprintf("%d:%d: %s", problems[0].Line, problems[0].Column, problems[0].Message)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s\ngot  %s\nwant %s", tt.src, got, tt.want)
			}
		})
	}
}

func take(t *testing.T, src string, from expect.Whole) (any, *expect.Mismatch, error) {
	t.Helper()
	return decode(t, "capture: "+src).Capture.Take(from, lookup)
}

// Whatever a plan captures from whatever answer, it is a value that is worth having, or one line that says what is wrong.
func FuzzCapture(f *testing.F) {
	for _, seed := range []string{`$.id`, `{header: location, regex: /(\w+)$}`, `{regex: "(a)|(b)", group: 2}`, `{json: "$..id"}`, `{cookie: sid}`, `{body: true}`, `"{{ cart }}"`} {
		f.Add(seed, whole().Body, "/carts/c-17")
	}
	f.Fuzz(func(t *testing.T, src string, body []byte, header string) {
		a, err := tryDecode("capture: " + src)
		if err != nil || a.Capture == nil {
			return
		}
		value, wrong, err := a.Capture.Take(expect.Whole{
			Header: http.Header{"Location": {header}}, Cookies: []*http.Cookie{{Name: "sid", Value: header}}, Body: body,
		}, lookup)
		switch {
		case err != nil:
		case wrong != nil:
			if line := wrong.String(); strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q says %q, which is not one line", src, line)
			}
		case value == nil, value == "":
			t.Errorf("%q captured %#v", src, value)
		default:
			if _, err := json.Marshal(value); err != nil {
				t.Errorf("%q captured what is no value of JSON: %v", src, err)
			}
		}
	})
}

// All combinations of the keys of a capture are taken, or refused, by schema and Decoder alike.
func TestTheSchemaOfACaptureAgreesWithItsDecoder(t *testing.T) {
	type file struct {
		Capture expect.Capture `yaml:"capture"`
	}
	text, err := json.Marshal(strictyaml.NewDescriber(func(reflect.Type, string) string { return "" }).Document("captures", &file{}))
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	schema, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{"json": "$.id", "header": "etag", "cookie": "sid", "body": true, "regex": "(a)(b)", "group": 2, "nope": "x"}
	captures := []any{"$.id", "id", []any{"$.id"}, 7}
	for subset := range 1 << len(values) {
		capture := map[string]any{}
		for i, key := range slices.Sorted(maps.Keys(values)) {
			if subset&(1<<i) != 0 {
				capture[key] = values[key]
			}
		}
		captures = append(captures, capture)
	}
	taken := 0
	for _, capture := range captures {
		source, err := json.Marshal(map[string]any{"capture": capture})
		if err != nil {
			t.Fatal(err)
		}
		_, problem := tryDecode(string(source))
		var value any
		if err := json.Unmarshal(source, &value); err != nil {
			t.Fatal(err)
		}
		if verdict := schema.Validate(value); (problem == nil) != (verdict == nil) {
			t.Errorf("%s: the Decoder says %v, the schema %v", source, problem, verdict)
		}
		if problem == nil {
			taken++
		}
	}
	if want := 1 + 4 + 4 + 4 + 2; taken != want { // a path; each source, with and without regex and group; regex alone
		t.Errorf("%d captures are taken, want %d", taken, want)
	}
}
