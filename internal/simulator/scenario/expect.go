package scenario

import (
	"fmt"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Ends of a deployment, as a scenario expects them.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
	Stopped   = "stopped"
)

func ends() []string { return []string{Succeeded, Failed, Stopped} }

// Expectation is how a deployment is to end: the status alone, or {status, event}.
type Expectation struct {
	// how the deployment is to end: succeeded, failed or stopped
	Status string `yaml:"status,required"`
	// the lifecycle event or stage that is to fail; left out, any may
	Event string `yaml:"event"`
}

// DecodeNode reads an expectation.
func (e *Expectation) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	*e = Expectation{}
	status := n
	if n.IsMapping() {
		type fields Expectation // without this method
		d.Fields(n, (*fields)(e))
		if status, _ = n.Get("status"); status.IsZero() {
			return
		}
	} else {
		d.Decode(n, &e.Status)
	}
	if !slices.Contains(ends(), e.Status) {
		d.Problem(status, "%s", strictyaml.Unknown("end of a deployment", e.Status, ends()))
	}
	at, named := n.Get("event")
	if !named {
		return
	}
	switch {
	case !slices.Contains(moments(), e.Event):
		d.Problem(at, "%s", strictyaml.Unknown("event", e.Event, moments()))
	case e.Status != Failed:
		d.Problem(at, "event: it says which event fails, and the deployment isn't expected to fail")
	}
}

// Outcome is how a deployment ended.
type Outcome struct {
	Status string // one of [Succeeded], [Failed] and [Stopped]
	// FailedAt are the lifecycle events or stages that failed.
	FailedAt []string
}

// Judge gives nil where the deployment ended as expected, and otherwise says how it ended in place of that.
func (e Expectation) Judge(o Outcome) error {
	switch {
	case o.Status != e.Status:
		return fmt.Errorf("the deployment %s, and was expected to end as %s", o.Status, e.Status)
	case e.Event == "" || slices.Contains(o.FailedAt, e.Event):
		return nil
	case len(o.FailedAt) > 0:
		return fmt.Errorf("the deployment failed at %s, and was expected to fail at %s", o.FailedAt[0], e.Event)
	}
	return fmt.Errorf("the deployment failed, but not at %s as was expected", e.Event)
}
