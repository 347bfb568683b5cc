//go:build !function

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/recording"
)

// recorder records a run into a file.
type recorder struct {
	*recording.Recording
	path  string
	force bool
}

// newRecorder sees before anything is asked that there is a place for what will be recorded.
func newRecorder(to string, force bool, source plan.Source) (*recorder, error) {
	path := filepath.Clean(to)
	if info, err := os.Stat(to); err == nil && info.IsDir() || strings.HasSuffix(to, string(filepath.Separator)) {
		path = filepath.Join(to, plantest.FileName)
	}
	if info, err := os.Stat(source.Name); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("--record: cases name their plan by its path, and %s is no file", source.Name)
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return nil, fmt.Errorf("--record: %s is there already; --force replaces it, or name another file", path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--record: %s can't be written: there is no folder %s", path, filepath.Dir(path))
	}
	return &recorder{path: path, force: force}, nil
}

// watch has the checks of a run heard; nothing is where none is recorded.
func (r *recorder) watch(p *plan.Plan, d deployment.Deployment, asked *plan.Stage, vars map[string]string, mask func(string) string) {
	if r == nil {
		return
	}
	r.Recording = recording.New(recording.Run{
		Plan: p, Stage: d.Stage, Green: side(d.Green).URL, Blue: side(d.Blue).URL, Vars: vars, Mask: mask,
	})
	if asked != nil {
		r.Watch(asked)
	}
}

// write writes what was recorded, and says on a line each what there is to know of it.
func (r *recorder) write(ctx context.Context, v check.Verdict) ([]string, error) {
	cases, err := r.Cases(ctx, r.path, v, languageOver)
	if err != nil {
		return nil, fmt.Errorf("nothing was recorded: %w", err)
	}
	if err := writeNew(r.path, cases.Text, r.force); err != nil {
		return nil, fmt.Errorf("writing what was recorded: %w", err)
	}
	lines := []string{fmt.Sprintf("recorded %s to %s in %s; try it with: greenlight test %[3]s", counted(cases.Answers, "answer"), counted(cases.Requests, "request"), r.path)}
	for _, note := range cases.Notes {
		lines = append(lines, "  "+note)
	}
	return lines, nil
}

// writeNew writes a file that wasn't there, or in the place of one that was, whole or not at all.
func writeNew(path string, text []byte, force bool) error {
	if _, err := os.Lstat(path); err == nil && force {
		return replaceFile(path, text)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // the user names it, and shares it
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
