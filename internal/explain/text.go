package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// JSON writes the explanation as one document.
func JSON(out io.Writer, x Explanation) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		return fmt.Errorf("writing the explanation as JSON: %w", err)
	}
	return nil
}

// Text writes the explanation for people.
func Text(out io.Writer, x Explanation) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(key, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", key, fmt.Sprintf(format, args...))
	}
	row("Called by", "%s for %s%s", x.Caller, x.Deployment, x.round())
	row("Deploys", "%s", x.deploys())
	row("Stage", "%s", x.stage())
	row("Green", "%s", x.Green.text())
	row("Blue", "%s", x.Blue.text())
	if x.Proof != nil {
		row("Is it green", "%s", x.Proof.text())
	}
	row("Plan", "%s", cmp.Or(x.Plan, "not known"))
	row("Asks", "%s", x.asks())
	for _, c := range x.Checks {
		row("", "  %s", c.text())
	}
	row("Answers by", "%s", x.Answer)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the explanation: %w", err)
	}
	return nil
}

func (x Explanation) round() string {
	if x.Round == 0 {
		return ""
	}
	return fmt.Sprintf(", round %d", x.Round)
}

func (x Explanation) deploys() string {
	if x.Platform == "" && x.Of == "" {
		return "not known"
	}
	return strings.TrimSpace(strings.TrimSuffix(x.Of+", "+x.Platform, ", "))
}

func (x Explanation) stage() string {
	switch {
	case x.Stage == "":
		return "not known"
	case x.StageFrom == "":
		return x.Stage
	}
	return fmt.Sprintf("%s, says %s", x.Stage, x.StageFrom)
}

func (s Side) text() string {
	text := s.name()
	if s.URL != "" && text != s.URL {
		text += " at " + s.URL
	}
	if s.Host != "" {
		text += ", as host " + s.Host
	}
	var headers []string
	for name, values := range s.Headers {
		headers = append(headers, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(headers)
	if len(headers) > 0 {
		text += ", with " + strings.Join(headers, "; ")
	}
	for _, more := range []string{s.Image, s.TaskDefinition} {
		if more != "" {
			text += ", " + more
		}
	}
	if s.Unknown != "" {
		text += "; no address: " + s.Unknown
	}
	return text
}

func (p Proof) text() string {
	if p.Shown {
		return "yes: " + p.Reason
	}
	return "no: " + p.Reason
}

func (x Explanation) asks() string {
	if x.Verdict != nil {
		word := "Failed"
		if x.Verdict.Succeeded {
			word = "Succeeded"
		}
		return fmt.Sprintf("nothing, and answers %s: %s", word, x.Verdict.Reason)
	}
	text := "side by side"
	if x.Serial {
		text = "one after the other"
	}
	if x.Budget != "" {
		text += ", within " + x.Budget
	}
	return text + ":"
}

func (c Check) text() string {
	text := fmt.Sprintf("%s (%s), %s each time", c.Name, c.Kind, c.Timeout)
	if c.Until != "" {
		text += ", until it passes, for at most " + c.Until
	}
	if c.For != "" {
		text += ", and again and again for " + c.For
	}
	if c.Warn {
		text += "; only warns"
	}
	return text
}
