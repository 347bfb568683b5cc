package dashboard

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// What the page is told. Times are milliseconds since 1970, as JavaScript has them; 0 is none.
type (
	deploymentData struct {
		ID, Status, Class, Creator, Config, From, To, Error, Rollback string
		Created, Completed                                            int64
		Events                                                        []eventData // nil where they come one by one
	}
	// eventData is a lifecycle event, a passage through a stage or, below that, a hook. Key is its own among those of
	// its deployment, and Class the kind of status that it has: one of CodeDeploy's.
	eventData struct {
		Deployment, Key, Name, Status, Class, Function, Message string
		Start, End                                              int64
		Hook                                                    bool
	}
	weightsData struct {
		Time     int64
		Listener string // or the alias
		Weights  map[string]float64
	}
	trafficData struct {
		Time   int64
		Counts []countData
	}
	countData struct {
		Listener, Group, Target string
		Requests, Bad           int
	}
	logData struct {
		Time                 int64
		Function, Text, Kind string
	}
)

// trafficKind is the kind of what tells how much traffic there was.
const trafficKind = "traffic"

func encode(e simulator.Entry) (kind string, data any) {
	switch what := e.What.(type) {
	case simulator.DeploymentChanged:
		return "deployment", newDeployment(what.Deployment)
	case simulator.EventChanged:
		return "event", newEvent(what.DeploymentID, what.Event)
	case simulator.ServiceDeploymentChanged:
		return "deployment", newServiceDeployment(what.Deployment)
	case simulator.StageChanged:
		return "event", newStage(what)
	case simulator.HookChanged:
		return "event", newHook(e.Time, what)
	case simulator.HookNoticed:
		return "log", newNotice(e.Time, what)
	case simulator.WeightsChanged:
		weights := map[string]float64{}
		for group, weight := range what.Weights {
			weights[group] = float64(weight)
		}
		return "weights", weightsData{millis(e.Time), what.Listener, weights}
	case simulator.AliasChanged:
		weights := map[string]float64{}
		for version, weight := range what.Weights {
			weights[versionName(version)] = weight
		}
		return "weights", weightsData{millis(e.Time), aliasName(what.FunctionAlias), weights}
	case simulator.TrafficCounted:
		return trafficKind, newTraffic(e.Time, what.Counts)
	case simulator.InvocationsCounted:
		return trafficKind, newInvocations(e.Time, what)
	}
	return "", nil
}

func newDeployment(d codedeploy.Deployment) deploymentData {
	data := deploymentData{
		ID: d.ID, Status: string(d.Status), Class: string(d.Status), Creator: d.Creator, Config: d.Config, To: d.AppSpec.TaskDefinition,
		Created: millis(d.Created), Completed: millis(d.Completed),
	}
	if v := d.AppSpec.Lambda; v != nil {
		data.From, data.To = v.Function+":"+v.CurrentVersion, v.Function+":"+v.TargetVersion
	}
	if d.Original != nil {
		data.From = d.Original.TaskDefinition
	}
	if d.Error != nil {
		data.Error = d.Error.Error()
	}
	if d.Rollback != nil {
		data.Rollback = d.Rollback.DeploymentID
	}
	for _, e := range d.Events {
		data.Events = append(data.Events, newEvent(d.ID, e))
	}
	return data
}

func newEvent(deployment string, e codedeploy.LifecycleEvent) eventData {
	return eventData{
		Deployment: deployment, Key: string(e.Name), Name: string(e.Name), Status: string(e.Status), Class: string(e.Status), Function: e.Function, Message: e.Message,
		Start: millis(e.Start), End: millis(e.End),
	}
}

func newTraffic(at time.Time, counts []elb.Count) trafficData {
	data := trafficData{Time: millis(at), Counts: []countData{}}
	for _, c := range counts {
		bad := c.Class[5]
		for status, n := range c.Made {
			if status/100 == 5 {
				bad += n
			}
		}
		data.Counts = append(data.Counts, countData{Listener: simulator.ListenerOf(c), Group: c.TargetGroup, Target: c.Target, Requests: c.Requests, Bad: bad})
	}
	return data
}

// newInvocations has an alias stand for a listener, and its versions for target groups.
func newInvocations(at time.Time, counted simulator.InvocationsCounted) trafficData {
	data := trafficData{Time: millis(at), Counts: []countData{}}
	for _, c := range counted.Counts {
		data.Counts = append(data.Counts, countData{
			Listener: aliasName(counted.Alias), Group: versionName(c.Version), Requests: c.Invocations, Bad: c.Errors,
		})
	}
	return data
}

func aliasName(a simulator.FunctionAlias) string { return "alias " + a.Name }

func versionName(number string) string {
	if number == "" {
		return "no version"
	}
	return "version " + number
}

func newLogLine(line lambda.LogLine) logData {
	kind := "function"
	if line.Platform {
		kind = "platform"
	}
	return logData{Time: millis(line.Time), Function: line.Function, Text: line.Text, Kind: kind}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
