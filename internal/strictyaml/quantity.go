package strictyaml

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Duration is a length of time, written with its unit: 500ms, 2s, 1m30s, 2h, 14d.
type Duration time.Duration

// String writes the duration as people do: 90s is 1m30s, two weeks are 14d.
func (d Duration) String() string {
	t := time.Duration(d)
	const day = 24 * time.Hour
	if t >= day && t%day == 0 {
		return strconv.FormatInt(int64(t/day), 10) + "d"
	}
	s := t.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if len(s) > len(zero) && s[len(s)-len(zero):] == zero {
			s = s[:len(s)-len(zero)+1]
		}
	}
	return s
}

// longest keeps what adds durations up far from where int64 nanoseconds end, at 292 years.
const longest = 36500 * 24 * time.Hour

// ParseDuration reads what time.ParseDuration reads, up to 36500 days, with days (24 h each) in front: 14d, 1d12h.
func ParseDuration(s string) (time.Duration, error) {
	if isNumber(s) && s != "0" {
		return 0, fmt.Errorf("%s has no unit: write %[1]sms, %[1]ss or %[1]sm", cut(s, 40))
	}
	magnitude, negative := strings.CutPrefix(s, "-")
	if !negative {
		magnitude = strings.TrimPrefix(s, "+")
	}
	d, fits, ok := parseMagnitude(magnitude)
	switch {
	case !ok:
		return 0, fmt.Errorf("%s is not a duration such as 500ms, 2s, 1m30s or 14d", quoted(s))
	case !fits:
		return 0, fmt.Errorf("%s is over 100 years", quoted(s))
	case negative:
		return -d, nil
	}
	return d, nil
}

// parseMagnitude reads a duration without a sign. A duration that is one, but over the longest, doesn't fit.
func parseMagnitude(s string) (d time.Duration, fits, ok bool) {
	if s == "" || strings.ContainsAny(s[:1], "+-") {
		return 0, false, false
	}
	head, rest, found := strings.Cut(s, "d")
	if !found {
		d, err := time.ParseDuration(s)
		return d, err == nil && d <= longest, err == nil || overflows(s)
	}
	n, err := strconv.ParseFloat(head, 64)
	if !isNumber(head) {
		return 0, false, false
	}
	inTime := err == nil && n <= longest.Hours()/24
	if rest == "" {
		return time.Duration(math.Round(n * float64(24*time.Hour))), inTime, true
	}
	if isNumber(rest) || strings.Contains(rest, "d") {
		return 0, false, false
	}
	d, restFits, ok := parseMagnitude(rest)
	if !inTime || !restFits || !ok {
		return 0, false, ok
	}
	days := time.Duration(math.Round(n * float64(24*time.Hour)))
	return days + d, d <= longest-days, true
}

// overflows tells a duration that time.ParseDuration has no room for from text that is none: were its digits smaller,
// it could be read.
func overflows(s string) bool {
	_, err := time.ParseDuration(strings.Map(func(r rune) rune {
		if r >= '1' && r <= '9' {
			return '0'
		}
		return r
	}, s))
	return err == nil
}

// isNumber says whether a text is a number without a unit: digits, with a sign before and a point between them.
func isNumber(s string) bool {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return false
	}
	whole, fraction, point := strings.Cut(digits, ".")
	return whole+fraction != "" && strings.Trim(whole+fraction, "0123456789") == "" && (!point || fraction != "")
}

// DecodeNode reads a duration that isn't negative.
func (d *Duration) DecodeNode(dec *Decoder, n Node) {
	if !n.IsScalar() {
		dec.Mismatch(n, "a duration such as 500ms, 2s, 1m30s or 14d")
		return
	}
	n, ok := dec.Static(n)
	if !ok {
		return
	}
	parsed, err := ParseDuration(n.Text())
	switch {
	case err != nil:
		dec.Problem(n, "%s", err)
	case parsed < 0:
		dec.Problem(n, "a duration can't be negative")
	default:
		*d = Duration(parsed)
	}
}

// Size is a number of bytes, written with its unit: 512B, 100kB, 5MB, 64KiB, 1MiB.
type Size int64

// largest is a petabyte. Up to there float64 has room for every byte, and so every Size can be written and read again.
const largest = 1e15

// ParseSize reads a number of bytes with its unit, up to a petabyte. A fraction of a byte is rounded.
func ParseSize(s string) (Size, error) {
	amount := s[:len(s)-len(strings.TrimLeft(s, "0123456789."))]
	unit := strings.TrimLeft(s[len(amount):], " ")
	switch {
	case isNumber(s):
		return 0, fmt.Errorf("%s has no unit: write %[1]sB, %[1]skB or %[1]sMB", cut(s, 40))
	case !isNumber(amount) || unit == "" || strings.ContainsFunc(unit, func(r rune) bool { return !unicode.IsLetter(r) }):
		return 0, fmt.Errorf("%s is not a size such as 512B, 100kB or 5MiB", quoted(s))
	}
	bytes, ok := unitBytes(unit)
	if !ok {
		return 0, fmt.Errorf("%s has the unit %s; units of a size are B, kB, MB, GB, KiB, MiB and GiB", quoted(s), quoted(unit))
	}
	n, err := strconv.ParseFloat(amount, 64)
	if err != nil || n*bytes > largest {
		return 0, fmt.Errorf("%s is over a petabyte", quoted(s))
	}
	return Size(math.Round(n * bytes)), nil
}

func unitBytes(unit string) (float64, bool) {
	switch unit {
	case "B":
		return 1, true
	case "kB", "KB":
		return 1e3, true
	case "MB":
		return 1e6, true
	case "GB":
		return 1e9, true
	case "KiB":
		return 1 << 10, true
	case "MiB":
		return 1 << 20, true
	case "GiB":
		return 1 << 30, true
	}
	return 0, false
}

// String writes the size in full, in the largest unit that it fills: 5MiB, 100kB, 1.234567MB. It isn't rounded, for
// "100kB, expected < 100kB" explains nothing.
func (s Size) String() string {
	for _, binary := range []struct {
		size Size
		unit string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if s >= binary.size && s%binary.size == 0 && s%1000 != 0 {
			return strconv.FormatInt(int64(s/binary.size), 10) + binary.unit
		}
	}
	switch {
	case s < 1e3:
		return strconv.FormatInt(int64(s), 10) + "B"
	case s < 1e6:
		return decimal(s, 3) + "kB"
	case s < 1e9:
		return decimal(s, 6) + "MB"
	}
	return decimal(s, 9) + "GB"
}

// decimal writes a size with the point so many digits from its end, without zeros behind.
func decimal(s Size, places int) string {
	text := strconv.FormatInt(int64(s), 10)
	whole, fraction := text[:len(text)-places], strings.TrimRight(text[len(text)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// DecodeNode reads a size.
func (s *Size) DecodeNode(dec *Decoder, n Node) {
	if !n.IsScalar() {
		dec.Mismatch(n, "a size such as 512B, 100kB or 5MiB")
		return
	}
	n, ok := dec.Static(n)
	if !ok {
		return
	}
	parsed, err := ParseSize(n.Text())
	if err != nil {
		dec.Problem(n, "%s", err)
		return
	}
	*s = parsed
}
