package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plan/planschema"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func validateCommand() command {
	return command{
		name: "validate", arguments: "[plan…] [flags]", summary: "Say all that is wrong with plans",
		help: "Reads each plan as a deployment would, asks nothing of anyone, and shows every problem with its place.\n" +
			"Without a plan it reads " + plan.EnvPlan + " or ./" + plan.FileName + "; - is standard input, s3://bucket/key and ssm:/name are read from AWS.\n\n" +
			"Problems are shown on standard error. What programs read goes to standard output: --format json is one document,\n" +
			"sarif is for code scanning, github annotates the lines of a change in GitHub Actions.\n\n" +
			"Editors say the same while a plan is written: greenlight schema > " + planschema.FileName + ", and at the plan's top\n" +
			"  " + planschema.Modeline + "\n\n" +
			"Exit codes: 0 all plans are right, 2 one isn't.",
		run: runValidate,
	}
}

// Formats in which validate tells what it found.
const (
	formatText   = "text"
	formatJSON   = "json"
	formatSARIF  = "sarif"
	formatGitHub = "github"
)

func formats() []string { return []string{formatText, formatJSON, formatSARIF, formatGitHub} }

func runValidate(ctx context.Context, a app, c command, args []string) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	vars := variables{}
	format := formatText
	flags.Var(vars, "var", "set the plan's variable, `name=value`; may be given several times")
	flags.Var(word{to: &format, likely: formats}, "format", "the `format` of what goes to standard output: text, json, sarif or github")
	paths, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	if known := formats(); !slices.Contains(known, format) {
		return a.wrong("--format: %s", strictyaml.Unknown("format", format, known))
	}
	if len(paths) == 0 {
		paths = []string{""}
	}
	settings := commandLineSettings(ctx)
	var found validation
	for _, path := range paths {
		found.add(a.validate(ctx, path, vars, settings))
	}
	for _, wrong := range found.wrong {
		report.Problems(a.stderr, wrong.Err, a.style(a.stderr))
	}
	if err := found.write(a, format); err != nil {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitWrongInput
	}
	if len(found.wrong) > 0 {
		return exitWrongInput
	}
	return exitPassed
}

// validation is what came of reading some plans.
type validation struct {
	plans []validated
	wrong []report.WrongFile
}

// validated is one plan; asked is nil where it is wrong, as err says.
type validated struct {
	name  string
	asked *plan.Plan
	err   error
}

func (a app) validate(ctx context.Context, path string, vars variables, settings awsSettings) validated {
	source, err := a.source(ctx, path, settings)
	if err != nil {
		return validated{name: path, err: err}
	}
	p, err := language(vars, registry.Environment{CommandLine: true}).Parse(source)
	return validated{name: source.Name, asked: p, err: err}
}

func (f *validation) add(v validated) {
	f.plans = append(f.plans, v)
	if v.err != nil {
		f.wrong = append(f.wrong, report.WrongFile{Name: v.name, Err: v.err})
	}
}

func (f *validation) write(a app, format string) error {
	switch format {
	case formatJSON:
		return f.json(a)
	case formatSARIF:
		return report.SARIF(a.stdout, currentVersion(), f.wrong, a.placeInRepository)
	case formatGitHub:
		if err := report.Annotations(a.stdout, f.wrong, a.placeInRepository); err != nil {
			return err
		}
	}
	for _, v := range f.plans {
		if v.err == nil {
			fmt.Fprintf(a.stdout, "%s: ok, %s\n", v.name, summary(v.asked))
		}
	}
	return nil
}

// json writes one document: each plan with what it asks, and all problems of all plans.
func (f *validation) json(a app) error {
	type planDocument struct {
		Plan   string            `json:"plan"`
		OK     bool              `json:"ok"`
		Checks int               `json:"checks"`
		Stages []lifecycle.Stage `json:"stages"`
	}
	doc := struct {
		Plans    []planDocument      `json:"plans"`
		Problems strictyaml.Problems `json:"problems"`
	}{[]planDocument{}, strictyaml.Problems{}}
	for _, v := range f.plans {
		one := planDocument{Plan: v.name, OK: v.err == nil, Stages: []lifecycle.Stage{}}
		if one.OK {
			one.Stages = v.asked.Stages()
			anywhere, inStages := countChecks(v.asked)
			one.Checks = anywhere + inStages
		}
		doc.Plans = append(doc.Plans, one)
	}
	for _, wrong := range f.wrong {
		doc.Problems = append(doc.Problems, problems(wrong.Err)...)
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("writing the problems as JSON: %w", err)
	}
	return nil
}

// placeInRepository says where a file is for what shows problems beside its lines: from GitHub's workspace on where there
// is one, which commands may have been started below, and as it was named elsewhere; empty for what is no file.
func (a app) placeInRepository(name string) string {
	info, err := os.Stat(name)
	if err != nil && filepath.Ext(name) == "" || err == nil && info.IsDir() {
		return ""
	}
	workspace := a.env("GITHUB_WORKSPACE")
	if workspace == "" {
		return name
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	relative, err := filepath.Rel(workspace, absolute)
	if err != nil || relative == ".." || strings.HasPrefix(relative, ".."+string(filepath.Separator)) {
		return name
	}
	return filepath.ToSlash(relative)
}

// summary counts what a plan asks.
func summary(p *plan.Plan) string {
	anywhere, inStages := countChecks(p)
	text := ""
	if p.Anywhere() != nil {
		text = counted(anywhere, "check")
	}
	stages := p.Stages()
	if len(stages) == 0 {
		return text
	}
	if text != "" {
		text += ", and "
	}
	return text + counted(inStages, "check") + " in " + counted(len(stages), "stage")
}

// countChecks counts the checks for any stage, and those of stages.
func countChecks(p *plan.Plan) (anywhere, inStages int) {
	if s := p.Anywhere(); s != nil {
		anywhere = len(s.Checks)
	}
	for _, s := range p.Stages() {
		inStages += len(p.Stage(s).Checks)
	}
	return anywhere, inStages
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
