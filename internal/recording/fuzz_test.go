package recording

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
)

// FuzzBodies: whatever a body holds, the file says the same.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		"", " ", "\n", "x\n", "\n\nx", "  x\n y\n", "x \n", "a\tb", "a\r\nb", "null", "~", "- a", "a: b", "# no comment", "'", `"`, "***", "*a", "&a", "!a", "%", "@", "`",
		"{{", "{{ x }}", "{{ \"{{\" }}", "}}", "\x00", "\xff", "\u0085", "\u2028", "\ufeff", "é", "1e3", "0x10", "0o7", "1_000", "yes", "2024-01-01", "<<",
		`{"a": {"b": [1, -0, 1.50, 1e2, 1E-7, 12345678901234567890, null, true, "", "yes", "1", "2024-01-01", "<<", "a\u0000b", "a\nb "]}}`,
		`{"": 1, "<<": 2, "null": 3, "1": 4, "a b": 5, "{{": 6, "?": 7, "- ": 8, "#": 9}`, `{"a": 1, "a": 2}`, `[]`, `{}`, `[[],{}]`, `"text"`, `[1] x`,
	} {
		f.Add(body, body != "" && (body[0] == '{' || body[0] == '['))
	}
	folder := f.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "plan.yaml"), []byte("version: 1\nchecks: [http: /]\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	language := func(vars map[string]string, n httpcheck.Network) plan.Language {
		return plan.Language{Kinds: []check.Kind{httpcheck.Kind(n)}, Vars: vars}
	}
	f.Fuzz(func(t *testing.T, body string, saysJSON bool) {
		kind := map[bool]string{false: "text/plain", true: "application/json"}[saysJSON]
		one := &watched{check: &plan.Check{Name: "x", Kind: "http"}, asked: []exchange{{
			side: "green", method: http.MethodGet, target: "/",
			answer: answer{status: http.StatusOK, header: http.Header{"Content-Type": {kind}}, body: []byte(body), size: len(body)},
		}}}
		for _, written := range []way{asValues, asText} {
			rec := New(Run{Plan: &plan.Plan{}})
			rec.watched = []*watched{one}
			w := writer{recording: rec, plan: "plan.yaml", bodies: MaxBody, ways: map[*watched]way{one: written}}
			path := filepath.Join(folder, "cases.yaml")
			text, err := w.file(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := plantest.Parse(path, text, language); err != nil {
				t.Fatalf("%v, in\n%s", err, text)
			}
			if len(body) > MaxBody || saysSecret(body) {
				return
			}
			if got, want := said(t, text), body; got != want {
				// JSON as values is the same document in another layout.
				wrote, notJSON := expect.ParseJSON([]byte(want))
				read, notReadable := expect.ParseJSON([]byte(got))
				if written == asText || notJSON != nil || notReadable != nil || !cmp.Equal(wrote, read) {
					t.Errorf("%q was answered, and recorded %q, in\n%s", want, got, text)
				}
			}
		}
	})
}

// saysSecret says that something in a body may be called a secret, which is masked.
func saysSecret(body string) bool {
	body = strings.ToLower(body)
	for _, word := range []string{"pass", "secret", "token", "key", "auth", "cred"} {
		if strings.Contains(body, word) {
			return true
		}
	}
	return strings.Contains(body, `\u`)
}

// said is the body that a file has the one request answered with; values are written as JSON.
func said(t *testing.T, text []byte) string {
	t.Helper()
	var file struct {
		Green []struct{ Answer yaml.Node }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("%v, in\n%s", err, text)
	}
	if file.Green[0].Answer.Kind == yaml.ScalarNode {
		return ""
	}
	var answer struct {
		Body   string
		Base64 string
		JSON   yaml.Node
	}
	if err := file.Green[0].Answer.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer(`{{ "{{" }}`, "{{")
	if answer.JSON.Kind != 0 {
		return asJSON(t, &answer.JSON)
	}
	if answer.Base64 != "" {
		body, err := base64.StdEncoding.DecodeString(answer.Base64)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	return plain.Replace(answer.Body)
}

// asJSON writes a value of YAML as JSON.
func asJSON(t *testing.T, n *yaml.Node) string {
	t.Helper()
	var parts []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			parts = append(parts, quoted(t, n.Content[i].Value)+":"+asJSON(t, n.Content[i+1]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case yaml.SequenceNode:
		for _, item := range n.Content {
			parts = append(parts, asJSON(t, item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	if n.ShortTag() == "!!str" {
		return quoted(t, n.Value)
	}
	return n.Value
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(strings.ReplaceAll(text, `{{ "{{" }}`, "{{"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
