package plan_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// files are plans beside each other, by their paths.
type files struct {
	texts map[string]string
	reads []string
	from  string
}

func (f *files) Resolve(file string) (string, error) { return path.Join(path.Dir(f.from), file), nil }

func (f *files) Read(name string) (plan.Source, error) {
	f.reads = append(f.reads, name)
	text, ok := f.texts[name]
	if !ok {
		return plan.Source{}, fmt.Errorf("reading the plan %s: no such file", name)
	}
	return f.source(name, text), nil
}

// source has files of its own, which are read from where it is.
func (f *files) source(name, text string) plan.Source {
	return plan.Source{Name: name, Text: []byte(text), Include: &beside{f, name}}
}

type beside struct {
	*files
	from string
}

func (b *beside) Resolve(file string) (string, error) { return path.Join(path.Dir(b.from), file), nil }

// parsed reads plan.yaml of these files.
func (f *files) parsed() (*plan.Plan, error) {
	return language(nil).Parse(f.source("plan.yaml", f.texts["plan.yaml"]))
}

const withHealth = `version: 1
checks:
  - include: {file: common/health.yaml, with: {path: /health}}
  - {name: last, http: GET /last}
`

func TestTheChecksOfAnIncludedFileStandInThePlaceOfTheInclusion(t *testing.T) {
	for _, tt := range []struct {
		why   string
		texts map[string]string
		want  []string
	}{
		{"with a variable", map[string]string{
			"plan.yaml": withHealth, "common/health.yaml": "version: 1\nvars: {path: /, code: 200}\nchecks: [{http: 'GET {{ vars.path }}', expect: {status: '{{ vars.code }}'}}]\n",
		}, []string{"GET /health status=200(int64) at common/health.yaml:3:10", "GET /last at plan.yaml:4:5"}},
		{"with its own value", map[string]string{
			"plan.yaml": "version: 1\nchecks: [include: h.yaml]\n", "h.yaml": "version: 1\nvars: {path: /own}\nchecks: [http: 'GET {{ vars.path }}']\n",
		}, []string{"GET /own at h.yaml:3:10"}},
		{"twice, differently", map[string]string{
			"plan.yaml": "version: 1\nchecks:\n- include: {file: h.yaml, with: {path: /a}}\n- include: {file: h.yaml, with: {path: /b}}\n",
			"h.yaml":    "version: 1\nvars: {path: /}\nchecks: [http: 'GET {{ vars.path }}']\n",
		}, []string{"GET /a at h.yaml:3:10", "GET /b at h.yaml:3:10"}},
		{"from a folder, relative to it", map[string]string{
			"plan.yaml": "version: 1\nchecks: [include: a/a.yaml]\n", "a/a.yaml": "version: 1\nchecks: [include: ../b/b.yaml]\n", "b/b.yaml": "version: 1\nchecks: [http: GET /b]\n",
		}, []string{"GET /b at b/b.yaml:2:10"}},
		{"given on", map[string]string{
			"plan.yaml": "version: 1\nvars: {p: /p}\nchecks: [include: {file: a.yaml, with: {x: '{{ vars.p }}'}}]\n",
			"a.yaml":    "version: 1\nvars: {x: }\nchecks: [include: {file: b.yaml, with: {y: '{{ vars.x }}/y'}}]\n",
			"b.yaml":    "version: 1\nvars: {y: }\nchecks: [http: 'GET {{ vars.y }}']\n",
		}, []string{"GET /p/y at b.yaml:3:10"}},
		{"a name that is known later, given on", map[string]string{
			"plan.yaml": "version: 1\nsecrets: {token: env:TOKEN}\nchecks: [include: {file: a.yaml, with: {t: 'Bearer {{ secrets.token }}'}}]\n",
			"a.yaml":    "version: 1\nvars: {t: }\nchecks: [{http: 'GET /{{ vars.t }}', json: {a: '{{ vars.t }}'}}]\n",
		}, []string{"GET /Bearer {{ secrets.token }} json=map[a:Bearer <secrets.token>](map[string]interface {}) at a.yaml:3:10"}},
		{"text stays text", map[string]string{
			"plan.yaml": "version: 1\nchecks: [include: {file: a.yaml, with: {t: 42}}]\n", "a.yaml": "version: 1\nvars: {t: x}\nchecks: [{http: GET /, json: '{{ vars.t }}'}]\n",
		}, []string{"GET / json=42(string) at a.yaml:3:10"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p, err := (&files{texts: tt.texts}).parsed()
			if err != nil {
				t.Fatal(problems(err))
			}
			var got []string
			for _, c := range p.Anywhere().Checks {
				got = append(got, fmt.Sprintf("%s at %s", c.Check.(interface{ asks() string }).asks(), c.At))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsWrongWithAnIncludedFileIsToldWithTheWayToIt(t *testing.T) {
	deep := map[string]string{"plan.yaml": "version: 1\nchecks: [include: f0.yaml]\n"}
	for i := range 9 {
		deep[fmt.Sprintf("f%d.yaml", i)] = fmt.Sprintf("version: 1\nchecks: [include: f%d.yaml]\n", i+1)
	}
	for _, tt := range []struct {
		why   string
		texts map[string]string
		want  []string
	}{
		{"a key", map[string]string{"plan.yaml": withHealth, "common/health.yaml": "version: 1\nvars: {path: /}\nchecks:\n- htp: GET /\n"}, []string{
			`common/health.yaml:4:3: unknown kind of check "htp": did you mean "http"? (included at plan.yaml:3:14)`,
		}},
		{"YAML", map[string]string{"plan.yaml": "version: 1\nchecks: [include: a.yaml]\n", "a.yaml": "version: 1\nchecks: [include: b.yaml]\n", "b.yaml": "checks: [\n"}, []string{
			"b.yaml:2:1: expected a value here (included at a.yaml:2:19, which is included at plan.yaml:2:19)",
		}},
		{"problems of both, the plan's first", map[string]string{"plan.yaml": "version: 1\nchecks: [include: a.yaml, htp: x]\n", "a.yaml": "version: 2\nchecks: []\nserial: true\n"}, []string{
			`plan.yaml:2:27: unknown kind of check "htp": did you mean "http"?`,
			"a.yaml:1:10: version: this greenlight reads version 1 of the language, the plan is in version 2 (included at plan.yaml:2:19)",
			"a.yaml:2:9: the list has no checks; leave the stage out where nothing is to be asked (included at plan.yaml:2:19)",
			`a.yaml:3:1: unknown key "serial": valid here: checks, vars, version (included at plan.yaml:2:19)`,
		}},
		{"no file", map[string]string{"plan.yaml": withHealth}, []string{"plan.yaml:3:14: include: reading the plan common/health.yaml: no such file"}},
		{"a variable that isn't its", map[string]string{"plan.yaml": withHealth, "common/health.yaml": "version: 1\nvars: {pth: /}\nchecks: [http: GET /]\n"}, []string{
			`plan.yaml:3:48: with: unknown variable of common/health.yaml "path": did you mean "pth"?`,
		}},
		{"a file without variables", map[string]string{"plan.yaml": withHealth, "common/health.yaml": "version: 1\nchecks: [http: GET /]\n"}, []string{
			`plan.yaml:3:48: with: unknown variable of common/health.yaml "path"`,
		}},
		{"the includer's names", map[string]string{
			"plan.yaml": "version: 1\nsecrets: {token: env:X}\nvars: {x: 1}\nchecks: [include: a.yaml]\n", "a.yaml": "version: 1\nchecks: [http: 'GET /{{ vars.x }}/{{ secrets.token }}/{{ stage }}']\n",
		}, []string{
			`a.yaml:2:22: http: unknown name "vars.x": valid here: green.host, green.url, stage (included at plan.yaml:4:19)`,
			`a.yaml:2:35: http: unknown name "secrets.token": valid here: green.host, green.url, stage (included at plan.yaml:4:19)`,
		}},
		{"itself", map[string]string{"plan.yaml": "version: 1\nchecks: [include: plan.yaml]\n"}, []string{
			"plan.yaml:2:19: include: the file includes itself: plan.yaml → plan.yaml",
		}},
		{"each other", map[string]string{"plan.yaml": "version: 1\nchecks: [include: a.yaml]\n", "a.yaml": "version: 1\nchecks: [include: ./b.yaml]\n", "b.yaml": "version: 1\nchecks: [{http: GET /}, include: x/../a.yaml]\n"}, []string{
			"b.yaml:2:34: include: the file includes itself: plan.yaml → a.yaml → b.yaml → a.yaml (included at a.yaml:2:19, which is included at plan.yaml:2:19)",
		}},
		{"too deep", deep, []string{
			"f7.yaml:2:19: include: files include each other over 8 deep: plan.yaml → f0.yaml → f1.yaml → f2.yaml → f3.yaml → f4.yaml → f5.yaml → f6.yaml → f7.yaml → f8.yaml (included at f6.yaml:2:19, which is included at f5.yaml:2:19, " +
				"which is included at f4.yaml:2:19, which is included at f3.yaml:2:19, which is included at f2.yaml:2:19, which is included at f1.yaml:2:19, which is included at f0.yaml:2:19, which is included at plan.yaml:2:19)",
		}},
		{"keys beside it", map[string]string{"plan.yaml": "version: 1\nchecks: [{include: a.yaml, name: x}]\n", "a.yaml": "version: 1\nchecks: [http: GET /]\n"}, []string{
			"plan.yaml:2:28: name can't stand beside include: it belongs to the checks of the file, or to the stage",
		}},
		{"no file's name", map[string]string{"plan.yaml": "version: 1\nchecks: [include: , include: [a], include: {with: {}}, include: {file: a, vars: {}}]\n"}, []string{
			"plan.yaml:2:17: expected a file, or {file, with}, such as {file: health.yaml, with: {path: /health}}, found nothing",
			"plan.yaml:2:30: expected a file, or {file, with}, such as {file: health.yaml, with: {path: /health}}, found a list",
			`plan.yaml:2:44: "file" is missing`,
			`plan.yaml:2:75: unknown key "vars": valid here: file, with`,
		}},
		{"a name that is known later inside of a list", map[string]string{"plan.yaml": "version: 1\nchecks: [include: {file: a.yaml, with: {l: ['{{ stage }}']}}]\n", "a.yaml": "version: 1\nvars: {l: }\nchecks: [http: GET /]\n"}, []string{
			"plan.yaml:2:44: with: names that are known only when a check runs can't stand inside of a list or mapping here",
		}},
		{"a name that is known later where it is needed now", map[string]string{"plan.yaml": "version: 1\nchecks: [include: {file: a.yaml, with: {l: '{{ stage }}'}}]\n", "a.yaml": "version: 1\nvars: {l: }\nchecks: [{http: GET /, timeout: '{{ vars.l }}'}]\n"}, []string{
			"a.yaml:3:33: timeout: {{ vars.l }} is {{ stage }}, which is known only when a check runs, and this value is needed when the file is read (included at plan.yaml:2:19)",
		}},
		{"longer than the budget", map[string]string{"plan.yaml": "version: 1\nbudget: 1m\nchecks: [include: a.yaml]\n", "a.yaml": "version: 1\nchecks: [{http: GET /, for: 2m}]\n"}, []string{
			"a.yaml:2:29: for: the check is to pass for 2m, and the budget (plan.yaml:2:9) ends it after 1m (included at plan.yaml:3:19)",
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := (&files{texts: tt.texts}).parsed()
			var got []string
			all, _ := err.(strictyaml.Problems) //nolint:errorlint // it is what Parse promises
			for _, p := range all {
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEachIncludedFileIsReadOnce(t *testing.T) {
	f := &files{texts: map[string]string{
		"plan.yaml": "version: 1\nchecks:\n" + strings.Repeat("- include: h.yaml\n", 3), "h.yaml": "version: 1\nchecks: [http: GET /]\n",
	}}
	if _, err := f.parsed(); err != nil {
		t.Fatal(err)
	}
	if len(f.reads) != 1 {
		t.Errorf("read %q", f.reads)
	}
}

func TestFilesThatMultiplyAreRefused(t *testing.T) {
	texts := map[string]string{"plan.yaml": "version: 1\nchecks:\n" + strings.Repeat("- include: f0.yaml\n", 10)}
	for i := range 6 {
		texts[fmt.Sprintf("f%d.yaml", i)] = "version: 1\nchecks:\n" + strings.Repeat(fmt.Sprintf("- include: f%d.yaml\n", i+1), 10)
	}
	texts["f6.yaml"] = "version: 1\nchecks: [http: GET /]\n"
	if _, err := (&files{texts: texts}).parsed(); err == nil || !strings.Contains(err.Error(), "the plan includes files over 200 times") {
		t.Errorf("got %v", err)
	}
}

func TestAPlanWithoutAPlaceIncludesNothing(t *testing.T) {
	if _, err := parse("version: 1\nchecks: [include: a.yaml]\n"); err == nil || !strings.Contains(err.Error(), "from here no other file can be read") {
		t.Errorf("got %v", err)
	}
}

func TestAFingerprintCoversWhatIsIncluded(t *testing.T) {
	fingerprint := func(included string) string {
		p, err := (&files{texts: map[string]string{
			"plan.yaml": "version: 1\nstages: {AfterAllowTraffic: {checks: [include: a.yaml]}}\n", "a.yaml": "version: 1\nchecks: [include: b.yaml]\n", "b.yaml": included,
		}}).parsed()
		if err != nil {
			t.Fatal(problems(err))
		}
		return p.Stage(lifecycle.AfterAllowTraffic).Fingerprint
	}
	own := fingerprint("version: 1\nvars: {p: 1}\nchecks: [http: GET /]\n")
	for why, tt := range map[string]struct {
		text string
		same bool
	}{
		"a comment":     {"version: 1 # one\nvars: {p: 1}\nchecks: [http: GET /]\n", true},
		"another check": {"version: 1\nvars: {p: 1}\nchecks: [http: GET /x]\n", false},
		"a variable":    {"version: 1\nvars: {p: 2}\nchecks: [http: GET /]\n", false},
	} {
		if got := fingerprint(tt.text); (got == own) != tt.same {
			t.Errorf("%s: want the same to be %t", why, tt.same)
		}
	}
}
