package httpcheck_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestARequestSaysWhoAsksByBasicAuth(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "ann" || password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	})
	scope := check.Scope{Green: check.Side{URL: green}}
	for _, tt := range []struct{ why, src, want string }{
		{"name and password", `http: {path: /, basic_auth: {username: ann, password: hunter2}}`, "passed"},
		{"another password", `http: {path: /, basic_auth: {username: ann, password: hunter3}}`, "failed: GET http://green/: status is 401, expected 2xx"},
		{"what comes back of it is masked", `{http: {path: /, basic_auth: {username: ann, password: hunter2}}, expect: {body: x}}`, `failed: GET http://green/: body is "Basic ***", expected "x"`},
		{"a name with a colon can't be told from the password", `http: {path: /, basic_auth: {username: "{{ green.image }}", password: c}}`, "inconclusive: GET http://green/: plan.yaml:1:40: the username holds a colon, which ends it"},
		{"a password without a value", `http: {path: /, basic_auth: {username: a, password: "{{ green.url }}"}}`, "inconclusive: GET http://green/: plan.yaml:1:54: {{ green.url }}: it has no value"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, withoutPort(outcome(ask(t, tt.src, httpcheck.Network{}, scope)), green)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestWhoAsksIsNotToldToAnotherHost(t *testing.T) {
	got := make(chan string, 1)
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") })
	green := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusTemporaryRedirect) })
	n := httpcheck.Network{AWS: credentials}
	for _, identity := range []string{
		`basic_auth: {username: ann, password: hunter2}`, `aws: {service: execute-api}`,
		`oauth2: {token_url: "` + tokenServer(t, nil) + `", client_id: shop, client_secret: hunter2}`,
	} {
		src := `http: {path: /, redirects: {max: 1, other_hosts: true}, ` + identity + `}`
		if result := ask(t, src, n, check.Scope{Green: check.Side{URL: green}}); result.Outcome != check.Passed {
			t.Fatal(outcome(result))
		}
		if authorization := <-got; authorization != "" {
			t.Errorf("%s: another host was told %q", identity, authorization)
		}
	}
}

func TestAClientsCertificateIsNotShownToAnotherHost(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	shown := make(chan string, 2)
	server := func(to *string) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			names := ""
			for _, cert := range r.TLS.PeerCertificates {
				names += cert.Subject.CommonName
			}
			shown <- names
			if to != nil {
				http.Redirect(w, r, *to, http.StatusFound)
			}
		}))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{ca.sign(t, template("green"))}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	other := server(nil)
	green := server(&other)
	cert, key := pair(t, ca.sign(t, template("gate")))
	src := fmt.Sprintf(`http: {path: /, redirects: {max: 1, other_hosts: true}, tls: {cert: %q, key: %q}}`, cert, key)
	got := ask(t, src, httpcheck.Network{Roots: ca.pool()}, check.Scope{Green: check.Side{URL: green}})
	if first, second := <-shown, <-shown; got.Outcome != check.Passed || first != "gate" || second != "" {
		t.Errorf("%s: green was shown %q, and the other host %q", outcome(got), first, second)
	}
}

func TestWhereARedirectToAnotherHostCannotBeFollowedIsTold(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	cert := ca.sign(t, template("green"))
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain, http.StatusFound) }))
	s.TLS, s.EnableHTTP2 = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, true
	s.StartTLS()
	t.Cleanup(s.Close)
	src := `http: {path: /, version: 2, redirects: {max: 1, other_hosts: true}}`
	got := strings.ReplaceAll(outcome(ask(t, src, httpcheck.Network{Roots: ca.pool()}, check.Scope{Green: check.Side{URL: s.URL, Host: "127.0.0.1"}})), s.URL, "GREEN")
	if want := "inconclusive: GET GREEN/: version: 2 is HTTP/2 over TLS, and the URL is one of http: h2c is HTTP/2 without TLS"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

func credentials() (aws.Config, error) {
	return aws.Config{Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: "session-token"}, nil
	})}, nil
}

// verify checks version 4 of AWS's signature as a server does that knows the secret, without the SDK's signer.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func verify(r *http.Request, body []byte) (string, error) {
	credential, rest, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), ", SignedHeaders=")
	signed, signature, found := strings.Cut(rest, ", Signature=")
	parts := strings.Split(credential, "/")
	if !found || len(parts) != 5 || parts[0] != accessKey {
		return "", fmt.Errorf("the authorization is %q", r.Header.Get("Authorization"))
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if hash == "" {
		sum := sha256.Sum256(body)
		hash = hex.EncodeToString(sum[:])
	}
	path := r.URL.EscapedPath()
	if parts[3] != "s3" { // others escape what is escaped once more
		path = strings.ReplaceAll(path, "%", "%25")
	}
	request := sha256.Sum256([]byte(strings.Join([]string{r.Method, path, canonicalQuery(r.URL.Query()), headers.String(), signed, hash}, "\n")))
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(parts[1:], "/"), hex.EncodeToString(request[:])}, "\n")
	key := []byte("AWS4" + secretKey)
	for _, s := range append(parts[1:], toSign) {
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, s)
		key = mac.Sum(nil)
	}
	if hex.EncodeToString(key) != signature {
		return "", errors.New("the signature is of something else")
	}
	if strings.Contains(signed, "accept-encoding") || r.Header.Get("Accept-Encoding") != "gzip" {
		return "", fmt.Errorf("what is accepted, %q, is signed or lost", r.Header.Get("Accept-Encoding"))
	}
	return strings.Join(parts[2:4], " ") + " " + r.Header.Get("X-Amz-Security-Token") + " " + r.Header.Get("X-Amz-Content-Sha256"), nil
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, strings.ReplaceAll(url.QueryEscape(name)+"="+url.QueryEscape(v), "+", "%20"))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func TestRequestsAreSignedForAWS(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		who, err := verify(r, body)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			who = err.Error()
		}
		_, _ = io.WriteString(w, who)
	})
	scope := check.Scope{Green: check.Side{URL: green, Host: "abc.execute-api.eu-west-1.amazonaws.com"}, UserAgent: "greenlight/1"}
	hashed := sha256.Sum256([]byte("x"))
	for _, tt := range []struct{ why, src, want string }{
		{"API Gateway, in the function's own region", `{http: {path: /prod/orders, aws: {service: execute-api}}, expect: {body: "eu-west-1 execute-api session-token "}}`, "passed"},
		{"another region", `{http: {path: /, aws: {service: execute-api, region: us-east-1}}, expect: {body: ~ ^us-east-1}}`, "passed"},
		{"a function URL, with a body", `{http: {method: POST, path: /, json: {a: 1}, aws: {service: lambda}}, expect: {body: ~ lambda}}`, "passed"},
		{"a query, in any order, and characters that are escaped", `{http: {path: "/a%20b/{{ cart }}", query: {z: "1 2", a: ["ä&=", "*"]}, aws: {service: execute-api}}}`, "passed"},
		{"headers of the plan are signed", `{http: {path: /, headers: {x-tenant: blue}, aws: {service: execute-api}}}`, "passed"},
		{"VPC Lattice takes no hash of a body", `{http: {method: POST, path: /, body: x, aws: {service: vpc-lattice-svcs}}, expect: {body: ~ UNSIGNED-PAYLOAD$}}`, "passed"},
		{"S3 wants the hash in a header", `{http: {method: PUT, path: /a b, body: x, aws: {service: s3}}, expect: {body: ~ ` + hex.EncodeToString(hashed[:]) + `$}}`, "passed"},
		{"a service that has no value", `{http: {path: /, aws: {service: "{{ green.url }}"}}}`, "inconclusive: GET http://green/: plan.yaml:1:34: {{ green.url }}: it has no value"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			src := strings.ReplaceAll(tt.src, "/a b", "/a%20b")
			if diff := cmp.Diff(tt.want, withoutPort(outcome(ask(t, src, httpcheck.Network{AWS: credentials}, scope)), green)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", src, diff)
			}
		})
	}
}

func TestARequestThatCannotBeSignedIsInconclusive(t *testing.T) {
	green := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("an unsigned request was sent") })
	for _, tt := range []struct {
		why  string
		aws  func() (aws.Config, error)
		want string
	}{
		{"nobody gives credentials", nil, "inconclusive: GET http://green/: no AWS credentials are known here to sign the request with"},
		{"the environment has none", func() (aws.Config, error) { return aws.Config{}, errors.New("AWS_REGION is not set") }, "inconclusive: GET http://green/: signing the request for AWS: AWS_REGION is not set"},
		{"there is no region", func() (aws.Config, error) { return aws.Config{}, nil }, "inconclusive: GET http://green/: signing the request for AWS: there is no region (aws: {region: …}), or there are no credentials"},
		{"they can't be had at the moment", func() (aws.Config, error) {
			return aws.Config{Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("no answer")
			})}, nil
		}, "inconclusive, to be retried: GET http://green/: no AWS credentials to sign the request with: no answer"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := ask(t, `http: {path: /, aws: {service: execute-api}}`, httpcheck.Network{AWS: tt.aws}, check.Scope{Green: check.Side{URL: green}})
			if diff := cmp.Diff(tt.want, withoutPort(outcome(got), green)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
