package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/report/sariftest"
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

// runnerReads reads a line as the runner of GitHub Actions does: which annotation it makes of it, and with which properties. Spaces before
// the command are passed over; the first :: after it ends the properties, which commas part; percent signs are unescaped last.
//
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func runnerReads(line string) (properties map[string]string, message string, ok bool) {
	line, ok = strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::")
	command, message, found := strings.Cut(line, "::")
	name, rest, _ := strings.Cut(command, " ")
	if !ok || !found || name != "error" {
		return nil, "", false
	}
	data := []string{"%0D", "\r", "%0A", "\n"}
	unescape := func(s string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
		}
		return strings.ReplaceAll(s, "%25", "%")
	}
	properties = map[string]string{}
	for one := range strings.SplitSeq(strings.TrimSpace(rest), ",") {
		if key, value, _ := strings.Cut(one, "="); key != "" && value != "" {
			properties[key] = unescape(value, append(data, "%3A", ":", "%2C", ",")...)
		}
	}
	return properties, unescape(message, data...), true
}

func TestTheRunnerReadsAnAnnotationAsItIsMeant(t *testing.T) {
	for _, text := range []string{
		"plain", "50%", "%0A", "%250A", "%25", "a:b", "a::b", "a,b", "line=7", ",line=7", "::error::x", "::stop-commands::x", "##[error]x",
		"a\nb", "a\r\nb", "%3A%2C", "é𝄞", "[x]", "a=b=c", `"quoted" \ 'so'`, "a\tb", "%%%", "ends with %",
	} {
		file := text + ".yaml"
		wrong := strictyaml.Problem{
			Position: strictyaml.Position{File: file, Line: 4, Column: 2}, Rule: strictyaml.RuleValue, Message: text, Source: "abc", Width: 2,
		}
		var out strings.Builder
		if err := report.Annotations(&out, []report.WrongFile{{Name: file, Err: strictyaml.Problems{wrong}}}, func(name string) string { return name }); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(out.String(), "\n")
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("%q is on several lines: %q", text, line)
		}
		properties, message, ok := runnerReads(line)
		if !ok || message != text {
			t.Errorf("%q is read as %q, %v, from %s", text, message, ok, line)
		}
		want := map[string]string{"file": file, "line": "4", "endLine": "4", "col": "2", "endColumn": "4", "title": "greenlight: value"}
		if diff := cmp.Diff(want, properties); diff != "" {
			t.Errorf("%q has other properties (-want +got):\n%s", text, diff)
		}
	}
}

func TestSARIFIsWhatItsSchemaDemands(t *testing.T) {
	var out bytes.Buffer
	if err := report.SARIF(&out, "1.2.3", wrongFiles(), place); err != nil {
		t.Fatal(err)
	}
	golden(t, "sarif", out.String())
	if err := sariftest.Judge(out.Bytes()); err != nil {
		t.Errorf("by the published schema: %v", err)
	}
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
	if err := sariftest.Judge(out.Bytes()); err != nil {
		t.Errorf("by the published schema: %v", err)
	}
}

// https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning#reportingdescriptor-object
func TestSARIFHasWhatGitHubDemandsOfARule(t *testing.T) {
	var out bytes.Buffer
	if err := report.SARIF(&out, "1.2.3", nil, place); err != nil {
		t.Fatal(err)
	}
	type text struct{ Text string }
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID                                      string
						ShortDescription, FullDescription, Help text
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	for _, rule := range log.Runs[0].Tool.Driver.Rules {
		if rule.ID == "" || rule.ShortDescription.Text == "" || rule.FullDescription.Text == "" || rule.Help.Text == "" {
			t.Errorf("the rule %+v isn't whole", rule)
		}
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
