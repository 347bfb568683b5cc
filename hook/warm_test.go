package hook

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// serveTLS serves f with a certificate of the test's own, and returns a reporter that trusts it.
func serveTLS(t *testing.T, f *fakeCodeDeploy) (*httptest.Server, *CodeDeployReporter) {
	t.Helper()
	srv := httptest.NewUnstartedServer(f)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.ConnState = f.countConnections
	srv.StartTLS()
	t.Cleanup(srv.Close)
	r := NewCodeDeployReporter(testConfig(srv.URL, awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.Proxy = nil
		tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	})))
	t.Cleanup(r.warmer.CloseIdleConnections)
	return srv, r
}

func TestConnectionOpenedAheadIsTheOneThatReports(t *testing.T) {
	fakeTLS, fakePlain := &fakeCodeDeploy{}, &fakeCodeDeploy{}
	_, overTLS := serveTLS(t, fakeTLS)
	for why, tt := range map[string]struct {
		fake     *fakeCodeDeploy
		reporter *CodeDeployReporter
	}{
		"https": {fakeTLS, overTLS},
		"http":  {fakePlain, onLoopback(t, fakePlain)},
	} {
		t.Run(why, func(t *testing.T) {
			if err := tt.reporter.warm(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"a", "b", "c"} {
				if err := tt.reporter.Report(t.Context(), Execution{DeploymentID: "d-1", ID: id}, Succeeded); err != nil {
					t.Fatal(err)
				}
			}
			calls, _ := tt.fake.seen()
			if n := tt.fake.connections(); n != 1 || len(calls) != 3 {
				t.Errorf("%d calls came over %d connections, want 3 over 1", len(calls), n)
			}
		})
	}
}

// A function's own calls to CodeDeploy go over the connection that was opened ahead for the report.
func TestOneConfigurationSharesTheConnectionOpenedAhead(t *testing.T) {
	fake := &fakeCodeDeploy{}
	srv := httptest.NewUnstartedServer(fake)
	srv.Config.ConnState = fake.countConnections
	srv.Start()
	t.Cleanup(srv.Close)
	cfg, err := LambdaConfig(lambdaEnv(map[string]string{"AWS_ENDPOINT_URL_CODEDEPLOY": srv.URL}))
	if err != nil {
		t.Fatal(err)
	}
	warm, _ := warmClient(cfg.HTTPClient)
	warm.Proxy = nil
	t.Cleanup(warm.CloseIdleConnections)
	client := codedeploy.NewFromConfig(cfg)
	h := New(Func(func(ctx context.Context, e Execution) error {
		_, err := client.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: aws.String("another"), LifecycleEventHookExecutionId: &e.ID, Status: types.LifecycleEventStatusSucceeded,
		})
		return err
	}), WithConfig(cfg), WithLogger(quiet()))
	h.prepare()
	if _, err := h.Invoke(t.Context(), []byte(testEvent)); err != nil {
		t.Fatal(err)
	}
	_, accepted := fake.seen()
	if n := fake.connections(); n != 1 || len(accepted) != 2 {
		t.Errorf("%d calls came over %d connections, want 2 over 1", len(accepted), n)
	}
}

func TestConnectionThatTheServerClosedIsReplaced(t *testing.T) {
	fake := &fakeCodeDeploy{}
	srv, r := serveTLS(t, fake)
	if err := r.warm(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	r.warmer.conns[0].SetStateHook(func(c *http.ClientConn) {
		if c.Err() != nil {
			close(closed)
		}
	})
	srv.CloseClientConnections()
	<-closed
	if err := r.Report(t.Context(), testExecution, Succeeded); err != nil {
		t.Fatal(err)
	}
	if n := fake.connections(); n != 2 {
		t.Errorf("got %d connections, want a second", n)
	}
}

func TestConnectionInUseIsNotWaitedFor(t *testing.T) {
	fake := &fakeCodeDeploy{}
	_, r := serveTLS(t, fake)
	if err := r.warm(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := r.warmer.conns[0].Reserve(); err != nil {
		t.Fatal(err)
	}
	if err := r.Report(t.Context(), testExecution, Succeeded); err != nil {
		t.Fatal(err)
	}
	r.warmer.conns[0].Release()
	if n := fake.connections(); n != 2 {
		t.Errorf("got %d connections, want a second", n)
	}
}

func TestAsManyConnectionsAreOpenedAheadAsTheDeciderAsksFor(t *testing.T) {
	for _, tt := range []struct {
		why   string
		n     int
		calls int // side by side
		want  int
	}{
		{"one, that the report needs", 0, 1, 1},
		{"two calls find one each", 2, 2, 2},
		{"a third one opens its own", 2, 3, 3},
	} {
		t.Run(tt.why, func(t *testing.T) {
			fake := &fakeCodeDeploy{}
			_, r := serveTLS(t, fake)
			h := New(Func(func(context.Context, Execution) error { return nil }), WithReporter(r), WithLogger(quiet()), WithConnections(tt.n))
			h.prepare()
			opened := len(r.warmer.conns)
			for range tt.calls - 1 { // which are under way
				if conn := r.warmer.reserve(endpointOf(t, r)); conn != nil {
					defer conn.Release()
				}
			}
			if err := r.Report(t.Context(), testExecution, Succeeded); err != nil {
				t.Fatal(err)
			}
			if n := fake.connections(); n != tt.want || opened != max(tt.n, 1) {
				t.Errorf("%d connections were opened ahead, and %d in all, want %d", opened, n, tt.want)
			}
		})
	}
}

func endpointOf(t *testing.T, r *CodeDeployReporter) *url.URL {
	t.Helper()
	u, err := url.Parse(*r.options().BaseEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestWarmingTwiceKeepsOneConnection(t *testing.T) {
	_, r := serveTLS(t, &fakeCodeDeploy{})
	for range 2 {
		if err := r.warm(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	first := r.warmer.conns[0]
	if err := r.warm(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if first.Err() == nil {
		t.Error("the connection before is still open")
	}
}

func TestEndpointThatCannotBeReachedAhead(t *testing.T) {
	t.Run("an unknown certificate is told", func(t *testing.T) {
		srv, _ := serveTLS(t, &fakeCodeDeploy{})
		r := NewCodeDeployReporter(testConfig(srv.URL, awshttp.NewBuildableClient().WithTransportOptions(
			func(tr *http.Transport) { tr.Proxy = nil })))
		if err := r.warm(t.Context(), 1); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("what does not answer is given up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		srv, r := serveTLS(t, &fakeCodeDeploy{})
		hello := make(chan struct{})
		srv.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			<-hello
			return nil, http.ErrAbortHandler
		}
		defer close(hello)
		if err := r.warm(ctx, 1); err == nil || ctx.Err() == nil {
			t.Errorf("got error %v before its time", err)
		}
	})
	t.Run("a client of the caller's own is left alone", func(t *testing.T) {
		own := &http.Client{}
		r := NewCodeDeployReporter(testConfig("http://127.0.0.1:1", own))
		if err := r.warm(t.Context(), 1); err != nil || r.options().HTTPClient != own {
			t.Errorf("got %v with client %v", err, r.options().HTTPClient)
		}
	})
}

func TestOrigin(t *testing.T) {
	for _, tt := range []struct{ why, url, want string }{
		{"https has a port of its own", "https://codedeploy.eu-central-1.amazonaws.com/", "https://codedeploy.eu-central-1.amazonaws.com:443"},
		{"so has http", "http://localhost", "http://localhost:80"},
		{"a given port stays", "https://127.0.0.1:8443", "https://127.0.0.1:8443"},
		{"an IPv6 address keeps its brackets", "http://[::1]:4566", "http://[::1]:4566"},
		{"and gets them where a port is added", "https://[::1]", "https://[::1]:443"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := origin(req.URL); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
