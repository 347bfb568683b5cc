package network_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// address decodes one as a plan does.
func address(t *testing.T, src, port string) (network.Address, error) {
	t.Helper()
	a := network.Address{Port: port}
	if src == "" {
		return a, nil
	}
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	d := strictyaml.NewDecoder(strictyaml.Names{Later: []string{"green.host", "port"}})
	d.Decode(root, &a)
	return a, d.Err()
}

func TestAnAddressLeadsToGreenWhereItDoesNotSayOtherwise(t *testing.T) {
	green := check.Side{URL: "https://green.example/base", Host: "shop.example:8443", Headers: http.Header{"X-Version": {"green"}}}
	blue := check.Side{URL: "http://blue.example:8080"}
	lookup := func(name string) (any, error) {
		return map[string]any{"green.host": "green.example", "port": int64(9090)}[name], nil
	}
	for _, tt := range []struct {
		why, src, port string
		want           network.Endpoint
		name           string
	}{
		{"green's own", "", "", network.Endpoint{Address: "green.example:443", Host: "green.example", Side: green, Secure: true}, "shop.example"},
		{"written out", "green.example:443", "", network.Endpoint{Address: "green.example:443", Host: "green.example", Side: green, Secure: true}, "shop.example"},
		{"in other letters", "GREEN.example:443", "", network.Endpoint{Address: "GREEN.example:443", Host: "GREEN.example", Side: green, Secure: true}, "shop.example"},
		{"the same port", ":443", "", network.Endpoint{Address: "green.example:443", Host: "green.example", Side: green, Secure: true}, "shop.example"},
		{"another port, of which isn't known whether it is secured", ":9090", "", network.Endpoint{Address: "green.example:9090", Host: "green.example", Side: check.Side{Host: green.Host, Headers: green.Headers}}, "shop.example"},
		{"as a number", "9090", "", network.Endpoint{Address: "green.example:9090", Host: "green.example", Side: check.Side{Host: green.Host, Headers: green.Headers}}, "shop.example"},
		{"by names", `"{{ green.host }}:{{ port }}"`, "", network.Endpoint{Address: "green.example:9090", Host: "green.example"}, "green.example"},
		{"blue", "blue.example:8080", "", network.Endpoint{Address: "blue.example:8080", Host: "blue.example", Side: blue}, "blue.example"},
		{"another server", "other.example:25", "", network.Endpoint{Address: "other.example:25", Host: "other.example"}, "other.example"},
		{"of IPv6", `"[::1]:25"`, "", network.Endpoint{Address: "[::1]:25", Host: "::1"}, "::1"},
		{"a host alone, of a kind that knows the port", "other.example", "443", network.Endpoint{Address: "other.example:443", Host: "other.example"}, "other.example"},
		{"so of IPv6", `"[::1]"`, "53", network.Endpoint{Address: "[::1]:53", Host: "::1"}, "::1"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a, err := address(t, tt.src, tt.port)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Resolve(check.Scope{Green: green, Blue: blue}, lookup)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got.ServerName() != tt.name {
				t.Errorf("the certificate is asked for by %q, want %q", got.ServerName(), tt.name)
			}
		})
	}
}

func TestAnAddressThatLeadsNowhereSaysWhy(t *testing.T) {
	none := errors.New("no target group was found")
	for _, tt := range []struct{ why, src, green, value, want string }{
		{"nobody knows where green is", ":80", "", "", "where green answers: no target group was found"},
		{"green's URL is none", ":80", "http://", "", `green's URL "http://" can't be connected to`},
		{"a value is a URL", `"{{ green.host }}"`, "http://green", "http://green:80", `"http://green:80" is a URL: write host:port`},
		{"a value is empty", `"{{ green.host }}"`, "http://green", "", "the address is empty: write host:port, or a port of green's host as in :5432"},
		{"a value has no port", `"{{ green.host }}"`, "http://green", "green", `"green" has no port: write host:port, or a port of green's host as in :5432`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a, err := address(t, tt.src, "")
			if err != nil {
				t.Fatal(err)
			}
			scope := check.Scope{Green: check.Side{URL: tt.green}, Lookup: func(string) (any, error) { return nil, none }}
			_, err = a.Resolve(scope, func(string) (any, error) { return tt.value, nil })
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
