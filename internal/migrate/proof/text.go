package proof

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Text writes results for people.
func Text(out io.Writer, results []Result) error {
	var b strings.Builder
	for i, r := range results {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", r.Release)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprint(w, "  hook\tCodeDeploy\tECS\t\n")
		for _, stage := range r.Stages {
			row(w, string(stage)+" / "+stage.ECS(), r.CodeDeploy.Verdicts[stage], r.ECS.Verdicts[stage])
		}
		row(w, "the deployment", r.CodeDeploy.Outcome, r.ECS.Outcome)
		if err := w.Flush(); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
		for _, why := range []struct{ by, reason string }{{"CodeDeploy", r.CodeDeploy.Reason}, {"ECS", r.ECS.Reason}} {
			if why.reason != "" {
				fmt.Fprintf(&b, "  %s: %s\n", why.by, why.reason)
			}
		}
	}
	// tabwriter pads the last cell of a row.
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(out, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	}
	return nil
}

func row(w io.Writer, name string, codeDeploy, ecs Verdict) {
	mark := ""
	if codeDeploy != ecs {
		mark = "differs"
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", name, codeDeploy, ecs, mark)
}
