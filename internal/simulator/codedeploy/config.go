package codedeploy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Platform is the compute platform of an application:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/welcome.html#compute-platform.
type Platform string

// The platforms whose deployments are simulated.
const (
	PlatformECS    Platform = "ECS"
	PlatformLambda Platform = "Lambda"
)

// Events returns the platform's lifecycle events in the order in which they run:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html.
func (p Platform) Events() []Event {
	if p == PlatformLambda {
		return []Event{BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic}
	}
	return Events()
}

// title is the platform's name in a sentence.
func (p Platform) title() string {
	if p == PlatformLambda {
		return "a Lambda"
	}
	return "an ECS"
}

// DeploymentConfig says how production traffic is shifted:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
type DeploymentConfig struct {
	Name  string
	Steps []Step
	// Platform is the platform whose deployments may use it; empty for any.
	Platform Platform
}

// Step gives green a percentage of production traffic, and then waits. No hooks run in
// between.
type Step struct {
	Percent int // 0 to 100; the last step's is 100
	Wait    time.Duration
}

// builtInPrefix begins the names of AWS's own configurations.
const builtInPrefix = "CodeDeployDefault."

// AllAtOnce is CodeDeployDefault.ECSAllAtOnce: all traffic in one step.
func AllAtOnce() DeploymentConfig { return allAtOnce(PlatformECS) }

func allAtOnce(p Platform) DeploymentConfig {
	return DeploymentConfig{Name: builtInPrefix + string(p) + "AllAtOnce", Steps: []Step{{Percent: 100}}, Platform: p}
}

// Canary shifts traffic in two steps: percent of it (1 to 99), and after interval the rest.
func Canary(name string, percent int, interval time.Duration) DeploymentConfig {
	return DeploymentConfig{Name: name, Steps: []Step{{percent, interval}, {Percent: 100}}}
}

// Linear shifts traffic in equal steps of percent (1 to 99) with interval between them; the last
// step is smaller where percent doesn't divide 100. A percentage out of range makes a
// configuration that CodeDeploy refuses.
func Linear(name string, percent int, interval time.Duration) DeploymentConfig {
	c := DeploymentConfig{Name: name}
	if percent < 1 {
		return c
	}
	for done := percent; done < 100; done += percent {
		c.Steps = append(c.Steps, Step{done, interval})
	}
	c.Steps = append(c.Steps, Step{Percent: 100})
	return c
}

// BuiltInConfigs returns AWS's configurations for ECS and Lambda in alphabetical order:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
func BuiltInConfigs() []DeploymentConfig {
	configs := []DeploymentConfig{allAtOnce(PlatformECS), allAtOnce(PlatformLambda)}
	add := func(p Platform, of func(string, int, time.Duration) DeploymentConfig, format string, minutes ...int) {
		for _, m := range minutes {
			name := builtInPrefix + string(p) + fmt.Sprintf(format, m)
			if p == PlatformLambda && m == 1 { // AWS's own spelling: ECS has it in the plural
				name = strings.TrimSuffix(name, "s")
			}
			c := of(name, 10, time.Duration(m)*time.Minute)
			c.Platform = p
			configs = append(configs, c)
		}
	}
	add(PlatformECS, Canary, "Canary10Percent%dMinutes", 5, 15)
	add(PlatformECS, Linear, "Linear10PercentEvery%dMinutes", 1, 3)
	add(PlatformLambda, Canary, "Canary10Percent%dMinutes", 5, 10, 15, 30)
	add(PlatformLambda, Linear, "Linear10PercentEvery%dMinutes", 1, 2, 3, 10)
	slices.SortFunc(configs, func(a, b DeploymentConfig) int { return strings.Compare(a.Name, b.Name) })
	return configs
}

func (c DeploymentConfig) validate() error {
	last := 0
	for _, step := range c.Steps {
		if step.Percent <= last || step.Percent > 100 || step.Wait < 0 {
			return fmt.Errorf("deployment configuration %q: the steps' percentages must rise up to 100: %v", c.Name, c.Steps)
		}
		last = step.Percent
	}
	if last != 100 {
		return fmt.Errorf("deployment configuration %q: the last step must give green 100 percent, not %d", c.Name, last)
	}
	return nil
}

// suits reports whether deployments of the platform may use the configuration.
func (c DeploymentConfig) suits(p Platform) bool { return c.Platform == "" || c.Platform == p }

// customConfig is a configuration of the user's own.
type customConfig struct {
	DeploymentConfig
	created time.Time
}

// CreateDeploymentConfig adds a configuration of the user's own, for deployments to name.
// Its errors are [*APIError]s:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentConfig.html.
func (s *Service) CreateDeploymentConfig(c DeploymentConfig) error {
	if err := checkConfigName(c.Name); err != nil {
		return err
	}
	if strings.HasPrefix(c.Name, builtInPrefix) {
		return refuse(InvalidDeploymentConfigName, "The name %s is not valid: names that begin with %s are AWS's own.", c.Name, builtInPrefix)
	}
	if err := c.validate(); err != nil {
		return refuse(InvalidTrafficRoutingConfiguration, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.findConfig(c.Name); err == nil {
		return refuse(DeploymentConfigAlreadyExists, "Deployment Configuration already exists with name: %s", c.Name)
	}
	s.configs = append(s.configs, customConfig{c, s.config.Clock.Now()})
	return nil
}

// DeleteDeploymentConfig removes a configuration that no group uses. Deleting one that doesn't
// exist is no error. Its errors are [*APIError]s:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeleteDeploymentConfig.html.
func (s *Service) DeleteDeploymentConfig(name string) error {
	if err := checkConfigName(name); err != nil {
		return err
	}
	if strings.HasPrefix(name, builtInPrefix) {
		return refuse(InvalidOperation, "The deployment configuration %s is predefined and can't be deleted.", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		if g.Config.Name == name {
			return refuse(DeploymentConfigInUse, "The deployment configuration %s is in use by deployment group %s.", name, g.Name)
		}
	}
	s.configs = slices.DeleteFunc(s.configs, func(c customConfig) bool { return c.Name == name })
	return nil
}

// findConfig looks a configuration up; the caller holds the lock.
func (s *Service) findConfig(name string) (customConfig, error) {
	if err := checkConfigName(name); err != nil {
		return customConfig{}, err
	}
	for _, c := range s.configs {
		if c.Name == name {
			return c, nil
		}
	}
	for _, c := range BuiltInConfigs() {
		if c.Name == name {
			return customConfig{DeploymentConfig: c}, nil
		}
	}
	return customConfig{}, refuse(DeploymentConfigDoesNotExist, "No Deployment Configuration found for name: %s", name)
}

// configFor is the configuration with which a deployment of the group runs: the one that the
// request names, or else the group's. The caller holds the lock.
func (s *Service) configFor(g *group, name string) (DeploymentConfig, error) {
	if name == "" || name == g.Config.Name {
		return g.Config, nil
	}
	found, err := s.findConfig(name)
	if err != nil {
		return DeploymentConfig{}, err
	}
	if !found.suits(g.Platform) {
		return DeploymentConfig{}, refuse(InvalidTrafficRoutingConfiguration,
			"The deployment configuration %s is for %s, and deployment group %s deploys to %s.", name, found.Platform, g.Name, g.Platform)
	}
	return found.DeploymentConfig, nil
}

func checkConfigName(name string) error {
	switch {
	case name == "":
		return refuse(DeploymentConfigNameRequired, "A deployment configuration name must be specified.")
	case len(name) > maxName:
		return refuse(InvalidDeploymentConfigName, "The deployment configuration name is longer than %d characters.", maxName)
	}
	return nil
}

// maxName is how long the name of an application, group or configuration may be:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html.
const maxName = 100
