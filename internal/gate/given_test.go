package gate_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func TestACheckIsToldTheTimeThatItsRunWasGiven(t *testing.T) {
	eventually := func(c *plan.Check) { c.Eventually = &plan.Eventually{Within: 10 * second, Every: second} }
	refused := noAnswer(0, "connection refused")
	for _, tt := range []struct {
		why    string
		check  *plan.Check
		budget time.Duration
		want   []time.Duration
	}{
		{"its timeout", planned("a", passes(ms)), time.Minute, []time.Duration{2 * second}},
		{"the stage's time where that is less", planned("a", passes(ms)), second, []time.Duration{second}},
		{"nothing when it is asked again: what is left by then", planned("a", refused, passes(ms)), time.Minute, []time.Duration{2 * second, 0}},
		{"its timeout in each run", with(planned("a", fails(ms, "status 500"), passes(ms)), eventually), time.Minute, []time.Duration{2 * second, 2 * second}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run(t.Context(), &plan.Stage{Budget: tt.budget, Checks: []*plan.Check{tt.check}})
				if got := tt.check.Check.(*script).given; !slices.Equal(got, tt.want) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}
