package httpcheck_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// answer is what a server is made to say by the test.
type answer struct {
	status  int
	headers http.Header
	body    string
}

func (a answer) serve(w http.ResponseWriter, r *http.Request) {
	for name, values := range a.headers {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead && a.status != http.StatusNoContent {
		_, _ = io.WriteString(w, a.body)
	}
}

func said(status int, contentType, body string, more ...string) answer {
	a := answer{status, http.Header{"Content-Type": {contentType}}, body}
	for i := 0; i < len(more); i += 2 {
		a.headers.Add(more[i], more[i+1])
	}
	return a
}

func TestAnAnswerIsHeldAgainstItsContract(t *testing.T) {
	const pets, json = "testdata/petstore.yaml", "application/json"
	const problem = "application/problem+json"
	tests := []struct {
		why, src string
		answer   answer
		want     string
	}{
		{"as it is described", `http: GET /pets`, said(200, json, `[{"id": 1, "name": "Rex", "tag": null, "born": "2020-02-29", "parent": {"id": 2, "name": "Bo"}}]`, "X-Total", "1", "X-Tags", "cat, dog"), "passed"},
		{"an empty list", `http: GET /pets?limit=1`, said(200, json, `[]`, "X-Total", "0"), "passed"},
		{"behind the path of a server", `http: GET /v1/pets`, said(200, json, `[]`, "X-Total", "0"), "passed"},
		{"a property of another type", `http: GET /pets`, said(200, json, `[{"id": "1", "name": "Rex"}]`, "X-Total", "1"), `failed: GET http://green/pets: $[0].id is "1", expected integer (type)`},
		{"one that is missing", `http: GET /pets`, said(200, json, `[{"id": 1, "name": "Rex", "parent": {"id": 1}}]`, "X-Total", "1"), "failed: GET http://green/pets: $[0].parent.name is missing, expected a value (required)"},
		{"null where it isn't nullable", `http: GET /pets`, said(200, json, `[{"id": 1, "name": null}]`, "X-Total", "1"), "failed: GET http://green/pets: $[0].name is null, expected string (type)"},
		{"one that isn't described", `http: GET /pets`, said(200, json, `[{"id": 1, "name": "Rex", "price": 3}]`, "X-Total", "1"), "failed: GET http://green/pets: $[0].price is 3, expected no such property (additionalProperties)"},
		{"what is only written is not answered", `http: GET /pets`, said(200, json, `[{"id": 1, "name": "Rex", "secret": "x"}]`, "X-Total", "1"), "failed: GET http://green/pets: $[0].secret is there, expected no such property in an answer (writeOnly)"},
		{"a date that isn't one", `http: GET /pets`, said(200, json, `[{"id": 1, "name": "Rex", "born": "2021-02-29"}]`, "X-Total", "1"), `failed: GET http://green/pets: $[0].born is "2021-02-29", expected date (format)`},
		{"one of two, and which is nearest", `http: GET /pets`, said(200, json, `[{"id": 1, "name": "Rex", "home": {"shelter": "7"}}]`, "X-Total", "1"), `failed: GET http://green/pets: $[0].home is {"shelter":"7"} (nearest: $[0].home.shelter is "7", expected integer (type)), expected one of 2 schemas (oneOf)`},
		{"a header that is required", `http: GET /pets`, said(200, json, `[]`), "failed: GET http://green/pets: header x-total is missing, expected a value (required)"},
		{"a header of another type", `http: GET /pets`, said(200, json, `[]`, "X-Total", "many"), `failed: GET http://green/pets: header x-total is "many", expected integer (type)`},
		{"a header that is a list", `http: GET /pets`, said(200, json, `[]`, "X-Total", "1", "X-Tags", "cat,cow"), `failed: GET http://green/pets: header x-tags[1] is "cow", expected one of "cat", "dog" (enum)`},
		{"a body that isn't JSON", `http: GET /pets`, said(200, json, `<html>`, "X-Total", "1"), `failed: GET http://green/pets: body is not JSON (invalid character '<' looking for beginning of value, at byte 1): "<html>", expected JSON`},
		{"an empty one", `http: GET /pets`, said(200, json, ``, "X-Total", "1"), `failed: GET http://green/pets: body is not JSON (it is empty): "", expected JSON`},
		{"another media type", `http: GET /pets`, said(200, "text/html", `[]`, "X-Total", "1"), `failed: GET http://green/pets: header content-type is "text/html", expected application/json or application/xml`},
		{"a media type that can't be judged never passes", `http: GET /pets`, said(200, "application/xml", `<pets/>`, "X-Total", "1"), `inconclusive: GET http://green/pets: the answer is "application/xml", which can't be held against its schema; an accept header may ask for JSON`},
		{"what is wrong beside it is wrong", `http: GET /pets`, said(200, "application/xml", `<pets/>`), `failed: GET http://green/pets: header x-total is missing, expected a value (required)`},
		{"a status that isn't described", `{http: GET /pets/7, expect: {status: 2xx}}`, said(206, json, `{}`), "failed: GET http://green/pets/7: status is 206, expected one that GET /pets/{id} describes: 200, 404"},
		{"one that a class describes", `{http: {method: POST, path: /pets}, expect: {status: 409}}`, said(409, problem, `{"code": "x"}`), `failed: POST http://green/pets: $.code is "x", expected integer (type)`},
		{"one that the default describes", `{http: GET /pets, expect: {status: 500}}`, said(500, problem, `{"code": 7}`), "passed"},
		{"without content there is nothing to judge", `http: DELETE /pets/7`, said(204, "", ``), "passed"},
		{"headers alone", `{http: {method: POST, path: /pets}}`, said(201, "text/html", `anything`, "Location", "/pets/7"), `failed: POST http://green/pets: header location is "/pets/7", expected uri (format)`},
		{"a media type with a parameter", `http: GET /pets/7`, said(200, json, `{"id": 1, "name": "Rex"}`), "passed"},
		{"a path is taken before a parameter", `http: GET /pets/mine`, said(200, "text/plain; charset=utf-8", `Rexona`), `failed: GET http://green/pets/mine: body is "Rexona" of 6 characters, expected at most 5 characters (maxLength)`},
		{"a path of names", `http: "GET /pets/{{ cart }}"`, said(200, json, `{"id": 1}`), `failed: GET http://green/pets/a%2F..%2Fb%3Fc%23d%20e: $.name is missing, expected a value (required)`},
		{"what no operation describes", `http: "GET /{{ cart }}"`, said(200, json, `{}`), "failed: GET http://green/a%2F..%2Fb%3Fc%23d%20e: operation is unknown, expected one of the contract: testdata/petstore.yaml describes no GET /a%2F..%2Fb%3Fc%23d%20e"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			green := serve(t, tt.answer.serve)
			src := withExpectation(tt.src, "openapi: "+pets)
			got := withoutPort(outcome(ask(t, src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", src, diff)
			}
		})
	}
	t.Run("an operation that is named", func(t *testing.T) {
		green := serve(t, said(200, json, `{"id": 1}`).serve)
		got := outcome(ask(t, `{http: GET /elsewhere, expect: {openapi: {file: testdata/petstore.yaml, operation: showPet}}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}}))
		if want := "$.name is missing, expected a value (required)"; !strings.HasSuffix(got, want) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("green's own path isn't the contract's", func(t *testing.T) {
		green := serve(t, said(200, json, `[]`, "X-Total", "0").serve)
		if got := ask(t, `{http: GET /pets, expect: {openapi: testdata/petstore.yaml}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green + "/shop"}}); got.Outcome != check.Passed {
			t.Error(outcome(got))
		}
	})
}

// withExpectation adds one to the source of a check, which is a line or a flow mapping.
func withExpectation(src, expectation string) string {
	switch {
	case strings.Contains(src, "expect: {"):
		return strings.Replace(src, "expect: {", "expect: {"+expectation+", ", 1)
	case strings.HasPrefix(src, "{"):
		return strings.TrimSuffix(src, "}") + ", expect: {" + expectation + "}}"
	}
	return "{" + src + ", expect: {" + expectation + "}}"
}

func TestWhatIsWrongWithASchemaOrAContractIsToldWhenThePlanIsRead(t *testing.T) {
	schema := write(t, "schema.json", "{\n\t\"type\": \"strng\"\n}")
	tests := []struct{ why, src, want string }{
		{"a type that there isn't", `{http: GET /, expect: {schema: {type: strng}}}`, `plan.yaml:1:39: schema: unknown type "strng": did you mean "string"?`},
		{"a keyword that there isn't", `{http: GET /, expect: {schema: {requird: [a]}}}`, `plan.yaml:1:33: schema: unknown keyword "requird": did you mean "required"?`},
		{"a regular expression that can't be one", `{http: GET /, expect: {schema: {pattern: "(?=a)"}}}`, `plan.yaml:1:42: schema: "(?=a)" is not a regular expression that can be matched here: invalid or unsupported Perl syntax: ` + "`(?=`"},
		{"a reference into nowhere", `{http: GET /, expect: {schema: {$ref: "#/$defs/pet"}}}`, `plan.yaml:1:39: schema: $ref: "#/$defs/pet" leads nowhere: there is no "$defs"`},
		{"a reference into the network", `{http: GET /, expect: {schema: {$ref: "https://h/x.json"}}}`, `plan.yaml:1:39: schema: $ref: "https://h/x.json" is somewhere else: nothing is fetched when a plan is read; keep a copy beside the file, and refer to it by its path`},
		{"a name that isn't known yet", `{http: GET /, expect: {schema: {const: "{{ cart }}"}}}`, `plan.yaml:1:40: schema: {{ cart }} is known only when a check runs, and this value is needed when the file is read`},
		{"a schema that is none", `{http: GET /, expect: {schema: [1]}}`, `plan.yaml:1:32: schema: expected a JSON Schema, or the path of a file with one, found a list`},
		{"in a file, at its line", `{http: GET /, expect: {schema: ` + schema + `}}`, schema + `:2:10: unknown type "strng": did you mean "string"?`},
		{"a file that isn't there", `{http: GET /, expect: {schema: testdata/none.json}}`, `plan.yaml:1:32: schema: reading the file "testdata/none.json": no such file or directory`},
		{"a contract that isn't there", `{http: GET /, expect: {openapi: testdata/none.yaml}}`, `plan.yaml:1:33: openapi: reading the file "testdata/none.yaml": no such file or directory`},
		{"a contract that isn't one", `{http: GET /, expect: {openapi: ` + schema + `}}`, schema + `:1:1: this is no OpenAPI document of version 3: it has no key "openapi"`},
		{"a path that it doesn't have", `{http: GET /pet, expect: {openapi: testdata/petstore.yaml}}`, `plan.yaml:1:36: openapi: testdata/petstore.yaml describes no GET /pet`},
		{"a method that the path doesn't have", `{http: PUT /pets, expect: {openapi: testdata/petstore.yaml}}`, `plan.yaml:1:37: openapi: testdata/petstore.yaml describes no PUT /pets; the path has GET, POST`},
		{"an operation that it doesn't have", `{http: GET /, expect: {openapi: {file: testdata/petstore.yaml, operation: showPets}}}`, `plan.yaml:1:75: openapi: operation: unknown operationId "showPets": did you mean "showPet"?`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := decodeCheck(tt.src, httpcheck.Network{})
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestASchemaMayHoldWhatIsKnownWhenThePlanIsRead(t *testing.T) {
	green := serve(t, said(200, "application/json", `{"sku": 42}`).serve)
	scope := check.Scope{Green: check.Side{URL: green}}
	for src, want := range map[string]check.Outcome{
		`{http: GET /, expect: {schema: {properties: {sku: {const: "{{ vars.sku }}"}}}}}`: check.Passed,
		`{http: GET /, expect: {schema: {properties: {sku: {minimum: 43}}}}}`:             check.Failed,
		`{http: GET /, expect: {schema: testdata/order.schema.json}}`:                     check.Passed,
	} {
		if got := ask(t, src, httpcheck.Network{}, scope); got.Outcome != want {
			t.Errorf("%s: %s", src, outcome(got))
		}
	}
}

// What isn't there, or is something else, is never what was expected. Comparisons other than for equality judge what is there: these
// have to be false of what isn't.
func TestMissingDataNeverPasses(t *testing.T) {
	exact := []string{
		`json: {$.n: 7}`, `assert: body.n == 7`, `schema: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}`, `openapi: testdata/number.yaml`,
	}
	others := []string{`json: {$.n: "!= 8"}`, `json: {$.n: "> 0"}`, `json: {"$..n": "< 8"}`, `json: {$.n: "~ ."}`, `assert: body.n > 0`, `assert: body.n != 8`}
	events := []string{
		`json: {"$[0].data.n": 7}`, `assert: "body[0].data.n == 7"`,
		`schema: {minItems: 1, items: {required: [data], properties: {data: {type: object, required: [n], properties: {n: {type: integer}}}}}}`,
	}
	for _, tt := range []struct {
		why, body string
		isThere   bool
	}{
		{"the field is absent", `{"other": 1}`, false},
		{"an empty mapping", `{}`, false},
		{"an empty list", `[]`, false},
		{"null alone", `null`, false},
		{"an empty body", ``, false},
		{"not a number", `{"n": NaN}`, false},
		{"half of it", `{"n": 7`, false},
		{"more than one", `{"n": 7} {"n": 7}`, false},
		{"null", `{"n": null}`, true},
		{"another type", `{"n": true}`, true},
		{"a text", `{"n": "7"}`, true},
		{"empty", `{"n": ""}`, true},
		{"a list", `{"n": [7]}`, true},
		{"a mapping", `{"n": {"n": 7}}`, true},
	} {
		green := serve(t, said(200, "application/json", tt.body).serve)
		expectations := exact
		if !tt.isThere {
			expectations = append(slices.Clone(exact), others...)
		}
		for _, e := range expectations {
			if got := ask(t, `{http: GET /n, expect: {`+e+`}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}}); got.Outcome == check.Passed {
				t.Errorf("%s: %s passed with %q", tt.why, e, tt.body)
			}
		}
		sent := stream(t, "text/event-stream", "data: "+tt.body+"\n\nEND")
		for _, e := range events {
			if got := ask(t, `{http: {path: /, events: 1}, expect: {`+e+`}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: sent}}); got.Outcome == check.Passed {
				t.Errorf("%s: %s passed with the event %q", tt.why, e, tt.body)
			}
		}
	}
}
