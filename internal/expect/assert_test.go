package expect_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/expect"
)

func answer(t *testing.T, body string) expect.Answer {
	t.Helper()
	doc, err := expect.ParseJSON([]byte(body))
	return expect.Answer{
		Status: 200, Duration: 120 * time.Millisecond, Size: int64(len(body)),
		Header: http.Header{"Etag": {"abc"}, "X-Many": {"1", "2"}},
		Body:   expect.BodyValue([]byte(body), "application/json", doc, err),
	}
}

func TestAssertionsAreTrueOrSayWhyNot(t *testing.T) {
	const body = `{"total": 0, "ok": false, "items": [{"price": 3}, {"price": 9}], "image": "shop:1.2+3", "sku": 42,
		"none": null, "when": "2024-05-01T10:00:00Z", "user": {"name": "ann"}, "big": 12345678901234567890}`
	tests := []struct{ why, expression, want string }{
		{"all members are known", `status == 200 && duration < 500 && headers.etag == "abc" && size > 10 && body.ok == false`, ""},
		{"a comparison shows what it compared", `body.total > 0`, `body.total > 0 is false: body.total is 0`},
		{"a function shows its value", `len(body.items) == 1`, `len(body.items) == 1 is false: len(body.items) is 2`},
		{"of a conjunction, what is false is shown", `status == 200 && body.total > 0 && size > 0`, `status == 200 && body.total > 0 && size > 0 is false: body.total is 0`},
		{"of a disjunction, all of it", `body.total > 0 or body.sku == 1`, `body.total > 0 or body.sku == 1 is false: body.total is 0, body.sku is 42`},
		{"both sides, where neither is written out", `body.total > body.sku`, `body.total > body.sku is false: body.total is 0, body.sku is 42`},
		{"a truth is what it is", `body.ok`, `body.ok is false`},
		{"a negation", `not (status == 200)`, `not (status == 200) is false: status is 200`},
		{"a loop shows what it went through", `all(body.items, .price > 5)`, `all(body.items, .price > 5) is false: body.items is [{"price":3},{"price":9}]`},
		{"a loop that is true", `any(body.items, .price > 5) && sum(body.items, .price) == 12`, ""},
		{"a header in any case is known in lower case", `headers["x-many"] == "1, 2"`, ""},
		{"a pattern", `body.user.name matches "^b"`, `body.user.name matches "^b" is false: body.user.name is "ann"`},

		{"a member that isn't there is an error", `body.totl > 0`, `body.totl > 0 is an error: unknown member "totl": did you mean "total"?`},
		{"also where nil would have been true", `body.error == nil`, `body.error == nil is an error: unknown member "error": valid here: big, image, items, none, ok, sku, total, user, when`},
		{"also in a negation", `!(body.failed == true)`, `!(body.failed == true) is an error: unknown member "failed": valid here: big, image, items, none, ok, sku, total, user, when`},
		{"also under a condition that picks it", `status == 200 ? body.missing == nil : true`, `status == 200 ? body.missing == nil : true is an error: unknown member "missing": valid here: big, image, items, none, ok, sku, total, user, when`},
		{"also in brackets", `body["totl"] == nil`, `body["totl"] == nil is an error: unknown member "totl": did you mean "total"?`},
		{"also in a loop", `all(body.items, .cost < 5)`, `all(body.items, .cost < 5) is an error: unknown member "cost": valid here: price`},
		{"also through a variable", `let b = body; b.totl == nil`, `let b = body; b.totl == nil is an error: unknown member "totl": did you mean "total"?`},
		{"also through the environment", `$env.body.totl == nil`, `$env.body.totl == nil is an error: unknown member "totl": did you mean "total"?`},
		{"also of a header", `headers.location == nil`, `headers.location == nil is an error: unknown member "location": valid here: etag, x-many`},
		{"an index out of range is an error", `body.items[5] == nil`, `body.items[5] == nil is an error: index out of range: 5 (array length is 2)`},
		{"null has no members", `body.none.x == nil`, `body.none.x == nil is an error: there is no member "x": what should have it is null`},
		{"nor has a number", `body.total.x == nil`, `body.total.x == nil is an error: there is no member "x": what should have it is 0`},
		{"null itself is there", `body.none == nil`, ""},
		{"whether it is there can be asked", `"etag" in headers and not ("error" in body)`, ""},

		{"?. is for what may be missing", `body?.error == nil`, ""},
		{"it is for one member", `body?.user?.age == nil`, ""},
		{"what follows must be there again", `body?.user.age == nil`, `body?.user.age == nil is an error: unknown member "age": valid here: name`},
		{"?? gives what stands for it", `(body.count ?? 7) == 7`, ""},
		{"also deep down", `(body.user.address.city ?? "none") == "none"`, ""},
		{"also for an index", `(body.items[9].price ?? 0) == 0`, ""},
		{"what is there stays", `(body.sku ?? 7) == 42`, ""},
		{"a function on the left of ?? is strict inside", `(len(body.nothing) ?? 0) == 0`, `(len(body.nothing) ?? 0) == 0 is an error: unknown member "nothing": valid here: big, image, items, none, ok, sku, total, user, when`},

		{"a variable of the plan", `body.sku == vars.sku`, ""},
		{"a name that is known later", `body.image == green.image`, ""},
		{"several that belong together", `green.image == body.image && green.port == 8080`, ""},
		{"a name that is known later, shown", `body.sku == green.port`, `body.sku == green.port is false: body.sku is 42, green.port is 8080`},
		{"a name without a value", `body.sku == cart`, `error: plan.yaml:1:9: cart: it has no value`},
		{"a variable that may be missing", `(vars.other ?? 42) == 42`, ""},
		{"a method of a time", `date(body.when).Year() == 2024`, ""},
		{"a value that is no truth", `body.user`, `body.user is {"name":"ann"}, which is not true or false`},
		{"what can't be compared", `body.user > 3`, `body.user > 3 is an error: invalid operation: a mapping > int`},
		{"a number beyond 64 bits can't be compared either", `body.big > 3`, `body.big > 3 is an error: invalid operation: a number beyond 64 bits > int`},
		{"a loop in a loop over all of a large answer ends", `all(1..3000, all(1..3000, true))`, `all(1..3000, all(1..3000, true)) is an error: memory budget exceeded`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			a := decode(t, "assert: "+quoted(tt.expression))
			all, err := a.Assert.Judge(t.Context(), answer(t, body), lookup)
			if diff := cmp.Diff(tt.want, strings.TrimSpace(saidAll(all, err))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEvaluationIsBounded(t *testing.T) {
	list := `{"items": [` + strings.Repeat("1,", 3000) + `1], "text": "` + strings.Repeat("x", 100_000) + `"}`
	tests := []struct{ why, expression, want string }{
		{"one loop over all of it fits", `all(body.items, # > 0)`, ""},
		{"a loop in a loop does not", `all(body.items, all(body.items, true))`, "takes more than"},
		{"nor a search in a loop", `all(body.items, # in body.items)`, "takes more than"},
		{"nor a function that walks through a list, in a loop", `all(body.items, sum(body.items) > 0)`, "takes more than"},
		{"nor a comparison of large values in a loop", `all(body.items, body == body)`, "takes more than"},
		{"nor a text that doubles", `reduce(1..40, #acc + #acc, body.text) != ""`, "builds a text"},
		{"nor a search in a long text, in a loop", `all(body.items, body.text contains "x")`, "takes more than"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			a := decode(t, "assert: "+quoted(tt.expression))
			all, err := a.Assert.Judge(t.Context(), answer(t, list), lookup)
			got := saidAll(all, err)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("says %q, want %q in it", got, tt.want)
			}
		})
	}
	t.Run("the end of the time ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		a := decode(t, `assert: all(1..9000, true)`)
		all, err := a.Assert.Judge(ctx, answer(t, list), lookup)
		if got := saidAll(all, err); !strings.Contains(got, "the time was up") {
			t.Errorf("says %q, want that the time was up", got)
		}
	})
}

func TestAssertionsSayWhatTheyUse(t *testing.T) {
	a := decode(t, `assert: [status == 200, headers.etag == "x" || size > 1]`)
	for member, want := range map[string]bool{"status": true, "headers": true, "size": true, "body": false, "duration": false} {
		if got := a.Assert.Uses(member); got != want {
			t.Errorf("Uses(%q) is %t, want %t", member, got, want)
		}
	}
	if all := decode(t, `assert: '"x" in $env'`); !all.Assert.Uses("body") {
		t.Error("an expression that takes the whole environment doesn't say that it uses the body")
	}
}

func TestABodyIsWhatItSaysThatItIs(t *testing.T) {
	tests := []struct {
		why, contentType, body string
		want                   any
	}{
		{"a mapping is JSON, whatever it is called", "text/plain", `{"a": 1}`, map[string]any{"a": int64(1)}},
		{"so is a list", "", `[1]`, []any{int64(1)}},
		{"a number is text", "text/plain", `42`, "42"},
		{"unless it says that it is JSON", "application/json; charset=utf-8", `42`, int64(42)},
		{"or some sort of it", "application/health+json", `true`, true},
		{"what says that it is JSON may not be", "application/json", `<html>`, "<html>"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			doc, err := expect.ParseJSON([]byte(tt.body))
			if diff := cmp.Diff(tt.want, expect.BodyValue([]byte(tt.body), tt.contentType, doc, err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzAssert(f *testing.F) {
	for _, seed := range []string{
		`body.total > 0 && len(body.items) == 1`, `all(body.items, .price ?? 0 > 1)`, `body?.a?.b == nil`, `let x = vars.sku; x in body.items`,
		`green.image matches "a+"`, `reduce(body.items, #acc + .price, 0) > 3`, `status in 200..299`, `{"a": body}.a.items[0:1] == []`,
	} {
		f.Add(seed)
	}
	for _, line := range documented(f, `(?m)\bassert: .*$`) {
		f.Add(strings.Trim(strings.TrimPrefix(line, "assert: "), `"'`))
	}
	doc, err := expect.ParseJSON([]byte(document))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		a, err := tryDecode("assert: " + quoted(expression))
		if err != nil {
			return
		}
		all, err := a.Assert.Judge(t.Context(), expect.Answer{Status: 200, Body: doc}, lookup)
		for _, m := range all {
			if line := m.String(); strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q says %q, which is not one line", expression, line)
			}
		}
		_ = saidAll(all, err)
	})
}

func BenchmarkCompilingAnAssertion(b *testing.B) {
	for b.Loop() {
		if _, err := tryDecode(`assert: body.total > 0 && len(body.items) == 1`); err != nil {
			b.Fatal(err)
		}
	}
}
