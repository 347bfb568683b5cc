package expect_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func FuzzStatus(f *testing.F) {
	for _, seed := range []string{"200", "2xx", "200..299", "!= 5xx", "< 500", ">= 0x1f", "9xx", "..", "200..", "١٢٣"} {
		f.Add(seed, 200)
	}
	f.Fuzz(func(t *testing.T, src string, status int) {
		a, err := tryDecode("status: " + quoted(src))
		if err != nil {
			return
		}
		m := a.Status.Judge(status)
		if m == nil {
			return
		}
		if !strings.Contains(m.String(), strconv.Itoa(status)) || strings.ContainsAny(m.String(), "\r\n") {
			t.Errorf("the mismatch of %q and %d is %q", src, status, m)
		}
	})
}

func FuzzComparison(f *testing.F) {
	for _, seed := range []string{"< 300ms", ">= 5MiB", "~ ^a+$", "!= x", "<", "<= 1e9", "> {{ green.port }}", "{{ green.operator }}", "~ {{ green.image }}"} {
		f.Add(seed, "value")
	}
	f.Fuzz(func(t *testing.T, src, got string) {
		for _, key := range []string{"text", "duration", "size"} {
			a, err := tryDecode(key + ": " + quoted(src))
			if err != nil {
				continue
			}
			line := ""
			switch key {
			case "text":
				line = said(a.Text.Judge("body", got, lookup))
			case "duration":
				line = said(a.Duration.Judge(time.Duration(len(got)), lookup))
			case "size":
				line = said(a.Size.Judge(int64(len(got)), lookup))
			}
			if strings.ContainsAny(line, "\r\n") {
				t.Errorf("%s: %q of %q says %q, which is not one line", key, src, got, line)
			}
		}
	})
}
