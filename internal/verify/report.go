package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Report is what came of it. It has no account's number: [Report.Write] leaves it out, so that a report can be sent to anybody.
type Report struct {
	Greenlight string        `json:"greenlight"`
	Region     string        `json:"region"`
	Began      time.Time     `json:"began"`
	Took       time.Duration `json:"took_ns"`
	Trials     []Trial       `json:"trials"`
	Facts      []Finding     `json:"facts"`
	// Left are the stacks that are still there.
	Left []string `json:"left,omitempty"`
}

// Trial is an example under its contract.
type Trial struct {
	Contract    Contract     `json:"contract"`
	Stack       string       `json:"stack"`
	Deployments []Deployment `json:"deployments"`
	// AtFirst is what was seen when ECS made the service.
	AtFirst *First `json:"at_first,omitempty"`
	// SecondReport is the code of the error by which CodeDeploy refused a second answer; empty where it took one.
	SecondReport string `json:"second_report,omitempty"`
	// Weights are where the listeners led when the good version was in production.
	Weights []Weights `json:"weights,omitempty"`
	// Doctor is what doctor said when the good version was in production; nil where that wasn't reached.
	Doctor *Diagnosis `json:"doctor,omitempty"`
	// Problem is why it wasn't seen to its end, and Heard what the gate had been asked until then, by whatever deployment.
	Problem string      `json:"problem,omitempty"`
	Heard   []Execution `json:"heard,omitempty"`
}

// First is the first deployment of a service by ECS, which creates it.
type First struct {
	Deployments int         `json:"deployments"`
	Executions  []Execution `json:"executions"`
}

// deployment is that of a version; nil where there was none.
func (t Trial) deployment(v Version) *Deployment {
	for i := range t.Deployments {
		if t.Deployments[i].Version == v {
			return &t.Deployments[i]
		}
	}
	return nil
}

// Wrong says what isn't as it must be: the good version in production, the bad one stopped by the gate and taken back. It is empty
// where all is.
func (t Trial) Wrong() string {
	good, bad := t.deployment(Good), t.deployment(Bad)
	ended := map[Contract][2]string{
		CodeDeployECS: {"Succeeded", "Failed"}, CodeDeployLambda: {"Succeeded", "Failed"},
		ECS: {"SUCCESSFUL", "ROLLBACK_SUCCESSFUL"}, ECSPause: {"SUCCESSFUL", "ROLLBACK_SUCCESSFUL"},
	}[t.Contract]
	switch {
	case t.Problem != "":
		return t.Problem
	case good == nil || bad == nil:
		return "not both versions were deployed"
	case good.Status != ended[0]:
		return fmt.Sprintf("the good version ended as %s, expected %s: %s", good.Status, ended[0], good.Why)
	case len(good.Executions) == 0:
		return "nobody asked the gate about the good version"
	case bad.Status != ended[1]:
		return fmt.Sprintf("the bad version ended as %s, expected %s: %s", bad.Status, ended[1], bad.Why)
	case len(bad.failed()) == 0:
		return "the bad version was stopped, and not by the gate: " + bad.Why
	case !t.Contract.byECS() && (bad.Rollback == nil || bad.Rollback.Status != "Succeeded"):
		return "the bad version was stopped, and not rolled back"
	}
	if ill := t.Doctor.failed(); ill != nil {
		return "doctor found what would make a deployment go wrong, and none did: " + ill.Check + ": " + ill.Text
	}
	return ""
}

// OK says that all is as it must be: each deployment ended as it was to, no fact is another way, and nothing is left.
func (r Report) OK() bool {
	for _, t := range r.Trials {
		if t.Wrong() != "" {
			return false
		}
	}
	for _, f := range r.Facts {
		if f.Result == Refuted {
			return false
		}
	}
	return len(r.Left) == 0 && len(r.Trials) > 0
}

// accountNumber is one as it stands in ARNs and in the addresses of consoles.
var accountNumber = regexp.MustCompile(`\b\d{12}\b`)

func withoutNumbers(text string) string { return accountNumber.ReplaceAllString(text, "123456789012") }

// JSON writes the report as a document.
func (r Report) JSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, withoutNumbers(string(text)))
	return err
}

// Markdown writes the report for people, to be sent back as an issue.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# greenlight in an account\n\ngreenlight %s, %s, %s, in %v.\n", r.Greenlight, r.Region, r.Began.Format("2006-01-02"), r.Took)
	b.WriteString("\n## Deployments\n\n| contract | version | ended as | the gate said | took |\n|---|---|---|---|---|\n")
	for _, t := range r.Trials {
		for _, d := range t.Deployments {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %v |\n", t.Contract, d.Version, cell(d.ended()), cell(d.said()), d.Took.Round(time.Second))
		}
	}
	for _, t := range r.Trials {
		if wrong := t.Wrong(); wrong != "" {
			fmt.Fprintf(&b, "\n**%s**: %s\n", t.Contract, wrong)
		}
	}
	b.WriteString("\n## Facts\n\n| | fact | source | seen |\n|---|---|---|---|\n")
	for _, f := range r.Facts {
		fmt.Fprintf(&b, "| %s | %s: %s | %s | %s |\n", f.Result, f.Contract, cell(f.Says), f.Source, cell(f.Evidence))
	}
	b.WriteString("\n## What doctor said\n")
	for _, t := range r.Trials {
		t.Doctor.describe(&b, t.Contract)
	}
	for _, t := range r.Trials {
		for _, d := range t.Deployments {
			d.details(&b, t.Contract)
		}
		if t.Problem != "" {
			fmt.Fprintf(&b, "\n## %s, all that the gate was asked\n", t.Contract)
			describe(&b, t.Heard)
		}
	}
	if len(r.Left) > 0 {
		fmt.Fprintf(&b, "\n## Left in the account\n\n%s\n\nTake them away with `greenlight verify-account --clean-up`.\n", strings.Join(r.Left, ", "))
	}
	_, err := io.WriteString(w, withoutNumbers(b.String()))
	return err
}

// describe tells what doctor said.
func (d *Diagnosis) describe(b *strings.Builder, c Contract) {
	if d == nil {
		fmt.Fprintf(b, "\n%s: it wasn't asked.\n", c)
		return
	}
	fmt.Fprintf(b, "\n%s: %d things are as they should be, %d aren't.\n", c, d.Passed, len(d.Others))
	for _, a := range d.Others {
		fmt.Fprintf(b, "\n- %s %s: %s\n", a.Status, a.Check, a.Text)
	}
	if len(d.Unread) > 0 {
		fmt.Fprintf(b, "\nIt couldn't read %s.\n", strings.Join(d.Unread, ", "))
	}
}

// ended is how it ended, with its rollback.
func (d Deployment) ended() string {
	text := d.Status
	if d.Rollback != nil {
		text += ", rolled back: " + d.Rollback.Status
	}
	return text
}

// said is the gate's last word.
func (d Deployment) said() string {
	if no := d.failed(); len(no) > 0 {
		return no[0].Stage + " Failed: " + no[0].Reason
	}
	answered := 0
	for _, e := range d.Executions {
		if e.Status == "Succeeded" {
			answered++
		}
	}
	return fmt.Sprintf("Succeeded, %d of %d times", answered, len(d.Executions))
}

// details are the calls of the gate.
func (d Deployment) details(b *strings.Builder, c Contract) {
	fmt.Fprintf(b, "\n## %s, the %s version\n", c, d.Version)
	if d.Why != "" {
		fmt.Fprintf(b, "\n%s\n", d.Why)
	}
	describe(b, d.Executions)
}

// describe tells calls of the gate.
func describe(b *strings.Builder, calls []Execution) {
	if len(calls) == 0 {
		b.WriteString("\nNobody asked the gate.\n")
	}
	for _, e := range calls {
		fmt.Fprintf(b, "\n- %s: %s; %s\n  - found: %s\n", e.Stage, e.Status, e.Reason, e.Found)
		for _, p := range e.Proofs {
			fmt.Fprintf(b, "  - green is green: %s\n", p)
		}
	}
}

// cell is a text in a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
