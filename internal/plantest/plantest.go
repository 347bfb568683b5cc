// Package plantest tests plans as code is tested: a file of cases says what green answers, and how the plan must judge it,
// so that a team knows that its gate says no when it should. A case runs the plan's own checks through the gate, over real
// sockets, against a peer on loopback that gives the scripted answers. Nothing else is asked of anyone.
//
// Waits between two runs of a check are shortened, so that a case takes a moment however patient the plan is (see waits);
// what an answer takes isn't, for plans judge that.
package plantest

import (
	_ "embed" // the schema
	"fmt"
	"os"
	"path/filepath"
	"slices"

	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// FileName is the file of cases that is looked for in the working directory.
const FileName = "greenlight.test.yaml"

// Version is the version of the cases' language that this package reads.
const Version = 1

// The schema is made of this package's definitions, and of their comments, by `go test ./internal/plantest -run Schema -update`;
// the tests see to it that it is current.
//
//go:embed cases.schema.json
var schema string

// Schema is the JSON Schema of files of cases, for editors.
func Schema() string { return schema }

// Language makes the language of plans: with these variables, and with kinds of check that connect by this network alone.
type Language func(vars map[string]string, network httpcheck.Network) plan.Language

// Suite is a file of cases, with the plan that they are of.
type Suite struct {
	// Source is the file, Plan that of the plan.
	Source, Plan string
	Cases        []*Case

	language Language
	plan     plan.Source
}

// Case is what green answers once, and how the plan must judge it.
type Case struct {
	Name  string
	At    strictyaml.Position
	Stage lifecycle.Stage

	vars             map[string]string
	names            map[string]any
	rollback, create bool
	green, blue      side
	own              struct{ green, blue int } // how many of their rules are the case's own
	results          map[string]result
	expect           expectation
}

// ReadFile reads a file of cases and the plan that it names.
func ReadFile(path string, language Language) (*Suite, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cases: %w", err)
	}
	return Parse(path, text, language)
}

// Parse reads cases, and the plan that they name: a path from the folder of the file on. The error is strictyaml.Problems
// where it is the cases or the plan that are wrong.
func Parse(path string, text []byte, language Language) (*Suite, error) {
	root, err := strictyaml.Parse(path, text)
	if err != nil {
		return nil, err
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{})
	var file file
	dec.Decode(root, &file)
	if err := dec.Err(); err != nil {
		return nil, err
	}
	planPath := file.Plan
	if !filepath.IsAbs(planPath) {
		planPath = filepath.Join(filepath.Dir(path), planPath)
	}
	source, err := plan.ReadFile(planPath)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &Suite{Source: path, Plan: planPath, language: language, plan: source}
	for i := range file.Cases {
		c := file.newCase(&file.Cases[i])
		s.Cases = append(s.Cases, c)
		p, err := s.parse(c, httpcheck.Network{})
		if err != nil {
			return nil, err
		}
		checkNames(dec, &file.Cases[i], c, p)
	}
	if err := dec.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// parse reads the plan as a case has it.
func (s *Suite) parse(c *Case, network httpcheck.Network) (*plan.Plan, error) {
	return s.language(c.vars, network).Parse(s.plan)
}

// newCase adds to a case what the file says of all.
func (f *file) newCase(own *caseFile) *Case {
	c := &Case{
		Name: string(own.Name), At: own.At, Stage: lifecycle.Stage(own.Stage), rollback: own.Rollback, create: own.Create,
		green: own.Green.over(f.Green), blue: own.Blue.over(f.Blue), expect: own.Expect,
		vars: map[string]string{}, names: map[string]any{}, results: map[string]result{},
	}
	c.own.green, c.own.blue = len(own.Green.rules), len(own.Blue.rules)
	for _, vars := range []strictyaml.Map[strictyaml.Text]{f.Vars, own.Vars} {
		for _, v := range vars {
			c.vars[v.Key] = v.Value.String()
		}
	}
	for _, names := range []strictyaml.Map[strictyaml.Value]{f.Names, own.Names} {
		for _, n := range names {
			c.names[n.Key], _ = n.Value.Expand(nil) // the cases' language has no names of its own
		}
	}
	for _, results := range []strictyaml.Map[result]{f.Results, own.Results} {
		for _, r := range results {
			c.results[r.Key] = r.Value
		}
	}
	return c
}

// checkNames refuses what a case says of checks that the plan doesn't have at its stage.
func checkNames(d *strictyaml.Decoder, own *caseFile, c *Case, p *plan.Plan) {
	if c.Stage == "" && p.NeedsStage() {
		d.Note(strictyaml.RuleMissingKey, own.node, "the case %q needs a stage: the plan has checks for stages alone", c.Name)
		return
	}
	var known []string
	if asked := p.Stage(c.Stage); asked != nil {
		for _, one := range asked.Checks {
			known = append(known, one.Name)
		}
	}
	has := func(at strictyaml.Node, name string) {
		if !slices.Contains(known, name) {
			d.Problem(at, "%s", strictyaml.Unknown("check at this stage", name, known))
		}
	}
	expected, _ := own.node.Get("expect")
	if name, ok := expected.Get("check"); ok {
		has(name, name.Text())
	}
	checks, _ := expected.Get("checks")
	results, _ := own.node.Get("results")
	for _, pair := range slices.Concat(checks.Pairs(), results.Pairs()) {
		has(pair.Key, pair.Key.Text())
	}
}

// stagesOf are all parts of a plan that have checks.
func stagesOf(p *plan.Plan) []*plan.Stage {
	var all []*plan.Stage
	if anywhere := p.Anywhere(); anywhere != nil {
		all = append(all, anywhere)
	}
	for _, name := range p.Stages() {
		all = append(all, p.Stage(name))
	}
	return all
}
