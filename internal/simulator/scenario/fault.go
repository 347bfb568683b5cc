package scenario

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// fault is something that goes wrong on the CodeDeploy endpoint. One key says its kind, and has the operation that it
// befalls as its value, or all.
type fault struct {
	kind, operation string
	lasting         time.Duration // since the first request that it befell; 0 for ever
	times           int           // 0 for all
}

// everyOperation is the operation that stands for all.
const everyOperation = "all"

// faultKinds are the kinds of faults by their keys.
func faultKinds() map[string]codedeploy.Fault {
	return map[string]codedeploy.Fault{
		"throttle":    codedeploy.Throttle(),
		"error":       codedeploy.InternalError(),
		"drop_before": codedeploy.DropBefore(),
		"drop_after":  codedeploy.DropAfter(),
		"hang":        codedeploy.Hang(),
		"garbage":     codedeploy.Garbage(),
	}
}

// DecodeNode reads a fault.
func (f *fault) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	kinds := slices.Sorted(maps.Keys(faultKinds()))
	if !n.IsMapping() {
		d.Mismatch(n, "a mapping such as {throttle: PutLifecycleEventHookExecutionStatus, for: 5s}")
		return
	}
	keys := append([]string{"for", "times"}, kinds...)
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case key == "for":
			var lasting strictyaml.Duration
			d.Decode(pair.Value, &lasting)
			f.lasting = time.Duration(lasting)
		case key == "times":
			d.Decode(pair.Value, &f.times)
			if f.times < 1 {
				d.Problem(pair.Value, "times: it counts from 1")
			}
		case !slices.Contains(kinds, key):
			d.Problem(pair.Key, "%s", strictyaml.Unknown("key", key, keys))
		case f.kind != "":
			d.Problem(pair.Key, "a fault is one of %s, and this one is %s already", strings.Join(kinds, ", "), f.kind)
		default:
			f.kind = key
			f.decodeOperation(d, pair.Value)
		}
	}
	if f.kind == "" && d.Err() == nil {
		d.Problem(n, "a fault needs one of %s", strings.Join(kinds, ", "))
	}
}

func (f *fault) decodeOperation(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, &f.operation)
	if f.operation != everyOperation && !strings.ContainsFunc(f.operation, func(r rune) bool { return r >= 'A' && r <= 'Z' }) {
		d.Problem(n, "%s: name an operation such as PutLifecycleEventHookExecutionStatus, or all", f.kind)
	}
}

func (f fault) fault(c clock.Clock) codedeploy.Fault {
	made := faultKinds()[f.kind]
	if f.times > 0 {
		made = codedeploy.Times(f.times, made)
	}
	if f.lasting > 0 {
		made = codedeploy.For(c, f.lasting, made)
	}
	if f.operation != everyOperation {
		made = codedeploy.Only(f.operation, made)
	}
	return made
}

// together nests faults, so that a request meets each in the order of the file.
func together(c clock.Clock, faults []fault) codedeploy.Fault {
	return func(next http.Handler) http.Handler {
		for _, f := range slices.Backward(faults) {
			next = f.fault(c)(next)
		}
		return next
	}
}

// String shows the fault as it is written.
func (f fault) String() string { return fmt.Sprintf("%s: %s", f.kind, f.operation) }
