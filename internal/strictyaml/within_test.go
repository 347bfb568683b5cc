package strictyaml_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestTextAfterAnOperator(t *testing.T) {
	for _, tt := range []struct {
		yaml  string
		bytes int
		want  string
	}{
		{`">= 3"`, 0, ">= 3"},
		{`">= 3"`, 3, "3"},
		{`">= {{ vars.sku }}"`, 3, "42"},
		{`"~ {{ green.url }}/x"`, 2, "http://127.0.0.1:8080/x"},
		{`"~"`, 1, ""},
	} {
		var p struct {
			Text strictyaml.Text `yaml:"text"`
		}
		if err := read("text: "+tt.yaml, &p); err != nil {
			t.Fatal(err)
		}
		rest := p.Text.Skip(tt.bytes)
		if got, err := rest.Expand(later); err != nil || got != tt.want {
			t.Errorf("%s without %d bytes: got %q, %v; want %q", tt.yaml, tt.bytes, got, err, tt.want)
		}
		if rest.IsZero() || rest.Position() != p.Text.Position() {
			t.Errorf("%s: what is left stands where the text stood, not at %v", tt.yaml, rest.Position())
		}
	}
}

func TestFilledValuesCanBeEscaped(t *testing.T) {
	var p struct {
		Text strictyaml.Text `yaml:"text"`
	}
	if err := read(`text: "/a b/{{ stage }}?x={{ green.image }}"`, &p); err != nil {
		t.Fatal(err)
	}
	var befores []string
	got, err := p.Text.ExpandFunc(later, func(before, value string) string {
		befores = append(befores, before)
		return url.QueryEscape(value)
	})
	if want := "/a b/%7B%7B+vars.sku+%7D%7D?x=12345678"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if diff := cmp.Diff([]string{"/a b/", "/a b/%7B%7B+vars.sku+%7D%7D?x="}, befores); diff != "" {
		t.Errorf("the text before each value (-want +got):\n%s", diff)
	}
}

func TestOneLineFoldsWhiteSpace(t *testing.T) {
	if got := strictyaml.OneLine(" a\n\tb\r\n  c "); got != "a b c" {
		t.Errorf("got %q", got)
	}
}
