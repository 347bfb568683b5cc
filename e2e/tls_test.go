//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
)

// secured is nginx with TLS: one server as it should be, one that asks for clients' certificates, and one with old versions.
type secured struct {
	modern, mutual, old string // host:port
	ca, cert, key       string // files: the authority, and a client's pair
}

// startSecured starts it in front of an upstream of gRPC.
func startSecured(t *testing.T, upstream string) secured {
	t.Helper()
	dir := t.TempDir()
	authority := networktest.NewAuthority(t, "Test CA")
	named := networktest.Template("green")
	named.DNSNames = []string{"shop.test"}
	cert, key := networktest.Pair(t, authority.Sign(t, named))
	s := secured{ca: filepath.Join(dir, "ca.pem")}
	s.cert, s.key = networktest.Pair(t, authority.Sign(t, networktest.Template("client")))
	for _, address := range []*string{&s.modern, &s.mutual, &s.old} {
		*address = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	}
	config := fmt.Sprintf(`
daemon off; worker_processes 1; master_process off; pid %[1]s/nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  ssl_certificate %[2]s; ssl_certificate_key %[3]s; ssl_protocols TLSv1.2 TLSv1.3;
  server { listen %[5]s ssl http2; location / { grpc_pass grpc://%[8]s; } }
  server { listen %[6]s ssl http2; ssl_client_certificate %[4]s; ssl_verify_client on; location / { grpc_pass grpc://%[8]s; } }
  server { listen %[7]s ssl; ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0; }
}`, dir, cert, key, s.ca, s.modern, s.mutual, s.old, upstream)
	path := filepath.Join(dir, "nginx.conf")
	for file, content := range map[string]string{path: config, s.ca: authority.PEM()} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, exec.Command(program(t, "NGINX"), "-p", dir, "-c", path), nil)
	awaitConnection(t, s.modern)
	return s
}

func TestHandshakesWithNginxAreJudged(t *testing.T) {
	t.Parallel()
	s := startSecured(t, "127.0.0.1:1")
	ask := func(name, address, options, expect string) string {
		return fmt.Sprintf("  - {name: %s, tls: {address: %q, ca: %q%s}, expect: %s}\n", name, address, s.ca, options, expect)
	}
	runPlan(t, ask("modern", s.modern, ", server_name: shop.test", `{expires: "> 14d", issuer: Test CA, names: shop.test, version: 1.3, refuses: [1.0, 1.1], alpn: h2}`)+
		ask("other name", s.modern, ", server_name: other.test", "{}")+
		ask("no time left", s.modern, "", `{expires: "> 60d"}`)+
		ask("old", s.old, "", `{version: 1.2, refuses: [1.0, 1.1, 1.3]}`)+
		ask("mutual", s.mutual, fmt.Sprintf(", cert: %q, key: %q", s.cert, s.key), "{}")+
		fmt.Sprintf("  - {name: untrusted, tls: %q}\n", s.modern)+
		fmt.Sprintf("  - {name: connected, tcp: {address: %q, send: \"HEAD / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\", tls: {ca: %q}}, expect: {answer: ~ ^HTTP/1.1 404}}\n", s.old, s.ca),
	).hold(t, map[string]string{
		"modern": "passed", "mutual": "passed", "connected": "passed",
		"other name":   "failed: tls " + s.modern + ": the certificate is for shop.test, 127.0.0.1, not for other.test",
		"no time left": "failed: tls " + s.modern + ": certificate's time left is 30d",
		"old":          "failed: tls " + s.old + ": version 1.0 is offered, expected refused; version 1.1 is offered, expected refused",
		"untrusted":    "failed: tls " + s.modern + ": the certificate is signed by \"Test CA\", which is not trusted here",
	})
}

func TestTheHealthBehindNginxIsJudged(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, told := grpc.NewServer(), health.NewServer()
	told.SetServingStatus("shop.v1.Search", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(server, told)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	s, away := startSecured(t, listener.Addr().String()), startSecured(t, "127.0.0.1:1")
	ask := func(name string, s secured, address, options string) string {
		return fmt.Sprintf("  - {name: %s, grpc: {address: %q, tls: {ca: %q%s}}}\n", name, address, s.ca, options)
	}
	runPlan(t, ask("well", s, s.modern, "")+
		ask("mutual", s, s.mutual, fmt.Sprintf(", cert: %q, key: %q", s.cert, s.key))+
		ask("no certificate", s, s.mutual, "")+
		ask("HTTP/1.1 alone", s, s.old, "")+
		ask("nothing behind it", away, away.modern, "")+
		fmt.Sprintf("  - {name: ill, grpc: {address: %q, service: shop.v1.Search, tls: {ca: %q}}}\n", s.modern, s.ca)+
		fmt.Sprintf("  - {name: unknown, grpc: {address: %q, service: shop.v1.Cart, tls: {ca: %q}}}\n", s.modern, s.ca),
	).hold(t, map[string]string{
		"well": "passed", "mutual": "passed",
		"no certificate":    "failed: grpc " + s.mutual + ": the answer is not gRPC: HTTP status 400",
		"HTTP/1.1 alone":    "failed: grpc " + s.old + ": the server doesn't speak HTTP/2 on this port, which gRPC needs",
		"nothing behind it": "failed: grpc " + away.modern + ": ",
		"ill":               "failed: grpc " + s.modern + " shop.v1.Search: health is NOT_SERVING, expected SERVING",
		"unknown":           "failed: grpc " + s.modern + " shop.v1.Cart: the call failed with NOT_FOUND",
	})
}
