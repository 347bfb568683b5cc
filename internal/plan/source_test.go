package plan_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// environment gives variables to plan.Find as name, value, name, value.
func environment(pairs ...string) func(string) string {
	vars := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return vars[name] }
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindTakesTheFirstPlanThereIs(t *testing.T) {
	folder, empty := t.TempDir(), t.TempDir()
	beside := write(t, filepath.Join(folder, plan.FileName), "beside")
	other := write(t, filepath.Join(folder, "other.yaml"), "other")
	for _, tt := range []struct {
		why        string
		env        func(string) string
		folder     string
		name, text string
	}{
		{"a path in the folder", environment("GREENLIGHT_PLAN", "other.yaml", "ALB_URL", "h"), folder, other, "other"},
		{"an absolute path", environment("GREENLIGHT_PLAN", other), empty, other, "other"},
		{"space around a path", environment("GREENLIGHT_PLAN", " other.yaml\n"), folder, other, "other"},
		{"YAML of many lines", environment("GREENLIGHT_PLAN", "version: 1\nchecks: []"), folder, "GREENLIGHT_PLAN", "version: 1\nchecks: []"},
		{"YAML of one line", environment("GREENLIGHT_PLAN", "{version: 1}"), folder, "GREENLIGHT_PLAN", "{version: 1}"},
		{"YAML that is no plan is still told from a path", environment("GREENLIGHT_PLAN", "version: 1"), folder, "GREENLIGHT_PLAN", "version: 1"},
		{"the file beside the binary", environment("ALB_URL", "h"), folder, beside, "beside"},
		{"an empty setting is none", environment("GREENLIGHT_PLAN", " "), folder, beside, "beside"},
		{"the classic plan", environment("ALB_URL", "h"), empty, "ALB_URL", string(plan.Classic("h", "").Text)},
	} {
		t.Run(tt.why, func(t *testing.T) {
			source, err := plan.Find(tt.env, tt.folder)
			if err != nil {
				t.Fatal(err)
			}
			if source.Name != tt.name || string(source.Text) != tt.text {
				t.Errorf("found %s: %q, want %s: %q", source.Name, source.Text, tt.name, tt.text)
			}
		})
	}
}

func TestFindSaysWhatToDoWhereThereIsNoPlanToRead(t *testing.T) {
	folder := t.TempDir()
	folderAsPlan := filepath.Join(folder, "plans")
	if err := os.Mkdir(folderAsPlan, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "large.yaml"), strings.Repeat("#", 10<<20))
	for _, tt := range []struct {
		why  string
		env  func(string) string
		want string
	}{
		{"nothing is set", environment(), plan.ErrNone.Error()},
		{"ALB_URL is empty", environment("ALB_URL", " ", "ROUTES", "a"), plan.ErrNone.Error()},
		{"ALB_URL is no address", environment("ALB_URL", "my alb"), `ALB_URL: "my alb" is not a host, host:port or URL`},
		{
			"a setting wins, even if it leads nowhere", environment("GREENLIGHT_PLAN", "none.yaml", "ALB_URL", "h"),
			"GREENLIGHT_PLAN: reading the plan " + filepath.Join(folder, "none.yaml") + ": no such file or directory",
		},
		{
			"a folder", environment("GREENLIGHT_PLAN", "plans"),
			"GREENLIGHT_PLAN: reading the plan: " + folderAsPlan + " is a folder; name a file, such as " + filepath.Join(folderAsPlan, plan.FileName),
		},
		{
			"10 MB", environment("GREENLIGHT_PLAN", "large.yaml"),
			"GREENLIGHT_PLAN: reading the plan: " + filepath.Join(folder, "large.yaml") + " has 10485760 bytes; at most 1048576 (1 MiB) are read",
		},
		{
			"a URL", environment("GREENLIGHT_PLAN", "https://plans/shop.yaml"),
			`reading GREENLIGHT_PLAN: a plan can't come from "https://plans/shop.yaml"; give a path, s3://bucket/key, ssm:/name, or the YAML itself`,
		},
		{"a bucket alone", environment("GREENLIGHT_PLAN", "s3://plans"), "GREENLIGHT_PLAN: s3://plans names no object: write s3://bucket/key"},
		{"a folder of a bucket", environment("GREENLIGHT_PLAN", "s3://plans/shop/"), "GREENLIGHT_PLAN: s3://plans/shop/ names no object: write s3://bucket/key"},
		{"no parameter", environment("GREENLIGHT_PLAN", "ssm:/"), "GREENLIGHT_PLAN: ssm:/ names no parameter: write ssm:/name"},
		{
			"a name that isn't known before the plan is", environment("GREENLIGHT_PLAN", "s3://plans/{{ green.image }}.yaml"),
			`GREENLIGHT_PLAN:1:13: unknown name "green.image": valid here: application, cluster, group, service`,
		},
		{
			"a name that is written wrongly", environment("GREENLIGHT_PLAN", "ssm:/{{ aplicaton }}"),
			`GREENLIGHT_PLAN:1:7: unknown name "aplicaton": did you mean "application"?`,
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			source, err := plan.Find(tt.env, folder)
			if err == nil {
				t.Fatalf("found %s", source.Name)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAPlanInAWSIsFoundAndNotFetched(t *testing.T) {
	known := func(name string) (any, error) {
		if name == "group" {
			return nil, errors.New("not known here")
		}
		return name + "-1", nil
	}
	for _, tt := range []struct {
		setting string
		fixed   bool
		want    string
		bucket  string
	}{
		{"s3://plans/shop.yaml", true, "s3://plans/shop.yaml", "plans"},
		{"s3://plans/{{ application }}/plan.yaml", false, "s3://plans/application-1/plan.yaml", "plans"},
		{"s3://{{ cluster }}-plans/{{service}}.yaml", false, "s3://cluster-1-plans/service-1.yaml", "cluster-1-plans"},
		{"ssm:/plans/{{ application }}", false, "ssm:/plans/application-1", ""},
		{"ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/plan", true, "ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/plan", ""},
		{"s3://plans/{{ group }}.yaml", false, "finding the plan s3://plans/{{ group }}.yaml: {{ group }}: not known here", ""},
	} {
		source, err := plan.Find(environment("GREENLIGHT_PLAN", tt.setting, "ALB_URL", "h"), t.TempDir())
		if err != nil || source.Remote == nil || source.Text != nil || source.Name != tt.setting {
			t.Fatalf("%s: found %+v (%v)", tt.setting, source, err)
		}
		if source.Remote.IsFixed() != tt.fixed {
			t.Errorf("%s: fixed is %t", tt.setting, !tt.fixed)
		}
		address, err := source.Remote.Address(known)
		got := address.String()
		if err != nil {
			got = err.Error()
		}
		if got != tt.want || address.Bucket != tt.bucket {
			t.Errorf("%s is %s in the bucket %q, want %s in %q", tt.setting, got, address.Bucket, tt.want, tt.bucket)
		}
	}
}

func TestWhatAPlanInAWSIncludesLiesBesideIt(t *testing.T) {
	for _, tt := range []struct {
		from plan.Address
		file string
		want string
	}{
		{plan.Address{Bucket: "plans", Key: "shop/plan.yaml"}, "health.yaml", "s3://plans/shop/health.yaml"},
		{plan.Address{Bucket: "plans", Key: "shop/plan.yaml"}, "../common/health.yaml", "s3://plans/common/health.yaml"},
		{plan.Address{Bucket: "plans", Key: "shop/plan.yaml"}, "../../../x.yaml", "s3://plans/x.yaml"},
		{plan.Address{Bucket: "plans", Key: "shop/plan.yaml"}, "/x.yaml", "s3://plans/x.yaml"},
		{plan.Address{Bucket: "plans", Key: "plan.yaml"}, "./x.yaml", "s3://plans/x.yaml"},
		{plan.Address{Key: "/shop/plan"}, "health", "ssm:/shop/health"},
		{plan.Address{Key: "/shop/plan"}, "/common/health", "ssm:/common/health"},
		{plan.Address{Key: "plan"}, "health", "ssm:health"},
		{plan.Address{Key: "/shop/plan"}, "s3://plans/x", `"s3://plans/x" is no path from ssm:/shop/plan: what a plan includes lies in the same place as the plan`},
	} {
		at, err := tt.from.Beside(tt.file)
		got := at.String()
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s beside %s is %s, want %s", tt.file, tt.from, got, tt.want)
		}
	}
}

func TestNoPlanAnywhereIsErrNone(t *testing.T) {
	if _, err := plan.Find(environment(), t.TempDir()); !errors.Is(err, plan.ErrNone) {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatIsThereButCanNotBeReadIsNotPassedOver(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, plan.FileName)
	// A link to itself can't be read by anyone, whatever the rights of who runs the test.
	if err := os.Symlink(plan.FileName, path); err != nil {
		t.Fatal(err)
	}
	source, err := plan.Find(environment("ALB_URL", "h"), folder)
	if err == nil || !strings.HasPrefix(err.Error(), "reading the plan "+path+": ") {
		t.Errorf("found %q, %v; a plan that can't be read must not make way for another", source.Name, err)
	}
}

func TestTheClassicPlanAsksHEADForEachRoute(t *testing.T) {
	for _, tt := range []struct {
		address, routes string
		green           string
		asked           []string
		why             string
	}{
		{"alb", "", "alb", []string{"HEAD /"}, "the root is the default"},
		{"alb", "one,two", "alb", []string{"HEAD /one", "HEAD /two"}, "routes stand without a slash"},
		{"alb", "/one,two/three", "alb", []string{"HEAD /one", "HEAD /two/three"}, "or with one"},
		{"alb", " one , /two ,", "alb", []string{"HEAD /one", "HEAD /two"}, "people write lists with spaces, and leave commas behind"},
		{"alb", ",, ,", "alb", []string{"HEAD /"}, "empty entries are none"},
		{"alb", "/", "alb", []string{"HEAD /"}, "the root may be named"},
		{"alb", "a?b={{ c }}", "alb", []string{"HEAD /a?b={{ c }}"}, "a route is no template"},
		{"alb", `a"b\c'd`, "alb", []string{`HEAD /a"b\c'd`}, "nor is it YAML"},
		{"alb", "a: b #c", "alb", []string{"HEAD /a: b #c"}, "nor is it YAML"},
		{"alb", "größe\t2", "alb", []string{"HEAD /größe\t2"}, "nor is it ASCII"},
		{"alb:8080", "", "alb:8080", []string{"HEAD /"}, "host and port"},
		{" https://alb.example.com/api ", "a", "https://alb.example.com/api", []string{"HEAD /a"}, "a URL with a path"},
	} {
		t.Run(tt.address+" "+tt.routes, func(t *testing.T) {
			p, err := language(nil).Parse(plan.Classic(tt.address, tt.routes))
			if err != nil {
				t.Fatal(err)
			}
			if green, _ := p.Green.Literal(); green != tt.green {
				t.Errorf("green is %q, want %q: %s", green, tt.green, tt.why)
			}
			stage := p.Stage("")
			if !stage.KeepGoing {
				t.Error("the first failure ends the stage: of the other routes nothing would be known")
			}
			var asked []string
			for _, c := range stage.Checks {
				asked = append(asked, c.Check.(*probe).HTTP.String())
				if c.Timeout.Seconds() != 2 {
					t.Errorf("%s: timeout %s, want 2s", c.Name, c.Timeout)
				}
			}
			if strings.Join(asked, "|") != strings.Join(tt.asked, "|") {
				t.Errorf("asked %q, want %q: %s", asked, tt.asked, tt.why)
			}
		})
	}
}

// documented are the plans of the documentation, of the examples and of the demo.
func documented(t testing.TB) []string {
	t.Helper()
	fenced := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	var plans []string
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../docs/checks/*.md", "../../examples/*/greenlight.yaml", "../demo/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) == ".yaml" {
				plans = append(plans, string(text))
			}
			for _, block := range fenced.FindAllStringSubmatch(string(text), -1) {
				plans = append(plans, block[1])
			}
		}
	}
	return plans
}

func FuzzParse(f *testing.F) {
	seeds, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range seeds {
		if text, err := os.ReadFile(filepath.Join("testdata", seed.Name())); err == nil {
			for part := range strings.SplitSeq(string(text), "\n-- ") {
				_, part, _ = strings.Cut(part, "\n")
				f.Add(part)
			}
		}
	}
	f.Add(string(plan.Classic("{{", `"{{,'}}`).Text))
	for _, text := range documented(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parse(text)
		var problems strictyaml.Problems
		switch {
		case err == nil:
			if p.Anywhere() == nil && len(p.Stages()) == 0 {
				t.Error("a plan that asks nothing was read")
			}
			return
		case !errors.As(err, &problems) || len(problems) == 0:
			t.Fatalf("not Problems: %v", err)
		}
		lines := strings.Split(lineBreaks.Replace(strings.TrimPrefix(text, "\uFEFF")), "\n")
		for i, p := range problems {
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
				t.Errorf("%s: outside of the file", p)
			}
			if i > 0 && p.Line < problems[i-1].Line {
				t.Errorf("%s: comes after %s", p, problems[i-1])
			}
			if strings.ContainsAny(p.Message, "\n\r\x1b") || p.Message == "" {
				t.Errorf("%q is not a line", p.Message)
			}
		}
	})
}

// lineBreaks are what ends a line of YAML.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"s3://plans/{{ application }}/plan.yaml", "ssm:/plans/shop", "ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/plan", "s3://", "s3://a/{{", "ssm:{{ group }}", "s3://a/b/"} {
		f.Add(seed, "../x.yaml")
	}
	f.Fuzz(func(t *testing.T, setting, file string) {
		at, err := plan.ParseLocation("GREENLIGHT_PLAN", setting)
		if !plan.IsRemote(setting) || err != nil {
			return
		}
		address, err := at.Address(func(string) (any, error) { return "x", nil })
		if err != nil {
			return
		}
		if again, err := plan.ParseAddress(address.String()); err != nil || again != address {
			t.Errorf("%s is %+v, read again %+v (%v)", setting, address, again, err)
		}
		if beside, err := address.Beside(file); err == nil && beside.Bucket != address.Bucket {
			t.Errorf("%s beside %s is in another bucket: %s", file, address, beside)
		}
	})
}
