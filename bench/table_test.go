package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTableIsMarkdown(t *testing.T) {
	table := table{head: []string{"bootstrap", "ms"}}
	table.add("a|b", spread(sample{1, 2, 3, 4, 5}))
	table.add("never", spread(nil))
	var out strings.Builder
	table.writeTo(&out)
	want := `| bootstrap | ms |
| --- | ---: |
| a\|b | **3.0** (2.0–4.0; 1.0–5.0) |
| never | – |

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBudgetsAreShownWithTheirUnits(t *testing.T) {
	var out strings.Builder
	writeBudgets(&out, []judged{{"to /next", times, 2, 3.1, 0}, {"zip", "MB", 6, 5.5, 0}})
	for _, row := range []string{"| to /next | 2.00× | 3.10× | broken |", "| zip | 6.0 MB | 5.5 MB | within |"} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no row %q in\n%s", row, out.String())
		}
	}
}
