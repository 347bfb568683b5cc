//go:build !function

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/dashboard"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario/console"
)

// scenarioFile is what --init writes where nothing else is named.
const scenarioFile = "scenario.yaml"

func simulateCommand() command {
	return command{
		name: "simulate", arguments: "[scenario] [flags]", summary: simulateSummary,
		help: "Runs the deployment that a scenario describes as AWS CodeDeploy would: green is started, listeners move, the\n" +
			"hooks are invoked over the Lambda Runtime API, and where one says no, the deployment is rolled back.\n\n" +
			"  greenlight simulate --init                write a commented " + scenarioFile + "\n" +
			"  greenlight simulate " + scenarioFile + "\n" +
			"  greenlight simulate --appspec appspec.yaml --blue URL --green URL --hook NAME=COMMAND\n\n" +
			"Exit codes: 0 it ended as the scenario expects, 1 it didn't, 2 the scenario or the command line is wrong, 130 interrupted.",
		run: runSimulate,
	}
}

type simulateFlags struct {
	quick             scenario.Quick
	hooks, env        variables
	speed, serve      string
	init, force, keep bool
	json, logs        bool
	schema            bool
}

// speeds are examples; any from 1x to 1000x is right.
func speeds() []string { return []string{"instant", "1x", "10x", "60x", "1000x"} }

func runSimulate(ctx context.Context, a app, c command, args []string) int {
	opts := simulateFlags{hooks: variables{}, env: variables{}}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.StringVar(&opts.quick.AppSpec, "appspec", "", "without a scenario: the `file` with the AppSpec")
	flags.StringVar(&opts.quick.Blue, "blue", "", "without a scenario: the live version's base `URL`")
	flags.StringVar(&opts.quick.Green, "green", "", "without a scenario: the new version's base `URL`")
	flags.StringVar(&opts.quick.HealthPath, "health", "", "without a scenario: the `path` that the load balancer checks, default /")
	flags.Var(opts.hooks, "hook", "without a scenario: a function and how it is started, `NAME=COMMAND`; may be given several times")
	flags.Var(opts.env, "env", "without a scenario: a variable of a function, `NAME:KEY=VALUE`; may be given several times")
	flags.Var(word{to: &opts.speed, likely: speeds}, "speed", "how fast simulated waits pass, from 1x to 1000x, such as `60x`, or instant")
	flags.BoolVar(&opts.keep, "keep", false, "leave everything up after the deployment, until Ctrl-C")
	flags.BoolVar(&opts.json, "json", false, "write one JSON object a line for each happening")
	flags.BoolVar(&opts.logs, "logs", false, "show what the functions and both versions write")
	flags.BoolVar(&opts.init, "init", false, "write a commented scenario to the file that is named, or "+scenarioFile)
	flags.BoolVar(&opts.force, "force", false, "let --init replace a file")
	flags.BoolVar(&opts.schema, "schema", false, "print the JSON Schema of scenarios, for editors")
	flags.StringVar(&opts.serve, "serve", "", "answer every request on $PORT, or as a function every event, with `TEXT`, as a stand-in for a version")
	arguments, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	if len(arguments) > 1 {
		return a.wrong("simulate takes one scenario, got %s", strings.Join(arguments, ", "))
	}
	named := strings.Join(arguments, "")
	switch {
	case opts.serve != "":
		return a.serveStandIn(ctx, opts.serve)
	case opts.init:
		return a.initScenario(named, opts.force)
	case opts.schema:
		fmt.Fprint(a.stdout, scenario.Schema())
		return exitPassed
	}
	s, err := a.scenario(named, opts)
	if err != nil {
		report.Problems(a.stderr, err, a.style(a.stderr))
		return exitWrongInput
	}
	return a.simulate(ctx, s, opts)
}

// scenario reads the scenario that is named, or makes one of the flags.
func (a app) scenario(named string, opts simulateFlags) (*scenario.Scenario, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the greenlight binary: %w", err)
	}
	quick := opts.quick
	quick.Hooks, quick.Env = opts.hooks, opts.env
	var s *scenario.Scenario
	switch {
	case named != "" && quick.Given():
		return nil, errors.New("greenlight: simulate takes a scenario, or --appspec, --blue, --green and --hook, not both")
	case named != "":
		source, err := scenario.ReadFile(named, binary)
		if err != nil {
			return nil, err
		}
		s, err = scenario.Parse(source)
		if err != nil {
			return nil, err
		}
	case quick.Given():
		if s, err = quick.Scenario(binary); err != nil {
			return nil, fmt.Errorf("greenlight: simulate: %w", err)
		}
	default:
		return nil, errors.New("greenlight: simulate needs a scenario; greenlight simulate --init writes one")
	}
	if opts.speed != "" {
		speed, err := scenario.ParseSpeed(opts.speed)
		if err != nil {
			return nil, fmt.Errorf("greenlight: --speed: %w", err)
		}
		s.Speed = speed
	}
	return s, nil
}

func (a app) simulate(ctx context.Context, s *scenario.Scenario, opts simulateFlags) int {
	logs := console.NewLogs()
	var feed *console.Feed
	if opts.logs {
		a.stdout = &oneByOne{out: a.stdout}
		feed = console.NewFeed(a.stdout, opts.json)
	}
	var page *dashboard.Dashboard
	sim, err := s.Start(ctx, scenario.Host{
		Environ: os.Environ(),
		Logs: func(line lambda.LogLine) {
			logs.Add(line)
			page.Log(line)
			feed.Line(line.Function, line.Text)
		},
		Output: feed.Line,
		Page: func(sim *simulator.Simulator) http.Handler {
			page = dashboard.New(sim)
			return page
		},
	})
	if err != nil {
		return a.simulateFailed(ctx, err)
	}
	code := a.deploy(ctx, sim, s, logs, opts)
	if err := sim.Close(); err != nil && code == exitPassed {
		return a.simulateFailed(ctx, err)
	}
	return code
}

func (a app) deploy(ctx context.Context, sim *simulator.Simulator, s *scenario.Scenario, logs *console.Logs, opts simulateFlags) int {
	printer := a.printer(sim, opts)
	end, err := console.Run(ctx, sim, s, logs, printer)
	byCodeDeploy, byECS := new(codedeploy.APIError), new(ecs.APIError)
	if errors.As(err, &byCodeDeploy) || errors.As(err, &byECS) {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitWrongInput
	}
	if err != nil {
		return a.simulateFailed(ctx, err)
	}
	if lines, ok := printer.(*console.JSON); ok && lines.Err() != nil {
		return a.simulateFailed(ctx, fmt.Errorf("writing what happened as JSON: %w", lines.Err()))
	}
	if opts.keep {
		a.keep(ctx, sim, opts.json)
	}
	if end.Unexpected != nil {
		return exitFailed
	}
	return exitPassed
}

func (a app) simulateFailed(ctx context.Context, err error) int {
	if ctx.Err() != nil {
		fmt.Fprintln(a.stderr, "greenlight: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(a.stderr, "greenlight: the simulation failed:", err)
	return exitFailed
}

func (a app) printer(sim *simulator.Simulator, opts simulateFlags) console.Printer {
	if opts.json {
		return console.NewJSON(a.stdout, sim)
	}
	a.printListener("production listener  ", sim.ProductionURL(), sim.ProductionRule())
	a.printListener("test listener        ", sim.TestURL(), sim.TestRule())
	a.printListener("certificates' CA     ", sim.CertificateAuthority(), "")
	fmt.Fprintf(a.stdout, "AWS endpoint, page   %s\n\n", sim.EndpointURL())
	style := a.style(a.stdout)
	look := console.Style{Width: style.Width, Color: style.Color}
	if !style.Live || opts.logs { // a table can't be redrawn among lines
		return console.NewLines(a.stdout, look, sim)
	}
	return console.NewTable(a.stdout, look, sim)
}

// printListener writes where a listener is, with what requests to it must have, where there is one.
func (a app) printListener(name, at, rule string) {
	switch {
	case at == "":
	case rule == "":
		fmt.Fprintf(a.stdout, "%s%s\n", name, at)
	default:
		fmt.Fprintf(a.stdout, "%s%s  %s\n", name, at, rule)
	}
}

// oneByOne keeps lines that are written at once apart.
type oneByOne struct {
	mu  sync.Mutex
	out io.Writer
}

// Write writes p as a whole.
func (o *oneByOne) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.out.Write(p)
}

// keep leaves the simulator up until the user has seen enough.
func (a app) keep(ctx context.Context, sim *simulator.Simulator, asJSON bool) {
	out := a.stdout
	if asJSON {
		out = a.stderr
	}
	fmt.Fprintf(out, "\nEverything stays up until Ctrl-C. What happened is a page at %s/. The AWS CLI and SDKs find it with\n  export AWS_ENDPOINT_URL=%s AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n", sim.EndpointURL(), sim.EndpointURL())
	<-ctx.Done()
}

// initScenario writes the scenario to start from.
func (a app) initScenario(path string, force bool) int {
	if path == "" {
		path = scenarioFile
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, mode, 0o644) //nolint:gosec // the user names it, and shares it
	if errors.Is(err, os.ErrExist) {
		return a.wrong("%s is there already; --force replaces it, or name another file", path)
	}
	if err != nil {
		return a.wrong("writing the scenario: %s", err)
	}
	_, err = io.WriteString(file, scenario.Example())
	if err := errors.Join(err, file.Close()); err != nil {
		return a.wrong("writing the scenario: %s", err)
	}
	fmt.Fprintf(a.stdout, "wrote %s; run it with: greenlight simulate %s\n", path, path)
	return exitPassed
}

// isStandIn tells whether Lambda, a simulated one, has started greenlight as a stand-in for a function, and not as the
// hook.
func isStandIn(args []string) bool { return len(args) > 0 && args[0] == "simulate" }

// serveStandIn answers on the port that the simulator gives, or to its events where it stands in for a function, until
// it is told to end.
func (a app) serveStandIn(ctx context.Context, text string) int {
	if a.env(envRuntimeAPI) != "" {
		runtime.StartWithOptions(func() (string, error) { return text, nil }, runtime.WithContext(ctx))
	}
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", a.env("PORT")))
	if err != nil {
		fmt.Fprintln(a.stderr, "greenlight: serving on the port in $PORT:", err)
		return exitFailed
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, text) // a client that has left doesn't matter
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(socket) })
	<-ctx.Done()
	_ = server.Close()
	serving.Wait()
	return exitPassed
}
