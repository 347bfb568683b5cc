//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/loopback"
)

// program gives the binary that a variable names.
func program(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: CONTRIBUTING.md says how to get the program", variable)
	}
	return path
}

// freePort finds a port; the programs that are started here can't take port 0.
func freePort(t *testing.T) int {
	t.Helper()
	port, err := loopback.Port(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// startNginx serves a green that is well at /health and ill at /ill, and gives its host:port.
func startNginx(t *testing.T) string {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	config := fmt.Sprintf(`
daemon off; worker_processes 1; master_process off; pid %[1]s/nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen 127.0.0.1:%[2]d;
    default_type application/json;
    location = / { return 200 'green'; }
    location = /health { return 200 '{"status":"ok","version":7,"items":[1,2,3]}'; }
    location = /ill { return 500 '{"status":"ill"}'; }
  }
}`, dir, port)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	start(t, exec.Command(program(t, "NGINX"), "-p", dir, "-c", path), nil)
	awaitAnswer(t, "http://"+address+"/")
	return address
}

// start runs a program until the test ends, with just this environment.
func start(t *testing.T, cmd *exec.Cmd, env []string) *output {
	t.Helper()
	out := &output{}
	cmd.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, env...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(cmd.Path), out)
		}
	})
	return out
}

// starting is how long a program may take to start: Python's take tens of seconds on a busy machine.
const starting = 2 * time.Minute

// awaitAnswer waits until a server that was just started answers at all.
func awaitAnswer(t *testing.T, url string) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	client := http.Client{Transport: &http.Transport{}}
	deadline := time.After(starting)
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s doesn't answer", url)
		}
	}
}
