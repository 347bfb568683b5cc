package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

const largeBody = 64 << 10

// serve runs a child: it says where it answers and goes on until it is ended.
func serve(ctx context.Context, stdout, stderr io.Writer, start func(context.Context) (string, error)) int {
	address, err := start(ctx)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintln(stdout, address)
	<-ctx.Done()
	return 0
}

// startTarget serves a short answer at /, and a longer one at /large.
func startTarget(ctx context.Context) (address string, err error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	large := bytes.Repeat([]byte("x"), largeBody)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(largeBody))
		_, _ = w.Write(large)
	})
	go func() { _ = http.Serve(socket, mux) }() //nolint:gosec // on loopback, for a minute
	return "http://" + socket.Addr().String(), nil
}

// startBalancer is the simulator's load balancer in front of a target.
func startBalancer(ctx context.Context, target string) (address string, err error) {
	balancer := elb.New(elb.Config{})
	group, err := balancer.CreateTargetGroup(elb.TargetGroupConfig{Name: "target"})
	if err != nil {
		return "", err
	}
	if err := group.Register(target); err != nil {
		return "", err
	}
	if err := group.WaitHealthy(ctx, target); err != nil {
		return "", err
	}
	listener, err := balancer.CreateListener(elb.ListenerConfig{Name: "front", Address: "127.0.0.1:0", Weights: map[string]int{"target": 100}})
	if err != nil {
		return "", err
	}
	return listener.URL(), nil
}

// peers are the processes that are loaded.
type peers struct {
	target, balancer, nginx string // where they answer
	children                []*exec.Cmd
	folder                  string
}

func startPeers(ctx context.Context, nginx string) (p *peers, err error) {
	p = &peers{}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	if p.folder, err = os.MkdirTemp("", "greenlight-bench-"); err != nil {
		return nil, err
	}
	if p.target, err = p.startSelf(ctx, roleTarget); err != nil {
		return nil, err
	}
	if p.balancer, err = p.startSelf(ctx, roleBalancer, p.target); err != nil {
		return nil, err
	}
	return p, p.startNginx(ctx, nginx)
}

func (p *peers) stop() {
	for _, c := range p.children {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
	_ = os.RemoveAll(p.folder)
}

// startSelf starts this program in another role and reads where it answers.
func (p *peers) startSelf(ctx context.Context, args ...string) (address string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("starting the %s: %w", args[0], err)
	}
	p.children = append(p.children, cmd)
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("starting the %s: %w", args[0], err)
	}
	return strings.TrimSpace(line), nil
}

// nginxConfig keeps connections on both sides and says where a request came from, as the load balancer does.
const nginxConfig = `
daemon off; master_process on; worker_processes auto; error_log stderr crit; pid %[1]s/pid;
events {}
http {
  access_log off; keepalive_requests 1000000000; client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2;
  fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;
  upstream target { server %[2]s; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen %[3]s;
    location / {
      proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Amzn-Trace-Id Root=$request_id;
    }
  }
}
`

func (p *peers) startNginx(ctx context.Context, nginx string) error {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := socket.Addr().String()
	_ = socket.Close()
	config := filepath.Join(p.folder, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, p.folder, strings.TrimPrefix(p.target, "http://"), address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, nginx, "-p", p.folder, "-c", config)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting nginx: %w", err)
	}
	p.children = append(p.children, cmd)
	p.nginx = "http://" + address
	return p.awaitNginx(ctx)
}

// awaitNginx returns when nginx answers.
func (p *peers) awaitNginx(ctx context.Context) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.nginx, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			return answer.Body.Close()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for nginx: %w", err)
		}
	}
}
