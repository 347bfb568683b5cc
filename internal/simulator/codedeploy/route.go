package codedeploy

// listeners are those of a group for ECS, without a test listener where there is none.
func (g Group) listeners() []Listener {
	if g.Test == nil {
		return []Listener{g.Production}
	}
	return []Listener{g.Production, g.Test}
}

// routes are a listener's rules and default action that forward to the pair of target groups and to
// nothing else. All of them move, whatever their conditions; the others are other services' and stay.
// AWS documents the listener alone, and its error for a rule that doesn't follow names the rule:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html#troubleshooting-ecs-elb.
func (g Group) routes(l Listener) []Route {
	var pair []Route
	for _, r := range l.Routes() {
		weights := r.Weights()
		_, one := weights[g.TargetGroups[0]]
		_, two := weights[g.TargetGroups[1]]
		if (one || two) && (len(weights) == 1 || one && two && len(weights) == 2) {
			pair = append(pair, r)
		}
	}
	return pair
}

// weights sums up what a listener's routes for the pair give each target group.
func (g Group) weights(l Listener) map[string]int {
	sum := map[string]int{}
	for _, r := range g.routes(l) {
		for group, weight := range r.Weights() {
			sum[group] += weight
		}
	}
	return sum
}

// checkListeners refuses to begin where a listener, or one of its rules for the pair, doesn't send its
// traffic to what serves production: something else than CodeDeploy has changed it since. Nothing is
// different from before then, and there is nothing to roll back.
func (d *deployment) checkListeners() error {
	for _, l := range d.settings.listeners() {
		routes := d.settings.routes(l)
		if len(routes) == 0 {
			return notBehind(l.ARN())
		}
		for _, r := range routes {
			if r.Weights()[d.state.Original.TargetGroup] == 0 {
				return notBehind(r.ARN())
			}
		}
	}
	return nil
}

// notBehind has the words of
// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html#troubleshooting-ecs-elb.
func notBehind(arn string) error {
	return &eventError{
		ErrorInformation: ErrorInformation{"ELASTIC_LOAD_BALANCING_INVALID", "The ELB could not be updated due to the following error: Primary taskset target group must be behind listener " + arn},
		diagnostics:      "UnknownError", final: true,
	}
}

// routeListener gives a task set a percentage of a listener's traffic. The group that gets nothing
// stays attached with weight 0, as CodeDeploy leaves it.
func (s *Service) routeListener(d *deployment, l Listener, set *TaskSet, percent int) error {
	to := set.TargetGroup
	for _, r := range d.settings.routes(l) {
		if err := r.SetWeights(map[string]int{to: percent, d.settings.otherThan(to): 100 - percent}); err != nil {
			return &eventError{
				ErrorInformation: ErrorInformation{"ELASTIC_LOAD_BALANCING_INVALID", "The listener could not be changed: " + err.Error()},
				diagnostics:      "UnknownError",
			}
		}
	}
	return nil
}
