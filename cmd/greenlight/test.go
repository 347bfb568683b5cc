//go:build !function

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/report"
)

func testCommand() command {
	return command{
		name: "test", arguments: "[cases…] [flags]", summary: testSummary,
		help: "Reads files of cases: what green answers, and how the plan must judge it. Each case runs the plan's own checks\n" +
			"against a scripted peer on loopback; nobody else is asked. Without a file it is ./" + plantest.FileName + ".\n\n" +
			"Checks that failed in no case are told: nobody knows that they can.\n\n" +
			"Exit codes: 0 all cases are as expected, 1 one isn't, 2 the cases, the plan or the command line are wrong, 130 interrupted.",
		run: runTest,
	}
}

type testFlags struct {
	only                 string
	json, verbose, every bool
}

func runTest(ctx context.Context, a app, c command, args []string) int {
	var opts testFlags
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.StringVar(&opts.only, "run", "", "try only the cases whose names this regular `expression` matches")
	flags.BoolVar(&opts.json, "json", false, "write one JSON document to standard output, the lines to standard error")
	flags.BoolVar(&opts.verbose, "verbose", false, "show the verdict of each case, and its requests")
	flags.BoolVar(&opts.every, "every-check", false, "fail where a check of the plan failed in no case")
	paths, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	only, err := regexp.Compile(opts.only)
	if err != nil {
		return a.wrong("--run: %s is not a regular expression", opts.only)
	}
	if len(paths) == 0 {
		paths = []string{plantest.FileName}
	}
	t := tester{app: a, opts: opts, only: only, doc: testDocument{Files: []fileDocument{}}}
	for _, path := range paths {
		t.try(ctx, filepath.Clean(path))
	}
	if opts.json {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(t.doc); err != nil {
			fmt.Fprintln(a.stderr, "greenlight: writing the results as JSON:", err)
			return exitWrongInput
		}
	}
	return t.code
}

// tester tries files of cases, and tells of them.
type tester struct {
	app
	opts testFlags
	only *regexp.Regexp
	doc  testDocument
	code int
}

// The results as programs read them.
type (
	testDocument struct {
		Files []fileDocument `json:"files"`
	}
	fileDocument struct {
		File        string         `json:"file"`
		Plan        string         `json:"plan"`
		Passed      int            `json:"passed"`
		Failed      int            `json:"failed"`
		Cases       []caseDocument `json:"cases"`
		NeverFailed []string       `json:"never_failed"`
	}
	caseDocument struct {
		Name     string   `json:"name"`
		At       string   `json:"at"`
		OK       bool     `json:"ok"`
		Wrong    []string `json:"wrong,omitempty"`
		Outcome  string   `json:"outcome"`
		Reason   string   `json:"reason"`
		Duration float64  `json:"duration_ms"`
	}
)

// worse keeps the exit code that says more.
func (t *tester) worse(code int) {
	if t.code != exitInterrupted {
		t.code = max(t.code, code)
	}
}

func (t *tester) try(ctx context.Context, path string) {
	suite, err := plantest.ReadFile(path, languageOver)
	if err != nil {
		report.Problems(t.stderr, err, t.style(t.stderr))
		t.worse(exitWrongInput)
		return
	}
	out := t.stdout
	if t.opts.json {
		out = t.stderr
	}
	all := len(suite.Cases)
	suite.Only(t.only.MatchString)
	doc := fileDocument{File: suite.Source, Plan: suite.Plan, Cases: []caseDocument{}, NeverFailed: []string{}}
	lines := report.NewTests(out, t.style(out), t.opts.verbose)
	done, err := suite.Run(ctx, func(r plantest.Result) {
		lines.Case(testCase(r))
		doc.Cases = append(doc.Cases, newCaseDocument(r))
	})
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(t.stderr, "greenlight: interrupted")
		t.code = exitInterrupted
		return
	case err != nil:
		report.Problems(t.stderr, err, t.style(t.stderr))
		t.worse(exitWrongInput)
		return
	}
	doc.Failed = done.Failed()
	doc.Passed = len(done.Results) - doc.Failed
	if len(suite.Cases) == all { // of some of the cases it would say nothing
		for _, c := range done.NeverFailed {
			doc.NeverFailed = append(doc.NeverFailed, c.Name)
		}
	}
	t.doc.Files = append(t.doc.Files, doc)
	t.end(lines, doc, done.Duration)
}

func (t *tester) end(lines *report.Tests, doc fileDocument, took time.Duration) {
	if len(doc.Cases) == 0 {
		lines.Note("no case was tried: --run matches the name of none")
	}
	if len(doc.NeverFailed) > 0 {
		lines.Note("never failed in any case: " + strings.Join(doc.NeverFailed, ", "))
	}
	lines.End(doc.File, doc.Passed, doc.Failed, took)
	if doc.Failed > 0 || t.opts.every && len(doc.NeverFailed) > 0 {
		t.worse(exitFailed)
	}
}

func testCase(r plantest.Result) report.TestCase {
	one := report.TestCase{Name: r.Case.Name, At: r.Case.At, Wrong: r.Wrong, Duration: r.Duration, Reason: r.Verdict.Outcome.String() + ": " + r.Verdict.Reason}
	for _, c := range r.Verdict.Checks {
		for _, q := range c.Requests {
			one.Requests = append(one.Requests, requestLine(q))
		}
	}
	return one
}

func requestLine(q check.Request) string {
	line := q.Method + " " + q.URL
	if q.Status > 0 {
		line += fmt.Sprintf(": %d", q.Status)
	}
	if q.Err != "" {
		line += ": " + q.Err
	}
	return line
}

func newCaseDocument(r plantest.Result) caseDocument {
	return caseDocument{
		Name: r.Case.Name, At: r.Case.At.String(), OK: len(r.Wrong) == 0, Wrong: r.Wrong, Outcome: r.Verdict.Outcome.String(),
		Reason: r.Verdict.Reason, Duration: float64(r.Duration.Microseconds()) / 1000,
	}
}
