package doctor

import (
	"context"
	"fmt"
)

// alarm is an alarm of CloudWatch's, a metric's or a composite one.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
type alarm struct {
	Name   string `xml:"AlarmName"`
	State  string `xml:"StateValue"` // OK, ALARM or INSUFFICIENT_DATA
	Reason string `xml:"StateReason"`
}

// alarms finds alarms by their names; those that aren't there are left out of the answer. At most 100 names are taken.
func (c caller) alarms(ctx context.Context, names []string) ([]alarm, error) {
	type page struct {
		Metric    []alarm `xml:"DescribeAlarmsResult>MetricAlarms>member"`
		Composite []alarm `xml:"DescribeAlarmsResult>CompositeAlarms>member"`
		Next      string  `xml:"DescribeAlarmsResult>NextToken"`
	}
	parameters := members("AlarmNames.member", names)
	for name, values := range members("AlarmTypes.member", []string{"MetricAlarm", "CompositeAlarm"}) {
		parameters[name] = values
	}
	return pages(ctx, c, "DescribeAlarms", parameters, func(p page) ([]alarm, string) { return append(p.Metric, p.Composite...), p.Next })
}

// judgeAlarms says which of the alarms that stop a deployment would stop each one now. then says what an alarm does.
func (a *area) judgeAlarms(check string, names []string, read reading[[]alarm], then string) {
	if !read.got() {
		a.skip(check, "the state of "+quantity(len(names), "alarm"), read.err)
		return
	}
	states := map[string]alarm{}
	for _, one := range read.of {
		states[one.Name] = one
	}
	quiet := true
	for _, name := range names {
		switch found, there := states[name]; {
		case !there:
			quiet = false
			a.fail(check, "create the alarm, or take it out of the settings; to see which there are: aws cloudwatch describe-alarms --query 'MetricAlarms[].AlarmName'",
				"the alarm %s doesn't exist", name)
		case found.State == "ALARM":
			quiet = false
			a.fail(check, fmt.Sprintf("aws cloudwatch describe-alarm-history --alarm-name %s --max-items 5", quoted(name)),
				"the alarm %s is in ALARM already: %s", name, then)
		}
	}
	if quiet {
		a.pass(check, "%s, none in ALARM", quantity(len(names), "alarm"))
	}
}
