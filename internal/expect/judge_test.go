package expect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/expect"
)

func TestStatusesAreJudgedByCodeClassRangeListAndComparison(t *testing.T) {
	tests := []struct {
		why, src string
		status   int
		want     string
	}{
		{"the code itself", `status: 200`, 200, ""},
		{"another code", `status: 200`, 201, "status is 201, expected 200"},
		{"a code in quotes is the same", `status: "200"`, 200, ""},
		{"the last of a class", `status: 2xx`, 299, ""},
		{"the first of the next class", `status: 2XX`, 300, "status is 300, expected 2XX"},
		{"the first of a range", `status: 200..204`, 200, ""},
		{"the last of a range", `status: 200..204`, 204, ""},
		{"behind a range", `status: 200..204`, 205, "status is 205, expected 200..204"},
		{"one of a list", `status: [404, 2xx]`, 204, ""},
		{"none of a list", `status: [404, 2xx]`, 500, "status is 500, expected 404 or 2xx"},
		{"below", `status: < 500`, 499, ""},
		{"not below", `status: < 500`, 500, "status is 500, expected < 500"},
		{"other than a code", `status: "!= 500"`, 502, ""},
		{"just that code", `status: "!= 500"`, 500, "status is 500, expected != 500"},
		{"other than a class", `status: "!= 5xx"`, 404, ""},
		{"one of that class", `status: "!= 5xx"`, 502, "status is 502, expected != 5xx"},
		{"at least", `status: ">= 200"`, 200, ""},
		{"a static name", `status: 2{{ "00" }}`, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := said(decode(t, tt.src).Status.Judge(tt.status), nil); got != tt.want {
				t.Errorf("%s of %d says %q, want %q", tt.src, tt.status, got, tt.want)
			}
		})
	}
}

func TestSuccessIsAnyStatusOf2xx(t *testing.T) {
	for status, want := range map[int]string{200: "", 299: "", 199: "status is 199, expected 2xx", 302: "status is 302, expected 2xx"} {
		if got := said(expect.Success().Judge(status), nil); got != want {
			t.Errorf("of %d it says %q, want %q", status, got, want)
		}
	}
}

func TestDurationsAndSizesAreComparedWithTheirUnits(t *testing.T) {
	tests := []struct {
		why, src string
		duration time.Duration
		size     int64
		want     string
	}{
		{why: "shorter", src: `duration: < 300ms`, duration: 299 * time.Millisecond},
		{why: "just as long", src: `duration: < 300ms`, duration: 300 * time.Millisecond, want: "duration is 300ms, expected < 300ms"},
		{why: "as long at most", src: `duration: <= 300ms`, duration: 300 * time.Millisecond},
		{why: "much longer, in the unit that reads well", src: `duration: < 1m30s`, duration: 2*time.Minute + 345*time.Microsecond, want: "duration is 2m, expected < 1m30s"},
		{why: "a little longer, with the digits that tell", src: `duration: < 5ms`, duration: 5123456 * time.Nanosecond, want: "duration is 5.12ms, expected < 5ms"},
		{why: "a static name", src: `duration: < {{ vars.limit }}`, duration: 400 * time.Millisecond, want: "duration is 400ms, expected < 300ms"},
		{why: "a name that is known later", src: `duration: < {{ green.limit }}`, duration: 300 * time.Millisecond, want: "duration is 300ms, expected < 250ms"},
		{why: "a later name without a unit", src: `duration: < {{ green.port }}`, want: "error: plan.yaml:1:11: 8080 has no unit: write 8080ms, 8080s or 8080m"},
		{why: "a later name without a value", src: `duration: < {{ cart }}`, want: "error: plan.yaml:1:13: {{ cart }}: it has no value"},
		{why: "the very size", src: `size: 12B`, size: 12},
		{why: "another size", src: `size: 12B`, size: 13, want: "size is 13B, expected 12B"},
		{why: "a smaller size", src: `size: < 100kB`, size: 99999},
		{why: "a larger size", src: `size: < 1kB`, size: 1500, want: "size is 1.5kB, expected < 1kB"},
		{why: "another size than nothing", src: `size: "!= 0B"`, size: 0, want: "size is 0B, expected != 0B"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			var got string
			a := decode(t, tt.src)
			if a.Duration != nil {
				got = said(a.Duration.Judge(tt.duration, lookup))
			} else {
				got = said(a.Size.Judge(tt.size, lookup))
			}
			if got != tt.want {
				t.Errorf("%s says %q, want %q", tt.src, got, tt.want)
			}
		})
	}
}

func TestAPartOfAValueSettlesWhatMoreOfItCannotChange(t *testing.T) {
	tests := []struct {
		why, src string
		size     int64
		settled  bool
		want     string
	}{
		{"too much already", `size: < 1kB`, 2000, true, "size is over 2kB, expected < 1kB"},
		{"not yet too much", `size: < 1kB`, 500, false, ""},
		{"enough already", `size: "> 1kB"`, 2000, true, ""},
		{"not yet enough", `size: "> 1kB"`, 500, false, "size is over 500B, expected > 1kB"},
		{"more may be just right", `size: 1kB`, 500, false, "size is over 500B, expected 1kB"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			m, settled, err := decode(t, tt.src).Size.JudgeAtLeast(tt.size, lookup)
			if got := said(m, err); got != tt.want || settled != tt.settled {
				t.Errorf("%s of at least %d says %q, settled %t; want %q, %t", tt.src, tt.size, got, settled, tt.want, tt.settled)
			}
		})
	}
}

func TestTextsAreComparedByWhatIsWritten(t *testing.T) {
	long := strings.Repeat("äöü", 100)
	tests := []struct{ why, src, got, want string }{
		{"the text itself", `text: ok`, "ok", ""},
		{"a line break more", `text: ok`, "ok\n", `body is "ok\n", expected "ok"`},
		{"a number is taken as it is written", `text: 1.50`, "1.50", ""},
		{"and not by its value", `text: 1.50`, "1.5", `body is "1.5", expected "1.50"`},
		{"a pattern somewhere in it", `text: ~ ^application/json`, "application/json; charset=utf-8", ""},
		{"a pattern that isn't in it", `text: ~ ^application/json`, "text/html", `body is "text/html", expected ~ ^application/json`},
		{"another text", `text: "!= down"`, "up", ""},
		{"the very text", `text: "!= down"`, "down", `body is "down", expected != "down"`},
		{"a number that is large enough", `text: ">= 9"`, "10", ""},
		{"numbers are exact", `text: "> 9007199254740992"`, "9007199254740993", ""},
		{"a number that isn't", `text: < 9`, "10", `body is "10", expected < 9`},
		{"no number at all", `text: < 9`, "few", `body is "few", which is not a number, expected < 9`},
		{"a literal that begins like an operator", `text: '{{ "<" }}html>'`, "<html>", ""},
		{"a static name is no operator", `text: "{{ vars.operator }}"`, "4", `body is "4", expected "< 5"`},
		{"a static name is no pattern", `text: "{{ vars.notation }}"`, "x", `body is "x", expected "~ .*"`},
		{"nor is a later name an operator", `text: "{{ green.operator }}"`, "x", `body is "x", expected "!= nothing"`},
		{"nor behind a written one", `text: "!= {{ green.operator }}"`, "x", ""},
		{"a later name in a pattern stands for itself", `text: "~ ^{{ green.image }}$"`, "shop:1.2+3", ""},
		{"its characters are no pattern", `text: "~ ^{{ green.image }}$"`, "shop:1x223", `body is "shop:1x223", expected ~ ^shop:1\.2\+3$`},
		{"a later name in a comparison", `text: "< {{ green.port }}"`, "8081", `body is "8081", expected < 8080`},
		{"a later name that is no number", `text: "< {{ green.image }}"`, "1", `error: plan.yaml:1:7: < compares numbers, and "shop:1.2+3" is none; a text that begins with < is written {{ "<" }}…`},
		{"a later name without a value", `text: "{{ cart }}"`, "x", `error: plan.yaml:1:8: {{ cart }}: it has no value`},
		{"a long text is cut", `text: ok`, long, `body is "` + strings.Repeat("äöü", 26) + `ä…", expected "ok"`},
		{"control characters can't do harm", `text: ok`, "a\x1b[31mb\x00", `body is "a\x1b[31mb\x00", expected "ok"`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := said(decode(t, tt.src).Text.Judge("body", tt.got, lookup)); got != tt.want {
				t.Errorf("%s of %q says\n%s, want\n%s", tt.src, tt.got, got, tt.want)
			}
		})
	}
}

func TestAMissingTextIsNeverWhatWasExpected(t *testing.T) {
	for src, want := range map[string]string{
		`text: ok`:         `header etag is missing, expected "ok"`,
		`text: "!= ok"`:    `header etag is missing, expected != "ok"`,
		`text: ~ .*`:       `header etag is missing, expected ~ .*`,
		`text: ""`:         `header etag is missing, expected ""`,
		`text: "{{cart}}"`: `error: plan.yaml:1:8: {{ cart }}: it has no value`,
	} {
		if got := said(decode(t, src).Text.Missing("header etag", lookup)); got != want {
			t.Errorf("%s says %q, want %q", src, got, want)
		}
	}
}

func TestMismatchesCarryTheirPosition(t *testing.T) {
	a := decode(t, "status: 200\njson:\n  $.a: 1\n  $.b: 2\n")
	m := a.Status.Judge(500)
	if diff := cmp.Diff("plan.yaml:1:9", m.At.String()); diff != "" {
		t.Errorf("the status' position (-want +got):\n%s", diff)
	}
	all, err := a.JSON.Judge(map[string]any{"a": int64(1)}, lookup)
	if err != nil || len(all) != 1 || all[0].At.String() != "plan.yaml:4:3" {
		t.Errorf("the JSON path's mismatches are %v, error %v; want one at plan.yaml:4:3", all, err)
	}
}
