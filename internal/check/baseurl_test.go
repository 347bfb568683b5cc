package check_test

import (
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

func TestParseBaseURL(t *testing.T) {
	for _, tt := range []struct{ in, want, why string }{
		{"shop.example.com", "http://shop.example.com", "a host, as on an internal load balancer"},
		{"shop.example.com:8080", "http://shop.example.com:8080", "a host and a port"},
		{"localhost:8080", "http://localhost:8080", "localhost is no scheme"},
		{"10.0.0.1", "http://10.0.0.1", "an address"},
		{"[::1]:8080", "http://[::1]:8080", "an address of IPv6"},
		{"https://shop.example.com", "https://shop.example.com", "a URL"},
		{"HTTPS://shop.example.com", "https://shop.example.com", "schemes come in any case"},
		{"https://shop.example.com/", "https://shop.example.com", "paths begin with a slash of their own"},
		{"https://shop.example.com//", "https://shop.example.com", "paths begin with a slash of their own"},
		{"https://shop.example.com/api/v1/", "https://shop.example.com/api/v1", "a path in front of all others"},
		{"shop.example.com/a@b", "http://shop.example.com/a@b", "an @ in a path names no user"},
		{" shop.example.com\n", "http://shop.example.com", "space around it, as files and shells leave it"},
		{"shop.example.com:65535", "http://shop.example.com:65535", "the last port"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := check.ParseBaseURL(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q: %s", got, err, tt.want, tt.why)
			}
		})
	}
}

func TestParseBaseURLSaysWhatIsWrong(t *testing.T) {
	const user = "the URL holds a user name or password, which would stand in logs: send an authorization header instead"
	const port = " has no port after the last colon of its host; ports go from 1 to 65535"
	for _, tt := range []struct{ in, want string }{
		{"", "the address is empty; it is a host, host:port or URL"},
		{"  ", "the address is empty; it is a host, host:port or URL"},
		{"my shop", `"my shop" is not a host, host:port or URL`},
		{"shop:port", `"shop:port" is not a host, host:port or URL`},
		{"::1", `"::1" is not a host, host:port or URL`},
		{"shop:", `"shop:"` + port},
		{"shop:0", `"shop:0"` + port},
		{"shop:65536", `"shop:65536"` + port},
		{"http:/shop", `"http:/shop"` + port},
		{"http://", `the address is empty; it is a host, host:port or URL`},
		{"https:///health", `"https:///health" names no host`},
		{"//shop", `"//shop" names no host`},
		{"/health", `"/health" names no host`},
		{"ftp://shop", `"ftp://shop" has the scheme "ftp"; http and https are known`},
		{"s3://bucket", `"s3://bucket" has the scheme "s3"; http and https are known`},
		{"shop?a=1", `"shop?a=1" has a query or fragment; a base URL has a path at most`},
		{"http://shop/?", `"http://shop/?" has a query or fragment; a base URL has a path at most`},
		{"shop/#top", `"shop/#top" has a query or fragment; a base URL has a path at most`},
		{"http://ann@shop", user},
		{"http://ann:hunter2@shop", user},
		{"ann:hunter2@shop", user},
		{"http://ann:hunt er2@shop", user},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := check.ParseBaseURL(tt.in)
			if err == nil {
				t.Fatalf("read as %q", got)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunt") {
				t.Error("the error repeats a password")
			}
		})
	}
}
