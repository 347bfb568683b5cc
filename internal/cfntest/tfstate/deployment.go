package tfstate

import (
	"encoding/json"
	"fmt"
	"strings"
)

type application struct {
	Name            string
	ComputePlatform string `json:"compute_platform"`
}

func (a application) properties() (object, error) {
	return object{"ApplicationName": a.Name, "ComputePlatform": a.ComputePlatform}, nil
}

type deploymentGroup struct {
	AppName              string `json:"app_name"`
	DeploymentGroupName  string `json:"deployment_group_name"`
	ServiceRoleARN       string `json:"service_role_arn"`
	DeploymentConfigName string `json:"deployment_config_name"`
	DeploymentStyle      []struct {
		DeploymentType   string `json:"deployment_type"`
		DeploymentOption string `json:"deployment_option"`
	} `json:"deployment_style"`
	AutoRollbackConfiguration []struct {
		Enabled bool
		Events  []any
	} `json:"auto_rollback_configuration"`
	BlueGreenDeploymentConfig []struct {
		TerminateBlueInstancesOnDeploymentSuccess []struct {
			TerminationWaitTimeInMinutes int `json:"termination_wait_time_in_minutes"`
		} `json:"terminate_blue_instances_on_deployment_success"`
	} `json:"blue_green_deployment_config"`
	ECSService []struct {
		ClusterName string `json:"cluster_name"`
		ServiceName string `json:"service_name"`
	} `json:"ecs_service"`
	LoadBalancerInfo []struct {
		TargetGroupPairInfo []struct {
			ProdTrafficRoute []route                 `json:"prod_traffic_route"`
			TestTrafficRoute []route                 `json:"test_traffic_route"`
			TargetGroup      []struct{ Name string } `json:"target_group"`
		} `json:"target_group_pair_info"`
	} `json:"load_balancer_info"`
}

type route struct {
	ListenerARNs []any `json:"listener_arns"`
}

func (g deploymentGroup) properties() (object, error) {
	p := object{
		"ApplicationName": g.AppName, "DeploymentGroupName": g.DeploymentGroupName, "ServiceRoleArn": g.ServiceRoleARN, "DeploymentConfigName": g.DeploymentConfigName,
	}
	for _, s := range g.DeploymentStyle {
		p["DeploymentStyle"] = object{"DeploymentType": s.DeploymentType, "DeploymentOption": s.DeploymentOption}
	}
	for _, r := range g.AutoRollbackConfiguration {
		p["AutoRollbackConfiguration"] = object{"Enabled": r.Enabled, "Events": r.Events}
	}
	for _, c := range g.BlueGreenDeploymentConfig {
		for _, t := range c.TerminateBlueInstancesOnDeploymentSuccess {
			p["BlueGreenDeploymentConfiguration"] = object{
				"TerminateBlueInstancesOnDeploymentSuccess": object{"TerminationWaitTimeInMinutes": t.TerminationWaitTimeInMinutes},
			}
		}
	}
	var services []any
	for _, s := range g.ECSService {
		services = append(services, object{"ClusterName": s.ClusterName, "ServiceName": s.ServiceName})
	}
	p["ECSServices"] = services
	for _, info := range g.LoadBalancerInfo {
		var pairs []any
		for _, pair := range info.TargetGroupPairInfo {
			var groups []any
			for _, group := range pair.TargetGroup {
				groups = append(groups, object{"Name": group.Name})
			}
			of := object{"TargetGroups": groups}
			for _, r := range pair.ProdTrafficRoute {
				of["ProdTrafficRoute"] = object{"ListenerArns": r.ListenerARNs}
			}
			for _, r := range pair.TestTrafficRoute {
				of["TestTrafficRoute"] = object{"ListenerArns": r.ListenerARNs}
			}
			pairs = append(pairs, of)
		}
		p["LoadBalancerInfo"] = object{"TargetGroupPairInfoList": pairs}
	}
	return p, nil
}

// shiftAlias says of an alias what CloudFormation shifts it by. With Terraform that is a deployment of its own, whose AppSpec has the hooks.
func (s *State) shiftAlias(resources object) error {
	var aliases, groups []object
	for _, r := range resources {
		switch resource := r.(object); resource["Type"] {
		case "AWS::Lambda::Alias":
			aliases = append(aliases, resource)
		case "AWS::CodeDeploy::DeploymentGroup":
			groups = append(groups, resource)
		}
	}
	if len(aliases) == 0 {
		return nil
	}
	// Not by the simulator's reader: of a state in which nothing has been deployed yet, both versions are the first.
	var spec struct{ Hooks []map[string]string }
	text, _ := s.Outputs["appspec"].(string)
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return fmt.Errorf("the output appspec: %w", err)
	}
	if len(aliases) != 1 || len(groups) != 1 {
		return fmt.Errorf("there are %d aliases and %d deployment groups, and one each was expected", len(aliases), len(groups))
	}
	group := groups[0]["Properties"].(object)
	update := object{"ApplicationName": group["ApplicationName"], "DeploymentGroupName": group["DeploymentGroupName"]}
	for _, hook := range spec.Hooks {
		for event, name := range hook {
			update[event+"Hook"] = name
		}
	}
	aliases[0]["UpdatePolicy"] = object{"CodeDeployLambdaAliasUpdate": update}
	return nil
}

type cluster struct{ Name string }

func (c cluster) properties() (object, error) { return object{"ClusterName": c.Name}, nil }

type service struct {
	Name, Cluster        string
	DesiredCount         int                     `json:"desired_count"`
	DeploymentController []struct{ Type string } `json:"deployment_controller"`
	LoadBalancer         []struct {
		TargetGroupARN        string `json:"target_group_arn"`
		ContainerName         string `json:"container_name"`
		ContainerPort         int    `json:"container_port"`
		AdvancedConfiguration []struct {
			AlternateTargetGroupARN string `json:"alternate_target_group_arn"`
			ProductionListenerRule  string `json:"production_listener_rule"`
			TestListenerRule        string `json:"test_listener_rule"`
			RoleARN                 string `json:"role_arn"`
		} `json:"advanced_configuration"`
	} `json:"load_balancer"`
	DeploymentConfiguration []struct {
		Strategy          string
		BakeTimeInMinutes json.Number     `json:"bake_time_in_minutes"`
		LifecycleHook     []lifecycleHook `json:"lifecycle_hook"`
	} `json:"deployment_configuration"`
}

type lifecycleHook struct {
	TargetType           string `json:"target_type"`
	HookTargetARN        string `json:"hook_target_arn"`
	RoleARN              string `json:"role_arn"`
	HookDetails          string `json:"hook_details"`
	LifecycleStages      []any  `json:"lifecycle_stages"`
	TimeoutConfiguration []struct {
		TimeoutInMinutes json.Number `json:"timeout_in_minutes"`
		Action           string
	} `json:"timeout_configuration"`
}

func (h lifecycleHook) properties() object {
	p := object{"HookTargetArn": h.HookTargetARN, "RoleArn": h.RoleARN, "LifecycleStages": h.LifecycleStages}
	if h.TargetType != "" {
		p["TargetType"] = h.TargetType
	}
	if h.HookDetails != "" {
		p["HookDetails"] = h.HookDetails
	}
	for _, t := range h.TimeoutConfiguration {
		p["TimeoutConfiguration"] = object{"TimeoutInMinutes": t.TimeoutInMinutes, "Action": t.Action}
	}
	return p
}

func (s service) properties() (object, error) {
	// Terraform takes a name or an ARN, CloudFormation's Ref is the name.
	p := object{"ServiceName": s.Name, "Cluster": s.Cluster[strings.LastIndexByte(s.Cluster, '/')+1:], "DesiredCount": s.DesiredCount}
	for _, c := range s.DeploymentController {
		p["DeploymentController"] = object{"Type": c.Type}
	}
	var balanced []any
	for _, b := range s.LoadBalancer {
		of := object{"TargetGroupArn": b.TargetGroupARN, "ContainerName": b.ContainerName, "ContainerPort": b.ContainerPort}
		for _, a := range b.AdvancedConfiguration {
			advanced := object{
				"AlternateTargetGroupArn": a.AlternateTargetGroupARN, "ProductionListenerRule": a.ProductionListenerRule, "RoleArn": a.RoleARN,
			}
			if a.TestListenerRule != "" {
				advanced["TestListenerRule"] = a.TestListenerRule
			}
			of["AdvancedConfiguration"] = advanced
		}
		balanced = append(balanced, of)
	}
	p["LoadBalancers"] = balanced
	for _, c := range s.DeploymentConfiguration {
		var hooks []any
		for _, h := range c.LifecycleHook {
			hooks = append(hooks, h.properties())
		}
		p["DeploymentConfiguration"] = object{"Strategy": c.Strategy, "BakeTimeInMinutes": c.BakeTimeInMinutes, "LifecycleHooks": hooks}
	}
	return p, nil
}
