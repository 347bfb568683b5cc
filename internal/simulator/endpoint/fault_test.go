package endpoint_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
)

func TestAFaultSpeaksTheServicesProtocol(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	requests := map[string]func() *http.Request{
		"codedeploy": func() *http.Request {
			return request(t, "POST", "/", "{}", "X-Amz-Target", "CodeDeploy_20141006.GetDeployment")
		},
		"elasticloadbalancing": func() *http.Request {
			return request(t, "POST", "/", "Action=DescribeRules&Version=2015-12-01", "Content-Type", form)
		},
		"lambda": func() *http.Request { return request(t, "POST", "/2015-03-31/functions/f/invocations", "{}") },
	}
	tests := []struct {
		why, service string
		fault        endpoint.Fault
		status       int
		want         string
	}{
		{"JSON, throttled", "codedeploy", endpoint.Throttle(), 400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`},
		{"JSON, broken", "codedeploy", endpoint.InternalError(), 500, `"__type":"InternalFailure"`},
		{"JSON, garbage", "codedeploy", endpoint.Garbage(), 200, "<html>not what was asked for"},
		{"Query, throttled", "elasticloadbalancing", endpoint.Throttle(), 400, "<Error><Type>Sender</Type><Code>Throttling</Code>"},
		{"Query, broken", "elasticloadbalancing", endpoint.InternalError(), 500, "<Error><Type>Receiver</Type><Code>InternalFailure</Code>"},
		{"REST, throttled", "lambda", endpoint.Throttle(), 429, `"Message":"Rate exceeded"`},
		{"REST, broken", "lambda", endpoint.InternalError(), 500, `"Type":"Service"`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			e := endpoint.New(services()...)
			e.Before = func(s endpoint.Service, _ string, next http.Handler) http.Handler { return tt.fault(s, next) }
			w := httptest.NewRecorder()
			e.ServeHTTP(w, requests[tt.service]())
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("X-Amzn-Requestid") == "" {
				t.Errorf("got %d %s, want %d with %s", w.Code, w.Body, tt.status, tt.want)
			}
		})
	}
}

func TestARequestNamesItsOperation(t *testing.T) {
	all := services()
	all[4].Operation = func(r *http.Request) string { return "of " + r.URL.Path }
	e := endpoint.New(all...)
	var got string
	e.Before = func(s endpoint.Service, operation string, next http.Handler) http.Handler {
		got = s.Name + " " + operation
		return next
	}
	for want, asked := range map[string]*http.Request{
		"codedeploy GetDeployment":        request(t, "POST", "/", "{}", "X-Amz-Target", "CodeDeploy_20141006.GetDeployment"),
		"sts GetCallerIdentity":           request(t, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", ""),
		"lambda of /2015-03-31/functions": request(t, "GET", "/2015-03-31/functions", ""),
	} {
		e.ServeHTTP(httptest.NewRecorder(), asked)
		if got != want {
			t.Errorf("it is %q, want %q", got, want)
		}
	}
}
