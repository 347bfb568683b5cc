package httpcheck_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestAFormOfPartsIsSent(t *testing.T) {
	picture := write(t, "green.png", "\x89PNG")
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		parts, err := r.MultipartReader()
		if err != nil {
			w.WriteHeader(http.StatusUnsupportedMediaType)
			return
		}
		for {
			part, err := parts.NextPart()
			if err != nil {
				return
			}
			content, _ := io.ReadAll(part)
			fmt.Fprintf(w, "%s %q %q %q\n", part.FormName(), part.FileName(), part.Header.Get("Content-Type"), content)
		}
	})
	scope := check.Scope{Green: check.Side{URL: green}}
	for _, tt := range []struct{ why, parts, want string }{
		{"values, names filled in", `[{name: sku, value: 42}, {name: "{{ green.image }}", value: "{{ cart }}"}]`, "sku \"\" \"\" \"42\"\nshop:1 \"\" \"\" \"a/../b?c#d e\"\n"},
		{"a value with a type", `[{name: order, value: '{"a": 1}', content_type: application/json}]`, "order \"\" \"application/json\" \"{\\\"a\\\": 1}\"\n"},
		{"an empty value", `[{name: a, value: ""}]`, "a \"\" \"\" \"\"\n"},
		{"a file", `[{name: picture, file: ` + picture + `}]`, "picture \"green.png\" \"application/octet-stream\" \"\\x89PNG\"\n"},
		{"a file by another name", `[{name: picture, file: ` + picture + `, filename: a.png, content_type: image/png}]`, "picture \"a.png\" \"image/png\" \"\\x89PNG\"\n"},
		{"a name can't begin another header", `[{name: "a\"\r\nx: y", value: b}]`, "a%22%0D%0Ax: y \"\" \"\" \"b\"\n"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var got string
			src := `{http: {method: POST, path: /, multipart: ` + tt.parts + `}, expect: {body: x}}`
			result := ask(t, src, httpcheck.Network{}, scope)
			got = withoutPort(outcome(result), green)
			if diff := cmp.Diff(fmt.Sprintf(`failed: POST http://green/: body is %q, expected "x"`, tt.want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", src, diff)
			}
		})
	}
	t.Run("a file that isn't there", func(t *testing.T) {
		got := outcome(ask(t, `http: {method: POST, path: /, multipart: [{name: a, file: /no/such/file}]}`, httpcheck.Network{}, scope))
		if want := `inconclusive: POST /: plan.yaml:1:59: reading the file "/no/such/file": no such file or directory`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
