package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// homePage is where greenlight is at home.
const homePage = "https://github.com/greenlight-deploy/greenlight"

// The parts of SARIF, the Static Analysis Results Interchange Format, 2.1.0, that are needed here.
//
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	// GitHub's code scanning wants all of a rule, though the standard doesn't.
	//
	// https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning#reportingdescriptor-object
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifMessage `json:"shortDescription"`
		Full    sarifMessage `json:"fullDescription"`
		Help    sarifMessage `json:"help"`
		HelpURI string       `json:"helpUri"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool `json:"executionSuccessful"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysicalLocation `json:"physicalLocation"`
	}
	sarifPhysicalLocation struct {
		ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
		Region           *sarifRegion          `json:"region,omitempty"`
	}
	sarifArtifactLocation struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int           `json:"startLine"`
		StartColumn int           `json:"startColumn"`
		EndColumn   int           `json:"endColumn"`
		Snippet     *sarifMessage `json:"snippet,omitempty"`
	}
)

// SARIF writes all that is wrong with some files as one log, as GitHub's code scanning and editors read it. Place says
// where the file of that name is: relative to the root of its repository, or absolute; empty where it is no file.
func SARIF(out io.Writer, version string, files []WrongFile, place func(name string) string) error {
	rules := sarifRules()
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "greenlight", Version: version, InformationURI: homePage, Rules: rules}},
		Invocations: []sarifInvocation{{ExecutionSuccessful: true}}, ColumnKind: "utf16CodeUnits", Results: []sarifResult{},
	}
	for _, p := range problemsOf(files) {
		run.Results = append(run.Results, sarifResult{
			RuleID:    string(p.Rule),
			RuleIndex: slices.IndexFunc(rules, func(r sarifRule) bool { return r.ID == string(p.Rule) }),
			Level:     "error", Message: sarifMessage{p.Message}, Locations: p.locations(place),
		})
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
	if err := enc.Encode(log); err != nil {
		return fmt.Errorf("writing the problems as SARIF: %w", err)
	}
	return nil
}

func sarifRules() []sarifRule {
	described := strictyaml.Rules()
	described[ruleFile] = "The file can't be read"
	const page = homePage + "/blob/main/docs/plan.md"
	rules := make([]sarifRule, 0, len(described))
	for rule, description := range described {
		rules = append(rules, sarifRule{
			ID: string(rule), Short: sarifMessage{description}, Full: sarifMessage{description + "."},
			Help: sarifMessage{description + ". The plan's language is described in " + page + "."}, HelpURI: page,
		})
	}
	slices.SortFunc(rules, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// locations says where the problem is. One in no file, such as a plan from a variable of the environment, is told under the
// name that positions have.
func (p problem) locations(place func(name string) string) []sarifLocation {
	file := cmp.Or(place(p.File), p.File)
	at := sarifPhysicalLocation{ArtifactLocation: sarifArtifactLocation{fileURI(file)}}
	if p.Line > 0 {
		from, to := p.span(utf16Length)
		at.Region = &sarifRegion{StartLine: p.Line, StartColumn: from, EndColumn: to}
		if p.Source != "" {
			at.Region.Snippet = &sarifMessage{p.Source}
		}
	}
	return []sarifLocation{{at}}
}

func utf16Length(s string) int { return len(utf16.Encode([]rune(s))) }

// fileURI writes a path as a URI reference: relative, or with the scheme file.
func fileURI(file string) string {
	slashed := filepath.ToSlash(file)
	if filepath.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: path.Join("/", slashed)}).String()
	}
	return (&url.URL{Path: slashed}).String()
}
