//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// exporter is what Prometheus scrapes: a shop of two versions, of which the new one takes twice the time.
type exporter struct{ scrapes atomic.Int64 }

func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	n := e.scrapes.Add(1)
	fmt.Fprintf(w, "# TYPE shop_requests_total counter\n")
	for host, seconds := range map[string]string{"green.example": "0.2", "blue.example": "0.1"} {
		fmt.Fprintf(w, "shop_requests_total{host=%q,code=\"200\"} %d\n", host, 10*n)
		fmt.Fprintf(w, "shop_seconds{host=%q} %s\n", host, seconds)
	}
	if n == 1 {
		fmt.Fprintf(w, "shop_gone 1\n")
	}
}

// startPrometheus starts a server that scrapes the exporter each second.
func startPrometheus(t *testing.T, exports http.Handler) string {
	t.Helper()
	target := httptest.NewServer(exports)
	t.Cleanup(target.Close)
	folder := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n  - job_name: shop\n    static_configs: [{targets: [%q]}]\n",
		strings.TrimPrefix(target.URL, "http://"))
	path := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	start(t, exec.Command(program(t, "PROMETHEUS"), "--config.file="+path, "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address), nil)
	awaitAnswer(t, "http://"+address+"/-/ready")
	return "http://" + address
}

// scraped waits for data.
const scraped = `version: 1
vars: {url: URL}
checks:
  - {name: "passed: it is up", prometheus: {url: "{{ vars.url }}", query: 'up{job="shop"}', step: 1s}, over: 5s, expect: {value: 1, series: 1}, eventually: {within: 60s, every: 250ms}}
`

// queried asks Prometheus; each check is called by its outcome, and by what its reason must hold.
const queried = `version: 1
green: http://green.example
blue: http://blue.example
vars: {url: URL}
serial: true
keep_going: true
checks:
  - {name: "passed: now", prometheus: {url: "{{ vars.url }}/", query: 'sum(up)'}, expect: {value: 1}}
  - {name: "failed: sum(up) is 1, expected 2", prometheus: {url: "{{ vars.url }}", query: 'sum(up)'}, expect: {value: 2}}
  - {name: "failed: the number of series is 2, expected 1", prometheus: {url: "{{ vars.url }}", query: 'shop_seconds'}, expect: {series: 1}}
  - {name: "passed: a rate", prometheus: {url: "{{ vars.url }}", query: 'sum(rate(shop_requests_total{host="{{ green.host }}"}[5s]))', step: 1s}, over: 2s, agg: last, expect: {value: "> 1"}}
  - {name: "failed: is +100% (it is 0.2, blue's is 0.1), expected <= 10%", prometheus: {url: "{{ vars.url }}", query: 'shop_seconds{host="{{ green.host }}"}'}, against: blue, expect: {change: <= 10%}}
  - {name: "passed: no more than before", prometheus: {url: "{{ vars.url }}", query: 'shop_seconds{host="{{ green.host }}"}', step: 1s}, over: 2s, agg: avg, against: before, expect: {change: <= 10%}, eventually: {within: 30s, every: 250ms}}
  - {name: "passed: a scalar", prometheus: {url: "{{ vars.url }}", query: 'scalar(sum(up))'}, expect: {value: 1}}
  - {name: "inconclusive: there is no data", prometheus: {url: "{{ vars.url }}", query: 'shop_gone'}, expect: {value: <= 1}}
  - {name: "passed: nothing there", prometheus: {url: "{{ vars.url }}", query: 'shop_gone'}, expect: {series: 0}}
  - {name: "passed: zero where there is nothing", prometheus: {url: "{{ vars.url }}", query: 'shop_gone'}, missing: 0, expect: {value: 0}}
  - {name: "inconclusive: is NaN, which is not a number that can be compared", prometheus: {url: "{{ vars.url }}", query: 'sum(up) * 0 / 0'}, expect: {value: <= 1}}
  - {name: "inconclusive: is +Inf, which is not a number that can be compared", prometheus: {url: "{{ vars.url }}", query: 'sum(up) / 0'}, expect: {value: ">= 1"}}
  - {name: "inconclusive: the query gives ranges and not numbers", prometheus: {url: "{{ vars.url }}", query: 'up[1m]'}, expect: {value: 1}}
  - {name: "inconclusive: the query gives a text and not a number", prometheus: {url: "{{ vars.url }}", query: '"up"'}, expect: {value: 1}}
  - {name: "inconclusive: can't read the query: \"invalid parameter", prometheus: {url: "{{ vars.url }}", query: 'sum('}, expect: {value: 1}}
  - {name: "inconclusive: can't answer the query (execution)", prometheus: {url: "{{ vars.url }}", query: 'up + on() shop_seconds'}, expect: {value: 1}}
  - {name: "inconclusive: has no HTTP API of Prometheus (status 404)", prometheus: {url: "{{ vars.url }}/elsewhere", query: up}, expect: {value: 1}}
`

func TestQueriesAreAnsweredByPrometheusItself(t *testing.T) {
	server := startPrometheus(t, &exporter{})
	a := &account{greenlight: buildCommandLine(t), folder: t.TempDir()}
	for _, plan := range []string{scraped, queried} {
		a.judge(t, a.observe(t, strings.Replace(plan, "URL", server, 1)), strings.Count(plan, "{name: "))
	}
}
