package console

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
)

// plain takes out of foreign text what a terminal would obey.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' {
			return ' '
		}
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// elapsed writes a duration with what precision a person compares.
func elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func clockTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("15:04:05.000")
}

// weights writes what a listener forwards to.
func weights(sides Sides, byGroup map[string]int) string {
	var parts []string
	for _, name := range []string{simulator.Blue, simulator.Green} {
		for group, weight := range byGroup {
			if side(sides, group) == name {
				parts = append(parts, fmt.Sprintf("%s %d", name, weight))
			}
		}
	}
	return strings.Join(parts, ", ")
}
