//go:build unix

package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// api is a client that knows nothing but HTTP.
type api struct {
	t   *testing.T
	url string
}

func endpoint(t *testing.T, s *lambda.Service) api {
	t.Helper()
	return api{t, serve(t, s.Endpoint().ServeHTTP) + "/2015-03-31/functions"}
}

// answered is what came back.
type answered struct {
	status int
	header http.Header
	body   string
}

// members is the body as JSON.
func (a answered) members(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return m
}

func (c api) do(method, path, body string, header ...string) answered {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if !uuid.MatchString(response.Header.Get("X-Amzn-RequestId")) {
		c.t.Errorf("%s %s: request id %q", method, path, response.Header.Get("X-Amzn-RequestId"))
	}
	return answered{response.StatusCode, response.Header, string(text)}
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestInvokeWaitsForTheAnswer(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	c := endpoint(t, s)
	t.Run("and gives the result with its version", func(t *testing.T) {
		got := c.do("POST", "/hook/invocations", `{"Do":"echo","Text":"hello"}`)
		if got.status != 200 || got.body != `"hello"` || got.header.Get("X-Amz-Executed-Version") != "$LATEST" {
			t.Errorf("%d %s %v", got.status, got.body, got.header)
		}
		if _, has := got.header["X-Amz-Function-Error"]; has {
			t.Error("it is marked as an error")
		}
		if _, has := got.header["X-Amz-Log-Result"]; has {
			t.Error("nobody asked for the log")
		}
		if run := <-r.invocations; run.Result.RequestID != got.header.Get("X-Amzn-Requestid") {
			t.Error("the answer has another request id than the invocation")
		}
	})
	t.Run("and marks a function error", func(t *testing.T) {
		got := c.do("POST", "/hook/invocations", `{"Do":"fail"}`)
		if got.status != 200 || got.header.Get("X-Amz-Function-Error") != "Unhandled" || got.body != `{"errorType":"Boom","errorMessage":"it broke"}` {
			t.Errorf("%d %s %v", got.status, got.body, got.header)
		}
	})
	t.Run("and gives the end of the log where it is asked for", func(t *testing.T) {
		got := c.do("POST", "/hook/invocations", `{"Do":"log","Text":"a line\n"}`, "X-Amz-Log-Type", "Tail", "X-Amz-Invocation-Type", "RequestResponse")
		log, err := base64.StdEncoding.DecodeString(got.header.Get("X-Amz-Log-Result"))
		if err != nil || !strings.HasPrefix(string(log), "START RequestId: ") || !strings.Contains(string(log), "\na line\n") {
			t.Errorf("log %q, %v", log, err)
		}
	})
	t.Run("by an ARN, escaped or not", func(t *testing.T) {
		for _, name := range []string{s.ARN("hook"), strings.ReplaceAll(s.ARN("hook"), ":", "%3A"), "123456789012:function:hook"} {
			if got := c.do("POST", "/"+name+"/invocations", `{"Do":"echo","Text":"x"}`); got.body != `"x"` {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
	})
}

func TestInvokeWithoutABodyIsAnEmptyObject(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	if got := endpoint(t, s).do("POST", "/hook/invocations", ""); got.body != "{}" {
		t.Errorf("the event was %q", got.body)
	}
}

func TestInvokeTakesAnEventForLater(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	got := endpoint(t, s).do("POST", "/hook/invocations", `{"a":1}`, "X-Amz-Invocation-Type", "Event")
	if got.status != 202 || got.body != "" {
		t.Errorf("%d %q", got.status, got.body)
	}
	if run := <-r.invocations; run.Result.RequestID != got.header.Get("X-Amzn-Requestid") || string(run.Result.Payload) != `{"a":1}` {
		t.Errorf("it ran as %s with %s", run.Result.RequestID, run.Result.Payload)
	}
}

func TestADryRunRunsNothing(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	got := endpoint(t, s).do("POST", "/hook/invocations", `{}`, "X-Amz-Invocation-Type", "DryRun")
	if got.status != 204 || got.body != "" {
		t.Errorf("%d %q", got.status, got.body)
	}
	s.Close()
	if len(r.invocations) != 0 {
		t.Error("it ran")
	}
}

func TestHowTheEndpointRefuses(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	throttled := webhook(t, echo)
	throttled.Name = "busy"
	create(t, s, throttled)
	if _, err := s.Inject("busy", lambda.Fault{Throttled: true}); err != nil {
		t.Fatal(err)
	}
	c := endpoint(t, s)
	c.do("POST", "/hook/versions", "")
	c.do("POST", "/hook/aliases", `{"Name":"live","FunctionVersion":"1"}`)
	tests := []struct {
		why, method, path, body string
		header                  []string
		status                  int
		code                    string
		member, says            string // where the message stands, and a part of it
	}{
		{"no such function", "POST", "/other/invocations", "{}", nil, 404, "ResourceNotFoundException", "Message", "Function not found: arn:aws:lambda:us-east-1:123456789012:function:other"},
		{"no such version", "POST", "/hook/invocations?Qualifier=7", "{}", nil, 404, "ResourceNotFoundException", "Message", "function:hook:7"},
		{"two qualifiers that differ", "POST", "/hook:1/invocations?Qualifier=2", "{}", nil, 400, "InvalidParameterValueException", "message", "qualifier"},
		{"an event that isn't JSON", "POST", "/hook/invocations", "{", nil, 400, "InvalidRequestContentException", "message", "Could not parse request body into json"},
		{"an event over 6 MB", "POST", "/hook/invocations", `"` + strings.Repeat("x", 6<<20) + `"`, nil, 413, "RequestTooLargeException", "message", "6291456"},
		{"an unknown invocation type", "POST", "/hook/invocations", "{}", []string{"X-Amz-Invocation-Type", "Later"}, 400, "ValidationException", "message", "Later"},
		{"an unknown log type", "POST", "/hook/invocations", "{}", []string{"X-Amz-Log-Type", "Head"}, 400, "ValidationException", "message", "Head"},
		{"at the limit of concurrency", "POST", "/busy/invocations", "{}", nil, 429, "TooManyRequestsException", "message", "Rate Exceeded."},
		{"no such function to look up", "GET", "/other", "", nil, 404, "ResourceNotFoundException", "Message", "function:other"},
		{"nor its configuration", "GET", "/other/configuration", "", nil, 404, "ResourceNotFoundException", "Message", "function:other"},
		{"nor its versions", "GET", "/other/versions", "", nil, 404, "ResourceNotFoundException", "Message", "function:other"},
		{"nor its aliases", "GET", "/other/aliases", "", nil, 404, "ResourceNotFoundException", "Message", "function:other"},
		{"nothing to publish of", "POST", "/other/versions", "", nil, 404, "ResourceNotFoundException", "Message", "function:other"},
		{"other code than was meant", "POST", "/hook/versions", `{"CodeSha256":"x"}`, nil, 400, "InvalidParameterValueException", "message", "CodeSHA256 (x) is different"},
		{"a state that is over", "POST", "/hook/versions", `{"RevisionId":"x"}`, nil, 412, "PreconditionFailedException", "message", "Revision Id"},
		{"no such alias", "GET", "/hook/aliases/gone", "", nil, 404, "ResourceNotFoundException", "Message", "function:hook:gone"},
		{"nor to change", "PUT", "/hook/aliases/gone", "{}", nil, 404, "ResourceNotFoundException", "Message", "function:hook:gone"},
		{"an alias that is there", "POST", "/hook/aliases", `{"Name":"live","FunctionVersion":"1"}`, nil, 409, "ResourceConflictException", "message", "Alias already exists"},
		{"an alias without a version", "POST", "/hook/aliases", `{"Name":"b"}`, nil, 400, "ValidationException", "message", "functionVersion"},
		{"an alias of a state that is over", "PUT", "/hook/aliases/live", `{"RevisionId":"x"}`, nil, 412, "PreconditionFailedException", "message", "Revision Id"},
		{"a body that isn't JSON", "PUT", "/hook/aliases/live", `{`, nil, 400, "InvalidRequestContentException", "message", "Could not parse"},
		{"a page of nothing", "GET", "/?MaxItems=0", "", nil, 400, "ValidationException", "message", "maxItems"},
		{"a marker of somebody else", "GET", "/?Marker=x", "", nil, 400, "InvalidParameterValueException", "message", "Marker"},
		{"a version of all functions", "GET", "/?FunctionVersion=1", "", nil, 400, "ValidationException", "message", "functionVersion"},
		{"a try of what isn't there", "POST", "/other/invocations", "{}", []string{"X-Amz-Invocation-Type", "DryRun"}, 404, "ResourceNotFoundException", "Message", "function:other"},
		{"an event for what isn't there", "POST", "/hook:gone/invocations", "{}", []string{"X-Amz-Invocation-Type", "Event"}, 404, "ResourceNotFoundException", "Message", "function:hook:gone"},
		{"an operation that isn't simulated", "DELETE", "/hook/policy", "", nil, 404, "UnknownOperationException", "message", "DELETE"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got := c.do(test.method, test.path, test.body, test.header...)
			if got.status != test.status || got.header.Get("X-Amzn-Errortype") != test.code || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s (%s), want %d %s", got.status, got.header.Get("X-Amzn-Errortype"), got.body, test.status, test.code)
			}
			members := got.members(t)
			if said, _ := members[test.member].(string); !strings.Contains(said, test.says) || members["Type"] != "User" {
				t.Errorf("got %s, want %q in %s", got.body, test.says, test.member)
			}
		})
	}
}

func TestAFunctionsConfigurationHasLambdasShape(t *testing.T) {
	s, _ := start(t, lambda.Config{Region: "eu-west-1"})
	f := webhook(t, echo)
	f.Description, f.Env = "answers", map[string]string{"A": "b"}
	create(t, s, f)
	c := endpoint(t, s)
	got := c.do("GET", "/hook/configuration", "").members(t)
	for _, changing := range []string{"CodeSha256", "LastModified", "RevisionId"} {
		if text, _ := got[changing].(string); text == "" {
			t.Errorf("%s is missing", changing)
		}
	}
	if at, _ := got["LastModified"].(string); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$`).MatchString(at) {
		t.Errorf("LastModified is %q", at)
	}
	whole := c.do("GET", "/hook?Qualifier=$LATEST", "").members(t)
	delete(got, "CodeSha256")
	delete(got, "LastModified")
	delete(got, "RevisionId")
	want := map[string]any{
		"FunctionName": "hook", "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:hook", "Version": "$LATEST",
		"Runtime": "provided.al2023", "Handler": "bootstrap", "Role": "arn:aws:iam::123456789012:role/simulated-execution-role",
		"Description": "answers", "Timeout": 60.0, "MemorySize": 128.0, "CodeSize": 0.0, "PackageType": "Zip",
		"State": "Active", "LastUpdateStatus": "Successful", "Environment": map[string]any{"Variables": map[string]any{"A": "b"}},
		"TracingConfig":    map[string]any{"Mode": "PassThrough"},
		"LoggingConfig":    map[string]any{"LogFormat": "Text", "LogGroup": "/aws/lambda/hook"},
		"EphemeralStorage": map[string]any{"Size": 512.0}, "Architectures": []any{"x86_64"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	config, _ := whole["Configuration"].(map[string]any)
	code, _ := whole["Code"].(map[string]any)
	if config["FunctionArn"] != "arn:aws:lambda:eu-west-1:123456789012:function:hook:$LATEST" || code["Location"] != f.Webhook {
		t.Errorf("GetFunction gave %v", whole)
	}
}

func TestVersionsAndAliasesOverTheWire(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, echo)
	create(t, s, f)
	c := endpoint(t, s)
	if got := c.do("POST", "/hook/versions", `{"Description":"one"}`); got.status != 201 || got.members(t)["Version"] != "1" ||
		got.members(t)["FunctionArn"] != s.ARN("hook:1") || got.members(t)["Description"] != "one" {
		t.Fatalf("PublishVersion: %d %s", got.status, got.body)
	}
	publish(t, s, f, "two")
	created := c.do("POST", "/hook/aliases", `{"Name":"live","FunctionVersion":"1","Description":"users"}`)
	revision, _ := created.members(t)["RevisionId"].(string)
	want := map[string]any{"AliasArn": s.ARN("hook:live"), "Name": "live", "FunctionVersion": "1", "Description": "users", "RevisionId": revision}
	if diff := cmp.Diff(want, created.members(t)); created.status != 201 || !uuid.MatchString(revision) || diff != "" {
		t.Errorf("CreateAlias: %d (-want +got):\n%s", created.status, diff)
	}
	updated := c.do("PUT", "/hook/aliases/live", `{"RevisionId":"`+revision+`","RoutingConfig":{"AdditionalVersionWeights":{"2":1.0}}}`)
	routed := map[string]any{"AdditionalVersionWeights": map[string]any{"2": 1.0}}
	if m := updated.members(t); updated.status != 200 || m["FunctionVersion"] != "1" || m["Description"] != "users" || !cmp.Equal(m["RoutingConfig"], any(routed)) || m["RevisionId"] == revision {
		t.Errorf("UpdateAlias: %d %s", updated.status, updated.body)
	}
	for path, version := range map[string]string{"/hook:live/invocations": "2", "/hook/invocations?Qualifier=live": "2", "/hook/invocations?Qualifier=1": "1"} {
		if got := c.do("POST", path, "{}").header.Get("X-Amz-Executed-Version"); got != version {
			t.Errorf("%s ran version %s, want %s", path, got, version)
		}
	}
	if got := c.do("PUT", "/hook/aliases/live", `{"FunctionVersion":"2","RoutingConfig":{"AdditionalVersionWeights":{}}}`); got.members(t)["RoutingConfig"] != nil || got.members(t)["FunctionVersion"] != "2" {
		t.Errorf("an empty map should end the sharing: %s", got.body)
	}
	if got, one := c.do("GET", "/hook/aliases?FunctionVersion=2", ""), c.do("GET", "/hook/aliases?FunctionVersion=1", ""); len(got.members(t)["Aliases"].([]any)) != 1 || len(one.members(t)["Aliases"].([]any)) != 0 {
		t.Errorf("aliases of version 2: %s, of version 1: %s", got.body, one.body)
	}
	if got := c.do("GET", "/hook/configuration?Qualifier=live", "").members(t); got["Version"] != "2" {
		t.Errorf("the alias has configuration %v", got)
	}
	if got := c.do("DELETE", "/hook/aliases/live", ""); got.status != 204 {
		t.Errorf("DeleteAlias: %d %s", got.status, got.body)
	}
	if got := c.do("GET", "/hook/aliases/live", ""); got.status != 404 {
		t.Errorf("after it was deleted: %d %s", got.status, got.body)
	}
}

func TestListsComeInPages(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, echo)
	for _, name := range []string{"c", "a", "b"} {
		f.Name = name
		create(t, s, f)
	}
	if _, err := s.Publish("b", ""); err != nil {
		t.Fatal(err)
	}
	c := endpoint(t, s)
	tests := []struct {
		why, path, member string
		want              []string
	}{
		{"functions by name", "/?MaxItems=2", "Functions", []string{"a $LATEST", "b $LATEST", "c $LATEST"}},
		{"without the slash", "?MaxItems=10000", "Functions", []string{"a $LATEST", "b $LATEST", "c $LATEST"}},
		{"with all their versions", "/?FunctionVersion=ALL&MaxItems=1", "Functions", []string{"a $LATEST", "b $LATEST", "b 1", "c $LATEST"}},
		{"a function's versions", "/b/versions?MaxItems=1", "Versions", []string{"b $LATEST", "b 1"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			var got []string
			for marker, more := "", true; more; {
				page := c.do("GET", test.path+"&Marker="+marker, "").members(t)
				for _, entry := range page[test.member].([]any) {
					m := entry.(map[string]any)
					got = append(got, m["FunctionName"].(string)+" "+m["Version"].(string))
				}
				marker, more = page["NextMarker"].(string)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARequestIsForOneOfTheOperations(t *testing.T) {
	operation := lambda.Operation()
	for asked, want := range map[string]string{
		"POST /2015-03-31/functions/f/invocations":          "Invoke",
		"POST /2015-03-31/functions/f%3Alive/invocations":   "Invoke",
		"GET /2015-03-31/functions/":                        "ListFunctions",
		"PUT /2015-03-31/functions/f/aliases/live":          "UpdateAlias",
		"DELETE /2015-03-31/functions/f":                    "DeleteFunction",
		"PATCH /2015-03-31/functions/f":                     "",
		"GET /2015-03-31/event-source-mappings":             "",
		"GET /2015-03-31/functions/f/configuration":         "GetFunctionConfiguration",
		"GET /2015-03-31/functions/f/aliases":               "ListAliases",
		"POST /2015-03-31/functions/f/response-streaming/x": "",
	} {
		method, path, _ := strings.Cut(asked, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got := operation(r); got != want {
			t.Errorf("%s is %q, want %q", asked, got, want)
		}
	}
}
