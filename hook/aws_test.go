package hook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// A fakeAWS is CodeDeploy, and the calls of ECS and Lambda that hooks make. It refuses requests whose signature
// doesn't fit what arrived.
type fakeAWS struct {
	fakeCodeDeploy

	// answer is given to call n, counted from 1, of ECS and Lambda; nil answers as they do when all is well.
	answer func(n int, c awsCall) awsAnswer

	mu    sync.Mutex
	calls []awsCall
}

type awsCall struct {
	service   string
	operation string // of ECS
	path      string
	query     string
	header    http.Header
	body      string
}

// An awsAnswer is an answer; without a status none comes.
type awsAnswer struct {
	status int
	header map[string]string
	body   string
}

func refusal(status int, code string) awsAnswer {
	return awsAnswer{status: status, body: fmt.Sprintf(`{"__type":"com.amazonaws.ecs#%s","message":"a message from the fake"}`, code)}
}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") == putTarget {
		f.fakeCodeDeploy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c := awsCall{service: "lambda", path: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header, body: string(body)}
	if target, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonEC2ContainerServiceV20141113."); ok {
		c.service, c.operation = "ecs", target
	}
	a := awsAnswer{status: http.StatusOK, body: `{}`}
	if c.service == "lambda" {
		a = awsAnswer{status: http.StatusAccepted}
	}
	if problem := wrongSignature(r, body, c.service); problem != "" {
		a = awsAnswer{status: http.StatusForbidden, header: map[string]string{"X-Amzn-Errortype": "InvalidSignatureException:" + problem}}
	}
	f.mu.Lock()
	f.calls = append(f.calls, c)
	n := len(f.calls)
	f.mu.Unlock()
	if f.answer != nil && a.status < 300 {
		a = f.answer(n, c)
	}
	if a.status == 0 {
		<-r.Context().Done()
		return
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// seenCalls are those of ECS and Lambda.
func (f *fakeAWS) seenCalls() []awsCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]awsCall(nil), f.calls...)
}

// wrongSignature signs what arrived as it says that it was signed, and compares.
func wrongSignature(r *http.Request, body []byte, service string) string {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err.Error()
	}
	if age := time.Since(at); age < -5*time.Minute || age > 5*time.Minute {
		return "it is too old"
	}
	again, err := http.NewRequestWithContext(context.Background(), r.Method, "http://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	for name := range strings.SplitSeq(names, ";") {
		if name != "host" && name != "content-length" {
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, again, hex.EncodeToString(hash[:]), service, "eu-central-1", at); err != nil {
		return err.Error()
	}
	if want, got := again.Header.Get("Authorization"), r.Header.Get("Authorization"); got != want {
		return "it is not " + want
	}
	return ""
}

// awsOnLoopback serves f on a real socket.
func awsOnLoopback(t *testing.T, f *fakeAWS) aws.Config {
	t.Helper()
	srv := httptest.NewUnstartedServer(f)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	warm, client := warmClient(awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.Proxy = nil }))
	t.Cleanup(warm.CloseIdleConnections)
	return testConfig(srv.URL, client)
}

const functionARN = "arn:aws:lambda:eu-central-1:123456789012:function:CodeDeployHook_greenlight"

// invoked is the context of an invocation by Lambda of the function with this ARN.
func invoked(ctx context.Context, arn string, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{InvokedFunctionArn: arn}), timeout)
}

// A deciderFunc is a function as a Decider.
type deciderFunc func(ctx context.Context, e Execution) Verdict

func (f deciderFunc) Decide(ctx context.Context, e Execution) Verdict { return f(ctx, e) }

// ecsSaid reads an answer to ECS, strictly: it has no other members.
func ecsSaid(t *testing.T, raw []byte) ecsAnswer {
	t.Helper()
	var a ecsAnswer
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil {
		t.Fatalf("the answer %s can't be read: %v", raw, err)
	}
	return a
}
