package httpcheck_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
)

// quiet takes what servers would log of clients that go away.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func TestAnAnswerIsJudgedByAllThatIsExpectedOfIt(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header()["Server"] = r.URL.Query()["server"]
		status := http.StatusOK
		_, _ = fmt.Sscan(r.URL.Query().Get("status"), &status)
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
		if status == http.StatusFound {
			w.Header().Set("Location", "/login")
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead && status != http.StatusNoContent {
			_, _ = io.WriteString(w, `{"status": "ok", "total": 0}`)
		}
	})
	tests := []struct{ why, src, want string }{
		{"2xx is expected where nothing is", `http: GET /`, "passed"},
		{"any of them", `http: GET /?status=204`, "passed"},
		{"also of HEAD", `http: HEAD /`, "passed"},
		{"nothing else", `http: GET /?status=404`, "failed: GET http://green/?status=404: status is 404, expected 2xx"},
		{"2xx is expected beside other things", `{http: GET /?status=500, expect: {json: {$.status: ok}}}`, "failed: GET http://green/?status=500: status is 500, expected 2xx"},
		{"another status can be expected", `{http: GET /?status=404, expect: {status: [404, 410]}}`, "passed"},
		{"a redirect isn't followed, and said to be one", `http: GET /?status=302`, `failed: GET http://green/?status=302: status is 302 (location: "/login"), expected 2xx`},
		{"a redirect can be expected", `{http: GET /?status=302, expect: {status: 302, headers: {location: /login}}}`, "passed"},
		{"a header in any case", `{http: GET /, expect: {headers: {CONTENT-type: ~ ^application/json}}}`, "passed"},
		{"a header that isn't there", `{http: GET /, expect: {headers: {ETag: "!= a"}}}`, `failed: GET http://green/: header etag is missing, expected != "a"`},
		{"lines of one header are one list", `{http: GET /, expect: {headers: {x-many: "1, 2"}}}`, "passed"},
		{"the body", `{http: GET /, expect: {body: ~ ok}}`, "passed"},
		{"another body", `{http: GET /, expect: {body: ok}}`, `failed: GET http://green/: body is "{\"status\": \"ok\", \"total\": 0}", expected "ok"`},
		{"values in it", `{http: GET /, expect: {json: {$.status: ok, $.total: "> 0"}}}`, "failed: GET http://green/: $.total is 0, expected > 0"},
		{"a body that should be JSON", `{http: HEAD /, expect: {json: {$.status: ok}}}`, `failed: HEAD http://green/: body is not JSON (it is empty): "", expected JSON`},
		{"its size", `{http: GET /, expect: {size: < 20B}}`, "failed: GET http://green/: size is 28B, expected < 20B"},
		{"an assertion", `{http: GET /, expect: {assert: body.total > 0}}`, "failed: GET http://green/: body.total > 0 is false: body.total is 0"},
		{"an assertion without the body", `{http: GET /, expect: {assert: [status == 200, duration > 0, size == 28, 'headers["x-many"] == "1, 2"']}}`, "passed"},
		{"a certificate where there is none", `{http: GET /, expect: {certificate: {expires: "> 1d"}}}`, "failed: GET http://green/: certificate is missing, the answer came over plain HTTP, expected one"},
		{"what is false is told, the first three of it", `{http: GET /?status=500, expect: {headers: {a: b, c: d, e: f}, body: x}}`, `failed: GET http://green/?status=500: status is 500, expected 2xx; header a is missing, expected "b"; header c is missing, expected "d"; and 2 more`},
		{"a name without a value can't be judged", `{http: GET /, expect: {body: "{{ green.url }}"}}`, "inconclusive: GET http://green/: plan.yaml:1:31: {{ green.url }}: it has no value"},
		{"what is wrong beside it is still wrong", `{http: GET /?status=500, expect: {body: "{{ green.url }}"}}`, "failed: GET http://green/?status=500: status is 500, expected 2xx"},
		{"the load balancer's own error may pass", `http: GET /?status=503&server=awselb/2.0`, "failed, to be retried while rules spread: GET http://green/?status=503&server=awselb/2.0: status is 503 (from the load balancer itself), expected 2xx"},
		{"green's own error stays", `http: GET /?status=503&server=nginx`, "failed: GET http://green/?status=503&server=nginx: status is 503, expected 2xx"},
		{"the load balancer's other errors stay", `http: GET /?status=500&server=awselb/2.0`, "failed: GET http://green/?status=500&server=awselb/2.0: status is 500, expected 2xx"},
		{"the load balancer's error can be expected", `{http: GET /?status=503&server=awselb/2.0, expect: {status: 503}}`, "passed"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := withoutPort(outcome(ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestRequestsAreSentAsThePlanHasThem(t *testing.T) {
	got := make(chan string, 1)
	green := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- fmt.Sprintf("%s %s host=%s agent=%s type=%s a=%s body=%s",
			r.Method, r.RequestURI, r.Host, r.UserAgent(), r.Header.Get("Content-Type"), r.Header.Get("A"), body)
	})
	host := strings.TrimPrefix(green, "http://")
	tests := []struct{ why, base, src, want string }{
		{"the plan's agent by default", "", `http: GET /health`, "GET /health host=HOST agent=greenlight/1 type= a= body="},
		{"a path alone", "", `http: /`, "GET / host=HOST agent=greenlight/1 type= a= body="},
		{"a base with a path", "/shop/", `http: GET /health?x=1`, "GET /shop/health?x=1 host=HOST agent=greenlight/1 type= a= body="},
		{"a base with a query", "/shop?k=1", `http: {path: "/health?x=1", query: {a: "b c", d: [1, 2]}}`, "GET /shop/health?k=1&x=1&a=b+c&d=1&d=2 host=HOST agent=greenlight/1 type= a= body="},
		{"escapes stay as they are", "", `http: GET /a%2Fb/%C3%A4`, "GET /a%2Fb/%C3%A4 host=HOST agent=greenlight/1 type= a= body="},
		{"two slashes are a path", "", `http: GET //health`, "GET //health host=HOST agent=greenlight/1 type= a= body="},
		{"a whole URL", "", `http: HEAD ` + green + `/classic`, "HEAD /classic host=HOST agent=greenlight/1 type= a= body="},
		{"a body as text", "", `http: {method: POST, path: /, body: "x={{ green.image }}"}`, "POST / host=HOST agent=greenlight/1 type= a= body=x=shop:1"},
		{"a body as JSON", "", `http: {method: POST, path: /, json: {sku: "{{ vars.sku }}", of: "<{{ green.image }}>", none: null}}`, `POST / host=HOST agent=greenlight/1 type=application/json a= body={"none":null,"of":"<shop:1>","sku":42}`},
		{"a body as a form", "", `http: {method: POST, path: /, form: {a: "b&c", d: [1, 2]}}`, "POST / host=HOST agent=greenlight/1 type=application/x-www-form-urlencoded a= body=a=b%26c&d=1&d=2"},
		{"a body of GET", "", `http: {path: /, body: x}`, "GET / host=HOST agent=greenlight/1 type= a= body=x"},
		{"headers of the plan", "", `http: {path: /, json: 1, headers: {a: "{{ green.image }}", user-agent: me, content-type: text/x, host: shop.example}}`, "GET / host=shop.example agent=me type=text/x a=shop:1 body=1"},
		{"a value is one segment of a path", "", `http: GET /carts/{{ cart }}/items`, "GET /carts/a%2F..%2Fb%3Fc%23d%20e/items host=HOST agent=greenlight/1 type= a= body="},
		{"a value is one value of a query", "", `http: GET /?q={{ cart }}&r=1`, "GET /?q=a%2F..%2Fb%3Fc%23d+e&r=1 host=HOST agent=greenlight/1 type= a= body="},
		{"also in full", "", `http: {path: "/{{ cart }}", query: {q: "{{ cart }}"}}`, "GET /a%2F..%2Fb%3Fc%23d%20e?q=a%2F..%2Fb%3Fc%23d+e host=HOST agent=greenlight/1 type= a= body="},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			result := ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green + tt.base}, UserAgent: "greenlight/1"})
			if result.Outcome != check.Passed {
				t.Fatal(outcome(result))
			}
			if diff := cmp.Diff(strings.ReplaceAll(tt.want, "HOST", host), <-got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestAValueAtTheBeginningIsTheBeginningOfTheURL(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	known := check.Scope{Lookup: func(string) (any, error) { return green + "/base", nil }}
	if got := ask(t, `{http: "{{ green.url }}/x", expect: {body: /base/x}}`, httpcheck.Network{}, known); got.Outcome != check.Passed {
		t.Error(outcome(got))
	}
}

func TestANameInAScopeWithoutNamesIsInconclusive(t *testing.T) {
	c, err := decodeCheck(`http: GET /{{ cart }}`, httpcheck.Network{})
	if err != nil {
		t.Fatal(err)
	}
	got := outcome(c.Run(t.Context(), check.Scope{Green: check.Side{URL: "http://green"}}))
	if want := "inconclusive: GET /{{ cart }}: plan.yaml:1:12: {{ cart }}: no names are known here"; got != want {
		t.Errorf("the outcome is %s, want %s", got, want)
	}
}

func TestARequestThatCannotBeMadeIsInconclusive(t *testing.T) {
	tests := []struct{ why, src, green, want string }{
		{"nobody said where green is", `http: GET /health`, "", "inconclusive: GET /health: where green answers: it has no value"},
		{"where green is isn't a URL", `http: GET /health`, "green:80:80", `inconclusive: GET /health: green's URL: "green:80:80" is neither a path nor a URL: write /green:80:80, or begin with http:// or https://`},
		{"a name has no value", `http: GET /{{ green.url }}`, "http://green", "inconclusive: GET /{{ green.url }}: plan.yaml:1:12: {{ green.url }}: it has no value"},
		{"a value would begin another header", `http: {path: /, headers: {a: "{{ secret }}"}}`, "http://green", "inconclusive: GET /: plan.yaml:1:27: the value of the header a holds a line break or another control character"},
		{"a value is no URL", `http: "{{ green.image }}/x"`, "http://green", `inconclusive: GET {{ green.image }}/x: "shop:1/x" is neither a path nor a URL: write /shop:1/x, or begin with http:// or https://`},
		{"a file isn't there", `http: {path: /, tls: {ca: /no/such/file.pem}}`, "https://green", `inconclusive: GET /: tls.ca: reading the file "/no/such/file.pem": no such file or directory`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, outcome(ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: tt.green}}))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestAServerThatBreaksTheProtocolHasAnsweredWrongly(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	tests := []struct{ why, answer, want string }{
		{"another protocol", "SSH-2.0-OpenSSH_9.6\r\n", `failed: GET http://green/: the answer is not HTTP: malformed HTTP response "SSH-2.0-OpenSSH_9.6"`},
		{"binary noise", "\x00\x01\x02\x1b[31m\r\n\r\n", `failed: GET http://green/: the answer is not HTTP: malformed HTTP response "\x00\x01\x02\x1b[31m"`},
		{"a status that isn't one", "HTTP/1.1 abc OK\r\n\r\n", `failed: GET http://green/: the answer is not HTTP: malformed HTTP status code "abc"`},
		{"a header without a colon", head + "nonsense\r\n\r\n", `failed: GET http://green/: the answer is not HTTP: malformed MIME header: missing colon: "nonsense"`},
		{"a head without an end", head + "A: " + strings.Repeat("x", 300_000) + "\r\n\r\n", `failed: GET http://green/: the answer is not HTTP: server response headers exceeded 262144 bytes; aborted`},
		{"a chunk without a size", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", `failed: GET http://green/: the answer is not HTTP: invalid byte in chunk length`},
		{"a chunk that is longer than it says", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", `failed: GET http://green/: the answer is not HTTP: malformed chunked encoding`},
		{"a length that isn't one", head + "Content-Length: many\r\n\r\nok", `failed: GET http://green/: the answer is not HTTP: bad Content-Length "many"`},
		{"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nok", `failed: GET http://green/: the answer is not HTTP: message cannot contain multiple Content-Length headers; got ["1" "2"]`},
		{"gzip that isn't", head + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + strings.Repeat("x", 20), `failed: GET http://green/: the body is not gzip, which its content-encoding says that it is: invalid header`},
		{"a wrong status before it breaks", "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", `failed: GET http://green/: status is 500, expected 2xx`},
		{"a longer body than it says is read as far", head + "Content-Length: 2\r\n\r\nokHTTP/1.1 500 Oh\r\n\r\n", `passed`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			green := serveRaw(t, tt.answer)
			if diff := cmp.Diff(tt.want, withoutPort(outcome(ask(t, `http: GET /`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAnswerThatBreaksOffIsNone(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	tests := []struct{ why, answer, expect, want string }{
		{"closed at once", "", "", "the connection was closed before an answer"},
		{"closed in the head", head + "A: b", "", "the connection was closed in the head of the answer"},
		{"closed in the body", head + "Content-Length: 10\r\n\r\nok", "", "the connection was closed after 2 of 10 bytes of the body"},
		{"closed between chunks", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "", "the connection was closed in the body, after 2B"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			green := serveRaw(t, tt.answer)
			got := withoutPort(outcome(ask(t, `http: GET /`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			if want := "inconclusive, to be retried: GET http://green/: " + tt.want; got != want {
				t.Errorf("the outcome is\n%s, want\n%s", got, want)
			}
		})
	}
	t.Run("what is wrong already is wrong", func(t *testing.T) {
		green := serveRaw(t, head+"A: b\r\nContent-Length: 3000\r\n\r\n"+strings.Repeat("x", 2000))
		got := ask(t, `{http: GET /, expect: {headers: {a: c}, size: < 1kB, body: x, duration: < 1ns}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})
		if got.Outcome != check.Failed || !strings.Contains(got.Reason, `header a is "b", expected "c"; duration is over `) || !strings.Contains(got.Reason, "size is over 2kB, expected < 1kB") || strings.Contains(got.Reason, "body") {
			t.Errorf("the outcome is %s", outcome(got))
		}
	})
	t.Run("reset instead of an answer", func(t *testing.T) {
		green := serveConns(t, func(conn net.Conn) {
			// Closing with a request unread, and no time to linger, resets.
			_ = conn.(*net.TCPConn).SetLinger(0)
		})
		got := outcome(ask(t, `http: GET /`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}}))
		if want := "inconclusive, to be retried: GET " + green + "/: connection reset"; got != want {
			t.Errorf("the outcome is %s, want %s", got, want)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		green := "http://" + networktest.Silent(t)
		got := outcome(ask(t, `http: GET /`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}}))
		if want := "inconclusive, to be retried: GET " + green + "/: connection refused"; got != want {
			t.Errorf("the outcome is %s, want %s", got, want)
		}
	})
}

func TestAHostThatIsNotFoundIsNoAnswer(t *testing.T) {
	tests := []struct {
		why  string
		err  *net.DNSError
		want string
	}{
		{"there is none", &net.DNSError{Err: "no such host", Name: "green.example", IsNotFound: true}, `no such host "green.example"`},
		{"the server of names fails", &net.DNSError{Err: "server misbehaving", Name: "green.example", IsTemporary: true}, `looking up "green.example": server misbehaving`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			n := httpcheck.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: tt.err}
			}}
			got := outcome(ask(t, `http: GET http://green.example/`, n, check.Scope{}))
			if want := "inconclusive, to be retried: GET http://green.example/: " + tt.want; got != want {
				t.Errorf("the outcome is %s, want %s", got, want)
			}
		})
	}
}

func TestAProxyIsAskedWhereThereIsOne(t *testing.T) {
	asked := make(chan string, 1)
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.RequestURI
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	through := httpcheck.Network{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }}
	got := outcome(ask(t, `http: GET http://green.example/x`, through, check.Scope{}))
	if request := <-asked; got != "passed" || request != "GET http://green.example/x" {
		t.Errorf("the proxy was asked %s, and the outcome is %s", request, got)
	}
	got = outcome(ask(t, `http: GET https://green.example/x`, through, check.Scope{}))
	if want := "inconclusive, to be retried: GET https://green.example/x: the proxy of the environment (HTTPS_PROXY) didn't connect: it answered 403"; <-asked == "" || got != want {
		t.Errorf("a proxy that refuses gives %s, want %s", got, want)
	}
	away := httpcheck.Network{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://127.0.0.1:1") }}
	got = outcome(ask(t, `http: GET http://green.example/x`, away, check.Scope{}))
	if want := "inconclusive, to be retried: GET http://green.example/x: the proxy of the environment (HTTP_PROXY, HTTPS_PROXY): connection refused"; got != want {
		t.Errorf("a proxy that isn't there gives %s, want %s", got, want)
	}
}

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	var sent atomic.Int64
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		total := int64(1 << 30)
		_, _ = fmt.Sscan(r.URL.Query().Get("bytes"), &total)
		for left := total; left > 0; {
			n, err := w.Write(chunk[:min(left, int64(len(chunk)))])
			sent.Add(int64(n))
			if left -= int64(n); err != nil {
				return
			}
		}
	})
	const tooLong = "failed: GET http://green/: body is over 1 MiB, the most that is read, expected all of it for "
	tests := []struct{ why, src, want string }{
		{"a body of just the limit is whole", fmt.Sprintf(`{http: GET /?bytes=%d, expect: {body: ~ ^x+$}}`, httpcheck.MaxBody), "passed"},
		{"1 GB is judged without it", `http: GET /`, "passed"},
		{"what needs all of it can't be told", `{http: GET /, expect: {body: ~ x, json: {$.a: 1}, assert: body != ""}}`, tooLong + "body, json, assert"},
		{"nor its time", `{http: GET /, expect: {duration: < 100h}}`, tooLong + "duration"},
		{"nor its size", `{http: GET /, expect: {size: 1GiB}}`, tooLong + "size"},
		{"that it is too large can be told", `{http: GET /, expect: {size: < 1MiB}}`, "failed: GET http://green/: size is over 1MiB, expected < 1MiB"},
		{"and that it is large enough", `{http: GET /, expect: {size: "> 1kB"}}`, "passed"},
		{"an assertion on its head can be told", `{http: GET /, expect: {assert: status == 200}}`, "passed"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})
			if diff := cmp.Diff(tt.want, withoutPort(outcome(got), green)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if size := got.Requests[0].Size; size != httpcheck.MaxBody {
				t.Errorf("%d bytes of the body were read, want %d", size, httpcheck.MaxBody)
			}
		})
	}
	t.Run("1 GB takes no more memory than the limit", func(t *testing.T) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ask(t, `{http: GET /, expect: {body: ~ y}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})
		runtime.ReadMemStats(&after)
		// The buffer doubles as it grows; the connection, the server and the race detector come on top.
		if most := uint64(32 * httpcheck.MaxBody); after.TotalAlloc-before.TotalAlloc > most {
			t.Errorf("%d bytes were allocated, want %d at most", after.TotalAlloc-before.TotalAlloc, most)
		}
	})
}

func TestACompressionBombIsReadUpToTheLimitToo(t *testing.T) {
	var part bytes.Buffer
	zip := gzip.NewWriter(&part)
	if _, err := zip.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := bytes.Repeat(part.Bytes(), 64) // one after the other they are one file (RFC 1952, 2.2), which takes no time to make
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Error("gzip isn't accepted")
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb)
	})
	if len(bomb) >= httpcheck.MaxBody {
		t.Fatalf("the bomb has %d bytes, more than the limit itself", len(bomb))
	}
	got := withoutPort(outcome(ask(t, `{http: GET /, expect: {body: ~ x}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
	if want := "failed: GET http://green/: body is over 1 MiB, the most that is read, expected all of it for body"; got != want {
		t.Errorf("the outcome is %s, want %s", got, want)
	}
}

func TestEachRequestHasAConnectionOfItsOwn(t *testing.T) {
	remotes := make(chan string, 2)
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		remotes <- r.RemoteAddr
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusFound)
		}
	})
	if got := ask(t, `http: {path: /from, redirects: 1}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}}); got.Outcome != check.Passed {
		t.Fatal(outcome(got))
	}
	if first, second := <-remotes, <-remotes; first == second {
		t.Errorf("both requests came from %s", first)
	}
}

func TestWhatWasSentIsKeptAndLogged(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	var log bytes.Buffer
	scope := check.Scope{Green: check.Side{URL: green}, Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	got := ask(t, `http: {path: /from, redirects: 1}`, httpcheck.Network{}, scope)
	if len(got.Requests) != 2 {
		t.Fatalf("%d requests are kept, want 2: %+v", len(got.Requests), got.Requests)
	}
	host := strings.TrimPrefix(green, "http://")
	for i, want := range []check.Request{
		{Method: "GET", URL: green + "/from", Remote: host, Status: 302},
		{Method: "GET", URL: green + "/to", Remote: host, Status: 200, Size: 2},
	} {
		sent := got.Requests[i]
		if sent.Timings.Connect <= 0 || sent.Timings.FirstByte < sent.Timings.Connect || sent.Timings.Total < sent.Timings.FirstByte || sent.Timings.TLS != 0 {
			t.Errorf("the timings of %s don't add up: %+v", sent.URL, sent.Timings)
		}
		sent.Timings = check.Timings{}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", i, diff)
		}
	}
	for _, part := range []string{`"level":"DEBUG"`, `"url":"` + green + `/to"`, `"status":200`, `"size":2`, `"ms":{"dns":0,"connect":`, `"first_byte":`, `"total":`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log doesn't hold %s:\n%s", part, log.String())
		}
	}
}
