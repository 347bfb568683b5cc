package jsonschema

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/expect"
)

// formats are the words of `format` that values are held to. The others say nothing of values, by the standard: password, binary,
// and what anybody may have made up.
//
// https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3
// https://spec.openapis.org/registry/format/
func formats() map[string]func(any) bool {
	return map[string]func(any) bool{
		"date-time": text(isDateTime),
		"date":      text(parses(time.DateOnly)),
		"time":      text(func(s string) bool { return isDateTime("2006-01-02T" + s) }),
		"email":     text(isEmail),
		"hostname":  text(isHostname),
		"ipv4":      text(func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() }),
		"ipv6":      text(func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() && a.Zone() == "" }),
		"uri": text(func(s string) bool {
			u, err := url.Parse(s)
			return err == nil && u.IsAbs() && !strings.ContainsAny(s, " <>\"{}|\\^`")
		}),
		"uuid":  text(isUUID),
		"regex": text(func(s string) bool { _, err := regexp.Compile(s); return err == nil }),
		"byte":  text(func(s string) bool { _, err := base64.StdEncoding.DecodeString(s); return err == nil }),
		"int32": whole(-1<<31, 1<<31-1),
		"int64": whole(-1<<63, 1<<63-1),
	}
}

// text holds texts to a format, and nothing else.
func text(fits func(string) bool) func(any) bool {
	return func(v any) bool {
		s, isText := v.(string)
		return !isText || fits(s)
	}
}

// whole holds numbers to a format, and nothing else.
func whole(least, most int64) func(any) bool {
	return func(v any) bool {
		low, isNumber := expect.CompareNumbers(v, least)
		high, _ := expect.CompareNumbers(v, most)
		return !isNumber && !isOf(v, "number") || isNumber && expect.IsWhole(v) && low >= 0 && high <= 0
	}
}

func parses(layout string) func(string) bool {
	return func(s string) bool { _, err := time.Parse(layout, s); return err == nil }
}

// isDateTime takes what RFC 3339 does: letters in any case, and leap seconds.
func isDateTime(s string) bool {
	s = strings.ToUpper(s)
	if len(s) > 19 && s[16:19] == ":60" {
		s = s[:16] + ":59" + s[19:]
	}
	return !strings.Contains(s, ",") && parses(time.RFC3339)(s)
}

// isEmail takes what mail is sent to: something before the last @ and a host behind it.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t\r\n") && isHostname(strings.Trim(s[at+1:], "[]"))
}

func isHostname(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(s) <= 253
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		isDash, isDigit := c == '-', c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash && !isDash || !dash && !isDigit {
			return false
		}
	}
	return true
}
