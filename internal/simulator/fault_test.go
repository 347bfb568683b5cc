//go:build unix

package simulator_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

const testFunction = "CodeDeployHook_test"

func (s *scenario) inject(t *testing.T, faults ...simulator.Fault) {
	t.Helper()
	for _, fault := range faults {
		if err := s.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
}

// logs are the functions' lines so far.
func (s *scenario) logs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, "\n")
}

// runs waits for the next runs of functions, and gives them.
func (s *scenario) runs(t *testing.T, n int) []simulator.FunctionInvoked {
	t.Helper()
	var runs []simulator.FunctionInvoked
	for entry := range s.Timeline().Watch(t.Context()) {
		if run, ok := entry.What.(simulator.FunctionInvoked); ok {
			if runs = append(runs, run); len(runs) == n {
				break
			}
		}
	}
	return runs
}

func (s *scenario) mustEnd(t *testing.T, o simulator.Outcome, want codedeploy.Status, at codedeploy.Event) codedeploy.LifecycleEvent {
	t.Helper()
	e := o.Deployment.Event(at)
	if o.Deployment.Status != want || want == codedeploy.Failed && e.Status != codedeploy.EventFailed {
		t.Fatalf("it is %s, %s %s: %v, log:\n%s", o.Deployment.Status, at, e.Status, o.Deployment.Error, s.logs())
	}
	return e
}

// Each fault of the API befalls the report of a hook, which doesn't give up: the deployment goes on, and the hook's log
// shows what it met.
func TestAHookThatReportsAgainGetsThroughFaultsOfTheAPI(t *testing.T) {
	tests := []struct {
		kind simulator.FaultKind
		by   time.Duration
		want []string // in the hook's log
	}{
		{kind: simulator.Throttle, want: []string{`400 {"__type":"ThrottlingException","message":"Rate exceeded"}`, "200 {"}},
		{kind: simulator.Break, want: []string{`500 {"__type":"InternalFailure"`, "200 {"}},
		{kind: simulator.DropBefore, want: []string{"reset by peer", "200 {"}},
		{kind: simulator.DropAfter, want: []string{"reset by peer", "LifecycleEventAlreadyCompletedException"}},
		{kind: simulator.Hang, want: []string{"deadline exceeded", "200 {"}},
		{kind: simulator.Garbage, want: []string{"200 <html>", "200 {"}},
		{kind: simulator.Slow, by: 20 * time.Millisecond, want: []string{"200 {"}},
	}
	for _, tt := range tests {
		t.Run(string(tt.kind), func(t *testing.T) {
			s := start(t, nil)
			behaviour := "report until it is taken"
			if tt.kind == simulator.Hang {
				behaviour = "report again where no answer comes"
			}
			s.hook(t, behaviour)
			s.inject(t, simulator.Fault{Kind: tt.kind, Subject: "PutLifecycleEventHookExecutionStatus", By: tt.by, Times: 1})
			outcome := s.deploy(t, spec("shop:2", codedeploy.BeforeInstall))
			e := s.mustEnd(t, outcome, codedeploy.Succeeded, codedeploy.BeforeInstall)
			s.runs(t, 1)
			rest := s.logs()
			for _, want := range tt.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("no %q where it is due in the log:\n%s", want, s.logs())
				}
				rest = after
			}
			if e.Duration() < tt.by {
				t.Errorf("the hook took %v, and its report's answer %v alone", e.Duration(), tt.by)
			}
			if left := s.Faults(); len(left) != 0 {
				t.Errorf("after its one request it is in force still: %+v", left)
			}
		})
	}
}

func TestAFaultBefallsTheOperationsOfEachServiceInItsOwnWords(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.Throttle})
	tests := []struct{ why, target, path, body, want string }{
		{"CodeDeploy", "CodeDeploy_20141006.ListApplications", "/", "{}", "ThrottlingException"},
		{"ECS", "AmazonEC2ContainerServiceV20141113.ListServices", "/", "{}", "ThrottlingException"},
		{"Elastic Load Balancing", "", "/?Action=DescribeRules&Version=2015-12-01", "", "<Code>Throttling</Code>"},
		{"STS", "", "/?Action=GetCallerIdentity&Version=2011-06-15", "", "<Code>Throttling</Code>"},
		{"Lambda", "", "/2015-03-31/functions/" + testFunction + "/invocations", "{}", "Rate exceeded"},
	}
	for _, tt := range tests {
		if got := post(s.EndpointURL()+tt.path, tt.body, tt.target); !strings.Contains(got, tt.want) {
			t.Errorf("%s answers %s, want %q", tt.why, got, tt.want)
		}
	}
	s.ClearFaults()
	s.inject(t, simulator.Fault{Kind: simulator.Throttle, Subject: "Invoke"})
	for _, tt := range tests {
		if got := post(s.EndpointURL()+tt.path, tt.body, tt.target); strings.Contains(got, tt.want) != (tt.why == "Lambda") {
			t.Errorf("with Lambda's Invoke throttled, %s answers %s", tt.why, got)
		}
	}
}

// ask asks the endpoint for something, and tells whether a fault befell that.
func (s *scenario) befallen() bool {
	return strings.Contains(post(s.EndpointURL(), "{}", "CodeDeploy_20141006.ListApplications"), "Throttling")
}

func TestAFaultOfTheAPIKeepsItsShareAndItsCountAsOthersComeAndGo(t *testing.T) {
	const other = "ListDeployments"
	tests := []struct {
		why   string
		fault simulator.Fault
		want  []bool
	}{
		{"every second request", simulator.Fault{Rate: 0.5}, []bool{false, true, false, true, false, true}},
		{"the first two", simulator.Fault{Times: 2}, []bool{true, true, false, false, false, false}},
		{"every second one, twice", simulator.Fault{Rate: 0.5, Times: 2}, []bool{false, true, false, true, false, false}},
		{"ten tenths are one", simulator.Fault{Rate: 0.1}, []bool{false, false, false, false, false, false, false, false, false, true, false}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s := start(t, nil)
			tt.fault.Kind = simulator.Throttle
			s.inject(t, tt.fault)
			var got []bool
			for range tt.want {
				got = append(got, s.befallen())
				s.inject(t, simulator.Fault{Kind: simulator.Hang, Subject: other})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("befallen (-want +got):\n%s", diff)
			}
		})
	}
}

// set is a clock that the test sets. Its waits never end.
type set struct {
	mu  sync.Mutex
	now time.Time
}

func (c *set) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *set) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (*set) After(time.Duration) <-chan time.Time { return nil }

func TestAFaultOfTheAPILastsFromTheFirstRequestThatItBefalls(t *testing.T) {
	c := &set{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s := start(t, func(config *simulator.Config) { config.Clock = c })
	s.inject(t, simulator.Fault{Kind: simulator.Throttle, For: 5 * time.Second})
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{{time.Hour, true}, {4999 * time.Millisecond, true}, {time.Millisecond, false}, {time.Hour, false}} {
		c.advance(step.after)
		if got := s.befallen(); got != step.want {
			t.Errorf("%v later a request is befallen: %v", step.after, got)
		}
	}
	if left := s.Faults(); len(left) != 0 {
		t.Errorf("it is in force still: %+v", left)
	}
}

func TestAThrottledFunctionGetsItsEventLater(t *testing.T) {
	s := startInstant(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.ThrottleFunction, Subject: testFunction, Times: 3})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.BeforeInstall)), codedeploy.Succeeded, codedeploy.BeforeInstall)
	took(t, "the hook, after waits of 1, 2 and 4 seconds,", e.Duration(), 7*time.Second)
}

func TestADuplicateEventRunsTheHookTwice(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "report until it is taken")
	s.inject(t, simulator.Fault{Kind: simulator.Duplicate, Subject: testFunction, Times: 1})
	s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.BeforeInstall)), codedeploy.Succeeded, codedeploy.BeforeInstall)
	if runs := s.runs(t, 2); runs[0].Result.RequestID != runs[1].Result.RequestID {
		t.Errorf("they are %s and %s, want one request", runs[0].Result.RequestID, runs[1].Result.RequestID)
	}
	if !strings.Contains(s.logs(), "LifecycleEventAlreadyCompletedException") {
		t.Errorf("the second report was taken, log:\n%s", s.logs())
	}
}

func TestALostEventFailsTheDeploymentAfterTheHooksHour(t *testing.T) {
	s := startInstant(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.Lose, Subject: testFunction})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.BeforeInstall)), codedeploy.Failed, codedeploy.BeforeInstall)
	if took(t, "the hook", e.Duration(), time.Hour); e.ErrorCode != "ScriptTimedOut" || s.logs() != "" {
		t.Errorf("%+v, log:\n%s", e, s.logs())
	}
}

// What Lambda logs of a function that has exceeded its memory.
func TestAKilledHookIsRunAgainAMinuteLater(t *testing.T) {
	s := startInstant(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.Kill, Subject: testFunction, Times: 1})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.BeforeInstall)), codedeploy.Succeeded, codedeploy.BeforeInstall)
	took(t, "the hook", e.Duration(), time.Minute)
	s.runs(t, 2)
	for _, want := range []string{
		"Error: Runtime exited with error: signal: killed\nRuntime.ExitError\nEND RequestId: ",
		"\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t", "\tStatus: error\tError Type: Runtime.ExitError\n",
	} {
		if !strings.Contains(s.logs(), want) {
			t.Errorf("no %q in the log:\n%s", want, s.logs())
		}
	}
}

func TestAColdStartTakesItsTime(t *testing.T) {
	s := startInstant(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.ColdStart, Subject: testFunction, By: 8 * time.Second})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.BeforeInstall, codedeploy.AfterInstall)), codedeploy.Succeeded, codedeploy.BeforeInstall)
	took(t, "the hook", e.Duration(), 8*time.Second)
	if run := s.runs(t, 1)[0]; run.Init < 8*time.Second || !run.Cold {
		t.Errorf("the init took %v", run.Init)
	}
}

func TestAnUnhealthyGreenFailsInstallAndProductionNeverSeesIt(t *testing.T) {
	s := startInstant(t, nil)
	s.inject(t, simulator.Fault{Kind: simulator.Unhealthy, Subject: simulator.Green})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2")), codedeploy.Failed, codedeploy.Install)
	if took(t, "Install", e.Duration(), time.Hour); !strings.Contains(e.Message, "Health checks failed") || get(t, s.ProductionURL()) != "shop:1" {
		t.Errorf("%s; production answers as %s", e.Message, get(t, s.ProductionURL()))
	}
}

func TestAnUnhealthyGreenThatRecoversIsInstalled(t *testing.T) {
	s := startInstant(t, nil)
	s.inject(t, simulator.Fault{Kind: simulator.Unhealthy, Subject: simulator.Green, At: "Install", For: 10 * time.Minute})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2")), codedeploy.Succeeded, codedeploy.Install)
	// Five checks must pass in a row then, half a minute apart.
	if e.Duration() < 12*time.Minute || e.Duration() > 13*time.Minute {
		t.Errorf("Install took %v", e.Duration())
	}
}

func TestAFlappingGreenIsHealthyInItsSecondPhase(t *testing.T) {
	s := startInstant(t, nil)
	s.inject(t, simulator.Fault{Kind: simulator.Flap, Subject: simulator.Green, By: 20 * time.Minute})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2")), codedeploy.Succeeded, codedeploy.Install)
	if e.Duration() < 22*time.Minute || e.Duration() > 23*time.Minute {
		t.Errorf("Install took %v", e.Duration())
	}
}

func TestAGreenThatResetsIsFoundByTheHookAndNotByTheHealthCheck(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Green})
	outcome := s.deploy(t, spec("shop:2", codedeploy.AfterAllowTestTraffic))
	s.mustEnd(t, outcome, codedeploy.Failed, codedeploy.AfterAllowTestTraffic)
	s.runs(t, 1) // the hook may report before its log is read
	if outcome.Deployment.Event(codedeploy.Install).Status != codedeploy.EventSucceeded || !strings.Contains(s.logs(), "the verdict is Failed") {
		t.Errorf("log:\n%s", s.logs())
	}
}

func TestASlowGreenAnswersAllTheSame(t *testing.T) {
	const late = 30 * time.Millisecond
	s := start(t, nil)
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.SlowTarget, Subject: simulator.Green, By: late})
	e := s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.AfterAllowTestTraffic)), codedeploy.Succeeded, codedeploy.AfterAllowTestTraffic)
	if e.Duration() < late {
		t.Errorf("the hook took %v", e.Duration())
	}
	began := time.Now()
	if got := get(t, s.ProductionURL()); got != "shop:2" || time.Since(began) < late {
		t.Errorf("%s answers after %v", got, time.Since(began))
	}
}

func TestAListenerThatSpreadsSlowlySendsUsersToBlueStill(t *testing.T) {
	wait := newStopwatch(43 * time.Minute)
	s := start(t, func(c *simulator.Config) { c.Clock, c.TerminationWait = wait, wait.d })
	s.inject(t, simulator.Fault{Kind: simulator.Spread, Subject: simulator.ProductionListener, By: time.Hour})
	id, err := s.Create(spec("shop:2"))
	if err != nil {
		t.Fatal(err)
	}
	for entry := range s.Timeline().Watch(t.Context()) {
		if c, ok := entry.What.(simulator.EventChanged); ok && c.Event.Name == codedeploy.AllowTraffic && c.Event.Status == codedeploy.EventSucceeded {
			break
		}
	}
	if got := get(t, s.ProductionURL()); got != "shop:1" {
		t.Errorf("just after the shift production answers as %s", got)
	}
	s.ClearFaults()
	if got := get(t, s.ProductionURL()); got != "shop:2" {
		t.Errorf("without the fault production answers as %s", got)
	}
	wait.over()
	if o, err := s.Wait(t.Context(), id); err != nil || o.Deployment.Status != codedeploy.Succeeded {
		t.Errorf("it is %s, %v", o.Deployment.Status, err)
	}
}

func TestInfrastructureCodeRevertsTheListenerInTheMiddleOfACanary(t *testing.T) {
	tests := []struct {
		why  string
		rule []elb.Condition
	}{
		{"its default action", nil},
		{"its rule", byHeader("x-shop", "1")},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s := startInstant(t, func(c *simulator.Config) {
				c.Deployment = codedeploy.Canary("canary", 10, 5*time.Minute)
				c.Production.Conditions = tt.rule
			})
			s.inject(t, simulator.Fault{Kind: simulator.Revert, Subject: simulator.ProductionListener, By: 2 * time.Minute})
			s.mustEnd(t, s.deploy(t, spec("shop:2")), codedeploy.Succeeded, codedeploy.AllowTraffic)
			var green []int
			var at []time.Time
			for _, entry := range s.Timeline().Entries() {
				if w, ok := entry.What.(simulator.WeightsChanged); ok && w.Listener == simulator.ProductionListener {
					green, at = append(green, w.Weights[simulator.TargetGroupTwo]), append(at, entry.Time)
				}
			}
			if !slices.Equal(green, []int{10, 0, 100}) {
				t.Fatalf("green had %v percent", green)
			}
			took(t, "the revert", at[1].Sub(at[0]), 2*time.Minute)
			if left := s.Faults(); len(left) != 0 {
				t.Errorf("it has happened, and is in force still: %+v", left)
			}
		})
	}
}

func TestTheEndpointsClockAndSignatures(t *testing.T) {
	tests := []struct {
		why, behaviour string
		fault          simulator.Fault
		status         codedeploy.Status
		want           string
	}{
		{"AWS's clock is ahead of the signature's", "report signed", simulator.Fault{Kind: simulator.ClockSkew, By: 10 * time.Minute}, codedeploy.Failed, "Signature expired"},
		{"or behind it", "report signed", simulator.Fault{Kind: simulator.ClockSkew, By: -10 * time.Minute}, codedeploy.Failed, "Signature expired"},
		{"a little skew is no matter", "report signed", simulator.Fault{Kind: simulator.ClockSkew, By: 4 * time.Minute}, codedeploy.Succeeded, "signed: 200"},
		{"the function's credentials sign", "report signed", simulator.Fault{Kind: simulator.VerifySignatures}, codedeploy.Succeeded, "signed: 200"},
		{"a report isn't signed", "report twice", simulator.Fault{Kind: simulator.VerifySignatures}, codedeploy.Failed, "InvalidSignatureException"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s := startInstant(t, nil)
			s.hook(t, tt.behaviour)
			s.inject(t, tt.fault)
			s.mustEnd(t, s.deploy(t, spec("shop:2", codedeploy.BeforeInstall)), tt.status, codedeploy.BeforeInstall)
			if s.runs(t, 1); !strings.Contains(s.logs(), tt.want) {
				t.Errorf("no %q in the log:\n%s", tt.want, s.logs())
			}
		})
	}
}

func TestAFaultBeginsWithItsEvent(t *testing.T) {
	tests := []struct {
		why    string
		at     string
		status codedeploy.Status
	}{
		{"one that has work", "AllowTestTraffic", codedeploy.Failed},
		{"one at which there is nothing to do", "AfterInstall", codedeploy.Failed},
		{"one after the hook", "AfterAllowTraffic", codedeploy.Succeeded},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s := start(t, nil)
			s.hook(t, "check")
			s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Green, At: tt.at})
			if standing := s.Faults(); len(standing) != 1 || standing[0].Begun {
				t.Errorf("before the deployment: %+v", standing)
			}
			if outcome := s.deploy(t, spec("shop:2", codedeploy.AfterAllowTestTraffic)); outcome.Deployment.Status != tt.status {
				t.Errorf("it is %s: %v", outcome.Deployment.Status, outcome.Deployment.Error)
			}
			if standing := s.Faults(); len(standing) != 1 || !standing[0].Begun {
				t.Errorf("after the deployment: %+v", standing)
			}
		})
	}
}

// Events that are skipped because the deployment is over were never come to.
func TestAFaultWaitsForAnEventThatTheDeploymentDoesNotReach(t *testing.T) {
	s := start(t, func(c *simulator.Config) { c.AutoRollback = nil })
	s.hook(t, "check")
	s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Green, At: "BeforeAllowTraffic"})
	bad := spec("shop:2 sick", codedeploy.AfterAllowTestTraffic)
	d := s.deploy(t, bad).Deployment
	if at := d.Event(codedeploy.BeforeAllowTraffic).Status; d.Status != codedeploy.Failed || at != codedeploy.EventSkipped {
		t.Fatalf("it is %s, and the event %s", d.Status, at)
	}
	if standing := s.Faults(); len(standing) != 1 || standing[0].Begun {
		t.Errorf("after the deployment: %+v", standing)
	}
	s.deploy(t, spec("shop:3"))
	if standing := s.Faults(); len(standing) != 1 || !standing[0].Begun {
		t.Errorf("after the next one, which has come to it: %+v", standing)
	}
}

func TestTheSidesAreThoseOfTheDeploymentUnderWay(t *testing.T) {
	const one, two = simulator.TargetGroupOne, simulator.TargetGroupTwo
	s := startInstant(t, nil)
	for i, want := range []struct{ why, definition, green, blue string }{
		{"at the start", "", two, one},
		{"after a deployment, until the next one", "shop:2", two, one},
		{"after another", "shop:3", one, two},
		{"after one that was rolled back", "shop:4 sick", two, one},
	} {
		if want.definition != "" {
			s.deploy(t, spec(want.definition))
		}
		if s.Side(want.green) != simulator.Green || s.Side(want.blue) != simulator.Blue || s.Side("other") != "" {
			t.Errorf("%d, %s: %s is %q, %s is %q, another %q", i, want.why, one, s.Side(one), two, s.Side(two), s.Side("other"))
		}
	}
}

func TestFaultsOfGreenFollowTheDeploymentUnderWay(t *testing.T) {
	s := startInstant(t, nil)
	s.deploy(t, spec("shop:2"))
	s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Green})
	if got := get(t, s.ProductionURL()); got == "shop:2" {
		t.Error("until another deployment begins, what the last one brought is green")
	}
	s.ClearFaults()
	s.inject(t, simulator.Fault{Kind: simulator.Unhealthy, Subject: simulator.Green})
	e := s.mustEnd(t, s.deploy(t, spec("shop:3")), codedeploy.Failed, codedeploy.Install)
	if !strings.Contains(e.Message, "Health checks failed") {
		t.Errorf("%s", e.Message)
	}
	if states := s.Targets(simulator.TargetGroupTwo); len(states) != 1 || states[0].State != elb.Healthy || get(t, s.ProductionURL()) != "shop:2" {
		t.Errorf("blue is %+v", states)
	}
	s.ClearFaults()
	s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Blue})
	if got := get(t, s.ProductionURL()); got == "shop:2" {
		t.Error("blue, which serves, doesn't reset")
	}
}

func TestFaultsOfGreenFollowTheDeploymentsByECS(t *testing.T) {
	s := startECS(t, "check", nil)
	for i, definition := range []string{"shop:2", "shop:3"} {
		d, err := s.DeployService(t.Context(), definition)
		if err != nil || d.StatusReason != "" {
			t.Fatalf("deployment %d: %s %s, %v", i, d.Status, d.StatusReason, err)
		}
		s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Blue})
		if got := get(t, s.ProductionURL()); got != definition {
			t.Errorf("with a fault of blue %s answers", got)
		}
		s.ClearFaults()
	}
	s.inject(t, simulator.Fault{Kind: simulator.Reset, Subject: simulator.Green, At: "POST_SCALE_UP"})
	if d, err := s.DeployService(t.Context(), "shop:4"); err != nil || d.Status.Ended() && d.StatusReason == "" {
		t.Errorf("green resets, and it is %s, %v", d.Status, err)
	}
	if got := get(t, s.ProductionURL()); got != "shop:3" {
		t.Errorf("production answers as %s", got)
	}
}

func TestWhatCouldNeverGoWrongIsRefused(t *testing.T) {
	s := start(t, func(c *simulator.Config) { c.WithoutTestListener = true })
	s.hook(t, "check")
	tests := []struct {
		why   string
		fault simulator.Fault
		want  string
	}{
		{"the kind is unknown", simulator.Fault{Kind: "melt"}, "there is no fault of that name"},
		{"the function is unknown", simulator.Fault{Kind: simulator.Kill, Subject: "other"}, `there is no function "other"; there are ` + testFunction},
		{"also where it is to begin later", simulator.Fault{Kind: simulator.Kill, Subject: "other", At: "Install"}, `there is no function "other"`},
		{"the side is unknown", simulator.Fault{Kind: simulator.Reset, Subject: simulator.TargetGroupOne}, "there are blue and green"},
		{"the listener isn't there", simulator.Fault{Kind: simulator.Revert, Subject: simulator.TestListener, By: 1}, `there is no listener "test"; there are production`},
		{"the event is another deployer's", simulator.Fault{Kind: simulator.Hang, At: "POST_SCALE_UP"}, "no deployment of this scenario comes to POST_SCALE_UP; they come to BeforeInstall"},
		{"the share is above all", simulator.Fault{Kind: simulator.Hang, Rate: 2}, "from 0 to 1"},
		{"time runs backwards", simulator.Fault{Kind: simulator.Slow, By: -1}, "must not be below 0"},
		{"Lambda gives an init up", simulator.Fault{Kind: simulator.ColdStart, Subject: testFunction, By: time.Minute}, "from 0 to 10s"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			for _, err := range []error{s.CheckFault(tt.fault), s.Inject(tt.fault)} {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			}
		})
	}
	if standing := s.Faults(); len(standing) != 0 {
		t.Errorf("in force are %+v", standing)
	}
}

func TestADeployedFunctionHasNoFaultsOfAService(t *testing.T) {
	s := startAlias(t, map[int]lambda.Function{7: webhook(t, "seven")})
	for why, tt := range map[string]struct {
		fault simulator.Fault
		want  string
	}{
		"a side":              {simulator.Fault{Kind: simulator.Reset, Subject: simulator.Green}, `there is no side "green": a Lambda function is deployed`},
		"a listener":          {simulator.Fault{Kind: simulator.Revert, Subject: simulator.ProductionListener, By: 1}, `there is no listener "production"; there are none`},
		"an event":            {simulator.Fault{Kind: simulator.Hang, At: "Install"}, "they come to BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic"},
		"its own may be lost": {simulator.Fault{Kind: simulator.Lose, Subject: "shop", At: "AllowTraffic"}, ""},
	} {
		if err := s.Inject(tt.fault); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", why, err, tt.want)
		}
	}
}

// Faults may be switched by anybody at any moment, while everything runs.
func TestFaultsAreSwitchedWhileADeploymentRuns(t *testing.T) {
	s := startInstant(t, func(c *simulator.Config) { c.Deployment = codedeploy.Canary("canary", 10, 5*time.Minute) })
	s.hook(t, "report until it is taken")
	stop := make(chan struct{})
	var switching sync.WaitGroup
	for _, fault := range []simulator.Fault{
		{Kind: simulator.Throttle, Rate: 0.5},
		{Kind: simulator.Duplicate, Subject: testFunction},
		{Kind: simulator.SlowTarget, Subject: simulator.Green, By: time.Microsecond, For: time.Millisecond},
		{Kind: simulator.Spread, Subject: simulator.ProductionListener, By: time.Minute, At: "Install"},
	} {
		switching.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.Inject(fault); err != nil {
					t.Error(err)
				}
				if s.Faults(); i%8 == 0 {
					s.ClearFaults()
				}
			}
		})
	}
	for _, definition := range []string{"shop:2", "shop:3"} {
		s.mustEnd(t, s.deploy(t, spec(definition, every()...)), codedeploy.Succeeded, codedeploy.Install)
	}
	close(stop)
	switching.Wait()
	s.ClearFaults()
	if resp, err := fetch(s.ProductionURL()); err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("in the end production answers %v, %v", resp, err)
	}
}
