package main

import (
	"strings"
	"testing"
)

func TestKernelVersionNamesNoHost(t *testing.T) {
	for _, tt := range []struct{ why, release, want string }{
		{"a distribution's suffix", "6.8.0-1021-aws", "6.8.0"},
		{"a release candidate", "6.18-rc1", "6.18"},
		{"with a line's end", "5.10.0\n", "5.10.0"},
		{"unreadable", "", ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := kernelVersion(tt.release); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestFieldReadsProcFiles(t *testing.T) {
	const cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC: 7R13\nprocessor\t: 1\nmodel name\t: another\n"
	if got := field(strings.NewReader(cpuinfo), "model name"); got != "AMD EPYC: 7R13" {
		t.Errorf("model name is %q", got)
	}
	if got := field(strings.NewReader(cpuinfo), "model"); got != "" {
		t.Errorf("a key that isn't there has the value %q", got)
	}
}

func TestMemoryIsReadInMegabytes(t *testing.T) {
	got, err := parseMemory([]byte("Name:\tbootstrap\nVmHWM:\t   20000 kB\nVmRSS:\t   10000 kB\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (memory{resident: 10.24, peak: 20.48}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestMemoryOfAProcessThatEndedIsAnError(t *testing.T) {
	// The kernel leaves the memory out of a zombie's status.
	_, err := parseMemory([]byte("Name:\tbootstrap\nState:\tZ (zombie)\n"))
	if err == nil || !strings.Contains(err.Error(), "VmRSS") {
		t.Errorf("the error is %v, want one that names VmRSS", err)
	}
}
