package expect_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCertificatesAreJudgedByTimeLeftNamesAndIssuer(t *testing.T) {
	now := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{
		NotAfter: now.Add(20 * 24 * time.Hour),
		DNSNames: []string{"shop.example", "*.shop.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		Issuer: pkix.Name{CommonName: "R3", Organization: []string{"Let's Encrypt"}},
	}
	expired := *leaf
	expired.NotAfter = now.Add(-time.Hour)
	tests := []struct {
		why, src string
		leaf     *x509.Certificate
		want     string
	}{
		{"long enough", `expires: "> 14d"`, leaf, ""},
		{"not long enough", `expires: "> 30d"`, leaf, "certificate's time left is 20d (until 2025-03-21), expected > 30d"},
		{"expired", `expires: "> 14d"`, &expired, "certificate's time left is 0s (it expired on 2025-03-01), expected > 14d"},
		{"short-lived", `expires: "< 90d"`, leaf, ""},
		{"a name that is there", `names: shop.example`, leaf, ""},
		{"a name in other letters", `names: SHOP.example`, leaf, ""},
		{"a name under a wildcard", `names: [shop.example, test.shop.example]`, leaf, ""},
		{"the wildcard itself", `names: "*.shop.example"`, leaf, ""},
		{"a wildcard that isn't there", `names: "*.example"`, leaf, `certificate is for shop.example, *.shop.example, 127.0.0.1, expected "*.example"`},
		{"a wildcard covers one label", `names: a.b.shop.example`, leaf, `certificate is for shop.example, *.shop.example, 127.0.0.1, expected "a.b.shop.example"`},
		{"an address", `names: 127.0.0.1`, leaf, ""},
		{"the issuer's name", `issuer: R3`, leaf, ""},
		{"the issuer's organisation", `issuer: ~ Encrypt`, leaf, ""},
		{"another issuer", `issuer: Amazon`, leaf, `certificate's issuer is "R3, Let's Encrypt", expected "Amazon"`},
		{"any issuer but this", `issuer: "!= Amazon"`, leaf, ""},
		{"just this, by its organisation", `issuer: "!= Let's Encrypt"`, leaf, `certificate's issuer is "Let's Encrypt", expected != "Let's Encrypt"`},
		{"no certificate at all", `expires: "> 14d"`, nil, "certificate is missing, the answer came over plain HTTP, expected one"},
		{
			"several at once", `{expires: "> 30d", names: other.example, issuer: Amazon}`, leaf,
			"certificate's time left is 20d (until 2025-03-21), expected > 30d\n" +
				"certificate is for shop.example, *.shop.example, 127.0.0.1, expected \"other.example\"\n" +
				"certificate's issuer is \"R3, Let's Encrypt\", expected \"Amazon\"",
		},
		{"a name without a value", `names: "{{ cart }}"`, leaf, "error: plan.yaml:1:23: {{ cart }}: it has no value"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			src := "certificate: " + tt.src
			if !strings.HasPrefix(tt.src, "{") {
				src = "certificate: {" + tt.src + "}"
			}
			all, err := decode(t, src).Certificate.Judge(tt.leaf, now, lookup)
			if diff := cmp.Diff(tt.want, strings.TrimSpace(saidAll(all, err))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
