package cfntest

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// refer is what Ref gives for a parameter, a pseudo parameter or a resource.
func (s *Stack) refer(id string) (any, error) {
	if value, is := s.parameters[id]; is {
		return value, nil
	}
	switch id {
	case "AWS::NoValue":
		return noValue{}, nil
	case "AWS::Region":
		return s.options.Region, nil
	case "AWS::AccountId":
		return s.options.Account, nil
	case "AWS::Partition":
		return s.partition(), nil
	case "AWS::URLSuffix":
		if s.partition() == "aws-cn" {
			return "amazonaws.com.cn", nil
		}
		return "amazonaws.com", nil
	case "AWS::StackName":
		return s.Name, nil
	case "AWS::StackId":
		return s.arn("cloudformation", "stack/"+s.Name+"/"+hashed(s.Name, 12)), nil
	case "AWS::NotificationARNs":
		return []any{}, nil
	}
	r, err := s.resource(id)
	if err != nil {
		return nil, err
	}
	return r.Reference()
}

func (s *Stack) partition() string {
	switch {
	case strings.HasPrefix(s.options.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(s.options.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (s *Stack) arn(service, resource string) string {
	return "arn:" + s.partition() + ":" + service + ":" + s.options.Region + ":" + s.options.Account + ":" + resource
}

// hashed is a short text that stands for a longer one.
func hashed(of string, length int) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(of))
	return fmt.Sprintf("%x", h.Sum(nil))[:length]
}

// kind is how a type of resource is named, and what refers to it gives.
type kind struct {
	// name is the property that names it; empty where CloudFormation makes a name up in any case.
	name string
	// ref makes what Ref gives, and attributes what Fn::GetAtt does; without ref that is the name.
	ref        func(*Resource) string
	attributes map[string]func(*Resource) string
}

func (r *Resource) called() string { return r.Name }

// arnOf makes the ARN of a resource that is called by its name.
func arnOf(service, before string) func(*Resource) string {
	return func(r *Resource) string { return r.stack.arn(service, before+r.Name) }
}

// property gives a property as an attribute.
func property(name string) func(*Resource) string {
	return func(r *Resource) string { t, _ := text(r.Properties[name]); return t }
}

func after(before string, of func(*Resource) string) func(*Resource) string {
	return func(r *Resource) string {
		_, rest, _ := strings.Cut(of(r), before)
		return rest
	}
}

func roleARN(r *Resource) string {
	return "arn:" + r.stack.partition() + ":iam::" + r.stack.options.Account + ":role/" + r.Name
}

func versionARN(r *Resource) string {
	function, _ := text(r.Properties["FunctionName"])
	if !strings.HasPrefix(function, "arn:") {
		function = r.stack.arn("lambda", "function:"+function)
	}
	return function + ":1"
}

func aliasARN(r *Resource) string {
	return strings.TrimSuffix(versionARN(r), ":1") + ":" + r.Name
}

func serviceARN(r *Resource) string {
	cluster, _ := text(r.Properties["Cluster"])
	return r.stack.arn("ecs", "service/"+cluster[strings.LastIndexByte(cluster, '/')+1:]+"/"+r.Name)
}

func balancerARN(r *Resource) string {
	return r.stack.arn("elasticloadbalancing", "loadbalancer/app/"+r.Name+"/"+hashed(r.ID, 16))
}

func targetGroupARN(r *Resource) string {
	return r.stack.arn("elasticloadbalancing", "targetgroup/"+r.Name+"/"+hashed(r.ID, 16))
}

// listenerARN is that of its load balancer, with an id of its own.
func listenerARN(r *Resource) string {
	balancer, _ := text(r.Properties["LoadBalancerArn"])
	return strings.Replace(balancer, ":loadbalancer/", ":listener/", 1) + "/" + hashed(r.ID, 16)
}

func ruleARN(r *Resource) string {
	listener, _ := text(r.Properties["ListenerArn"])
	return strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/" + hashed(r.ID, 16)
}

func groupID(r *Resource) string { return id("sg")(r) }

// id is one as EC2 makes them up.
func id(kind string) func(*Resource) string {
	return func(r *Resource) string { return kind + "-" + hashed(r.stack.Name+r.ID, 17) }
}

func one(string) func(*Resource) string { return func(*Resource) string { return "1" } }

// kinds are what Ref and Fn::GetAtt give, by type.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
func kinds() map[string]kind {
	type attributes = map[string]func(*Resource) string
	return map[string]kind{
		"AWS::Lambda::Function":             {name: "FunctionName", attributes: attributes{"Arn": arnOf("lambda", "function:")}},
		"AWS::Lambda::Version":              {ref: versionARN, attributes: attributes{"Version": one(""), "FunctionArn": versionARN}},
		"AWS::Lambda::Alias":                {name: "Name", ref: aliasARN, attributes: attributes{"AliasArn": aliasARN}},
		"AWS::IAM::Role":                    {name: "RoleName", attributes: attributes{"Arn": roleARN}},
		"AWS::Logs::LogGroup":               {name: "LogGroupName", attributes: attributes{"Arn": func(r *Resource) string { return r.stack.arn("logs", "log-group:"+r.Name+":*") }}},
		"AWS::Events::Rule":                 {name: "Name", attributes: attributes{"Arn": arnOf("events", "rule/")}},
		"AWS::CloudWatch::Alarm":            {name: "AlarmName", attributes: attributes{"Arn": arnOf("cloudwatch", "alarm:")}},
		"AWS::CodeDeploy::Application":      {name: "ApplicationName"},
		"AWS::CodeDeploy::DeploymentGroup":  {name: "DeploymentGroupName"},
		"AWS::CodeDeploy::DeploymentConfig": {name: "DeploymentConfigName"},
		"AWS::ECS::Cluster":                 {name: "ClusterName", attributes: attributes{"Arn": arnOf("ecs", "cluster/")}},
		"AWS::ECS::Service":                 {name: "ServiceName", ref: serviceARN, attributes: attributes{"Name": (*Resource).called, "ServiceArn": serviceARN}},
		"AWS::ECS::TaskDefinition":          {name: "Family", ref: func(r *Resource) string { return r.stack.arn("ecs", "task-definition/"+r.Name+":1") }},
		"AWS::EC2::SecurityGroup":           {name: "GroupName", ref: groupID, attributes: attributes{"GroupId": groupID, "VpcId": property("VpcId")}},
		"AWS::EC2::VPC":                     {ref: id("vpc")},
		"AWS::EC2::Subnet":                  {ref: id("subnet")},
		"AWS::EC2::EIP":                     {attributes: attributes{"AllocationId": id("eipalloc")}},
		"AWS::SNS::Topic":                   {name: "TopicName", ref: arnOf("sns", ""), attributes: attributes{"TopicArn": arnOf("sns", ""), "TopicName": (*Resource).called}},
		"AWS::SQS::Queue": {name: "QueueName", ref: func(r *Resource) string {
			return "https://sqs." + r.stack.options.Region + ".amazonaws.com/" + r.stack.options.Account + "/" + r.Name
		}, attributes: attributes{"Arn": arnOf("sqs", ""), "QueueName": (*Resource).called}},
		"AWS::S3::Bucket":     {name: "BucketName", attributes: attributes{"Arn": func(r *Resource) string { return "arn:" + r.stack.partition() + ":s3:::" + r.Name }}},
		"AWS::KMS::Key":       {attributes: attributes{"Arn": arnOf("kms", "key/"), "KeyId": (*Resource).called}},
		"AWS::SSM::Parameter": {name: "Name"},
		"AWS::ElasticLoadBalancingV2::LoadBalancer": {name: "Name", ref: balancerARN, attributes: attributes{
			"LoadBalancerArn": balancerARN, "LoadBalancerName": (*Resource).called, "LoadBalancerFullName": after(":loadbalancer/", balancerARN),
			"DNSName": func(r *Resource) string {
				return strings.ToLower(r.Name) + "-1." + r.stack.options.Region + ".elb.amazonaws.com"
			},
		}},
		"AWS::ElasticLoadBalancingV2::TargetGroup": {name: "Name", ref: targetGroupARN, attributes: attributes{
			"TargetGroupArn": targetGroupARN, "TargetGroupName": (*Resource).called,
			"TargetGroupFullName": func(r *Resource) string { arn := targetGroupARN(r); return arn[strings.LastIndexByte(arn, ':')+1:] },
		}},
		"AWS::ElasticLoadBalancingV2::Listener":     {ref: listenerARN, attributes: attributes{"ListenerArn": listenerARN}},
		"AWS::ElasticLoadBalancingV2::ListenerRule": {ref: ruleARN, attributes: attributes{"RuleArn": ruleARN}},
		"AWS::CloudFormation::Stack":                {ref: func(r *Resource) string { return r.stack.arn("cloudformation", "stack/"+r.Name+"/"+hashed(r.ID, 12)) }},
	}
}

// named is what the resource is called. The names that CloudFormation makes up for load balancers and target groups have 32 characters at
// most.
func (r *Resource) named() string {
	if property := kinds()[r.Type].name; property != "" {
		if name, err := text(r.Properties[property]); err == nil && name != "" {
			return name
		}
	}
	name := r.stack.Name + "-" + r.ID
	if longest := 32; strings.HasPrefix(r.Type, "AWS::ElasticLoadBalancingV2::") && len(name) > longest {
		const unique = 12
		return strings.TrimRight(name[:longest-unique-1], "-") + "-" + hashed(name, unique)
	}
	return name
}

// Reference is what Ref gives for the resource.
func (r *Resource) Reference() (any, error) {
	if ref := kinds()[r.Type].ref; ref != nil {
		return ref(r), nil
	}
	return r.Name, nil
}

// Attribute is what Fn::GetAtt gives for the resource.
func (r *Resource) Attribute(name string) (any, error) {
	if output, is := strings.CutPrefix(name, "Outputs."); is && r.Nested != nil {
		value, there := r.Nested.Outputs[output]
		if !there {
			return nil, fmt.Errorf("the nested stack %s has no output %s", r.ID, output)
		}
		return value, nil
	}
	if give := kinds()[r.Type].attributes[name]; give != nil {
		return give(r), nil
	}
	return nil, fmt.Errorf("resource %s: no attribute %s of %s is known to this package", r.ID, name, r.Type)
}
