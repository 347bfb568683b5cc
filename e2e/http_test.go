//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// identities writes an authority, a server's certificate for shop.example and a client's, as PEM files.
func identities(t *testing.T, dir string) {
	t.Helper()
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	write := func(name, kind string, der []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	template := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(20 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
	}
	ca, caKey := template("Test CA", 1), newKey()
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage, ca.DNSNames = true, true, x509.KeyUsageCertSign, nil
	for i, name := range []string{"ca", "shop.example", "gate"} {
		cert, key := template(name, int64(i+2)), newKey()
		if name == "ca" {
			cert, key = ca, caKey
		}
		der, err := x509.CreateCertificate(rand.Reader, cert, ca, key.Public(), caKey)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(name+".pem", "CERTIFICATE", der)
		write(name+".key", "PRIVATE KEY", private)
	}
}

// startShop serves, by nginx, shop.example over TLS with HTTP/2 to clients that the authority knows, the same to all, and two servers
// of pets, one of which follows its contract. It gives their ports.
func startShop(t *testing.T, dir string) (mutual, open, right, wrong int) {
	t.Helper()
	mutual, open, right, wrong = freePort(t), freePort(t), freePort(t), freePort(t)
	config := fmt.Sprintf(`
daemon off; worker_processes 1; master_process off; pid %[1]s/nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off; gzip on; gzip_min_length 1; gzip_types application/json;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  ssl_certificate %[1]s/shop.example.pem; ssl_certificate_key %[1]s/shop.example.key;
  default_type application/json;
  server {
    listen 127.0.0.1:%[2]d ssl http2; server_name shop.example;
    ssl_client_certificate %[1]s/ca.pem; ssl_verify_client on;
    location / { return 200 '{"client": "$ssl_client_s_dn", "host": "$host", "protocol": "$server_protocol"}'; }
  }
  server {
    listen 127.0.0.1:%[3]d ssl; server_name shop.example;
    location / { return 200 '{"protocol": "$server_protocol"}'; }
  }
  server {
    listen 127.0.0.1:%[4]d;
    location = /pets { add_header X-Total 2; return 200 '[{"id": 1, "name": "Rex", "tag": null}, {"id": 2, "name": "Bo"}]'; }
    location = /pets/1 { return 200 '{"id": 1, "name": "Rex"}'; }
    location = /pets/none { default_type application/problem+json; return 404 '{"code": 7}'; }
  }
  server {
    listen 127.0.0.1:%[5]d;
    location = /pets { add_header X-Total many; return 200 '[{"id": 1, "name": "Rex"}, {"id": 2.5, "name": ""}]'; }
    location = /pets/1 { return 200 '{"id": 1, "name": "Rex", "price": 3}'; }
    location = /pets/none { default_type text/html; return 404 '<h1>none</h1>'; }
  }
}`, dir, mutual, open, right, wrong)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command(program(t, "NGINX"), "-p", dir, "-c", path), nil)
	awaitAnswer(t, fmt.Sprintf("http://127.0.0.1:%d/pets", right))
	return mutual, open, right, wrong
}

const contract = `openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
paths:
  /pets:
    get:
      responses:
        200:
          description: All of them
          headers: {X-Total: {required: true, schema: {type: integer}}}
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}
  /pets/{id}:
    get:
      responses:
        200: {description: One, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
        4XX: {description: None, content: {application/problem+json: {schema: {type: object, required: [code]}}}}
components:
  schemas:
    Pet:
      type: object
      required: [id, name]
      unevaluatedProperties: false
      properties: {id: {type: integer}, name: {type: string, minLength: 1}, tag: {type: [string, "null"]}}
`

// outcomesOf runs a plan by the command, and gives each check's outcome with its reason.
func outcomesOf(t *testing.T, dir, plan string) map[string]string {
	t.Helper()
	for name, text := range map[string]string{"plan.yaml": plan, "pets.yaml": contract} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	greenlight := filepath.Join(dir, "greenlight")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", greenlight, "../cmd/greenlight").CombinedOutput(); err != nil {
		t.Fatalf("building greenlight: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), greenlight, "run", "--json", "plan.yaml")
	cmd.Dir, cmd.Env = dir, []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	out, err := cmd.Output()
	var report struct {
		Checks []struct{ Name, Outcome, Reason string }
	}
	if json.Unmarshal(out, &report) != nil {
		t.Fatalf("running the plan: %v\n%s", err, out)
	}
	outcomes := map[string]string{}
	for _, c := range report.Checks {
		outcomes[c.Name] = strings.TrimSuffix(c.Outcome+": "+c.Reason, ": ")
	}
	return outcomes
}

func TestNginxIsAskedOverTLSWithHTTP2AndAClientsCertificate(t *testing.T) {
	dir := t.TempDir()
	identities(t, dir)
	mutual, open, _, _ := startShop(t, dir)
	got := outcomesOf(t, dir, fmt.Sprintf(`
version: 1
keep_going: true
checks:
  - name: known
    http: {url: "https://shop.example:%[1]d/", version: 2, resolve: {"shop.example:%[1]d": 127.0.0.1}, tls: {ca: ca.pem, cert: gate.pem, key: gate.key}}
    expect:
      protocol: HTTP/2.0
      headers: {content-encoding: gzip}
      json: {$.client: CN=gate, $.host: shop.example, $.protocol: HTTP/2.0}
      certificate: {names: shop.example, expires: "> 14d"}
  - name: in 1.1
    http: {url: "https://shop.example:%[1]d/", version: 1.1, resolve: {"shop.example:%[1]d": 127.0.0.1}, tls: {ca: ca.pem, cert: gate.pem, key: gate.key}}
    expect: {json: {$.protocol: HTTP/1.1}}
  - name: unknown
    http: {url: "https://shop.example:%[1]d/", resolve: {"shop.example:%[1]d": 127.0.0.1}, tls: {ca: ca.pem}}
    expect: {status: 400}
  - name: no HTTP/2
    http: {url: "https://shop.example:%[2]d/", version: 2, resolve: {"shop.example:%[2]d": 127.0.0.1}, tls: {ca: ca.pem}}
  - name: another authority
    http: {url: "https://shop.example:%[2]d/", resolve: {"shop.example:%[2]d": 127.0.0.1}, tls: {ca: gate.pem}}
`, mutual, open))
	want := map[string]string{
		"known": "passed", "in 1.1": "passed", "unknown": "passed",
		"no HTTP/2":         fmt.Sprintf("failed: GET https://shop.example:%d/: the server speaks no HTTP/2 (version: 2)", open),
		"another authority": fmt.Sprintf(`failed: GET https://shop.example:%d/: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`, open),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestAServerIsHeldAgainstItsContract(t *testing.T) {
	dir := t.TempDir()
	identities(t, dir)
	_, _, right, wrong := startShop(t, dir)
	plan := func(port int) string {
		return fmt.Sprintf(`
version: 1
green: http://127.0.0.1:%d
keep_going: true
checks:
  - {name: all, http: GET /pets, expect: {openapi: pets.yaml}}
  - {name: one, http: GET /pets/1, expect: {openapi: pets.yaml}}
  - {name: none, http: GET /pets/none, expect: {status: 404, openapi: pets.yaml}}
`, port)
	}
	for _, tt := range []struct {
		why  string
		port int
		want map[string]string
	}{
		{"one that follows it", right, map[string]string{"all": "passed", "one": "passed", "none": "passed"}},
		{"one that doesn't", wrong, map[string]string{
			"all":  `failed: GET http://GREEN/pets: header x-total is "many", expected integer (type); $[1].id is 2.5, expected integer (type); $[1].name is "" of 0 characters, expected at least 1 character (minLength)`,
			"one":  "failed: GET http://GREEN/pets/1: $.price is 3, expected no such property (unevaluatedProperties)",
			"none": `failed: GET http://GREEN/pets/none: header content-type is "text/html", expected application/problem+json`,
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := outcomesOf(t, dir, plan(tt.port))
			for name, outcome := range got {
				got[name] = strings.ReplaceAll(outcome, fmt.Sprintf("127.0.0.1:%d", tt.port), "GREEN")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}
