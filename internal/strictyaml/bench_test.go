package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// hundred is a plan of a hundred checks. A cold start waits for it to be read.
func hundred() string {
	var b strings.Builder
	b.WriteString("version: 1\nbudget: 10m\nchecks:\n")
	for i := range 100 {
		fmt.Fprintf(&b, `  - name: check %d   # what it is for
    url: "{{ green.url }}/things/%d?sku={{ vars.sku }}"
    timeout: 2s
    retry: 3
    headers: {accept: application/json, x-request: "{{ stage }}"}
    status: [200, 204]
    size: 100kB
    json: {id: %d, items: [{a: 1, b: "{{ vars.user.name }}"}]}
    expect:
      duration: < 500ms
      $.status: ok
      $.version: ">= 3"
`, i, i, i)
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	src := []byte(hundred())
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictyaml.Parse("plan.yaml", src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	root, err := strictyaml.Parse("plan.yaml", []byte(hundred()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d := strictyaml.NewDecoder(names())
		d.Decode(root, new(plan))
		if err := d.Err(); err != nil {
			b.Fatal(err)
		}
	}
}
