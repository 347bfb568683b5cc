package planschema_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// docs/reference.md lists every key of a plan. It is made of what the schema is made of.
func TestTheReferenceIsThatOfTheDefinitions(t *testing.T) {
	text := reference{whole: described(t, language())}.write()
	path := filepath.Join(root, "docs", "reference.md")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // it is for everybody
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(text, string(page)); diff != "" {
		t.Errorf("docs/reference.md is of old; go test ./internal/plan/planschema -update renews it (-definitions +file):\n%s", diff)
	}
}

// checkDef is the definition of what stands in a list of checks: a check of some kind, or a file with checks.
const checkDef = "check"

// reference writes a schema as a page.
type reference struct{ whole *strictyaml.Schema }

const referenceHead = `# Every key

What a plan may hold, made of the definitions that the parser reads with: editors show the same ([schema](plan.md)). Any value may hold
variables, ` + "`{{ vars.name }}`" + `. A time is written as ` + "`500ms`, `30s`, `5m`, `2h`, `1d`" + `.

`

func (r reference) write() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	r.section(&b, "The plan", r.whole, nil)
	checks := r.checks()
	common := r.common(checks)
	r.section(&b, "Every check", &strictyaml.Schema{Properties: common}, nil)
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(r.whole.Defs)) {
		if !slices.Contains(checks, name) && len(r.object(name).Properties) > 0 {
			rest = append(rest, name)
		}
	}
	var kept []string
	for _, p := range common {
		kept = append(kept, p.Name)
	}
	for _, name := range checks {
		r.section(&b, heading(name), r.object(name), kept)
	}
	for _, name := range rest {
		r.section(&b, heading(name), r.object(name), nil)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// checks are the definitions of the kinds, in their order.
func (r reference) checks() []string {
	var names []string
	for _, one := range r.whole.Defs[checkDef].AnyOf {
		if one.Ref != "" {
			names = append(names, defName(one.Ref))
		}
	}
	return names
}

// common are the keys that all kinds have.
func (r reference) common(checks []string) strictyaml.Properties {
	var common strictyaml.Properties
	for _, p := range r.object(checks[0]).Properties {
		everywhere := true
		for _, name := range checks[1:] {
			everywhere = everywhere && slices.ContainsFunc(r.object(name).Properties, func(other strictyaml.Property) bool {
				return other.Name == p.Name && other.Schema.Description == p.Schema.Description
			})
		}
		if everywhere {
			common = append(common, p)
		}
	}
	return common
}

// object is the mapping among what a definition may be; an empty one where there is none.
func (r reference) object(name string) *strictyaml.Schema {
	definition := r.whole.Defs[name]
	for _, one := range append([]*strictyaml.Schema{definition}, slices.Concat(definition.AnyOf, definition.OneOf)...) {
		if len(one.Properties) > 0 {
			return one
		}
	}
	return &strictyaml.Schema{}
}

func (r reference) section(b *strings.Builder, title string, s *strictyaml.Schema, without []string) {
	fmt.Fprintf(b, "## %s\n\n| key | takes | is |\n|---|---|---|\n", title)
	for _, p := range s.Properties {
		if slices.Contains(without, p.Name) {
			continue
		}
		required := ""
		if slices.Contains(s.Required, p.Name) {
			required = " Required."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s%s |\n", p.Name, r.takes(p.Schema), explained(p.Schema.Description), required)
	}
	b.WriteByte('\n')
}

// explained is a comment of Go's as a sentence about a key.
func explained(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	text = strings.NewReplacer("|", `\|`, "<", `\<`, "{{", "`{{", "}}", "}}`").Replace(text)
	// The field's own name in front says what the key beside it says.
	first, rest, found := strings.Cut(text, " ")
	if found && regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`).MatchString(first) {
		for _, verb := range []string{"is ", "are "} {
			if after, ok := strings.CutPrefix(rest, verb); ok {
				return upper(after)
			}
		}
		return upper(rest)
	}
	return text
}

func upper(text string) string {
	for i, r := range text {
		return string(unicode.ToUpper(r)) + text[i+len(string(r)):]
	}
	return text
}

// takes says what a value may be.
func (r reference) takes(s *strictyaml.Schema) string {
	var all []string
	for _, one := range r.kinds(s, 0) {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return cmp.Or(strings.Join(all, ", "), "any value")
}

func (r reference) kinds(s *strictyaml.Schema, depth int) []string {
	switch {
	case depth > 6:
		return nil
	case s.Ref != "":
		name := defName(s.Ref)
		if name == checkDef {
			return []string{"a check, or a file with some"}
		}
		if len(r.object(name).Properties) > 0 {
			return append(r.scalars(r.whole.Defs[name], depth+1), fmt.Sprintf("[%s](#%s)", heading(name), anchor(heading(name))))
		}
		return r.kinds(r.whole.Defs[name], depth+1)
	case len(s.AnyOf)+len(s.OneOf) > 0:
		var all []string
		for _, one := range slices.Concat(s.AnyOf, s.OneOf) {
			if one.Pattern != `\{\{` { // a variable, which any value may be
				all = append(all, r.kinds(one, depth+1)...)
			}
		}
		return all
	case len(s.Enum) > 0:
		var all []string
		for _, value := range s.Enum {
			all = append(all, fmt.Sprintf("`%v`", value))
		}
		return all
	case s.Items != nil:
		return []string{"a list of " + strings.Join(r.kinds(s.Items, depth+1), " or ")}
	case s.Additional != nil && !slices.Contains(s.Type, "string"):
		return []string{"a mapping to " + cmp.Or(strings.Join(r.kinds(s.Additional, depth+1), " or "), "any value")}
	case s.Minimum != nil && s.Maximum != nil && *s.Minimum == *s.Maximum:
		return []string{fmt.Sprintf("`%v`", *s.Minimum)}
	case s.Minimum != nil && s.Maximum != nil:
		return []string{fmt.Sprintf("a number from %v to %v", *s.Minimum, *s.Maximum)}
	case slices.Contains(s.Type, "object"):
		return []string{"a mapping"}
	case slices.Contains(s.Type, "boolean") && len(s.Type) == 1:
		return []string{"`true`", "`false`"}
	case slices.Contains(s.Type, "integer"), slices.Contains(s.Type, "number") && len(s.Type) == 1:
		return []string{"a number"}
	case slices.Contains(s.Type, "string"):
		return []string{"text"}
	}
	return nil
}

// scalars are what a definition may be beside a mapping.
func (r reference) scalars(s *strictyaml.Schema, depth int) []string {
	var all []string
	for _, one := range slices.Concat(s.AnyOf, s.OneOf) {
		if len(one.Properties) == 0 && one.Pattern != `\{\{` && !strings.Contains(one.Ref, "Keys") {
			all = append(all, r.kinds(one, depth)...)
		}
	}
	return all
}

func defName(ref string) string { return strings.TrimPrefix(ref, "#/$defs/") }

// heading is a definition's name in words.
func heading(name string) string {
	if name == checkDef {
		return "A file with checks"
	}
	if kind, ok := strings.CutSuffix(name, "Check"); ok {
		return "Check `" + kind + "`"
	}
	var b strings.Builder
	for i, r := range strings.TrimSuffix(name, "Keys") {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return upper(b.String())
}

// anchor is the address of a heading, as Markdown's renderers make it.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(heading, "`", "")), " ", "-")
}
