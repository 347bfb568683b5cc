package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestJSONIsOneDocument(t *testing.T) {
	for name, v := range map[string]check.Verdict{
		"json-refused": refused(), "json-let-through": letThrough(), "json-no-checks": inconclusive(),
		"json-unproven": unproven(), "json-suspended": suspended(), "json-unclean": unclean(),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := report.JSON(&out, v); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.String())
		})
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestJSONSaysWhyItCouldNotBeWritten(t *testing.T) {
	err := report.JSON(broken{}, passed())
	if want := "writing the verdict as JSON: the disk is full"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLogCheckWritesALineForEachCheck(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	reports := append(append(refused().Checks, unclean().Checks...), check.Report{
		Name: "made in code", Kind: "http", Outcome: check.Inconclusive, Reason: "no\nanswer \x1b[31m", Runs: 1, Attempts: 1,
	})
	for _, r := range reports {
		report.LogCheck(t.Context(), logger, r)
	}
	golden(t, "log", out.String())
	if lines := strings.Count(out.String(), "\n"); lines != len(reports) {
		t.Errorf("%d lines for %d checks", lines, len(reports))
	}
}

func TestTheLogSaysOfAVerdictWhatItRestsOn(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	logger.LogAttrs(t.Context(), slog.LevelInfo, "in progress", report.Attrs(suspended())...)
	logger.LogAttrs(t.Context(), slog.LevelInfo, "verdict", report.Attrs(unproven())...)
	logger.LogAttrs(t.Context(), slog.LevelInfo, "verdict", report.Attrs(letThrough())...)
	golden(t, "log-verdicts", out.String())
}

func TestProblemsShowEachPlace(t *testing.T) {
	problems := strictyaml.Problems{
		{Position: strictyaml.Position{File: "plan.yaml", Line: 3, Column: 5}, Message: `unknown key "htp": did you mean "http"?`, Source: "  - htp: GET /", Width: 3},
		{Position: strictyaml.Position{File: "evil\x1b[2J.yaml", Line: 1, Column: 1}, Message: "the file is empty", Width: 1},
	}
	for name, style := range map[string]report.Style{"problems": {}, "problems-colour": {Color: true}} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			report.Problems(&out, fmt.Errorf("reading: %w", problems), style)
			golden(t, name, out.String())
		})
	}
}

func TestAnErrorThatHasNoPlaceIsALine(t *testing.T) {
	var out bytes.Buffer
	report.Problems(&out, errors.New("reading the plan evil\x1b[2J.yaml: no such file"), report.Style{Color: true})
	if got, want := out.String(), "reading the plan evil\ufffd[2J.yaml: no such file\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
