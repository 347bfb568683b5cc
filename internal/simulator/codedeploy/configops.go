package codedeploy

import (
	"errors"
	"fmt"
	"time"
)

// maxShift is the longest time between the first and the last shift of traffic:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html.
const maxShift = 2880 * time.Minute

// Kinds of traffic routing:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoutingConfig.html.
const (
	routeAllAtOnce = "AllAtOnce"
	routeCanary    = "TimeBasedCanary"
	routeLinear    = "TimeBasedLinear"
)

type wireRouting struct {
	Type   string      `json:"type"`
	Canary *wireCanary `json:"timeBasedCanary,omitempty"`
	Linear *wireLinear `json:"timeBasedLinear,omitempty"`
}

type wireCanary struct {
	Percent int `json:"canaryPercentage"`
	Minutes int `json:"canaryInterval"`
}

type wireLinear struct {
	Percent int `json:"linearPercentage"`
	Minutes int `json:"linearInterval"`
}

// config reads a routing as a configuration of that name.
func (r *wireRouting) config(name string) (DeploymentConfig, error) {
	minutes := func(m int) time.Duration { return time.Duration(m) * time.Minute }
	var c DeploymentConfig
	var percent, interval int
	switch {
	case r == nil:
		return c, errors.New("a trafficRoutingConfig must be specified")
	case r.Type == routeAllAtOnce:
		return DeploymentConfig{Name: name, Steps: []Step{{Percent: 100}}}, nil
	case r.Type == routeCanary && r.Canary != nil:
		percent, interval = r.Canary.Percent, r.Canary.Minutes
		c = Canary(name, percent, minutes(interval))
	case r.Type == routeLinear && r.Linear != nil:
		percent, interval = r.Linear.Percent, r.Linear.Minutes
		c = Linear(name, percent, minutes(interval))
	default:
		return c, fmt.Errorf("a routing of type %q with no settings of that type: it is %s, %s or %s", r.Type, routeAllAtOnce, routeCanary, routeLinear)
	}
	if percent < 1 || percent > 99 {
		return c, fmt.Errorf("the percentage is %d; it must be 1 to 99", percent)
	}
	// Divided, not multiplied: the sum of absurd intervals would overflow.
	if steps := len(c.Steps) - 1; interval < 1 || interval > int(maxShift.Minutes())/steps {
		return c, fmt.Errorf("the interval is %d minutes in %d steps; it must be at least 1, and no more than %d minutes in all", interval, steps, int(maxShift.Minutes()))
	}
	return c, nil
}

// routing describes the steps as CodeDeploy does. Two steps are the same as canary and as linear
// and show as the former. Uneven steps, which only Go code can make, show as linear with their
// first percentage.
func (c DeploymentConfig) routing() *wireRouting {
	first := c.Steps[0]
	minutes := int(first.Wait.Minutes())
	switch {
	case len(c.Steps) == 1:
		return &wireRouting{Type: routeAllAtOnce}
	case len(c.Steps) == 2:
		return &wireRouting{Type: routeCanary, Canary: &wireCanary{first.Percent, minutes}}
	}
	return &wireRouting{Type: routeLinear, Linear: &wireLinear{first.Percent, minutes}}
}

type createConfigInput struct {
	Name     string       `json:"deploymentConfigName"`
	Platform Platform     `json:"computePlatform"`
	Routing  *wireRouting `json:"trafficRoutingConfig"`
}

type createConfigOutput struct {
	ID string `json:"deploymentConfigId"`
}

func (s *Service) createDeploymentConfig(in createConfigInput) (createConfigOutput, error) {
	if in.Platform != PlatformECS && in.Platform != PlatformLambda {
		return createConfigOutput{}, refuse(InvalidComputePlatform, "The compute platform is %q: the simulated CodeDeploy takes %s and %s.", in.Platform, PlatformECS, PlatformLambda)
	}
	c, err := in.Routing.config(in.Name)
	if err != nil {
		return createConfigOutput{}, refuse(InvalidTrafficRoutingConfiguration, "The traffic routing is not valid: %v.", err)
	}
	c.Platform = in.Platform
	return createConfigOutput{madeID("configuration", in.Name)}, s.CreateDeploymentConfig(c)
}

type configName struct {
	Name string `json:"deploymentConfigName"`
}

type wireConfig struct {
	ID         string       `json:"deploymentConfigId"`
	Name       string       `json:"deploymentConfigName"`
	Platform   Platform     `json:"computePlatform,omitempty"`
	CreateTime float64      `json:"createTime,omitempty"` // those that are built in have none
	Routing    *wireRouting `json:"trafficRoutingConfig"`
}

type getConfigOutput struct {
	Info wireConfig `json:"deploymentConfigInfo"`
}

func (s *Service) getDeploymentConfig(in configName) (getConfigOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findConfig(in.Name)
	if err != nil {
		return getConfigOutput{}, err
	}
	return getConfigOutput{wireConfig{
		ID: madeID("configuration", c.Name), Name: c.Name, Platform: c.Platform, CreateTime: seconds(c.created), Routing: c.routing(),
	}}, nil
}

func (s *Service) deleteDeploymentConfig(in configName) (struct{}, error) {
	return struct{}{}, s.DeleteDeploymentConfig(in.Name)
}

type nextToken struct {
	NextToken string `json:"nextToken,omitempty"`
}

type listConfigsOutput struct {
	Names []string `json:"deploymentConfigsList"`
	nextToken
}

func (s *Service) listDeploymentConfigs(in nextToken) (listConfigsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range BuiltInConfigs() {
		names = append(names, c.Name)
	}
	for _, c := range s.configs {
		names = append(names, c.Name)
	}
	var out listConfigsOutput
	var err error
	out.Names, out.NextToken, err = page(names, in.NextToken)
	return out, err
}
