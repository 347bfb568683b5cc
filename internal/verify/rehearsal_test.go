//go:build linux

package verify

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/greenlight-deploy/greenlight/internal/cfntest/rehearsal"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// envApple makes this process the deployed function of the example for Lambda: what an apple costs in that version.
const envApple = "GREENLIGHT_TEST_APPLE"

// bootstrap is the function as it is packaged, for this machine's processor.
var bootstrap string

func TestMain(m *testing.M) {
	if apple, is := os.LookupEnv(envApple); is {
		lambda.Start(priceList(apple))
		return
	}
	os.Exit(rehearsal.Run(m, &bootstrap))
}

// simulated waits by the simulator's clock, which leaps over what everybody waits for.
type simulated struct{ clock.Clock }

func (s simulated) Wait(ctx context.Context, d time.Duration) error {
	due, stop := clock.Timer(s.Clock, d)
	defer stop()
	select {
	case <-due:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// processor is this machine's.
func processor(t *testing.T) elf.Machine {
	t.Helper()
	machine, known := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if !known {
		t.Skipf("Lambda has no functions for %s", runtime.GOARCH)
	}
	return machine
}

// rehearsed is a verification in an account that is simulated, with the function as it is packaged.
func rehearsed(t *testing.T) (*Verification, *cloud) {
	t.Helper()
	function, err := readFunction(zipOf(t, bootstrapName, read(t, bootstrap)), processor(t))
	if err != nil {
		t.Fatal(err)
	}
	c := openCloud(t)
	account, err := OpenAccount(t.Context(), aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(c.URL), Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &Verification{
		Account: account, Function: function, Name: NewName(), Contracts: Contracts(), Version: "v1.2.3",
		Clock: simulated{c.clock}, Examine: c.examine, Tell: func(l Line) { t.Logf("%7s %-17s %s", l.Since, l.About, l.Text) },
	}, c
}

func TestAVerificationDeploysEachExampleSaysWhatCameOfItAndLeavesNothing(t *testing.T) {
	v, c := rehearsed(t)
	report, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := report.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Errorf("something isn't as it must be:\n%s", text.String())
	}
	for _, f := range report.Facts {
		if f.Result == NotSeen {
			t.Errorf("%s: %s: not seen: %s", f.Contract, f.Says, f.Evidence)
		}
	}
	for _, trial := range report.Trials {
		if trial.Contract == ECSPause {
			continue
		}
		if d := trial.Doctor; d == nil || d.Passed == 0 || len(d.Others) > 0 || len(d.Unread) > 0 {
			t.Errorf("%s: doctor said %+v", trial.Contract, d)
		}
	}
	if left := c.left(); len(left) > 0 {
		t.Errorf("left in the account: %v", left)
	}
	if strings.Contains(text.String(), c.account) {
		t.Error("the report has the account's number")
	}
}

func TestAnInterruptedVerificationTakesAwayWhatItMade(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts = []Contract{CodeDeployLambda}
	ctx, interrupt := context.WithCancel(t.Context())
	tell := v.Tell
	v.Tell = func(l Line) {
		if tell(l); strings.HasPrefix(l.Text, "good version: Succeeded") {
			interrupt()
		}
	}
	report, err := v.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if report.OK() || len(report.Trials[0].Deployments) == 0 || !strings.Contains(report.Trials[0].Problem, "context canceled") {
		t.Errorf("the report doesn't say that it was interrupted: %+v", report.Trials)
	}
	if left := c.left(); len(left) > 0 {
		t.Errorf("left in the account: %v", left)
	}
}

func TestADeploymentThatRunsAtAnInterruptIsStoppedBeforeItsStackIsDeleted(t *testing.T) {
	hangs := map[Contract]simulator.Fault{
		CodeDeployLambda: {Kind: simulator.Lose, Subject: "CodeDeployHook_"},
		CodeDeployECS:    {Kind: simulator.Unhealthy, Subject: simulator.Green},
		ECS:              {Kind: simulator.Unhealthy, Subject: simulator.Green},
	}
	for contract, hang := range hangs {
		t.Run(string(contract), func(t *testing.T) {
			v, c := rehearsed(t)
			v.Contracts = []Contract{contract}
			stack := v.Name + "-" + string(contract)
			if hang.Kind == simulator.Lose {
				hang.Subject += stack
			}
			ctx, interrupt := context.WithCancel(t.Context())
			goOn := func() {}
			deploy := func() {
				goOn = clock.Work(c.clock) // until it is stopped no time leaps to where AWS gives it up
				if err := c.inject(stack, hang); err != nil {
					t.Error(err)
				}
			}
			v.Account.createDeployment = around(v.Account.createDeployment, deploy, interrupt)
			v.Account.updateService = around(v.Account.updateService, deploy, interrupt)
			stop := func() { goOn() }
			v.Account.stopDeployment = around(v.Account.stopDeployment, func() {}, stop)
			v.Account.stopServiceDeployment = around(v.Account.stopServiceDeployment, func() {}, stop)
			var told []string
			tell := v.Tell
			v.Tell = func(l Line) {
				if tell(l); l.About == string(contract) {
					told = append(told, l.Text)
				}
			}
			if report, err := v.Run(ctx); err != nil || report.OK() {
				t.Errorf("the report doesn't say that it was interrupted: %v", err)
			}
			if i := slices.Index(told, "stopping its deployment"); i < 0 || !slices.Equal(told[i:], []string{"stopping its deployment", "no deployment runs", "deleting " + stack, "it is gone"}) {
				t.Errorf("it was told otherwise: %q", told)
			}
			if left := c.left(); len(left) > 0 {
				t.Errorf("left in the account: %v", left)
			}
		})
	}
}

// around is a call with what comes before it and after.
func around[In, Out any](ask call[In, Out], before, after func()) call[In, Out] {
	return func(ctx context.Context, in In) (Out, error) {
		before()
		defer after()
		return ask(ctx, in)
	}
}

func TestAStackWhoseCreationWasCutOffIsTakenAwayToo(t *testing.T) {
	type answer struct {
		*cloudformation.CreateStackOutput
		error
	}
	tests := []struct {
		why string
		cut func(interrupt func(), create func() answer) answer
	}{
		{"an interrupt while AWS has the request", func(interrupt func(), create func() answer) answer {
			interrupt()
			return create()
		}},
		{"a connection that broke before the answer", func(_ func(), create func() answer) answer {
			return answer{create().CreateStackOutput, errors.New("connection reset by peer")}
		}},
	}
	for _, tt := range tests {
		for _, suffix := range []string{groundSuffix, "-" + string(CodeDeployLambda)} {
			t.Run(tt.why+" for "+suffix, func(t *testing.T) {
				v, c := rehearsed(t)
				v.Contracts = []Contract{CodeDeployLambda}
				ctx, interrupt := context.WithCancel(t.Context())
				create := v.Account.createStack
				v.Account.createStack = func(ctx context.Context, in *cloudformation.CreateStackInput) (*cloudformation.CreateStackOutput, error) {
					if !strings.HasSuffix(*in.StackName, suffix) {
						return create(ctx, in)
					}
					a := tt.cut(interrupt, func() answer {
						out, err := create(ctx, in)
						return answer{out, err}
					})
					return a.CreateStackOutput, a.error
				}
				if report, _ := v.Run(ctx); report.OK() || len(report.Left) > 0 {
					t.Errorf("it is told as well, or %v as left", report.Left)
				}
				if c.stacks[v.Name+suffix] == nil {
					t.Error("AWS never had the request")
				}
				if left := c.left(); len(left) > 0 {
					t.Errorf("left in the account: %v", left)
				}
			})
		}
	}
}

func TestAStackThatCantBeMadeIsToldWithItsReasonAndTakenAway(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts = []Contract{CodeDeployLambda, CodeDeployECS}
	c.broken = func(stack string) error {
		if strings.HasSuffix(stack, string(CodeDeployECS)) {
			return errors.New("Unable to assume the service linked role. Please verify that the ECS service linked role exists.")
		}
		return nil
	}
	report, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if heard := report.Trials[1].Heard; len(heard) > 0 {
		t.Errorf("nothing was deployed, and the gate was asked: %+v", heard)
	}
	if wrong := report.Trials[0].Wrong(); wrong != "" {
		t.Errorf("what has nothing to do with it is wrong too: %s", wrong)
	}
	if wrong := report.Trials[1].Wrong(); !strings.HasSuffix(wrong, "is CREATE_FAILED: Service: Unable to assume the service linked role. Please verify that the ECS service linked role exists.") || report.OK() {
		t.Errorf("the reason isn't told: %s", wrong)
	}
	if left := c.left(); len(left) > 0 {
		t.Errorf("left in the account: %v", left)
	}
}

func TestWhatWasKeptIsNamedAndCleanedUp(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts, v.Keep = []Contract{CodeDeployLambda}, true
	report, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{v.Name + "-codedeploy-lambda", v.Name + "-ground"}
	slices.Sort(report.Left)
	if left, err := v.Account.Leftovers(t.Context()); err != nil || !slices.Equal(left, want) || !slices.Equal(report.Left, want) {
		t.Errorf("left are %v, the report says %v (%v), want %v", left, report.Left, err, want)
	}
	later := &Verification{Account: v.Account, Clock: v.Clock, Tell: v.Tell}
	if err := later.CleanUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := c.left(); len(left) > 0 {
		t.Errorf("left in the account: %v", left)
	}
}

func TestAStackThatDoesntGoAtOnceIsDeletedAgain(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts = []Contract{CodeDeployLambda}
	c.stays = func(_ string, n int) error {
		if n == 1 {
			return errors.New("resource sg-1 has a dependent object")
		}
		return nil
	}
	report, err := v.Run(t.Context())
	if err != nil || !report.OK() {
		t.Errorf("it didn't go well: %v, left are %v", err, report.Left)
	}
	if left := c.left(); len(left) > 0 {
		t.Errorf("left in the account: %v", left)
	}
}

func TestAStackThatNeverGoesIsNamedWithTheReason(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts = []Contract{CodeDeployLambda}
	c.stays = func(stack string, _ int) error {
		if strings.HasSuffix(stack, groundSuffix) {
			return nil
		}
		return errors.New("resource sg-1 has a dependent object")
	}
	report, err := v.Run(t.Context())
	if stays := v.Name + "-codedeploy-lambda"; err == nil || report.OK() || !slices.Equal(report.Left, []string{stays}) ||
		!strings.Contains(err.Error(), "the stack "+stays+" can't be deleted: Service: resource sg-1 has a dependent object") {
		t.Errorf("left are %v: %v", report.Left, err)
	}
	if wrong := report.Trials[0].Wrong(); wrong != "" {
		t.Errorf("the deployments are taken for wrong: %s", wrong)
	}
}

// What ECS calls when it creates a service isn't documented. Where it calls all hooks, the gate is asked about the first version too.
func TestAServiceWhoseCreationAsksTheGateIsTold(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts, c.creation = []Contract{ECS}, ecs.CreationAll
	report, err := v.Run(t.Context())
	if err != nil || !report.OK() {
		t.Fatalf("it didn't go well: %v, %+v", err, report.Trials)
	}
	i := slices.IndexFunc(report.Facts, func(f Finding) bool { return f.Result == Answered })
	if i < 0 || report.Facts[i].Evidence != "at AfterInstall, AfterAllowTestTraffic, AfterAllowTraffic" {
		t.Errorf("the facts are %+v", report.Facts)
	}
}

func TestAServiceThatTheGateRefusesAtItsCreationIsToldWithTheVerdict(t *testing.T) {
	v, c := rehearsed(t)
	v.Contracts, c.creation = []Contract{ECS}, ecs.CreationAll
	c.frontless["arn:aws:ecs:eu-west-1:"+c.account+":task-definition/"+v.Name+"-ecs:1"] = true
	report, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	heard := report.Trials[0].Heard
	if len(heard) < 2 || heard[1].Status != "Failed" || !strings.Contains(heard[1].Reason, "status is 403, expected 200") || report.OK() {
		t.Errorf("the gate said %+v, and the problem is %s", heard, report.Trials[0].Problem)
	}
	var text bytes.Buffer
	if err := report.Markdown(&text); err != nil || !strings.Contains(text.String(), "## ecs, all that the gate was asked") {
		t.Errorf("the report doesn't tell it: %v\n%s", err, text.String())
	}
	if left := c.left(); len(left) > 0 {
		t.Errorf("left in the account: %v", left)
	}
}
