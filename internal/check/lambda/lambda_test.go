package lambdacheck_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
	lambdacheck "github.com/greenlight-deploy/greenlight/internal/check/lambda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// returned is what Lambda answers of version 7, with headers over those that it has anyway.
func returned(payload string, header ...string) kindtest.Reply {
	r := kindtest.Reply{Body: payload, Header: map[string]string{"X-Amz-Executed-Version": "7"}}
	for i := 0; i+1 < len(header); i += 2 {
		if r.Header[header[i]] = header[i+1]; header[i+1] == "" {
			delete(r.Header, header[i])
		}
	}
	return r
}

func tail(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestWhatAFunctionAnswersIsJudged(t *testing.T) {
	const (
		failed = `{"errorType":"TypeError","errorMessage":"x is undefined","trace":[]}`
		log    = "START RequestId: 1 Version: 7\ncache warmed in 12 ms\nEND RequestId: 1\n"
	)
	tests := []struct {
		why, expect string
		reply       kindtest.Reply
		want        string
	}{
		{"it answers, and nothing more is asked", "", returned(`{"ok":true}`), "passed"},
		{"an error of the function is wrong, though the call's status is 200", "", returned(failed, "X-Amz-Function-Error", "Unhandled"), `failed: shop:7: the function failed (Unhandled): TypeError: "x is undefined"`},
		{"also one without a type", "", returned(`{"errorMessage":"2026-11-25 Task timed out after 3.00 seconds"}`, "X-Amz-Function-Error", "Unhandled"), `failed: shop:7: the function failed (Unhandled): "2026-11-25 Task timed out after 3.00 seconds"`},
		{"or in another form", "", returned(`["boom"]`, "X-Amz-Function-Error", "Handled"), `failed: shop:7: the function failed (Handled): "[\"boom\"]"`},
		{"or in none", "", returned(`boom`, "X-Amz-Function-Error", "Handled"), `failed: shop:7: the function failed (Handled): "boom"`},
		{"its error weighs more than what else isn't there", `{json: {$.ok: true}}`, returned(failed, "X-Amz-Function-Error", "Unhandled"), `failed: shop:7: the function failed (Unhandled): TypeError: "x is undefined"`},
		{"an error may be what is expected", `{error: Unhandled, json: {$.errorType: TypeError}}`, returned(failed, "X-Amz-Function-Error", "Unhandled"), "passed"},
		{"and is then missing where there is none", `{error: Unhandled}`, returned(`{}`), `failed: shop:7: the function's error is missing, expected "Unhandled"`},
		{"or another one", `{error: Handled}`, returned(`{}`, "X-Amz-Function-Error", "Unhandled"), `failed: shop:7: the function's error is "Unhandled", expected "Handled"`},

		{"the payload as JSON", `{json: {$.total: ">= 10"}}`, returned(`{"total":12.5}`), "passed"},
		{"which isn't what was expected", `{json: {$.total: ">= 10"}}`, returned(`{"total":9}`), "failed: shop:7: $.total is 9, expected >= 10"},
		{"a member that isn't there", `{json: {$.total: "!= 0"}}`, returned(`{}`), "failed: shop:7: $.total is missing, expected != 0"},
		{"one that is null", `{json: {$.total: ">= 0"}}`, returned(`{"total":null}`), "failed: shop:7: $.total is null, which >= can't compare, expected >= 0"},
		{"one of another type", `{json: {$.total: 12}}`, returned(`{"total":"12"}`), `failed: shop:7: $.total is "12", expected 12`},
		{"no JSON", `{json: {$.total: 1}}`, returned(`total: 1`), `failed: shop:7: payload is not JSON (invalid character 'o' in literal true (expecting 'r'), at byte 2): "total: 1", expected JSON`},
		{"an empty payload", `{json: {$.total: 1}}`, returned(""), `failed: shop:7: payload is not JSON (it is empty): "", expected JSON`},
		{"the payload as text", `{payload: "~ ^.?hello"}`, returned(`"hello"`), "passed"},
		{"another text", `{payload: "null"}`, returned(`"hello"`), `failed: shop:7: payload is "\"hello\"", expected "null"`},
		{"an assertion", `{assert: "body.total > 10 && size < 100"}`, returned(`{"total":12}`), "passed"},
		{"over what a proxy would unwrap", `{assert: "fromJSON(body.body).ok"}`, returned(`{"statusCode":200,"body":"{\"ok\":true}"}`), "passed"},
		{"over what isn't there", `{assert: "body.total > 10"}`, returned(`{}`), `failed: shop:7: body.total > 10 is an error: unknown member "total"`},

		{"the status of the payload", `{status: 200}`, returned(`{"statusCode":200}`), "passed"},
		{"another status", `{status: 2xx}`, returned(`{"statusCode":502}`), "failed: shop:7: status is 502, expected 2xx"},
		{"no status", `{status: "< 500"}`, returned(`{}`), "failed: shop:7: statusCode of the payload is missing"},
		{"a status of null", `{status: "< 500"}`, returned(`{"statusCode":null}`), "failed: shop:7: statusCode of the payload is null, which is no status"},
		{"a status in a text", `{status: "< 500"}`, returned(`{"statusCode":"200"}`), `failed: shop:7: statusCode of the payload is "200", which is no status`},
		{"a payload that can't have one", `{status: "< 500"}`, returned(`[200]`), "failed: shop:7: statusCode of the payload is missing"},

		{"another version than the one that was asked for", "", returned(`{}`, "X-Amz-Executed-Version", "6"), "failed: shop:7: the version 6 was executed, and 7 was asked for"},
		{"no version", "", returned(`{}`, "X-Amz-Executed-Version", ""), "inconclusive: shop:7: Lambda doesn't say which version it executed"},
		{"what is wrong weighs more", `{json: {$.ok: true}}`, returned(`{"ok":false}`, "X-Amz-Executed-Version", ""), "failed: shop:7: $.ok is false, expected true"},

		{"the log", `{log: "~ cache warmed"}`, returned(`{}`, "X-Amz-Log-Result", tail(log)), "passed"},
		{"another log", `{log: "~ cache cold"}`, returned(`{}`, "X-Amz-Log-Result", tail("nothing\n")), `failed: shop:7: the end of the log is "nothing\n", expected ~ cache cold`},
		{"no log isn't an empty one", `{log: "!= x"}`, returned(`{}`), "inconclusive: shop:7: Lambda gave no log of the invocation that could be read"},
		{"nor is one that can't be read", `{log: "!= x"}`, returned(`{}`, "X-Amz-Log-Result", "%%%"), "inconclusive: shop:7: Lambda gave no log of the invocation that could be read"},

		{"its time", `{duration: < 10s}`, returned(`{}`), "passed"},
		{"its size", `{size: < 2B}`, returned(`{}`), "failed: shop:7: size is 2B, expected < 2B"},
		{"a status that says that nothing was run", "", kindtest.Reply{Status: 202, Header: map[string]string{"X-Amz-Executed-Version": "7"}}, "failed: shop:7: the function failed (status 202 of the call, which stands for no answer)"},
		{"what can't be said", `{payload: "{{ green.image }}"}`, returned(`{}`), "inconclusive: shop:7: plan.yaml:2:20: {{ green.image }}: not known here"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return tt.reply })
			src := "lambda: green"
			if tt.expect != "" {
				src += "\nexpect: " + tt.expect
			}
			if got := kindtest.Ask(t, lambdacheck.Kind(peer.Config(t)), src, check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestAFunctionIsInvokedAsThePlanSays(t *testing.T) {
	const invoke = "POST /2015-03-31/functions/"
	tests := []struct {
		why, src, version string
		want              kindtest.Call
		header            map[string]string
	}{
		{
			"green's new version", "lambda: green", "7",
			kindtest.Call{Operation: invoke + "arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations", Query: "Qualifier=7", Body: "{}"},
			map[string]string{"X-Amz-Invocation-Type": "RequestResponse", "X-Amz-Log-Type": "", "X-Amz-Client-Context": ""},
		},
		{
			"with a payload", "lambda: {payload: {sku: \"{{ vars.sku }}\", path: /a&b, none: null}}", "7",
			kindtest.Call{Operation: invoke + "arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations", Query: "Qualifier=7", Body: `{"none":null,"path":"/a&b","sku":42}`},
			nil,
		},
		{
			"a payload of nothing", "lambda: {payload: null}", "7",
			kindtest.Call{Operation: invoke + "arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations", Query: "Qualifier=7", Body: `null`},
			nil,
		},
		{
			"with a client context", "lambda: {client_context: {custom: {version: \"{{ green.version }}\"}}}", "7",
			kindtest.Call{Operation: invoke + "arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations", Query: "Qualifier=7", Body: "{}"},
			map[string]string{"X-Amz-Client-Context": tail(`{"custom":{"version":"7"}}`)},
		},
		{
			"another function, by an alias", "lambda: {function: cart, qualifier: live}", "12",
			kindtest.Call{Operation: invoke + "cart/invocations", Query: "Qualifier=live", Body: "{}"},
			nil,
		},
		{
			"in short", "lambda: cart:live", "12",
			kindtest.Call{Operation: invoke + "cart/invocations", Query: "Qualifier=live", Body: "{}"},
			nil,
		},
		{
			"without any qualifier", "lambda: cart", "$LATEST",
			kindtest.Call{Operation: invoke + "cart/invocations", Body: "{}"},
			nil,
		},
		{
			"by a part of an ARN", "lambda: 123456789012:function:cart:3", "3",
			kindtest.Call{Operation: invoke + "123456789012:function:cart/invocations", Query: "Qualifier=3", Body: "{}"},
			nil,
		},
		{
			"and its log is asked for where something is expected of it", "lambda: green\nexpect: {log: ~ .}", "7",
			kindtest.Call{Operation: invoke + "arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations", Query: "Qualifier=7", Body: "{}"},
			map[string]string{"X-Amz-Log-Type": "Tail"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply {
				return returned("{}", "X-Amz-Executed-Version", tt.version, "X-Amz-Log-Result", tail("x"))
			})
			if got := kindtest.Ask(t, lambdacheck.Kind(peer.Config(t)), tt.src, check.Scope{}); got != "passed" {
				t.Error(got)
			}
			c := peer.Asked()[0]
			if c.Operation != tt.want.Operation || c.Query != tt.want.Query || c.Body != tt.want.Body {
				t.Errorf("it called %s?%s with %s, want %s?%s with %s", c.Operation, c.Query, c.Body, tt.want.Operation, tt.want.Query, tt.want.Body)
			}
			for name, want := range tt.header {
				if got := c.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if !strings.Contains(c.Header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") {
				t.Error("the call isn't signed for Lambda")
			}
		})
	}
}

func TestThePartsOfWhichAnAliasDecidesCanBeExpected(t *testing.T) {
	peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return returned("{}", "X-Amz-Executed-Version", "6") })
	const src = "lambda: shop:live\nexpect: {version: \"{{ green.version }}\"}"
	if got, want := kindtest.Ask(t, lambdacheck.Kind(peer.Config(t)), src, check.Scope{}), `failed: shop:live: the executed version is "6", expected "7"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFunctionInAnotherRegionIsInvokedThere(t *testing.T) {
	peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return returned("{}", "X-Amz-Executed-Version", "1") })
	const src = "lambda: arn:aws:lambda:us-east-1:123456789012:function:cart:1"
	if got := kindtest.Ask(t, lambdacheck.Kind(peer.Config(t)), src, check.Scope{}); got != "passed" {
		t.Error(got)
	}
	if signed := peer.Asked()[0].Header.Get("Authorization"); !strings.Contains(signed, "/us-east-1/lambda/") {
		t.Errorf("it was signed by %s", signed)
	}
}

func TestWhereNothingIsInvokedItSaysWhyAndWhetherThatPasses(t *testing.T) {
	tests := []struct {
		why  string
		give kindtest.Reply
		want string
	}{
		{"a version that isn't there", kindtest.Refused(404, "ResourceNotFoundException", "Function not found: shop:7"), "failed: shop:7 can't be invoked: ResourceNotFoundException: Function not found: shop:7"},
		{"one that can't start as it is configured", kindtest.Refused(400, "SnapStartException", "afterRestore failed."), "failed: shop:7 can't be invoked: SnapStartException: afterRestore failed"},
		{
			"IAM refuses", kindtest.Refused(403, "AccessDeniedException", "no"),
			"inconclusive: could not read the answer of shop:7 (lambda:InvokeFunction): AccessDeniedException: no: allow lambda:InvokeFunction to the function's role",
		},
		{"one that gets ready", kindtest.Refused(409, "ResourceConflictException", "in progress"), "inconclusive: could not read the answer of shop:7 (lambda:InvokeFunction): ResourceConflictException: in progress"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return tt.give })
			if got := kindtest.Ask(t, lambdacheck.Kind(peer.Config(t)), "lambda: green", check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
	nobody := lambdacheck.Kind(func() (aws.Config, error) { return aws.Config{}, errors.New("no region") })
	if got := kindtest.Ask(t, nobody, "lambda: green", check.Scope{}); got != "inconclusive: reading the AWS settings: no region" {
		t.Error(got)
	}
	unknown := check.Scope{Lookup: func(string) (any, error) { return nil, errors.New("only a hook of a deployment to Lambda knows it") }}
	if got := kindtest.Ask(t, nobody, "lambda: green", unknown); got != "inconclusive: green's function: only a hook of a deployment to Lambda knows it" {
		t.Error(got)
	}
}

func TestNoPartOfASecretIsLeftWhereAnAnswerIsCut(t *testing.T) {
	const secret = "hunter2hunter2"
	straddling := strings.Repeat("x", 77) + secret
	masking := check.Scope{Mask: func(s string) string { return strings.ReplaceAll(s, secret, "***") }}
	shown := strings.Repeat("x", 77)
	for _, tt := range []struct {
		why, src string
		reply    kindtest.Reply
		want     string
	}{
		{"a function's error", "lambda: green", returned(`{"errorMessage":"`+straddling+`"}`, "X-Amz-Function-Error", "Unhandled"), `(Unhandled): "` + shown + `***"`},
		{"one in no form", "lambda: green", returned(straddling, "X-Amz-Function-Error", "Unhandled"), `(Unhandled): "` + shown + `***"`},
		{"a payload that is no JSON", "lambda: green\nexpect: {json: {$.a: 1}}", returned(straddling), `: "` + shown + `***", expected JSON`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return tt.reply })
			if got := kindtest.Ask(t, lambdacheck.Kind(peer.Config(t)), tt.src, masking); !strings.HasSuffix(got, tt.want) {
				t.Errorf("got\n%s, want at its end\n%s", got, tt.want)
			}
		})
	}
}

func TestWhatIsWrongWithAnInvocationIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"lambda: [a]", "plan.yaml:1:9: lambda: expected green, the name or ARN of a function, or a mapping with function, payload, …, found a list"},
		{"lambda: a b", `plan.yaml:1:9: lambda: "a b" is neither a function's name nor its ARN`},
		{"lambda: {function: 'a:b:c'}", `plan.yaml:1:20: lambda: "a:b:c" is neither a function's name nor its ARN`},
		{"lambda: {function: 'arn:aws:lambda:eu-west-1:123456789012:layer:x'}", `plan.yaml:1:20: lambda: "arn:aws:lambda:eu-west-1:123456789012:layer:x" is neither a function's name nor its ARN`},
		{"lambda: {function: 'cart:'}", `plan.yaml:1:20: lambda: "cart:" has no qualifier after its last colon`},
		{"lambda: {function: 'cart:1', qualifier: live}", `plan.yaml:1:20: lambda: "cart:1" has the qualifier 1 already: drop one of the two`},
		{"lambda: {qualifier: live}", "plan.yaml:1:21: lambda: qualifier: green's function is invoked by its new version: a qualifier needs function"},
		{"lambda: {client_context: yes}", "plan.yaml:1:26: lambda: expected a mapping, as in {custom: {trial: true}}, found \"yes\""},
		{"lambda: green\nexpect: {assert: status < 500}", "plan.yaml:2:18: expect: assert: an invocation has no status of its own: look into the payload, as in body.statusCode"},
		{"lambda: green\nexpect: {duration: < 300}", "plan.yaml:2:20: duration: 300 has no unit: write 300ms, 300s or 300m"},
	} {
		t.Run(tt.src, func(t *testing.T) {
			if _, err := kindtest.Decode(lambdacheck.Kind(nil), tt.src); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAnInvocationIsCalledByItsFunction(t *testing.T) {
	for src, want := range map[string]string{
		"lambda: green": "invoke green's function", "lambda: cart:live": "invoke cart:live", "lambda: {function: cart, qualifier: live}": "invoke cart:live",
	} {
		c, err := kindtest.Decode(lambdacheck.Kind(nil), src)
		if err != nil || c.Title() != want {
			t.Errorf("%s is called %q (%v), want %q", src, c.Title(), err, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"statusCode":200,"body":"{}"}`, "", "7", tail("START\nEND\n"))
	f.Add(`{"errorType":"E","errorMessage":"m\nn"}`, "Unhandled", "7", "")
	f.Add(`"text"`, "", "$LATEST", "%%%")
	var reply kindtest.Reply
	peer := kindtest.Serve(f, func(kindtest.Call) kindtest.Reply { return reply })
	kind := lambdacheck.Kind(peer.Config(f))
	f.Fuzz(func(t *testing.T, payload, failure, version, log string) {
		reply = returned(payload, "X-Amz-Function-Error", failure, "X-Amz-Executed-Version", version, "X-Amz-Log-Result", log)
		got := kindtest.Ask(t, kind, "lambda: green\nexpect: {status: < 500, log: '!= x', json: {$.body: '!= x'}}", check.Scope{})
		// What a header can't hold doesn't arrive as it was.
		plain := strings.Trim(failure+version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
		if got == "passed" && plain && (failure != "" || version != "7") {
			t.Errorf("it passed by version %q with the error %q", version, failure)
		}
	})
}
