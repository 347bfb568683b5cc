//go:build release

package release

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// buildah builds and runs images in a store of its own, as root, without a daemon.
type buildah struct {
	t       *testing.T
	program string
	store   string
}

func newBuildah(t *testing.T) buildah {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("buildah's isolation by chroot needs root")
	}
	b := buildah{t: t, program: program(t, "BUILDAH"), store: t.TempDir()}
	t.Cleanup(func() {
		// The context of the test is over by now; what is mounted must not stay.
		for _, args := range [][]string{{"rm", "--all"}, {"rmi", "--all", "--force"}} {
			if out, err := b.command(context.WithoutCancel(t.Context()), args...).CombinedOutput(); err != nil {
				t.Errorf("buildah %s: %v: %s", args[0], err, out)
			}
		}
	})
	return b
}

func (b buildah) command(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{"--storage-driver", "vfs", "--root", filepath.Join(b.store, "root"), "--runroot", filepath.Join(b.store, "run")}, args...)
	cmd := exec.CommandContext(ctx, b.program, all...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", "BUILDAH_ISOLATION=chroot", "HOME=" + b.store, "TMPDIR=" + b.store}
	return cmd
}

func (b buildah) run(args ...string) string {
	b.t.Helper()
	cmd := b.command(b.t.Context(), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("buildah %s: %v: %s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// base makes what the images stand on: the files that distroless's static image has for a program, with an authority of the
// test's own in the place of the world's.
func (b buildah) base(authority []byte) {
	b.t.Helper()
	folder := b.t.TempDir()
	write(b.t, filepath.Join(folder, "etc/ssl/certs/ca-certificates.crt"), authority, 0o644)
	write(b.t, filepath.Join(folder, "etc/passwd"), []byte("root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"), 0o644)
	write(b.t, filepath.Join(folder, "Dockerfile"), []byte("FROM scratch\nCOPY etc /etc\nUSER 65532\n"), 0o644)
	b.run("build", "--quiet", "--tag", "base", folder)
}

// build builds an image of one of the Dockerfiles, with the files where goreleaser lays them.
func (b buildah) build(dockerfile, tag, binary string, content []byte) imageConfig {
	b.t.Helper()
	folder := b.t.TempDir()
	platform := "linux/" + runtime.GOARCH
	write(b.t, filepath.Join(folder, platform, binary), content, 0o755)
	b.run("build", "--quiet", "--pull-never", "--from", "base", "--build-arg", "TARGETPLATFORM="+platform, "--file", filepath.Join("../../packaging", dockerfile), "--tag", tag, folder)
	var image struct{ OCIv1 struct{ Config imageConfig } }
	if err := json.Unmarshal([]byte(b.run("inspect", "--type", "image", tag)), &image); err != nil {
		b.t.Fatal(err)
	}
	return image.OCIv1.Config
}

// imageConfig is what an image says of how it is run.
type imageConfig struct {
	User       string
	Env        []string
	Entrypoint []string
	WorkingDir string
	Labels     map[string]string
}

func (c imageConfig) hold(t *testing.T, title, entrypoint, folder string) {
	t.Helper()
	if c.User != "65532:65532" || len(c.Entrypoint) != 1 || c.Entrypoint[0] != entrypoint || c.WorkingDir != folder {
		t.Errorf("it runs as %s in %s: %q", c.User, c.WorkingDir, c.Entrypoint)
	}
	for label, want := range map[string]string{
		"title": title, "licenses": "Apache-2.0", "source": "https://github.com/greenlight-deploy/greenlight",
	} {
		if got := c.Labels["org.opencontainers.image."+label]; got != want {
			t.Errorf("the label %s is %q, want %q", label, got, want)
		}
	}
}

func write(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
}

// authority is the certificate of a server, which is its own authority.
func authority(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func TestTheTerminalsImageRunsPlansAsNobodyAndKnowsItsAuthorities(t *testing.T) {
	green := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer green.Close()
	b := newBuildah(t)
	b.base(authority(green))
	binary, err := os.ReadFile(program(t, "GREENLIGHT"))
	if err != nil {
		t.Fatal(err)
	}
	b.build("Dockerfile", "greenlight", "greenlight", binary).hold(t, "greenlight", "/usr/local/bin/greenlight", "/work")

	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil { // nobody must be able to read the plan
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "greenlight.yaml"), []byte("version: 1\nchecks: [http: GET /]\n"), 0o644)
	container := b.run("from", "--pull-never", "greenlight")
	out := b.run("run", "--network", "host", "--volume", folder+":/work:ro", container, "--", "/usr/local/bin/greenlight", "run", "--green", green.URL)
	if !strings.Contains(out, "succeeded: ") {
		t.Errorf("it says %s", out)
	}
}

// cloud is Lambda's Runtime API with one event, and CodeDeploy.
type cloud struct {
	events   chan string
	statuses chan string
}

func (c cloud) runtimeAPI(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/next") {
		select {
		case event := <-c.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Hour).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_greenlight")
			_, _ = io.WriteString(w, event)
		case <-r.Context().Done():
		}
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (c cloud) codeDeploy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutLifecycleEventHookExecutionStatus") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"DeploymentDoesNotExistException"}`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, `{"lifecycleEventHookExecutionId":"x"}`)
	c.statuses <- string(body)
}

// The plan that is added to the image is wrong: what the function says of it shows that it was read, and the report shows that
// AWS, behind https, was reached.
func TestTheFunctionsImageServesLambdaWithThePlanBesideItsBinary(t *testing.T) {
	c := cloud{events: make(chan string, 1), statuses: make(chan string, 1)}
	aws := httptest.NewTLSServer(http.HandlerFunc(c.codeDeploy))
	defer aws.Close()
	lambda := httptest.NewServer(http.HandlerFunc(c.runtimeAPI))
	defer lambda.Close()
	b := newBuildah(t)
	b.base(authority(aws))
	config := b.build("Dockerfile.lambda", "function", "bootstrap", bootstrap(t))
	config.hold(t, "greenlight-function", "/var/task/bootstrap", "/var/task")

	own := t.TempDir()
	write(t, filepath.Join(own, "greenlight.yaml"), []byte("version: 1\nchekcs: []\n"), 0o644)
	write(t, filepath.Join(own, "Dockerfile"), []byte("FROM function\nCOPY greenlight.yaml /var/task/\n"), 0o644)
	b.run("build", "--quiet", "--pull-never", "--tag", "own", own)
	container := b.run("from", "--pull-never", "own")

	ctx, stop := context.WithCancel(t.Context())
	args := []string{"run", "--network", "host"}
	for _, setting := range []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(lambda.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=CodeDeployHook_greenlight", "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_ENDPOINT_URL=" + aws.URL,
	} {
		args = append(args, "--env", setting)
	}
	cmd := b.command(ctx, append(args, container, "--", "/var/task/bootstrap")...)
	var logs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &logs, &logs
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.events <- `{"DeploymentId":"d-ABC","LifecycleEventHookExecutionId":"x"}`
	waiting, expired := context.WithTimeout(t.Context(), patience)
	defer expired()
	var status string
	select {
	case status = <-c.statuses:
	case <-waiting.Done():
	}
	stop()
	lambda.CloseClientConnections() // ends what waits for a next event
	_ = cmd.Wait()
	if !strings.Contains(status, `"status":"Failed"`) {
		t.Errorf("CodeDeploy is told %q", status)
	}
	if want := `"at":"/var/task/greenlight.yaml:2:1","problem":"unknown key \"chekcs\"`; !strings.Contains(logs.String(), want) {
		t.Errorf("the log has no %s:\n%s", want, logs.String())
	}
}

// bootstrap is the binary of the packaged function.
func bootstrap(t *testing.T) []byte {
	t.Helper()
	archive, err := zip.OpenReader(program(t, "FUNCTION_ZIP"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	file, err := archive.Open("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
