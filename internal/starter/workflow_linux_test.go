package starter_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/starter"
)

// installation is the step of the job that installs greenlight, with the variables that it sees.
func installation(t *testing.T) (script string, environment []string) {
	t.Helper()
	files, err := starter.Files(choice(starter.ECS, starter.NoTool))
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(textOf(t, files, starter.WorkflowFile)), &workflow); err != nil {
		t.Fatal(err)
	}
	for _, job := range workflow.Jobs {
		for _, step := range job.Steps {
			if step.Name == "install greenlight" {
				for name, value := range job.Env {
					environment = append(environment, name+"="+value)
				}
				return step.Run, environment
			}
		}
	}
	t.Fatal("the job installs nothing")
	return "", nil
}

// A release's archive holds the binary at its root, and goreleaser writes checksums as sha256sum does, of more than one file.
func TestTheJobInstallsAReleaseWhoseChecksumIsRight(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here")
	}
	const program = "#!/bin/sh\necho it runs\n"
	archive := archived(t, "greenlight", program)
	for _, tt := range []struct {
		why, checksums string
		archive        []byte
		installed      bool
	}{
		{"a release", fmt.Sprintf("%x  greenlight_linux_amd64.tar.gz\n%064x  greenlight_linux_arm64.tar.gz\n", sha256.Sum256(archive), 1), archive, true},
		{"an archive that was changed", fmt.Sprintf("%064x  greenlight_linux_amd64.tar.gz\n", 1), archive, false},
		{"an archive that nobody has summed", fmt.Sprintf("%064x  greenlight_linux_arm64.tar.gz\n", 1), archive, false},
		{"no archive", fmt.Sprintf("%x  greenlight_linux_amd64.tar.gz\n", sha256.Sum256(archive)), nil, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			page, folder := t.TempDir(), t.TempDir()
			release := filepath.Join(page, "download", "v1.2.3")
			if err := os.MkdirAll(release, 0o700); err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{"checksums.txt": []byte(tt.checksums)}
			if tt.archive != nil {
				files["greenlight_linux_amd64.tar.gz"] = tt.archive
			}
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(release, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			script, environment := installation(t)
			if !strings.Contains(script, released(t).page) {
				t.Fatalf("the job doesn't download from the releases:\n%s", script)
			}
			// As a runner runs it: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
			cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", strings.ReplaceAll(script, released(t).page, "file://"+page))
			cmd.Dir, cmd.Env = folder, append(environment, "PATH="+os.Getenv("PATH"))
			output, err := cmd.CombinedOutput()
			if (err == nil) != tt.installed {
				t.Fatalf("the step ended with %v:\n%s", err, output)
			}
			if !tt.installed {
				return
			}
			said, err := exec.CommandContext(t.Context(), filepath.Join(folder, "greenlight")).CombinedOutput()
			if err != nil || string(said) != "it runs\n" {
				t.Errorf("what is installed says %q: %v", said, err)
			}
		})
	}
}

// archived is a file in a tar.gz.
func archived(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	compressed := gzip.NewWriter(&b)
	files := tar.NewWriter(compressed)
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface{ Close() error }{files, compressed} {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
