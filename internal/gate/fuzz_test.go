package gate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// Whatever comes back in the place of what a call left, there is a verdict, and a reason of one line.
func FuzzResume(f *testing.F) {
	stage := func() *plan.Stage {
		return shared(lasting(planned("a", passes(0)), time.Hour, time.Hour), within(planned("b", fails(0, "status 500")), 2*time.Hour, time.Hour), planned("c", passes(0)))
	}
	left := gate.Run(context.Background(), gate.Execution{Asked: stage(), CanSuspend: true, CallsBack: true})
	f.Add([]byte(left.Suspended.State))
	f.Add([]byte(`{"v":1,"plan":"f1","since":-9223372036854775808,"runs":[{"s":9223372036854775807,"h":-1,"r":-1},{"o":2,"w":"a\nb"},null]}`))
	f.Add([]byte(`{"v":1,"plan":"f1","runs":[null,null,{"o":0,"t":-1,"c":true}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, state []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		v := gate.Run(ctx, gate.Execution{Asked: stage(), CanSuspend: true, CallsBack: true, Resume: state})
		if v.Suspended != nil || v.Reason == "" || strings.ContainsAny(v.Reason, "\r\n") {
			t.Errorf("from %q came %+v", state, v)
		}
	})
}
