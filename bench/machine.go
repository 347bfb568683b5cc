package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// describeMachine says on what was measured, as far as a reader needs it to judge the figures.
func describeMachine() string {
	model := ""
	if cpuinfo, err := os.Open("/proc/cpuinfo"); err == nil {
		model = field(cpuinfo, "model name")
		_ = cpuinfo.Close()
	}
	if model == "" {
		model = runtime.GOARCH + " processor"
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d cores, %s %s, %s, %s/%s",
		model, runtime.NumCPU(), "Linux", kernelVersion(string(release)), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

var leadingVersion = regexp.MustCompile(`^\d+\.\d+(\.\d+)?`)

// kernelVersion leaves out what a distribution or a host adds to the version.
func kernelVersion(release string) string { return leadingVersion.FindString(release) }

// field gives the first value of a key in the "key: value" lines of a file under /proc; empty where there is none.
func field(r io.Reader, key string) string {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
