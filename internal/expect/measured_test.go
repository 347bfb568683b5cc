package expect_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// measured are the expectations of what is measured and counted.
type measured struct {
	Number  *expect.Number  `yaml:"number"`
	Change  *expect.Change  `yaml:"change"`
	Portion *expect.Portion `yaml:"portion"`
}

func tryMeasured(src string) (*measured, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(names)
	var m measured
	d.Decode(root, &m)
	return &m, d.Err()
}

func decodeMeasured(t *testing.T, src string) *measured {
	t.Helper()
	m, err := tryMeasured(src)
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	return m
}

func TestNumbersThatWereMeasuredAreCompared(t *testing.T) {
	tests := []struct {
		why, src string
		got      float64
		want     string
	}{
		{"at most", "number: <= 5", 5, ""},
		{"more", "number: <= 5", 5.000001, "n is 5.000001, expected <= 5"},
		{"less", "number: < 0.3", 0.30000000000000004, "n is 0.30000000000000004, expected < 0.3"},
		{"a literal", "number: 0", 0, ""},
		{"another one", "number: 0", 1, "n is 1, expected 0"},
		{"other than", `number: "!= 0"`, 0, "n is 0, expected != 0"},
		{"with an exponent", `number: ">= 1e6"`, 2e6, ""},
		{"below nothing", `number: "> -1"`, -2, "n is -2, expected > -1"},
		{"a name", `number: "< {{ green.port }}"`, 9000, "n is 9000, expected < 8080"},
		{"what is no number is never less", "number: <= 5", math.NaN(), "n is NaN, which is not a number that can be compared, expected <= 5"},
		{"nor different", `number: "!= 5"`, math.NaN(), "n is NaN, which is not a number that can be compared, expected != 5"},
		{"nor more", `number: ">= 5"`, math.Inf(1), "n is +Inf, which is not a number that can be compared, expected >= 5"},
		{"nor less by sign", `number: "<= 5"`, math.Inf(-1), "n is -Inf, which is not a number that can be compared, expected <= 5"},
		{"a name that stands for no number", `number: "< {{ green.limit }}"`, 1, `error: plan.yaml:1:9: "250ms" has the unit ms: write a number alone, in the unit of what is measured`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := said(decodeMeasured(t, tt.src).Number.Judge("n", tt.got, lookup)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestChangesAreComparedInPercentOrInTheUnitOfBoth(t *testing.T) {
	tests := []struct {
		why, src  string
		got, base float64
		want      string
	}{
		{"just as much more as is allowed", "change: <= 10%", 11, 10, ""},
		{"exactly, whatever binary fractions make of it", "change: <= 10%", 0.33, 0.3, ""},
		{"more", "change: <= +10%", 12, 10, "the change of n is +20% (it is 12, blue's is 10), expected <= +10%"},
		{"less is no more", "change: <= 10%", 1, 10, ""},
		{"at most so much less", `change: ">= -10%"`, 8, 10, "the change of n is -20% (it is 8, blue's is 10), expected >= -10%"},
		{"of something negative", "change: <= 10%", -8, -10, "the change of n is +20% (it is -8, blue's is -10), expected <= 10%"},
		{"in the unit of both", "change: <= 5", 15, 10, ""},
		{"by too much", "change: < 5", 15, 10, "the change of n is +5 (it is 15, blue's is 10), expected < 5"},
		{"nothing of nothing", "change: <= 10%", 0, 0, ""},
		{"something of nothing is more by any percentage", "change: <= 1000000%", 0.1, 0, "the change of n is beyond any percentage (it is 0.1, blue's is 0), expected <= 1000000%"},
		{"and not less by one", `change: ">= -10%"`, 1, 0, ""},
		{"what is no number hasn't changed", "change: <= 10%", math.NaN(), 10, "the change of n is unknown (it is NaN, blue's is 10), expected <= 10%"},
		{"nor from what is none", `change: ">= -10%"`, 10, math.Inf(1), "the change of n is unknown (it is 10, blue's is +Inf), expected >= -10%"},
		{"a name", `change: "<= {{ green.port }}"`, 10000, 10, "the change of n is +9990 (it is 10000, blue's is 10), expected <= 8080"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := said(decodeMeasured(t, tt.src).Change.Judge("n", tt.got, "blue's", tt.base, lookup)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPortionsAreCountsOrShares(t *testing.T) {
	tests := []struct {
		why, src    string
		part, whole int
		want        string
	}{
		{"a count", `portion: ">= 2"`, 2, 9, ""},
		{"a share", `portion: ">= 66.6%"`, 2, 3, ""},
		{"a share that isn't reached", `portion: ">= 66.7%"`, 2, 3, "n is 2 of 3, expected >= 66.7%"},
		{"all", "portion: 100%", 3, 3, ""},
		{"not all", "portion: 100%", 2, 3, "n is 2 of 3, expected 100%"},
		{"none of none may be counted", "portion: 0", 0, 0, ""},
		{"and is no share", "portion: 0%", 0, 0, "n is 0 of 0, expected 0%"},
		{"other than", `portion: "!= 0"`, 0, 3, "n is 0 of 3, expected != 0"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := said(decodeMeasured(t, tt.src).Portion.Judge("n", tt.part, tt.whole, lookup)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	all := expect.All()
	if m, err := all.Judge("n", 1, 2, lookup); err != nil || m == nil {
		t.Errorf("one of two is all: %v", err)
	}
}

func TestWhatIsWrongWithWhatIsMeasuredIsToldAtItsPlace(t *testing.T) {
	for src, want := range map[string]string{
		"number: < 300ms":          `plan.yaml:1:9: number: "300ms" has the unit ms: write a number alone, in the unit of what is measured`,
		"number: 5%":               `plan.yaml:1:9: number: "5%" has the unit %: write a number alone, in the unit of what is measured`,
		"number: few":              `plan.yaml:1:9: number: "few" is not a number`,
		"number: .nan":             `plan.yaml:1:9: number: ".nan" is not a number`,
		"number: ~ 5":              "plan.yaml:1:9: number: ~ matches text; compare a number, as in <= 5 with <, <=, > or >=",
		"number: [5]":              "plan.yaml:1:9: number: expected a number, as in <= 5, found a list",
		"number: <":                "plan.yaml:1:9: number: < compares with nothing: write a value after it",
		"change: 10%":              "plan.yaml:1:9: change: write how much it may differ as a comparison with <, <=, > or >=, as in <= 10%",
		`change: "!= 10%"`:         "plan.yaml:1:9: change: write how much it may differ as a comparison with <, <=, > or >=, as in <= 10%",
		"change: < 5ms":            `plan.yaml:1:9: change: "5ms" is neither a number nor a percentage, as in 10%`,
		"portion: half":            `plan.yaml:1:10: portion: "half" is neither a count nor a share, as in 2 or 50%`,
		"portion: 1e1":             `plan.yaml:1:10: portion: "1e1" is neither a count nor a share, as in 2 or 50%`,
		"portion: {least: 1}":      "plan.yaml:1:10: portion: expected a count or a share, as in >= 2 or >= 50%, found a mapping",
		`portion: "<= {{ crat }}"`: `plan.yaml:1:14: portion: unknown name "crat": did you mean "cart"?`,
	} {
		t.Run(src, func(t *testing.T) {
			_, err := tryMeasured(src)
			if err == nil {
				t.Fatal("it is taken")
			}
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzMeasured(f *testing.F) {
	for _, seed := range []string{"<= 5", ">= -10%", "100%", "!= 1e3", "< {{ green.port }}", "+.5", "<= 1e399", "5 %", "٣"} {
		f.Add(seed, 3.5, 7.0)
	}
	f.Fuzz(func(t *testing.T, src string, got, base float64) {
		odd := math.IsNaN(got) || math.IsInf(got, 0)
		if m, err := tryMeasured("number: " + quoted(src)); err == nil {
			if line := said(m.Number.Judge("n", got, lookup)); odd && line == "" {
				t.Errorf("%v is %s", got, src)
			}
		}
		if m, err := tryMeasured("change: " + quoted(src)); err == nil {
			if line := said(m.Change.Judge("n", got, "the other", base, lookup)); odd && line == "" {
				t.Errorf("%v changes by %s", got, src)
			}
		}
		if m, err := tryMeasured("portion: " + quoted(src)); err == nil {
			said(m.Portion.Judge("n", 1, 3, lookup))
		}
	})
}
