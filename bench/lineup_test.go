package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBootstrapsAreNamedOnTheCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ why, value, problem string }{
		{"a name and a path", "node=" + path, ""},
		{"no name", "=" + path, "is not name=path"},
		{"no path", "node=", "is not name=path"},
		{"a path alone", path, "is not name=path"},
		{"a name that can't be a control group's", "a/b=" + path, "is not name=path"},
		{"nothing is there", "node=" + path + "x", "finding the bootstrap node"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var list bootstraps
			err := list.Set(tt.value)
			if tt.problem == "" {
				if err != nil || len(list) != 1 || list[0] != (bootstrap{"node", path}) {
					t.Errorf("got %v and %v", list, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("the error is %v, want one with %q", err, tt.problem)
			}
		})
	}
}

func TestWrongCommandLineIsTold(t *testing.T) {
	for _, tt := range []struct {
		why  string
		args []string
		want string
	}{
		{"an argument", []string{"cold"}, "takes flags only"},
		{"no starts", []string{"-starts", "0"}, "at least one start"},
		{"an unknown flag", []string{"-fast"}, "-fast"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if code := run(t.Context(), tt.args, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("exit code %d, said %q", code, stderr.String())
			}
		})
	}
}

func TestZipSizeIsThatOfTheCompressedBootstrap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, make([]byte, 1e6), 0o600); err != nil {
		t.Fatal(err)
	}
	size, err := bootstrap{name: "zeros", path: path}.zipSize()
	if err != nil || size <= 0 || size > 0.01 {
		t.Errorf("a megabyte of zeros takes %v MB and gives error %v; it compresses to about a thousandth", size, err)
	}
}
