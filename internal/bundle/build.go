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

const command = "github.com/greenlight-deploy/greenlight/cmd/greenlight"

// Build compiles the bootstrap for a processor of Lambda's, arm64 or amd64, into the file at path. Neither folders nor
// the state of the working tree get into it. Without inlining it is a tenth smaller, and starts in the same time: it
// waits for the network, not for the processor.
func Build(ctx context.Context, arch, version, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", Tags, "-gcflags=all=-l",
		"-ldflags", "-s -w -X main.version="+version, "-o", path, command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch) // the toolchain needs its user's settings
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building greenlight for linux/%s: %w\n%s", arch, err, out)
	}
	return nil
}
