package tfstate

import "fmt"

type loadBalancer struct{ Name string }

func (b loadBalancer) properties() (object, error) { return object{"Name": b.Name}, nil }

type targetGroup struct {
	Name        string
	HealthCheck []struct {
		Path, Matcher      string
		Interval, Timeout  int // seconds
		HealthyThreshold   int `json:"healthy_threshold"`
		UnhealthyThreshold int `json:"unhealthy_threshold"`
	} `json:"health_check"`
}

func (g targetGroup) properties() (object, error) {
	p := object{"Name": g.Name}
	for _, h := range g.HealthCheck {
		p["HealthCheckPath"], p["Matcher"] = h.Path, object{"HttpCode": h.Matcher}
		p["HealthCheckIntervalSeconds"], p["HealthCheckTimeoutSeconds"] = h.Interval, h.Timeout
		p["HealthyThresholdCount"], p["UnhealthyThresholdCount"] = h.HealthyThreshold, h.UnhealthyThreshold
	}
	return p, nil
}

// action is a listener's or a rule's.
type action struct {
	Type           string
	TargetGroupARN string `json:"target_group_arn"`
	Forward        []struct {
		TargetGroup []struct {
			ARN    string
			Weight *int
		} `json:"target_group"`
	}
}

func actions(of []action) []any {
	var all []any
	for _, a := range of {
		p := object{"Type": a.Type}
		if a.TargetGroupARN != "" {
			p["TargetGroupArn"] = a.TargetGroupARN
		}
		for _, f := range a.Forward {
			var groups []any
			for _, g := range f.TargetGroup {
				to := object{"TargetGroupArn": g.ARN}
				if g.Weight != nil {
					to["Weight"] = *g.Weight
				}
				groups = append(groups, to)
			}
			p["ForwardConfig"] = object{"TargetGroups": groups}
		}
		all = append(all, p)
	}
	return all
}

type listener struct {
	LoadBalancerARN string `json:"load_balancer_arn"`
	Protocol        string
	Port            int
	DefaultAction   []action `json:"default_action"`
}

func (l listener) properties() (object, error) {
	return object{
		"LoadBalancerArn": l.LoadBalancerARN, "Protocol": l.Protocol, "Port": l.Port, "DefaultActions": actions(l.DefaultAction),
	}, nil
}

type listenerRule struct {
	ListenerARN string `json:"listener_arn"`
	Priority    int
	Action      []action
	Condition   []map[string][]struct {
		Values         []any
		HTTPHeaderName string `json:"http_header_name"`
	}
}

// fields are what conditions are about, by Terraform's names of their blocks.
var fields = map[string][2]string{
	"host_header":         {"host-header", "HostHeaderConfig"},
	"http_header":         {"http-header", "HttpHeaderConfig"},
	"http_request_method": {"http-request-method", "HttpRequestMethodConfig"},
	"path_pattern":        {"path-pattern", "PathPatternConfig"},
	"source_ip":           {"source-ip", "SourceIpConfig"},
}

func (r listenerRule) properties() (object, error) {
	var conditions []any
	for _, blocks := range r.Condition {
		for block, of := range blocks {
			field, known := fields[block]
			if !known || len(of) != 1 {
				return nil, fmt.Errorf("nothing is known of the condition %s", block)
			}
			config := object{"Values": of[0].Values}
			if of[0].HTTPHeaderName != "" {
				config["HttpHeaderName"] = of[0].HTTPHeaderName
			}
			conditions = append(conditions, object{"Field": field[0], field[1]: config})
		}
	}
	return object{"ListenerArn": r.ListenerARN, "Priority": r.Priority, "Actions": actions(r.Action), "Conditions": conditions}, nil
}
