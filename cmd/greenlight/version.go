package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = ""

func versionCommand() command {
	return command{
		name: "version", summary: "Print the version",
		run: func(_ context.Context, a app, c command, args []string) int {
			flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
			if _, code, ok := a.parse(c, flags, args); !ok {
				return code
			}
			fmt.Fprintf(a.stdout, "greenlight %s %s/%s %s\n", currentVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version())
			return exitPassed
		},
	}
}

// currentVersion is the version that the build set, the module's, or the commit's.
func currentVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "unversioned"
}

// userAgent says in green's own logs who asks, so that its team can tell the gate's requests from others.
func userAgent(d deployment.Deployment) string {
	var about []string
	for _, s := range []string{d.ID, string(d.Stage)} {
		if s != "" {
			about = append(about, s)
		}
	}
	agent := "greenlight/" + currentVersion()
	if len(about) > 0 {
		agent += " (" + strings.Join(about, "; ") + ")"
	}
	return agent
}
