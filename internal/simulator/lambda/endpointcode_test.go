//go:build unix

package lambda_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// signed is a header that requests with code must have.
var signed = []string{"Authorization", "AWS4-HMAC-SHA256 Credential=id/20261101/us-east-1/lambda/aws4_request"}

// file is an entry of a deployment package.
type file struct {
	name, text string
	mode       fs.FileMode
	claims     uint64 // the size that it says it has; 0 for the real one
}

// zipped is a deployment package in base64.
func zipped(t *testing.T, files ...file) string {
	t.Helper()
	var text bytes.Buffer
	w := zip.NewWriter(&text)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode)
		create := w.CreateHeader
		if f.claims > 0 { // what follows is stored as it is
			header.UncompressedSize64, header.CompressedSize64, header.Method = f.claims, uint64(len(f.text)), zip.Store
			create = w.CreateRaw
		}
		to, err := create(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text.Bytes())
}

// bootstrapZip has the test binary answer, and a file that it can read.
func bootstrapZip(t *testing.T, version string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t,
		file{"bootstrap", fmt.Sprintf("#!/bin/sh\ncat plans/version >&2\nexec '%s'\n", self), 0o755, 0},
		file{"plans/", "", fs.ModeDir | 0o755, 0}, file{"plans/version", version + "\n", 0o644, 0}, file{"deep/er/file", "", 0o600, 0},
	)
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func newHook(zip string) map[string]any {
	return map[string]any{
		"FunctionName": "made", "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": "arn:aws:iam::123456789012:role/hook",
		"Code": map[string]any{"ZipFile": zip}, "Timeout": 30, "MemorySize": 256, "Description": "made here", "Tags": map[string]string{"team": "cart"},
		"Environment": map[string]any{"Variables": map[string]string{bootstrapVariable: "run"}},
	}
}

func TestAFunctionIsMadeOfAZip(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, r := start(t, lambda.Config{Environment: func() map[string]string { return map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"} }})
	c := endpoint(t, s)
	code := bootstrapZip(t, "first")
	made := c.do("POST", "", jsonOf(t, newHook(code)), signed...)
	if m := made.members(t); made.status != 201 || m["State"] != "Active" || m["Role"] != "arn:aws:iam::123456789012:role/hook" || m["Timeout"] != 30.0 || m["FunctionArn"] != s.ARN("made") {
		t.Fatalf("%d %s", made.status, made.body)
	}
	got := c.do("GET", "/made", "").members(t)
	if diff := cmp.Diff(any(map[string]any{"team": "cart"}), got["Tags"]); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	run := func(line string) {
		t.Helper()
		answer := c.do("POST", "/made/invocations", `{"Do":"echo","Text":"hello"}`, "X-Amz-Log-Type", "Tail")
		log, err := base64.StdEncoding.DecodeString(answer.header.Get("X-Amz-Log-Result"))
		if err != nil || answer.body != `"hello"` {
			t.Errorf("%d %s (%v)\n%s", answer.status, answer.body, err, log)
		}
		<-r.invocations
		r.await(t, func(said string) bool { return said == line })
	}
	run("first")
	if got := c.do("POST", "/made/invocations", `{"Do":"environment"}`); !strings.Contains(got.body, "AWS_ENDPOINT_URL=http://127.0.0.1:1") {
		t.Errorf("its environment: %s", got.body)
	}
	published := c.do("PUT", "/made/code", jsonOf(t, map[string]any{"ZipFile": bootstrapZip(t, "second"), "Publish": true}), signed...).members(t)
	if published["Version"] != "1" || published["CodeSha256"] == made.members(t)["CodeSha256"] {
		t.Errorf("published: %v", published)
	}
	run("second")
	changed := c.do("PUT", "/made/configuration", `{"Timeout":60,"Role":"arn:aws:iam::123456789012:role/other"}`).members(t)
	if changed["Timeout"] != 60.0 || changed["MemorySize"] != 256.0 || changed["Role"] != "arn:aws:iam::123456789012:role/other" || changed["CodeSha256"] != published["CodeSha256"] {
		t.Errorf("changed: %v", changed)
	}
	if got := c.do("DELETE", "/made", ""); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := c.do("POST", "/made/invocations", "{}"); got.status != 404 {
		t.Errorf("after it was deleted: %d %s", got.status, got.body)
	}
	if left := codeFolders(t); len(left) != 2 {
		t.Errorf("code: %v", left)
	}
	s.Close()
	if left := codeFolders(t); len(left) != 0 {
		t.Errorf("code that is left: %v", left)
	}
}

func codeFolders(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.TempDir(), "simulated-lambda-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAScenariosFunctionGetsCode(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	c := endpoint(t, s)
	if got := c.do("PUT", "/hook/configuration", jsonOf(t, map[string]any{"Environment": map[string]any{"Variables": map[string]string{bootstrapVariable: "run"}}})); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	dry := c.do("PUT", "/hook/code", jsonOf(t, map[string]any{"ZipFile": bootstrapZip(t, "new"), "DryRun": true}), signed...)
	if got := c.do("POST", "/hook/invocations", `{"Do":"echo","Text":"x"}`); dry.status != 200 || got.body != `{"Do":"echo","Text":"x"}` {
		t.Errorf("after a dry run (%d) it answers %s", dry.status, got.body)
	}
	c.do("PUT", "/hook/code", jsonOf(t, map[string]any{"ZipFile": bootstrapZip(t, "new")}), signed...)
	if got := c.do("POST", "/hook/invocations", `{"Do":"echo","Text":"x"}`); got.body != `"x"` {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestWhatAFunctionIsNotMadeOf(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, _ := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	c := endpoint(t, s)
	good := file{"bootstrap", "#!/bin/sh\n", 0o755, 0}
	other := map[bool]string{true: "arm64", false: "x86_64"}[runtime.GOARCH != "arm64"]
	with := func(member string, value any) map[string]any {
		f := newHook(zipped(t, good))
		f[member] = value
		return f
	}
	of := func(files ...file) map[string]any { return newHook(zipped(t, files...)) }
	for _, tt := range []struct {
		why    string
		in     map[string]any
		header []string
		code   string
		says   string
	}{
		{"an entry above the root", of(good, file{"../evil", "x", 0o644, 0}), signed, "InvalidParameterValueException", "outside its root"},
		{"an absolute entry", of(good, file{"/etc/evil", "x", 0o644, 0}), signed, "InvalidParameterValueException", "outside its root"},
		{"a link", of(good, file{"link", "/etc/passwd", fs.ModeSymlink | 0o777, 0}), signed, "InvalidParameterValueException", "no regular file"},
		{"a file twice", of(good, good), signed, "InvalidParameterValueException", "twice"},
		{"a file as a folder", of(good, file{"bootstrap/x", "", 0o644, 0}), signed, "InvalidParameterValueException", "twice"},
		{"no bootstrap", of(file{"index.js", "", 0o644, 0}), signed, "InvalidParameterValueException", "no file bootstrap"},
		{"one that may not be executed", of(file{"bootstrap", "", 0o644, 0}), signed, "InvalidParameterValueException", "may be executed"},
		{"a bomb", of(good, file{"zeros", "00", 0o644, 250 << 20}), signed, "InvalidParameterValueException", "262144000"},
		{"an entry of another size than it says", of(good, file{"zeros", strings.Repeat("0", 100), 0o644, 1}), signed, "InvalidParameterValueException", "can't be unpacked"},
		{"what is no zip", newHook("AAAA"), signed, "InvalidParameterValueException", "Could not unzip"},
		{"code in S3", with("Code", map[string]any{"S3Bucket": "b", "S3Key": "k"}), signed, "InvalidParameterValueException", "ZipFile"},
		{"an image", with("PackageType", "Image"), signed, "InvalidParameterValueException", "not in images"},
		{"layers", with("Layers", []string{"arn:aws:lambda:us-east-1:123456789012:layer:x:1"}), signed, "InvalidParameterValueException", "no layers"},
		{"another machine's code", with("Architectures", []string{other}), signed, "InvalidParameterValueException", "build it for that"},
		{"a runtime of AWS's", with("Runtime", "nodejs24.x"), signed, "InvalidParameterValueException", "nodejs24.x"},
		{"no handler", with("Handler", nil), signed, "InvalidParameterValueException", "mandatory"},
		{"no role", with("Role", nil), signed, "ValidationException", "'role'"},
		{"too much time", with("Timeout", 901), signed, "InvalidParameterValueException", "timeout"},
		{"a name that is there", with("FunctionName", "hook"), signed, "ResourceConflictException", "already exist"},
		{"nobody's signature, as from a web page", of(good), nil, "AccessDeniedException", "signed requests"},
		{"another name for this machine", of(good), append([]string{"Host", "evil.example:80"}, signed...), "AccessDeniedException", "localhost"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := c.do("POST", "", jsonOf(t, tt.in), tt.header...)
			said, _ := got.members(t)["message"].(string)
			if got.header.Get("X-Amzn-Errortype") != tt.code || !strings.Contains(said, tt.says) {
				t.Errorf("got %d %s (%s), want %s", got.status, got.header.Get("X-Amzn-Errortype"), got.body, tt.code)
			}
		})
	}
	for path, code := range map[string]string{"/other/code": "ResourceNotFoundException", "/hook/code": "InvalidParameterValueException"} {
		if got := c.do("PUT", path, `{}`, signed...); got.header.Get("X-Amzn-Errortype") != code {
			t.Errorf("code for %s: %d %s, want %s", path, got.status, got.body, code)
		}
	}
	if got := c.do("PUT", "/hook/code", `{"ZipFile":""}`); got.status != 403 {
		t.Errorf("code without a signature: %d %s", got.status, got.body)
	}
	if got := c.do("PUT", "/hook/configuration", `{"RevisionId":"x"}`); got.status != 412 {
		t.Errorf("a state that is over: %d %s", got.status, got.body)
	}
	if got := c.do("DELETE", "/hook?Qualifier=1", ""); got.status != 400 {
		t.Errorf("a version alone: %d %s", got.status, got.body)
	}
	if got := c.do("DELETE", "/other", ""); got.status != 404 {
		t.Errorf("what isn't there: %d %s", got.status, got.body)
	}
	if left := codeFolders(t); len(left) != 0 {
		t.Errorf("refused code that is left: %v", left)
	}
}
