package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// bootstrap is a Lambda function's executable, and how to call it in the tables.
type bootstrap struct{ name, path string }

const modulePath = "github.com/greenlight-deploy/greenlight"

// build makes a bootstrap of one of this folder's commands, as functions are usually made, for this machine's
// processor.
func build(ctx context.Context, name, command, folder string) (bootstrap, error) {
	b := bootstrap{name: name, path: filepath.Join(folder, name, "bootstrap")}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "lambda.norpc,function", "-ldflags", "-s -w",
		"-o", b.path, modulePath+"/"+command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux") // the toolchain needs its user's settings
	if out, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	return b, nil
}

// zipSize is how much the bootstrap takes in a function's zip, in MB of 10⁶ bytes.
func (b bootstrap) zipSize() (float64, error) {
	binary, err := os.Open(b.path)
	if err != nil {
		return 0, fmt.Errorf("sizing %s: %w", b.name, err)
	}
	defer func() { _ = binary.Close() }()
	var size counter
	archive := zip.NewWriter(&size)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	entry, err := archive.Create("bootstrap")
	if err != nil {
		return 0, fmt.Errorf("sizing %s: %w", b.name, err)
	}
	if _, err := io.Copy(entry, binary); err != nil {
		return 0, fmt.Errorf("sizing %s: %w", b.name, err)
	}
	if err := archive.Close(); err != nil {
		return 0, fmt.Errorf("sizing %s: %w", b.name, err)
	}
	return float64(size) / 1e6, nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
