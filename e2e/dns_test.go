//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startDnsmasq serves the zone shop.test, and gives its address.
func startDnsmasq(t *testing.T) string {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	var many strings.Builder
	for i := range 200 {
		fmt.Fprintf(&many, "10.2.0.%d many.shop.test\n", i+1)
	}
	hosts := filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, []byte(many.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command(program(t, "DNSMASQ"), "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user="+me.Username,
		"--pid-file="+filepath.Join(dir, "pid"), "--listen-address=127.0.0.1", "--bind-interfaces", fmt.Sprintf("--port=%d", port),
		"--local=/shop.test/", "--local-ttl=60", "--addn-hosts="+hosts,
		"--host-record=shop.test,10.0.0.1,2001:db8::1,30", "--cname=www.shop.test,shop.test",
		"--mx-host=shop.test,mx1.shop.test,10", "--mx-host=shop.test,mx2.shop.test,20", "--txt-record=shop.test,v=spf1 -all",
		"--srv-host=_grpc._tcp.shop.test,grpc.shop.test,50051,1,5", "--caa-record=shop.test,0,issue,amazon.com", "--ptr-record=1.0.0.10.in-addr.arpa,shop.test",
		// 1 . mandatory=alpn alpn=h2,h3 port=8443 ipv4hint=10.0.0.1 ipv6hint=2001:db8::1, 2 cdn.shop.test key667=x\032y, and 0 for an alias
		"--dns-rr=shop.test,65,000100 000000020001 00010006026832026833 0003000220fb 000400040a000001 0006001020010db8000000000000000000000001",
		"--dns-rr=shop.test,65,0002 0363646e 0473686f70 0474657374 00 029b0003782079",
		"--dns-rr=alias.shop.test,65,0000 0473686f70 0474657374 00", "--dns-rr=_dns.shop.test,64,0001 03646e73 0473686f70 0474657374 00 000100040364 6f74"), nil)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	awaitConnection(t, address)
	return address
}

// awaitConnection waits until a server that was just started takes connections.
func awaitConnection(t *testing.T, address string) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(starting)
	for {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("nothing listens at %s", address)
		}
	}
}

func TestRecordsThatDnsmasqServesAreJudged(t *testing.T) {
	t.Parallel()
	server := startDnsmasq(t)
	ask := func(name, query, expect string) string {
		return fmt.Sprintf("  - {name: %s, dns: {server: %q, %s}, expect: %s}\n", name, server, query, expect)
	}
	runPlan(t, ask("A", "name: shop.test", "{values: [10.0.0.1], ttl: <= 60s}")+
		ask("AAAA", "name: shop.test, type: AAAA", `{values: ["2001:db8::1"]}`)+
		ask("alias", "name: www.shop.test", "{values: [10.0.0.1]}")+
		ask("CNAME", "name: www.shop.test, type: CNAME", "{values: shop.test}")+
		ask("MX", "name: shop.test, type: MX", "{values: [10 mx1.shop.test, 20 mx2.shop.test], count: 2}")+
		ask("TXT", "name: shop.test, type: TXT", "{values: v=spf1 -all}")+
		ask("SRV", "name: _grpc._tcp.shop.test, type: SRV", "{values: 1 5 50051 grpc.shop.test}")+
		ask("CAA", "name: shop.test, type: CAA", `{values: '0 issue "amazon.com"'}`)+
		ask("HTTPS", "name: shop.test, type: HTTPS", `{values: ['1 . mandatory=alpn alpn=h2,h3 port=8443 ipv4hint=10.0.0.1 ipv6hint=2001:db8::1', '2 cdn.shop.test key667=x\032y']}`)+
		ask("HTTPS alias", "name: alias.shop.test, type: HTTPS", "{values: 0 shop.test}")+
		ask("SVCB", "name: _dns.shop.test, type: SVCB", "{values: 1 dns.shop.test alpn=dot}")+
		ask("PTR", "name: 10.0.0.1, type: PTR", "{values: shop.test}")+
		ask("long", "name: many.shop.test", "{count: 200, values: ~ ^10\\.2\\.}")+
		ask("gone", "name: gone.shop.test", "{rcode: NXDOMAIN}")+
		ask("none", "name: shop.test, type: NS", "{}")+
		ask("refused", "name: elsewhere.test", "{}")+
		ask("wrong", "name: shop.test", "{values: [10.0.0.2]}"),
	).hold(t, map[string]string{
		"A": "passed", "AAAA": "passed", "alias": "passed", "CNAME": "passed", "MX": "passed", "TXT": "passed", "SRV": "passed", "CAA": "passed", "PTR": "passed",
		"HTTPS": "passed", "HTTPS alias": "passed", "SVCB": "passed",
		"long": "passed", "gone": "passed",
		"none":    "failed: dns NS shop.test at " + server + ": NS of shop.test is none, expected a record",
		"refused": "failed: dns A elsewhere.test at " + server + ": the code of the answer is REFUSED",
		"wrong":   "failed: dns A shop.test at " + server + `: A of shop.test is "10.0.0.1", expected "10.0.0.2" among them`,
	})
}
