package strictyaml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestAPlanIsDecodedWhole(t *testing.T) {
	p := plan{Serial: true, Budget: strictyaml.Duration(time.Minute), Notes: "kept"}
	err := read(`
version: "{{ vars.sku }}"
budget: "{{ vars.wait }}"
owner: {team: shop}
labels: ["{{ vars.user.name }}", 3, true]
limits: {b: "{{ vars.bytes }}", a: 1MB}
stages:
  AfterAllowTestTraffic:
    checks:
      - {name: one, url: /, timeout: 1m30s, status: "{{ vars.sku }}"}
assert: [a, b]
`, &p)
	if err != nil {
		t.Fatal(err)
	}
	check := p.Stages[0].Value.Checks[0]
	got := []any{
		p.Version, p.Budget, p.Serial, p.Notes, *p.Owner, p.Labels, []string(p.Assert), p.Green.IsZero(), p.Any.IsZero(), p.At.String(),
		p.Stages[0].Key, p.Stages[0].At.String(), check.Name, check.Timeout, []int(check.Status), check.At.String(),
		p.Limits[0].Key, p.Limits[0].Value, p.Limits[1].Key, p.Limits[1].Value,
	}
	want := []any{
		42, strictyaml.Duration(90 * time.Second), true, "kept",
		owner{Team: "shop"},
		[]string{"ann", "3", "true"},
		[]string{"a", "b"},
		true, true, "plan.yaml:2:1",
		"AfterAllowTestTraffic", "plan.yaml:8:3", "one", strictyaml.Duration(90 * time.Second),
		[]int{42},
		"plan.yaml:10:9",
		"b", strictyaml.Size(64 << 10), "a", strictyaml.Size(1e6),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// even is a type with a rule of its own, on the node and on a part of its text.
type even struct{ n int64 }

func (e *even) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if at := strings.Index(n.Text(), "odd"); at >= 0 {
		d.ProblemAt(n, at, 3, "odd isn't even")
		return
	}
	i, ok := d.Int(n)
	if ok && i%2 != 0 {
		d.Problem(n, "%d isn't even", i)
	}
	e.n = i
}

// window has a rule that spans its fields.
type window struct {
	From even `yaml:"from"`
	To   even `yaml:"to"`
}

func (w *window) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if w.From.n > w.To.n {
		d.Problem(n, "from is after to")
	}
}

func TestTypesHaveRulesOfTheirOwn(t *testing.T) {
	for _, tt := range []struct{ name, yaml, want string }{
		{"kept", "{from: 2, to: 4}", "fine\n"},
		{"of a type", "{from: 3, to: 4}", "plan.yaml:1:11: from: 3 isn't even\n   1 | w: {from: 3, to: 4}\n     |           ^\n"},
		{"of a struct", "{from: 4, to: 2}", "plan.yaml:1:4: w: from is after to\n   1 | w: {from: 4, to: 2}\n     |    ^\n"},
		{"with a name filled in", `{from: 2, to: "{{ vars.user.id }}"}`, "plan.yaml:1:18: to: 7 isn't even\n   1 | w: {from: 2, to: \"{{ vars.user.id }}\"}\n     |                  ^~~~~~~~~~~~~~~~~~~~\n"},
		{"of a part of a text", `{to: "an \"odd\" one"}`, "plan.yaml:1:15: to: odd isn't even\n   1 | w: {to: \"an \\\"odd\\\" one\"}\n     |               ^~~\n"},
		{"of a part of a quoted text", `{to: 'an ''odd'' one'}`, "plan.yaml:1:15: to: odd isn't even\n   1 | w: {to: 'an ''odd'' one'}\n     |               ^~~\n"},
		{"of a part of a plain text", "{to: größer odd}", "plan.yaml:1:18: to: odd isn't even\n   1 | w: {to: größer odd}\n     |                ^~~\n"},
		{"of a part of a text of several lines", "\n  to: |\n    one\n    two odd\n", "plan.yaml:4:9: to: odd isn't even\n   4 |     two odd\n     |         ^~~\n"},
		{"of a part of a folded text", "\n  to: >\n    one\n    two odd\n", "plan.yaml:2:7: to: odd isn't even\n   2 |   to: >\n     |       ^\n"},
		{"of a part of a text that goes on on the next line", "\n  to: one\n    two odd\n", "plan.yaml:2:7: to: odd isn't even\n   2 |   to: one\n     |       ^~~\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p struct {
				W window `yaml:"w"`
			}
			if diff := cmp.Diff(tt.want, shown(read("w: "+tt.yaml, &p))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOneMappingFillsSeveralStructs(t *testing.T) {
	root, err := strictyaml.Parse("plan.yaml", []byte("name: a\nteam: shop\nretry: 3\nnope: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	var c common
	var o owner
	d := strictyaml.NewDecoder(names())
	d.Fields(root, &c, &o)
	if c.Name != "a" || c.Retry != 3 || o.Team != "shop" {
		t.Errorf("got %+v and %+v", c, o)
	}
	want := "plan.yaml:4:1: unknown key \"nope\": valid here: name, page, retry, team, timeout\n   4 | nope: 1\n     | ^~~~\n"
	if diff := cmp.Diff(want, shown(d.Err())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAValueReadByTwoRulesHasItsProblemOnce(t *testing.T) {
	root, err := strictyaml.Parse("plan.yaml", []byte("soon"))
	if err != nil {
		t.Fatal(err)
	}
	d := strictyaml.NewDecoder(names())
	var one, two strictyaml.Duration
	d.Decode(root, &one)
	d.Decode(root, &two)
	want := "plan.yaml:1:1: \"soon\" is not a duration such as 500ms, 2s, 1m30s or 14d\n   1 | soon\n     | ^~~~\n"
	if diff := cmp.Diff(want, shown(d.Err())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWrongUseOfTheDecoderPanics(t *testing.T) {
	root, err := strictyaml.Parse("plan.yaml", []byte("a: 1"))
	if err != nil {
		t.Fatal(err)
	}
	for name, dst := range map[string]any{
		"not a pointer": struct{}{},
		"nil pointer":   (*plan)(nil),
		"field without rule": &struct {
			A chan int `yaml:"a"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a mistake in the program was taken for one in the file")
				}
			}()
			strictyaml.NewDecoder(names()).Decode(root, dst)
		})
	}
}
