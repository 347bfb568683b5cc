package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// wrongFiles hold what formats have to escape and to count.
func wrongFiles() []report.WrongFile {
	at := func(file string, line, column int) strictyaml.Position {
		return strictyaml.Position{File: file, Line: line, Column: column}
	}
	return []report.WrongFile{
		{Name: "plans/a b.yaml", Err: strictyaml.Problems{
			{Position: at("plans/a b.yaml", 4, 24), Rule: strictyaml.RuleUnknownKey, Message: `unknown key "staus": 50% of it`, Source: `   "é𝄞": {expect: {staus: 1}}`, Width: 5},
			{Position: at("plans/included,one.yaml", 1, 1), Rule: strictyaml.RuleSyntax, Message: "the file is empty", Width: 1},
		}},
		{Name: "missing.yaml", Err: errors.New("reading the plan missing.yaml:\nno such file")},
		{Name: "<stdin>", Err: strictyaml.Problems{{Position: at("<stdin>", 2, 3), Rule: strictyaml.RuleValue, Message: "wrong", Source: "a: b", Width: 1}}},
	}
}

func place(name string) string {
	if strings.HasPrefix(name, "<") {
		return ""
	}
	return "sub/" + name
}

func TestAnnotationsAreWorkflowCommands(t *testing.T) {
	var out bytes.Buffer
	if err := report.Annotations(&out, wrongFiles(), place); err != nil {
		t.Fatal(err)
	}
	want := `::error file=sub/plans/a b.yaml,line=4,endLine=4,col=20,endColumn=25,title=greenlight%3A unknown-key::unknown key "staus": 50%25 of it
::error file=sub/plans/included%2Cone.yaml,line=1,endLine=1,col=1,endColumn=2,title=greenlight%3A syntax::the file is empty
::error file=sub/missing.yaml,title=greenlight%3A file::reading the plan missing.yaml: no such file
::error title=greenlight%3A value::<stdin>:2:3: wrong
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := report.Annotations(broken{}, wrongFiles(), place); err == nil {
		t.Error("nobody hears that the annotations couldn't be written")
	}
}

func TestSARIFIsWhatItsSchemaDemands(t *testing.T) {
	var out bytes.Buffer
	if err := report.SARIF(&out, "1.2.3", wrongFiles(), place); err != nil {
		t.Fatal(err)
	}
	golden(t, "sarif", out.String())
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn, EndColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Errorf("the log is %+v", log)
	}
	run := log.Runs[0]
	for _, r := range run.Results {
		if rules := run.Tool.Driver.Rules; r.RuleIndex < 0 || rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("the rule of %+v is none", r)
		}
		if r.Message.Text == "" || r.Level != "error" || len(r.Locations) != 1 || strings.ContainsAny(r.Locations[0].PhysicalLocation.ArtifactLocation.URI, " <") {
			t.Errorf("the result is %+v", r)
		}
	}
	// A character beyond the first 65536 is two UTF-16 code units, four bytes, and one character.
	if region := run.Results[0].Locations[0].PhysicalLocation.Region; region.StartColumn != 21 || region.EndColumn != 26 {
		t.Errorf("the columns are %+v, not UTF-16 code units", region)
	}
	if err := report.SARIF(broken{}, "", nil, place); err == nil {
		t.Error("nobody hears that the log couldn't be written")
	}
}

func TestSARIFWithoutProblemsHasAnEmptyListOfResults(t *testing.T) {
	var out bytes.Buffer
	if err := report.SARIF(&out, "1.2.3", nil, place); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"results": []`) {
		t.Errorf("without results a reader takes the run for one that didn't look: %s", out.String())
	}
}

func TestEveryRuleOfAProblemIsDescribed(t *testing.T) {
	rules := strictyaml.Rules()
	for _, rule := range []strictyaml.Rule{
		strictyaml.RuleSyntax, strictyaml.RuleUnknownKey, strictyaml.RuleDuplicateKey, strictyaml.RuleMissingKey,
		strictyaml.RuleType, strictyaml.RuleName, strictyaml.RuleValue,
	} {
		if rules[rule] == "" {
			t.Errorf("%s isn't described", rule)
		}
		delete(rules, rule)
	}
	if len(rules) > 0 {
		t.Errorf("rules that no problem has: %v", rules)
	}
}
