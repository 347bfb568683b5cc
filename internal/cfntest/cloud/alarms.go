package cloud

import "slices"

// describeAlarms tells of alarms by their names, and leaves those out that there aren't.
func (a *Account) describeAlarms(f *form) (any, error) {
	type alarm struct{ AlarmName, StateValue string }
	var list []alarm
	kinds := f.list("AlarmTypes.member")
	for _, name := range f.list("AlarmNames.member") {
		r, known := a.find("AWS::CloudWatch::Alarm", name)
		if !known || !slices.Contains(kinds, "MetricAlarm") {
			continue
		}
		state := "OK"
		if slices.Contains(a.Ringing, r.Name) {
			state = "ALARM"
		}
		list = append(list, alarm{r.Name, state})
	}
	return struct {
		Alarms []alarm `xml:"MetricAlarms>member"`
	}{list}, nil
}
