//go:build !function

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/yamlfmt"
)

func fmtCommand() command {
	return command{
		name: "fmt", arguments: "[file…] [flags]", summary: fmtSummary,
		help: "Writes each file's layout to standard output: two columns for each depth, one space where YAML wants one, at\n" +
			"most one blank line, double quotes where they change nothing. Lines, the order of keys and comments stay as they\n" +
			"are, and so does what the file says. Without a file it is ./" + plan.FileName + "; - is standard input.\n\n" +
			"Exit codes: 0 done, 1 with --check or --diff a file is laid out otherwise, 2 a file can't be read, or isn't YAML.",
		run: runFmt,
	}
}

type fmtFlags struct{ write, check, diff bool }

func runFmt(_ context.Context, a app, c command, args []string) int {
	var opts fmtFlags
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.BoolVar(&opts.write, "w", false, "write the layout to the file itself")
	flags.BoolVar(&opts.check, "check", false, "name the files that are laid out otherwise, and write nothing")
	flags.BoolVar(&opts.diff, "diff", false, "show what would change, and write nothing")
	paths, code, ok := a.parse(c, flags, args)
	switch {
	case !ok:
		return code
	case opts.write && (opts.check || opts.diff):
		return a.wrong("fmt: -w writes, --check and --diff don't: choose")
	case len(paths) == 0:
		paths = []string{plan.FileName}
	}
	for _, path := range paths {
		changed, err := a.format(path, opts)
		switch {
		case err != nil:
			report.Problems(a.stderr, err, a.style(a.stderr))
			code = exitWrongInput
		case changed && code == exitPassed && (opts.check || opts.diff):
			code = exitFailed
		}
	}
	return code
}

// format lays one file out, and says whether that changes it.
func (a app) format(path string, opts fmtFlags) (changed bool, err error) {
	name, src, err := a.read(path)
	if err != nil {
		return false, err
	}
	out, err := yamlfmt.Source(name, src)
	if err != nil {
		return false, err
	}
	changed = !bytes.Equal(src, out)
	if changed && opts.check {
		fmt.Fprintln(a.stdout, name)
	}
	switch {
	case opts.diff:
		_, err = a.stdout.Write(diff.Diff(name, src, name+" (laid out)", out))
	case opts.check:
	case opts.write && path != "-":
		if changed {
			err = replaceFile(path, out)
		}
	default:
		_, err = a.stdout.Write(out)
	}
	if err != nil {
		return changed, fmt.Errorf("writing the layout of %s: %w", name, err)
	}
	return changed, nil
}

// read reads a file that is to be laid out.
func (a app) read(path string) (name string, src []byte, err error) {
	if path == "-" {
		src, err = io.ReadAll(io.LimitReader(a.stdin, strictyaml.MaxSize+1))
		if err != nil {
			return "", nil, fmt.Errorf("reading standard input: %w", err)
		}
		return "<stdin>", src, nil
	}
	src, err = os.ReadFile(path)
	var wrong *os.PathError
	if errors.As(err, &wrong) {
		return "", nil, fmt.Errorf("reading %s: %w", path, wrong.Err)
	}
	return path, src, err
}

// replaceFile writes a file anew, whole or not at all, with the permissions that it has. A link leads to the same file
// afterwards.
func replaceFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // it is gone when all went well
	_, err = temporary.Write(text)
	if err := errors.Join(err, temporary.Chmod(info.Mode().Perm()), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
