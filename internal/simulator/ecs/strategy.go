package ecs

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Strategy is how production traffic is shifted:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html.
type Strategy string

// The strategies that go through lifecycle stages with two service revisions.
const (
	BlueGreen Strategy = "BLUE_GREEN"
	Linear    Strategy = "LINEAR"
	Canary    Strategy = "CANARY"
)

// Defaults of the strategies, from
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html and
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html.
const (
	DefaultLinearPercent = 10.0
	DefaultLinearBake    = 6 * time.Minute
	DefaultCanaryPercent = 5.0
	DefaultCanaryBake    = 10 * time.Minute

	// maxBake bounds each bake time: 24 hours.
	maxBake = 1440 * time.Minute
)

// Steps is the configuration of a linear or canary shift.
type Steps struct {
	// Percent of production traffic that a step adds (linear: 3.0 to 100.0) or that the
	// canary gets (0.1 to 100.0), in tenths of a percent.
	Percent float64
	// Bake is the wait after each step but the last, 0 to 24 hours.
	Bake time.Duration
}

// DeploymentConfiguration says how a service is deployed.
type DeploymentConfiguration struct {
	Strategy Strategy // default [BlueGreen]
	// BakeTime is how long blue and green both run after the shift, 0 to 24 hours.
	BakeTime time.Duration
	// Linear and Canary belong to the strategies of their names; nil for the defaults.
	Linear, Canary *Steps
	Hooks          []Hook

	safeguards wireSafeguards
}

// normalize fills the defaults in and checks the rest.
func (c DeploymentConfiguration) normalize() (DeploymentConfiguration, error) {
	if c.Strategy == "" {
		c.Strategy = BlueGreen
	}
	if c.Strategy == Linear && c.Linear == nil {
		c.Linear = &Steps{DefaultLinearPercent, DefaultLinearBake}
	}
	if c.Strategy == Canary && c.Canary == nil {
		c.Canary = &Steps{DefaultCanaryPercent, DefaultCanaryBake}
	}
	var errs []error
	switch c.Strategy {
	case BlueGreen, Linear, Canary:
	default:
		errs = append(errs, fmt.Errorf("strategy %q is none of BLUE_GREEN, LINEAR and CANARY, which are those simulated", c.Strategy))
	}
	if c.BakeTime < 0 || c.BakeTime > maxBake {
		errs = append(errs, fmt.Errorf("bake time %v is out of range: 0 to 1440 minutes", c.BakeTime))
	}
	errs = append(errs, c.Linear.validate(Linear, c.Strategy, 3), c.Canary.validate(Canary, c.Strategy, 0.1))
	hooks := make([]Hook, len(c.Hooks))
	for i, hook := range c.Hooks {
		var err error
		hooks[i], err = hook.normalize()
		errs = append(errs, err)
	}
	c.Hooks = hooks
	errs = append(errs, countHooks(hooks))
	return c, errors.Join(errs...)
}

func (s *Steps) validate(own, strategy Strategy, least float64) error {
	switch {
	case s == nil:
		return nil
	case own != strategy:
		return fmt.Errorf("the configuration of a %s deployment is only for that strategy, not for %s", own, strategy)
	case s.Percent < least || s.Percent > 100 || math.Abs(float64(tenths(s.Percent))-s.Percent*10) > 1e-6:
		return fmt.Errorf("%s percentage %v is out of range: multiples of 0.1 from %.1f to 100.0", own, s.Percent, least)
	case s.Bake < 0 || s.Bake > maxBake:
		return fmt.Errorf("%s bake time %v is out of range: 0 to 1440 minutes", own, s.Bake)
	}
	return nil
}

// tenths is a percentage in tenths of a percent, which is as fine as ECS has them.
func tenths(percent float64) int { return int(percent*10 + 0.5) }

// step gives green a share of production traffic, and then waits.
type step struct {
	tenths int // of a percent; the last step's is 1000
	wait   time.Duration
}

// steps are the steps of the production shift.
func (c DeploymentConfiguration) steps() []step {
	all := []step{{tenths: 1000}}
	switch c.Strategy {
	case Canary:
		if share := tenths(c.Canary.Percent); share < 1000 {
			return append([]step{{share, c.Canary.Bake}}, all...)
		}
	case Linear:
		var steps []step
		for share := tenths(c.Linear.Percent); share < 1000; share += tenths(c.Linear.Percent) {
			steps = append(steps, step{share, c.Linear.Bake})
		}
		return append(steps, all...)
	}
	return all
}

// Validate tells what ECS would refuse.
func (c DeploymentConfiguration) Validate() error {
	_, err := c.normalize()
	return err
}
