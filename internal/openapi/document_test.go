package openapi_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
	"github.com/greenlight-deploy/greenlight/internal/openapi"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func read(text string) (*openapi.Document, error) {
	load := func(file string) (jsonschema.Document, error) {
		text, ok := map[string]string{
			"schemas/pet.yaml": "Pet: {type: object, required: [id], properties: {owner: {$ref: 'owner.json#/Owner'}}}\n",
			"schemas/owner.json": `{"Owner": {"type": "object", "required": ["name"],
				"properties": {"pets": {"type": "array", "items": {"$ref": "pet.yaml#/Pet"}}}}}`,
			"answers.yaml": "Gone: {description: Gone, content: {application/json: {schema: {$ref: 'schemas/owner.json#/Owner'}}}}\n",
		}[file]
		if !ok {
			return jsonschema.Document{}, errors.New("no file " + file)
		}
		root, err := strictyaml.Parse(file, []byte(text))
		return jsonschema.Document{Name: file, Root: root}, err
	}
	root, err := strictyaml.Parse("api.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	return openapi.Read(jsonschema.Document{Name: "api.yaml", Root: root}, load)
}

// document is one operation, GET /, with these responses.
func document(version, responses string) string {
	return "openapi: " + version + "\npaths:\n  /:\n    get:\n      responses: " + responses + "\n"
}

func TestAnOperationIsFoundByItsPath(t *testing.T) {
	doc, err := read(`
openapi: 3.1.0
servers: [{url: https://shop.example/v1/}, {url: "/{tenant}/api"}, {url: "{scheme}://other.example"}]
paths:
  /: {get: &any {responses: {200: {description: a}}}}
  /pets: {get: *any, post: *any}
  /pets/{id}: {get: *any}
  /pets/mine: {get: *any}
  /pets/{id}/toys/{toy}: {get: *any}
  /{kind}/{id}/toys/best: {get: *any}
  /report.{format}: {get: *any}
  /{from}-{to}: {get: *any}
  /own: {servers: [{url: /v2}], get: *any}
  /mail/{user}: {get: *any}
  x-note: {}
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ why, method, path, want string }{
		{"the root", "GET", "/", "GET /"},
		{"a path", "POST", "/pets", "POST /pets"},
		{"a method that it doesn't have", "PUT", "/pets", "none"},
		{"a parameter", "GET", "/pets/7", "GET /pets/{id}"},
		{"a path is taken before a parameter", "GET", "/pets/mine", "GET /pets/mine"},
		{"the earlier it is a path, the closer", "GET", "/pets/7/toys/best", "GET /pets/{id}/toys/{toy}"},
		{"a parameter isn't empty", "GET", "/pets/", "none"},
		{"nor a slash", "GET", "/pets/7/8", "none"},
		{"but an escaped one", "GET", "/mail/a%2Fb", "GET /mail/{user}"},
		{"a part of a segment", "GET", "/report.csv", "GET /report.{format}"},
		{"two parameters in one", "GET", "/cork-dublin", "GET /{from}-{to}"},
		{"a server's path", "GET", "/v1/pets/7", "GET /pets/{id}"},
		{"one with a variable", "GET", "/acme/api/pets/mine", "GET /pets/mine"},
		{"a path's own server", "GET", "/v2/own", "GET /own"},
		{"and only its own", "GET", "/v1/own", "none"},
		{"an escape that is none", "GET", "/pets/%zz", "none"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := "none"
			if op := doc.Find(tt.method, tt.path); op != nil {
				got = op.String()
			}
			if got != tt.want {
				t.Errorf("%s %s is %s, want %s", tt.method, tt.path, got, tt.want)
			}
		})
	}
}

func TestWhatCannotBeHonouredIsWrong(t *testing.T) {
	const ok = `{200: {description: a}}`
	for _, tt := range []struct{ why, text, want string }{
		{"an older version", `swagger: "2.0"`, `api.yaml:1:1: this is no OpenAPI document of version 3: it has no key "openapi"`},
		{"a newer version", document("3.2.0", ok), `api.yaml:1:10: OpenAPI 3.2.0 is not known: versions 3.0 and 3.1 are`},
		{"another dialect", document("3.1.0\njsonSchemaDialect: https://h/d", ok), `api.yaml:2:20: jsonSchemaDialect: "https://h/d" is not known: https://spec.openapis.org/oas/3.1/dialect/base is`},
		{"no paths", `openapi: 3.1.0`, `api.yaml:1:1: "paths" is missing: the document describes no answers`},
		{"no answers", document("3.0.0", `{}`), `api.yaml:5:18: the operation describes no answers: its responses are empty`},
		{"a status that isn't one", document("3.0.0", `{2xy: {description: a}}`), `api.yaml:5:19: "2xy" is not a status: they are written as in 200, 2XX or default`},
		{"a key that is misspelled", document("3.0.0", `{200: {description: a, contents: {}}}`), `api.yaml:5:41: unknown key of an answer "contents": did you mean "content"?`},
		{"one of a media type", document("3.0.0", `{200: {description: a, content: {application/json: {shema: {}}}}}`), `api.yaml:5:70: unknown key of a media type "shema": did you mean "schema"?`},
		{"a reference into nowhere", document("3.0.0", `{200: {$ref: "#/components/responses/Gone"}}`), `api.yaml:5:31: $ref: "#/components/responses/Gone" leads nowhere: there is no "components"`},
		{"a file that isn't there", document("3.0.0", `{200: {$ref: "gone.yaml#/Gone"}}`), `api.yaml:5:31: $ref: no file gone.yaml`},
		{"references in a circle", document("3.0.0", `{200: {$ref: "#/paths/~1/get/responses/200"}}`), `api.yaml:5:24: $ref: the references lead round in a circle`},
		{"bodies of which none can be judged", document("3.0.0", `{200: {description: a, content: {application/xml: {schema: {type: object}}}}}`), `api.yaml:5:50: content: no body of these media types can be held against its schema: JSON can, and text whose schema is a string`},
		{"a header that is a mapping", document("3.0.0", `{200: {description: a, headers: {a: {schema: {type: object}}}}}`), `api.yaml:5:63: schema: a header that is a mapping can't be held against its schema; content: {application/json: …} can`},
		{"a header in another style", document("3.0.0", `{200: {description: a, headers: {a: {style: form, schema: {}}}}}`), `api.yaml:5:62: style: a header's is simple`},
		{"a choice among schemas that aren't named", document("3.0.0", `{200: {description: a, content: {application/json: {schema: {discriminator: {propertyName: kind}}}}}}`), `api.yaml:5:94: discriminator: without oneOf or anyOf beside it can't be honoured: list the schemas that there are to choose from`},
		{"3.0's nullable in 3.1", document("3.1.0", `{200: {description: a, content: {application/json: {schema: {type: string, nullable: true}}}}}`), `api.yaml:5:93: nullable is OpenAPI 3.0's: here it is type: [string, "null"]`},
		{"3.1's types in 3.0", document("3.0.0", `{200: {description: a, content: {application/json: {schema: {type: [string, "null"]}}}}}`), `api.yaml:5:85: type: in OpenAPI 3.0 it is one type; nullable: true adds null`},
		{"what stands beside a reference in 3.0", document("3.0.0", `{200: {description: a, content: {application/json: {schema: {$ref: "#/x", nullable: true}}}}}`) + "x: {}\n", `api.yaml:5:92: nullable says nothing beside $ref in this version: put both into allOf`},
		{"two operations of one id", "openapi: 3.0.0\npaths: {/a: {get: {operationId: x, responses: {200: {description: a}}}}, /b: {get: {operationId: x, responses: {200: {description: a}}}}}", `api.yaml:2:98: operationId: "x" is that of GET /a too`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			doc, err := read(tt.text)
			if err == nil {
				err = doc.CompileAll("GET")
			}
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAnswerIsJudgedByItsDescription(t *testing.T) {
	content := func(schema string) string { return `{200: {content: {application/json: {schema: ` + schema + `}}}}` }
	for _, tt := range []struct{ why, version, responses, contentType, body, want string }{
		{"3.0's nullable", "3.0.3", content(`{type: string, nullable: true}`), "application/json", `null`, ""},
		{"3.0's exclusive bound", "3.0.3", content(`{type: integer, minimum: 1, exclusiveMinimum: true}`), "application/json", `1`, "$ is 1, expected > 1 (minimum)"},
		{"3.1's", "3.1.1", content(`{type: integer, exclusiveMinimum: 1}`), "application/json", `1`, "$ is 1, expected > 1 (exclusiveMinimum)"},
		{"3.1's null", "3.1.1", content(`{type: [string, "null"]}`), "application/json", `7`, "$ is 7, expected string or null (type)"},
		{"schemas in other files, that refer to one another", "3.0.3", content(`{$ref: "schemas/pet.yaml#/Pet"}`), "application/json", `{"id": 1, "owner": {"name": "Ann", "pets": [{}]}}`, "$.owner.pets[0].id is missing, expected a value (required)"},
		{"an answer in another file", "3.0.3", `{200: {$ref: "answers.yaml#/Gone"}}`, "application/json", `{}`, "$.name is missing, expected a value (required)"},
		{"a range of media types", "3.0.3", `{200: {content: {text/*: {schema: {type: string, maxLength: 1}}, "*/*": {schema: {type: string, maxLength: 2}}}}}`, "text/csv", `abc`, `body is "abc" of 3 characters, expected at most 1 character (maxLength)`},
		{"the widest", "3.0.3", `{200: {content: {text/*: {}, "*/*": {schema: {type: string, maxLength: 2}}}}}`, "image/png", `abc`, `body is "abc" of 3 characters, expected at most 2 characters (maxLength)`},
		{"JSON of a widest range is parsed", "3.0.3", `{200: {content: {"*/*": {schema: {type: object}}}}}`, "application/vnd.x+json", `7`, `$ is 7, expected object (type)`},
		{"no schema, any body", "3.0.3", `{200: {content: {application/json: {}}}}`, "application/json", `<`, ""},
		{"no content, any body", "3.0.3", `{200: {description: a}}`, "text/html", `<`, ""},
		{"no content-type", "3.0.3", content(`{}`), "", `1`, "header content-type is missing, expected application/json"},
		{"a header with a type in JSON", "3.0.3", `{200: {headers: {X-Page: {content: {application/json: {schema: {type: object, required: [next]}}}}}}}`, "", ``, "header x-page.next is missing, expected a value (required)"},
		{"a header that may be missing", "3.0.3", `{200: {headers: {X-Other: {schema: {type: integer}}}}}`, "", ``, ""},
		{"a content-type that is described as a header says nothing", "3.0.3", `{200: {headers: {Content-Type: {required: true, schema: {type: integer}}}}}`, "text/html", ``, ""},
		{"an exact status goes before its class", "3.0.3", `{2XX: {headers: {A: {required: true}}}, 200: {description: a}, default: {headers: {B: {required: true}}}}`, "", ``, ""},
		{"a class goes before the rest", "3.0.3", `{2xx: {headers: {A: {required: true}}}, default: {headers: {B: {required: true}}}}`, "", ``, "header a is missing, expected a value (required)"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			doc, err := read(document(tt.version, tt.responses))
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{"X-Page": {`{"previous": 1}`}}
			if tt.contentType != "" {
				header.Set("Content-Type", tt.contentType)
			}
			found, err := doc.Find("GET", "/").Judge(openapi.Answer{Status: 200, Header: header, Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, m := range found {
				all = append(all, m.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(all, "; ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(document("3.0.3", `{200: {content: {application/json: {schema: {type: object, nullable: true, required: [a]}}}}}`), "application/json", `{"a": null}`)
	f.Add(document("3.1.0", `{default: {headers: {A: {schema: {type: array, items: {type: integer}}}}, content: {"*/*": {schema: {$ref: "#/paths"}}}}}`), "text/x", `x`)
	f.Add("openapi: 3.1.0\npaths: {/: {$ref: '#/x'}}\nx: {get: {responses: {2XX: {$ref: '#/x'}}}}", "", ``)
	f.Add("openapi: 3.0.0\nservers: [{url: '{a}://{b'}]\npaths: {'/{': {get: {responses: {200: {content: {a/b;c=d: {schema: {oneOf: [{}, {not: {}}]}}}}}}}}", "a/b", `[]`)
	petstore, err := os.ReadFile("../check/http/testdata/petstore.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(petstore), "application/json", `[{"id": 1, "name": "Rex"}]`)
	f.Fuzz(func(t *testing.T, text, contentType, body string) {
		doc, err := read(text)
		if err != nil {
			return
		}
		for _, path := range []string{"/", "/{", "/a%2Fb", "/pets", "/pets/7", body} {
			op := doc.Find("GET", path)
			if op == nil {
				continue
			}
			found, err := op.Judge(openapi.Answer{Status: 200, Header: http.Header{"Content-Type": {contentType}, "A": {body}}, Body: []byte(body)})
			if again := op.Compile(); again != nil && err == nil {
				t.Errorf("judged by an operation that is wrong: %v", again)
			}
			for _, m := range found {
				if strings.ContainsAny(m.String(), "\r\n") {
					t.Errorf("%q is more than one line", m)
				}
			}
		}
	})
}
