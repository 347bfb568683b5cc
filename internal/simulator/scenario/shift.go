package scenario

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// deploymentConfig is the name of one of AWS's configurations, or steps of one's own.
type deploymentConfig struct{ codedeploy.DeploymentConfig }

// ownSteps is what a configuration with steps of its own is called.
const ownSteps = "Custom"

// builtIn gives AWS's configurations.
func builtIn() map[string]codedeploy.DeploymentConfig {
	named := map[string]codedeploy.DeploymentConfig{}
	for _, c := range codedeploy.BuiltInConfigs() {
		named[c.Name] = c
	}
	return named
}

// configNames are the names of those for one platform.
func configNames(p codedeploy.Platform) []string {
	var names []string
	for _, c := range codedeploy.BuiltInConfigs() {
		if c.Platform == p {
			names = append(names, c.Name)
		}
	}
	return names
}

type step struct {
	// the share of production traffic that green has from here on, up to 100
	Percent int `yaml:"percent,required"`
	// the wait before the next step
	Wait strictyaml.Duration `yaml:"wait"`
}

// DecodeNode reads a name or a list of steps.
func (c *deploymentConfig) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsScalar() {
		n, ok := d.Static(n)
		if !ok {
			return
		}
		known := builtIn()
		if c.DeploymentConfig, ok = known[n.Text()]; !ok {
			d.Problem(n, "%s", strictyaml.Unknown("deployment configuration", n.Text(), slices.Collect(maps.Keys(known))))
		}
		return
	}
	if !n.IsSequence() {
		d.Mismatch(n, "the name of a deployment configuration, or a list of steps such as {percent: 10, wait: 5m}")
		return
	}
	var steps []step
	d.Decode(n, &steps)
	c.Name = ownSteps
	last := 0
	for i, s := range steps {
		if s.Percent <= last || s.Percent > 100 {
			d.Problem(n.Items()[i], "the percentages of the steps must rise up to 100")
		}
		last = s.Percent
		c.Steps = append(c.Steps, codedeploy.Step{Percent: s.Percent, Wait: time.Duration(s.Wait)})
	}
	if last < 100 {
		d.Problem(n, "the last step must give green 100 percent")
	}
}

// autoRollback is yes, no, or what sets a rollback off.
type autoRollback struct{ codedeploy.AutoRollback }

// DecodeNode reads true (on a failure), false, or a list of events.
func (a *autoRollback) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if n.IsBool() {
		if strings.EqualFold(n.Text(), "true") {
			a.AutoRollback = codedeploy.AutoRollback{codedeploy.DeploymentFailure}
		}
		return
	}
	events := []string{string(codedeploy.DeploymentFailure), string(codedeploy.DeploymentStopOnRequest)}
	if !n.IsSequence() {
		d.Mismatch(n, "true, false or a list of "+strings.Join(events, ", "))
		return
	}
	for _, item := range n.Items() {
		var event string
		d.Decode(item, &event)
		if !slices.Contains(events, event) {
			d.Problem(item, "%s", strictyaml.Unknown("event", event, events))
			continue
		}
		a.AutoRollback = append(a.AutoRollback, codedeploy.RollbackEvent(event))
	}
}

// Speed is how many times as fast as real time simulated waits pass, from [clock.Slowest] to
// [clock.Fastest], or [Instant].
type Speed float64

// Instant leaps over waits when nothing real is under way.
const Instant Speed = math.MaxFloat64

// clock keeps the simulated time.
func (s Speed) clock() (clock.Clock, error) {
	if s == Instant {
		return clock.Instant(), nil
	}
	return clock.Accelerated(float64(s))
}

// ParseSpeed reads a speed such as 60x or 2.5x; the x may be left out. The word instant is [Instant].
func ParseSpeed(text string) (Speed, error) {
	if text == "instant" {
		return Instant, nil
	}
	number, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil {
		return 0, errSpeed(text)
	}
	if _, err := clock.Accelerated(number); err != nil {
		return 0, errSpeed(text)
	}
	return Speed(number), nil
}

type errSpeed string

func (e errSpeed) Error() string {
	return strconv.Quote(string(e)) + " is not a speed: write one from 1x to 1000x, such as 60x, or instant"
}

// DecodeNode reads a speed.
func (s *Speed) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsScalar() {
		d.Mismatch(n, "a speed such as 60x, or instant")
		return
	}
	n, ok := d.Static(n)
	if !ok {
		return
	}
	parsed, err := ParseSpeed(n.Text())
	if err != nil {
		d.Problem(n, "%s", err)
		return
	}
	*s = parsed
}
