// Package cloud is an AWS account in tests that has what a CloudFormation stack makes, for who reads accounts.
//
// The load balancer, the ECS service and the deployment group are made in the simulator, through the operations by which
// CloudFormation makes them in AWS, and deployments go through them. What the simulator doesn't have is answered from the stack's
// resources: IAM's roles, their policies and what these allow, EC2's network, CloudWatch's alarms and Lambda's functions. What a
// stack is given from outside of it, subnets and their routes, a [Network] says; secrets and objects of S3 are in [Config].
//
// Nothing is left out silently: a resource, a property, an operation or a parameter that this package doesn't know fails the test.
package cloud

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// Config is what an account is made of.
type Config struct {
	Stack *cfntest.Stack
	// Region and Account are the stack's.
	Region, Account string
	Network         Network
	// Ringing are the names of alarms in ALARM; all others are OK.
	Ringing []string
	// Parameters are the names of secrets in the Parameter Store, each a path.
	Parameters []string
	// Objects are what lies in S3, by s3://bucket/key.
	Objects map[string]string
	// Denied are IAM actions that nobody who asks the account may take, such as iam:SimulatePrincipalPolicy.
	Denied []string
}

// T is the test that an account is for, a *testing.T.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(f func())
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Error(args ...any)
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
}

// Account is an account that answers. It ends with its test.
type Account struct {
	Config

	t         T
	simulator *simulator.Simulator
	server    *httptest.Server
	forward   *httputil.ReverseProxy
	making    clients
	// made is what the simulator calls a resource, by what the stack does.
	made map[string]string
	// shown replaces what of an answer is this machine's: the ports of listeners.
	shown []string
}

// Start makes the account, with the stack in it. Nothing has been deployed by CodeDeploy in it.
func Start(t T, c Config) *Account {
	t.Helper()
	a := &Account{Config: c, t: t, made: map[string]string{}}
	var err error
	a.simulator, err = simulator.Start(t.Context(), simulator.Config{
		Region: c.Region, AccountID: c.Account, Clock: clock.Instant(), Tasks: task,
		// It must have something to deploy. The stack's is made beside it.
		Alias: &simulator.FunctionAlias{Function: "unused", Name: "unused"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.simulator.Close(); err != nil {
			t.Error(err)
		}
	})
	target, err := url.Parse(a.simulator.EndpointURL())
	if err != nil {
		t.Fatal(err)
	}
	a.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }, ModifyResponse: a.show, Transport: a.transport(),
	}
	a.making = newClients(a.settings(a.simulator.EndpointURL()))
	a.makeAll()
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

// task is a version of any service that is well.
func task(context.Context, string) (simulator.Task, error) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return simulator.Task{URL: server.URL, Stop: func() error { server.Close(); return nil }}, nil
}

// AWS are the settings of clients that ask the account.
func (a *Account) AWS() aws.Config { return a.settings(a.server.URL) }

func (a *Account) settings(endpoint string) aws.Config {
	return aws.Config{
		Region: a.Region, BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
		HTTPClient: &http.Client{Transport: a.transport()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// transport is one without the proxies of the developer's shell.
func (a *Account) transport() *http.Transport {
	transport := &http.Transport{}
	a.t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// ServeHTTP answers a request to whichever service it was signed for.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch service := signedFor(r); service {
	case "iam", "ec2", "monitoring":
		a.answerQuery(w, r, service)
	case "lambda":
		a.answerLambda(w, r)
	case "s3":
		a.answerObjects(w, r)
	case "ssm":
		a.answerParameters(w, r)
	case "codedeploy", "ecs", "elasticloadbalancing":
		a.forward.ServeHTTP(w, r)
	default:
		a.t.Errorf("the account was asked for the service %q, which it doesn't have: %s %s", service, r.Method, r.URL)
		w.WriteHeader(http.StatusNotImplemented)
	}
}

// signedFor is the service in a signature's scope.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func signedFor(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ := strings.Cut(credential, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		return parts[3]
	}
	return ""
}

func (a *Account) denies(action string) bool { return slices.Contains(a.Denied, action) }

// find finds a resource of a type by its name.
func (a *Account) find(kind, name string) (*cfntest.Resource, bool) {
	all := a.Stack.Find(kind)
	i := slices.IndexFunc(all, func(r *cfntest.Resource) bool { return r.Name == name })
	if i < 0 {
		return nil, false
	}
	return all[i], true
}
