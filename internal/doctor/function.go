package doctor

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// function is a hook.
type function struct {
	given           string // its name or ARN, as a hook or the user gives it
	codeDeploy, ecs []lifecycle.Stage
	// byCodeDeploy and byECS say whose hook it is, or will be.
	byCodeDeploy, byECS bool

	config      reading[*lambda.GetFunctionConfigurationOutput]
	invokes     reading[*lambda.GetFunctionEventInvokeConfigOutput]
	concurrency reading[*lambda.GetFunctionConcurrencyOutput]
	policy      reading[iampolicy.Document] // its resource policy
	network     network
	plan        functionPlan
}

// hookPrefix begins the names of the functions that CodeDeploy's managed policies let it call.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForECSLimited.html
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambda.html
const hookPrefix = "CodeDeployHook_"

func (f *function) name() string { return appspec.FunctionName(f.given) }

// stages are those at which anybody calls it.
func (f *function) stages() []lifecycle.Stage { return slices.Concat(f.codeDeploy, f.ecs) }

// env is a variable of the function's environment.
func (f *function) env(name string) string {
	if !f.config.got() || f.config.of.Environment == nil {
		return ""
	}
	return f.config.of.Environment.Variables[name]
}

// timeout is the function's time-out.
func (f *function) timeout() time.Duration {
	return time.Duration(aws.ToInt32(f.config.of.Timeout)) * time.Second
}

// forChecks is what the time-out leaves once the time for the report is set aside.
func (f *function) forChecks() time.Duration {
	return f.timeout() - min(hook.DefaultReserve, f.timeout()/2)
}

// vpc are its network settings, nil outside of a VPC.
func (f *function) vpc() *lambdatypes.VpcConfigResponse {
	if !f.config.got() || f.config.of.VpcConfig == nil || len(f.config.of.VpcConfig.SubnetIds) == 0 {
		return nil
	}
	return f.config.of.VpcConfig
}

func (x *examination) readFunction(ctx context.Context, f *function) {
	name := aws.String(f.given)
	sideBySide(
		func() {
			f.config = readingOf(ctx, "lambda:GetFunctionConfiguration", x.getFunction, &lambda.GetFunctionConfigurationInput{FunctionName: name})
		},
		func() {
			f.invokes = readingOf(ctx, "lambda:GetFunctionEventInvokeConfig", x.getFunctionInvokes, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: name})
		},
		func() {
			f.concurrency = readingOf(ctx, "lambda:GetFunctionConcurrency", x.getFunctionConcurrency, &lambda.GetFunctionConcurrencyInput{FunctionName: aws.String(f.name())})
		},
		func() {
			policy := readingOf(ctx, "lambda:GetPolicy", x.getFunctionPolicy, &lambda.GetPolicyInput{FunctionName: name})
			if f.policy.err = policy.err; policy.got() {
				f.policy.of, f.policy.err = iampolicy.Parse("the function's own policy", aws.ToString(policy.of.Policy))
			}
		},
	)
}

// configure is the command that sets something of the function.
func (f *function) configure(flags string) string {
	return "aws lambda update-function-configuration --function-name " + quoted(f.name()) + " " + flags
}

func (x *examination) judgeFunction(f *function) area {
	a := area{name: "function " + f.name()}
	if !f.config.got() {
		if notThere(f.config.err) {
			a.fail("function", "aws lambda create-function --function-name "+quoted(f.name())+
				" --runtime provided.al2023 --architectures arm64 --handler bootstrap --memory-size 512 --timeout 300 --zip-file fileb://dist/function-arm64.zip --role ROLE",
				"there is no such function in %s", x.region)
		} else {
			a.skip("function", "the function", f.config.err)
		}
		return a
	}
	f.judgeState(&a)
	x.judgeName(&a, f)
	f.judgeTimeout(&a)
	f.judgeMemory(&a)
	f.judgeRuntime(&a)
	f.judgeConcurrency(&a)
	if f.byCodeDeploy {
		f.judgeInvokes(&a)
	}
	x.judgeEnvironment(&a, f)
	return a
}

// zip is the file that `make package` makes for the function's processor.
func (f *function) zip() string {
	if slices.Contains(f.config.of.Architectures, lambdatypes.ArchitectureArm64) {
		return "function-arm64.zip"
	}
	return "function-amd64.zip"
}

// judgeState judges whether the function can run.
//
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
func (f *function) judgeState(a *area) {
	c := f.config.of
	why := strings.TrimSpace(string(c.StateReasonCode) + " " + aws.ToString(c.StateReason))
	switch c.State {
	case lambdatypes.StateFailed:
		a.fail("function-state", "mend what the reason names (subnets, security groups, role, key), and upload its zip again:\n"+
			"aws lambda update-function-code --function-name "+quoted(f.name())+" --zip-file fileb://dist/"+f.zip(), "it is in the state Failed: %s", why)
	case lambdatypes.StateInactive:
		a.warn("function-state", "aws lambda invoke --function-name "+quoted(f.name())+" /dev/null", "it is Inactive: its first invocation fails, and brings it back")
	case lambdatypes.StatePending:
		a.warn("function-state", "aws lambda wait function-active-v2 --function-name "+quoted(f.name()), "it is Pending, and can't be invoked yet: %s", why)
	default:
		switch c.LastUpdateStatus {
		case lambdatypes.LastUpdateStatusFailed:
			a.fail("function-state", "aws lambda get-function-configuration --function-name "+quoted(f.name()),
				"its last update failed, and the version before runs: %s", aws.ToString(c.LastUpdateStatusReason))
		case lambdatypes.LastUpdateStatusInProgress:
			a.warn("function-state", "aws lambda wait function-updated-v2 --function-name "+quoted(f.name()), "an update of it is under way")
		default:
			a.pass("function-state", "it is active")
		}
	}
}

// judgeName judges the name by the managed policies, where the service role's own weren't read.
func (x *examination) judgeName(a *area, f *function) {
	if !f.byCodeDeploy {
		return
	}
	if strings.HasPrefix(f.name(), hookPrefix) {
		a.pass("function-name", "its name begins with %s: CodeDeploy's managed policies allow it", hookPrefix)
		return
	}
	if d := x.mayInvoke(x.serviceRole(), f); d.Allowed {
		a.pass("function-name", "its name doesn't begin with %s, and CodeDeploy's role may call it all the same", hookPrefix)
		return
	}
	a.warn("function-name", "name it "+hookPrefix+f.name()+", or attach AWSCodeDeployRoleForECS to the service role, which allows any function",
		"its name doesn't begin with %s: AWSCodeDeployRoleForECSLimited and AWSCodeDeployRoleForLambda allow no other", hookPrefix)
}

const (
	defaultTimeout = 3 * time.Second
	// goodTimeout is from where on the report has its whole reserve, and the checks as much again.
	goodTimeout = 2 * hook.DefaultReserve
)

func (f *function) judgeTimeout(a *area) {
	t := f.timeout()
	remedy := f.configure("--timeout 300")
	switch {
	case t <= defaultTimeout:
		a.fail("function-timeout", remedy, "its time-out is %s, no more than Lambda's default: the checks have %s of it, and the report the rest", shown(t), shown(f.forChecks()))
	case t < goodTimeout:
		a.warn("function-timeout", remedy, "its time-out is %s: the checks have %s, and the report less than the %s that outlast throttling", shown(t), shown(f.forChecks()), shown(hook.DefaultReserve))
	default:
		a.pass("function-timeout", "its time-out is %s: the checks have %s", shown(t), shown(f.forChecks()))
	}
}

// littleMemory is where Lambda's share of a processor makes each new TLS connection take a third of a second.
const littleMemory = 128

func (f *function) judgeMemory(a *area) {
	switch mb := aws.ToInt32(f.config.of.MemorySize); {
	case mb <= littleMemory:
		a.warn("function-memory", f.configure("--memory-size 512"), "it has %d MB, and 7 %% of a processor: each new TLS connection takes 0.3 s, which durations in the plan contain", mb)
	default:
		a.pass("function-memory", "it has %d MB", mb)
	}
}

// judgeRuntime judges whether what is uploaded can be greenlight. Custom runtimes start the zip's file bootstrap, whatever
// the handler is.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
func (f *function) judgeRuntime(a *area) {
	c := f.config.of
	switch {
	case c.PackageType == lambdatypes.PackageTypeImage:
		a.pass("function-runtime", "it is a container image, which isn't looked into")
	case c.Runtime == lambdatypes.RuntimeProvidedal2023:
		a.pass("function-runtime", "it runs on %s; its zip is %s", c.Runtime, f.zip())
	case strings.HasPrefix(string(c.Runtime), "provided"):
		a.warn("function-runtime", f.configure("--runtime provided.al2023"), "it runs on %s, whose support ends", c.Runtime)
	default:
		a.warn("function-runtime", "make package, and create the function with --runtime provided.al2023 --handler bootstrap",
			"it runs on %s: it isn't greenlight, which is a provided.al2023 function, and the rest is judged as if it were", c.Runtime)
	}
}

func (f *function) judgeConcurrency(a *area) {
	switch {
	case !f.concurrency.got():
		a.skip("function-concurrency", "its reserved concurrency", f.concurrency.err)
	case f.concurrency.of.ReservedConcurrentExecutions == nil:
		a.pass("function-concurrency", "it shares the account's concurrency")
	case *f.concurrency.of.ReservedConcurrentExecutions == 0:
		a.fail("function-concurrency", "aws lambda delete-function-concurrency --function-name "+quoted(f.name()), "its reserved concurrency is 0: it is never run")
	default:
		a.pass("function-concurrency", "%s reserved for it", quantity(int(*f.concurrency.of.ReservedConcurrentExecutions), "concurrent execution"))
	}
}

// shortestEventAge lets an event outlive a time of throttling and both of Lambda's retries, after one and two minutes.
const shortestEventAge = 5 * time.Minute

// judgeInvokes judges what becomes of an event whose invocation fails: CodeDeploy's are asynchronous.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
func (f *function) judgeInvokes(a *area) {
	change := "aws lambda update-function-event-invoke-config --function-name " + quoted(f.name()) + " --maximum-retry-attempts 2 --maximum-event-age-in-seconds 3600"
	if notThere(f.invokes.err) {
		a.pass("function-retries", "an event that fails is run again, twice")
		f.judgeDestination(a, false)
		return
	}
	if !f.invokes.got() {
		a.skip("function-retries", "how often a failed event is run again", f.invokes.err)
		return
	}
	c := f.invokes.of
	bad := false
	if c.MaximumRetryAttempts != nil && *c.MaximumRetryAttempts == 0 {
		bad = true
		a.warn("function-retries", change, "an event that fails isn't run again: a function that crashes, or can't report, leaves the deployment hanging for an hour")
	}
	if age := time.Duration(aws.ToInt32(c.MaximumEventAgeInSeconds)) * time.Second; age > 0 && age < shortestEventAge {
		bad = true
		a.warn("function-retries", change, "events are dropped after %s: less than a throttled one and its retries take", shown(age))
	}
	if !bad {
		a.pass("function-retries", "an event that fails is run again")
	}
	f.judgeDestination(a, c.DestinationConfig != nil && c.DestinationConfig.OnFailure != nil && aws.ToString(c.DestinationConfig.OnFailure.Destination) != "")
}

// judgeDestination tells whether anybody hears of an event that was given up. It is a hint: the deployment fails after its
// hour either way.
func (f *function) judgeDestination(a *area, destination bool) {
	letters := f.config.of.DeadLetterConfig
	if destination || (letters != nil && aws.ToString(letters.TargetArn) != "") {
		a.pass("function-destination", "events that are given up have a destination")
		return
	}
	verb := "update" // put would take away what else is set
	if !f.invokes.got() {
		verb = "put"
	}
	a.add(Pass, "function-destination", "aws lambda "+verb+"-function-event-invoke-config --function-name "+quoted(f.name())+" --destination-config 'OnFailure={Destination=arn:aws:sns:REGION:ACCOUNT:TOPIC}'",
		"events that are given up go nowhere: a destination would tell of them before CodeDeploy's hour is over")
}

// judgeEnvironment judges the settings that the function has in its environment.
func (x *examination) judgeEnvironment(a *area, f *function) {
	if name := f.env("GREENLIGHT_STAGE"); name != "" {
		stage, known := lifecycle.ParseStage(name)
		stages := f.stages()
		switch {
		case !known:
			a.fail("function-stage", "set GREENLIGHT_STAGE to one of "+strings.Join(lifecycle.Names(), ", ")+", or take it away", "GREENLIGHT_STAGE is %q, which is no stage", name)
		case len(stages) > 1:
			a.warn("function-stage", "take GREENLIGHT_STAGE away: the stage is found", "GREENLIGHT_STAGE is %s, and the function is called at %s", stage, stageList(stages))
		case len(stages) == 1 && stages[0] != stage:
			a.fail("function-stage", "set GREENLIGHT_STAGE="+string(stages[0])+", or take it away", "GREENLIGHT_STAGE is %s, and the function is called at %s", stage, stages[0])
		default:
			a.pass("function-stage", "GREENLIGHT_STAGE is %s", stage)
		}
	}
	if skip := f.env("GREENLIGHT_SKIP"); skip != "" {
		a.warn("function-skip", "take GREENLIGHT_SKIP away once production is mended", "GREENLIGHT_SKIP is set: deployments are let through unchecked")
	}
	x.judgeGreenURL(a, f)
}

// judgeGreenURL judges ALB_URL by the listeners: the commonest fault of a hook is to ask the version before.
func (x *examination) judgeGreenURL(a *area, f *function) {
	address := f.env("ALB_URL")
	if address == "" || x.balancer == nil || !x.balancer.listeners.got() || !x.balancer.balancers.got() {
		return
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		a.fail("function-green", "set ALB_URL to the test listener's host and port", "ALB_URL is no address: %s", err)
		return
	}
	production, test := x.balancer.at(x.balancer.production), x.balancer.at(x.balancer.test)
	switch hostPort := hostPort(u); hostPort {
	case "":
	case test:
		a.pass("function-green", "ALB_URL is the test listener's")
	case production:
		remedy := "add a test listener, and set ALB_URL to it"
		if test != "" {
			remedy = "set ALB_URL=http://" + test
		}
		if stages := f.stages(); len(stages) == 1 && stages[0] == lifecycle.AfterAllowTraffic {
			a.pass("function-green", "ALB_URL is the production listener's, where green is at AfterAllowTraffic")
			return
		}
		a.fail("function-green", remedy, "ALB_URL is the production listener's: before AfterAllowTraffic that is blue")
	default:
		a.pass("function-green", "ALB_URL is %s, which is neither listener's name", address)
	}
}

// at is the host and port of a listener, by the load balancer's own name.
func (b *balancer) at(arn string) string {
	listener, there := b.listeners.of[listenerOf(arn)]
	if !there {
		return ""
	}
	balancer, there := b.balancers.of[aws.ToString(listener.LoadBalancerArn)]
	if !there || aws.ToString(balancer.DNSName) == "" {
		return ""
	}
	host, _, err := net.SplitHostPort(aws.ToString(balancer.DNSName)) // the simulator's has a port
	if err != nil {
		host = aws.ToString(balancer.DNSName)
	}
	return strings.ToLower(net.JoinHostPort(host, fmt.Sprint(aws.ToInt32(listener.Port))))
}

func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

func stageList(stages []lifecycle.Stage) string {
	names := make([]string, 0, len(stages))
	for _, s := range stages {
		names = append(names, string(s))
	}
	return listed(unique(names))
}

// shown writes a time as settings have it.
func shown(d time.Duration) string { return strictyaml.Duration(d).String() }
