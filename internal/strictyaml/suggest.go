package strictyaml

import (
	"slices"
	"strconv"
	"strings"
)

// Unknown says that a name isn't one of the valid ones: with the nearest where one is near, else with all of them.
// The noun says what the name is of: "key", "stage".
func Unknown(noun, name string, valid []string) string {
	message := "unknown " + noun + " " + quoted(name)
	if near, ok := nearest(name, valid); ok {
		return message + ": did you mean " + quoted(near) + "?"
	}
	if len(valid) == 0 {
		return message
	}
	sorted := slices.Sorted(slices.Values(valid))
	return message + ": valid here: " + strings.Join(slices.Compact(sorted), ", ")
}

func quoted(s string) string { return strconv.Quote(cut(s, 60)) }

// cut shortens a text to so many characters, and shows that it did.
func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// likeness takes away what people mix up in names and what is no typing mistake.
var likeness = strings.NewReplacer("-", "_", " ", "_")

// nearest finds the valid name that a typing mistake of a third of its letters, at most three, could have come from.
func nearest(name string, valid []string) (string, bool) {
	if len(name) > 64 {
		return "", false
	}
	normal := func(s string) string { return likeness.Replace(strings.ToLower(s)) }
	best, bestDistance := "", 4
	for _, v := range valid {
		if d := distance(normal(name), normal(v)); d < bestDistance && d <= max(len(v), len(name))/3 {
			best, bestDistance = v, d
		}
	}
	return best, best != ""
}

// distance is the optimal string alignment distance: insert, delete, replace, swap neighbours.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
