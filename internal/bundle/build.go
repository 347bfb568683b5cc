// Package bundle builds greenlight as the bootstrap of a Lambda function, and packs it into a zip whose bytes depend on
// the commit alone.
package bundle

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Tags are the build tags of the function. Under `function`, cmd/greenlight leaves out what is for the command line alone and
// would be paid for at each cold start.
const Tags = "lambda.norpc,function"

// commandLineTags are those of the build for a terminal.
const commandLineTags = "lambda.norpc"

// linkerFlags leave out what a debugger needs; the version follows.
const linkerFlags = "-s -w -X main.version="

const command = "github.com/greenlight-deploy/greenlight/cmd/greenlight"

// Build compiles the bootstrap for a processor of Lambda's, arm64 or amd64, into the file at path. Neither folders nor
// the state of the working tree get into it. Without inlining it is a tenth smaller, and starts in the same time: it
// waits for the network, not for the processor.
func Build(ctx context.Context, arch, version, path string) error {
	// The toolchain needs its user's settings.
	env := append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	return build(ctx, env, functionFlags(version), path, "greenlight for linux/"+arch)
}

// BuildCommandLine compiles greenlight for a terminal of the machine that builds it.
func BuildCommandLine(ctx context.Context, version, path string) error {
	return build(ctx, append(os.Environ(), "CGO_ENABLED=0"), commandLineFlags(version), path, "greenlight for this machine")
}

func functionFlags(version string) []string {
	return []string{"-trimpath", "-buildvcs=false", "-tags=" + Tags, "-gcflags=all=-l", "-ldflags=" + linkerFlags + version}
}

func commandLineFlags(version string) []string {
	return []string{"-trimpath", "-tags=" + commandLineTags, "-ldflags=" + linkerFlags + version}
}

func build(ctx context.Context, env, flags []string, path, what string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build"}, flags...), "-o", path, command)...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", what, err, out)
	}
	return nil
}
