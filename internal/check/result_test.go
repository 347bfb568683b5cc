package check_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

func TestOutcomesAreOrderedByGravityAndHaveWords(t *testing.T) {
	if check.Passed >= check.Inconclusive || check.Inconclusive >= check.Failed {
		t.Error("the worst of several outcomes isn't the largest")
	}
	for outcome, want := range map[check.Outcome]string{
		check.Passed: "passed", check.Inconclusive: "inconclusive", check.Failed: "failed", 7: "Outcome(7)",
	} {
		if got := outcome.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestARefusedExecutionHasFailed(t *testing.T) {
	v := check.Refused("why")
	if v.Succeeded || v.Outcome != check.Failed || v.Reason != "why" || v.Checks == nil {
		t.Errorf("the verdict is %+v", v)
	}
}

// said is a result each of whose texts is the given one.
func said(text string) check.Result {
	headers := func() []check.Header { return []check.Header{{Name: text, Value: text}, {Name: text, Value: text}} }
	request := check.Request{Step: text, Method: text, URL: text, Remote: text, Err: text, Status: 200, Size: 1}
	shown := request
	shown.Transcript = &check.Transcript{RequestHeaders: headers(), RequestBody: text, AnswerHeaders: headers(), AnswerBody: text}
	return check.Result{Outcome: check.Failed, Reason: text, Warning: text, Retry: check.RetryNoAnswer, Requests: []check.Request{request, shown}}
}

func TestEachTextOfAResultIsMasked(t *testing.T) {
	const secret = "hunter2"
	mask := func(s string) string { return strings.ReplaceAll(s, secret, "***") }
	result := said("is " + secret)
	texts(t, reflect.ValueOf(result), "Result", func(at, text string) {
		if text != "is "+secret {
			t.Errorf("the test has no text for %s", at)
		}
	})
	if got, want := result.Masked(mask), said("is ***"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !reflect.DeepEqual(result, said("is "+secret)) {
		t.Error("what a check holds on to was changed")
	}
	if got := result.Masked(nil); !reflect.DeepEqual(got, result) {
		t.Errorf("without secrets it is %+v", got)
	}
	if got := (check.Result{}).Masked(mask); !reflect.DeepEqual(got, check.Result{}) {
		t.Errorf("of nothing it makes %+v", got)
	}
}

// texts visits all texts that a value has, with the ways to them.
func texts(t *testing.T, v reflect.Value, at string, visit func(at, text string)) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		visit(at, v.String())
	case reflect.Struct:
		for field, value := range v.Fields() {
			texts(t, value, at+"."+field.Name, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(t, v.Index(i), fmt.Sprintf("%s[%d]", at, i), visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			texts(t, v.Elem(), at, visit)
		}
	case reflect.Map, reflect.Interface:
		t.Errorf("%s may hold texts that aren't looked at", at)
	}
}
