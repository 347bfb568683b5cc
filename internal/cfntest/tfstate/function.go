package tfstate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

type function struct {
	FunctionName           string `json:"function_name"`
	Role, Runtime, Handler string
	Timeout                int // seconds
	MemorySize             int `json:"memory_size"` // MB
	Architectures          []any
	Environment            []struct{ Variables object }
}

func (f function) properties() (object, error) {
	p := object{
		"FunctionName": f.FunctionName, "Role": f.Role, "Runtime": f.Runtime, "Handler": f.Handler, "Architectures": f.Architectures,
		"Timeout": f.Timeout, "MemorySize": f.MemorySize,
	}
	for _, e := range f.Environment {
		p["Environment"] = object{"Variables": e.Variables}
	}
	return p, nil
}

type eventInvokeConfig struct {
	FunctionName             string `json:"function_name"`
	MaximumRetryAttempts     int    `json:"maximum_retry_attempts"`
	MaximumEventAgeInSeconds int    `json:"maximum_event_age_in_seconds"`
}

func (c eventInvokeConfig) properties() (object, error) {
	return object{
		"FunctionName": c.FunctionName, "MaximumRetryAttempts": c.MaximumRetryAttempts, "MaximumEventAgeInSeconds": c.MaximumEventAgeInSeconds,
	}, nil
}

type logGroup struct {
	Name            string
	RetentionInDays int `json:"retention_in_days"`
}

func (g logGroup) properties() (object, error) {
	return object{"LogGroupName": g.Name, "RetentionInDays": g.RetentionInDays}, nil
}

type alias struct {
	Name         string
	FunctionName string `json:"function_name"`
}

func (a alias) properties() (object, error) {
	return object{"Name": a.Name, "FunctionName": a.FunctionName}, nil
}

type role struct {
	Name             string
	AssumeRolePolicy string `json:"assume_role_policy"`
}

func (r role) properties() (object, error) {
	trust, err := document(r.AssumeRolePolicy)
	return object{"RoleName": r.Name, "AssumeRolePolicyDocument": trust}, err
}

type rolePolicy struct{ Name, Role, Policy string }

func (p rolePolicy) properties() (object, error) {
	policy, err := document(p.Policy)
	return object{"PolicyName": p.Name, "RoleName": p.Role, "PolicyDocument": policy}, err
}

func document(text string) (object, error) {
	var of object
	if err := json.Unmarshal([]byte(text), &of); err != nil {
		return nil, fmt.Errorf("a policy: %w", err)
	}
	return of, nil
}

type alarm struct {
	AlarmName          string `json:"alarm_name"`
	AlarmDescription   string `json:"alarm_description"`
	Namespace          string
	MetricName         string `json:"metric_name"`
	Dimensions         map[string]string
	Statistic          string
	Period             int // seconds
	EvaluationPeriods  int `json:"evaluation_periods"`
	DatapointsToAlarm  int `json:"datapoints_to_alarm"`
	Threshold          float64
	ComparisonOperator string `json:"comparison_operator"`
	TreatMissingData   string `json:"treat_missing_data"`
	AlarmActions       []any  `json:"alarm_actions"`
	MetricQuery        []struct {
		ID         string
		Expression string
		Label      string
		ReturnData bool `json:"return_data"`
		Metric     []struct {
			Namespace  string
			MetricName string `json:"metric_name"`
			Dimensions map[string]string
			Period     int
			Stat       string
		}
	} `json:"metric_query"`
}

func (a alarm) properties() (object, error) {
	p := object{
		"AlarmName": a.AlarmName, "AlarmDescription": a.AlarmDescription, "EvaluationPeriods": a.EvaluationPeriods, "Threshold": a.Threshold,
		"ComparisonOperator": a.ComparisonOperator, "TreatMissingData": a.TreatMissingData, "AlarmActions": a.AlarmActions,
	}
	if a.DatapointsToAlarm != 0 {
		p["DatapointsToAlarm"] = a.DatapointsToAlarm
	}
	if a.MetricName != "" {
		p["Namespace"], p["MetricName"], p["Statistic"], p["Period"], p["Dimensions"] = a.Namespace, a.MetricName, a.Statistic, a.Period, dimensions(a.Dimensions)
	}
	var queries []any
	for _, q := range a.MetricQuery {
		of := object{"Id": q.ID, "ReturnData": q.ReturnData}
		if q.Expression != "" {
			of["Expression"], of["Label"] = q.Expression, q.Label
		}
		for _, m := range q.Metric {
			of["MetricStat"] = object{
				"Metric": object{"Namespace": m.Namespace, "MetricName": m.MetricName, "Dimensions": dimensions(m.Dimensions)},
				"Period": m.Period, "Stat": m.Stat,
			}
		}
		queries = append(queries, of)
	}
	if queries != nil {
		p["Metrics"] = queries
	}
	return p, nil
}

func dimensions(of map[string]string) []any {
	var all []any
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all = append(all, object{"Name": name, "Value": of[name]})
	}
	return all
}
