package main

import (
	"fmt"
	"io"
	"strings"
)

// table is a Markdown table whose first column holds names and the others figures.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) writeTo(out io.Writer) {
	writeRow(out, t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	writeRow(out, rule)
	for _, row := range t.rows {
		writeRow(out, row)
	}
	fmt.Fprintln(out)
}

func writeRow(out io.Writer, cells []string) {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	fmt.Fprintf(out, "| %s |\n", strings.Join(escaped, " | "))
}

// spread shows a sample's median, with its quartiles and extremes.
func spread(s sample) string {
	if len(s) == 0 {
		return "–"
	}
	return fmt.Sprintf("**%.1f** (%.1f–%.1f; %.1f–%.1f)",
		s.median(), s.quantile(0.25), s.quantile(0.75), s.quantile(0), s.quantile(1))
}
