package dashboard_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/dashboard"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(ctx context.Context, version string) (simulator.Task, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, version)
	})}
	go func() { _ = server.Serve(l) }()
	return simulator.Task{URL: "http://" + l.Addr().String(), Stop: server.Close}, nil
}

func start(t *testing.T) (*simulator.Simulator, *httptest.Server, *dashboard.Dashboard) {
	t.Helper()
	return startWith(t, func(*simulator.Config) {})
}

func startWith(t *testing.T, edit func(*simulator.Config)) (*simulator.Simulator, *httptest.Server, *dashboard.Dashboard) {
	t.Helper()
	config := simulator.Config{Blue: "v1", Tasks: serve, HealthCheck: elb.HealthCheck{Interval: 10 * time.Millisecond}}
	edit(&config)
	sim, err := simulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	board := dashboard.New(sim)
	server := httptest.NewServer(board)
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return sim, server, board
}

func get(t *testing.T, url string, use func(*http.Response)) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	use(response)
}

func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	_, server, _ := start(t)
	for path, kind := range map[string]string{"/": "text/html", "/dashboard.css": "text/css", "/dashboard.js": "text/javascript"} {
		get(t, server.URL+path, func(response *http.Response) {
			text, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), kind) {
				t.Errorf("%s: got %d %s (%v)", path, response.StatusCode, response.Header.Get("Content-Type"), err)
			}
			if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: the content security policy is %q", path, policy)
			}
			for _, elsewhere := range []string{"https://", "http://", "//cdn"} {
				if strings.Contains(strings.ReplaceAll(string(text), "http://www.w3.org/", ""), elsewhere) {
					t.Errorf("%s names an address elsewhere: %q", path, elsewhere)
				}
			}
		})
	}
}

// follow reads the stream until a happening is what the test waits for.
func follow(t *testing.T, url string, done func(kind string, data map[string]any) bool) {
	t.Helper()
	get(t, url+"/happenings", func(response *http.Response) {
		lines, kind := bufio.NewScanner(response.Body), ""
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "event":
				kind = value
			case "data":
				var data map[string]any
				if err := json.Unmarshal([]byte(value), &data); err != nil {
					t.Fatalf("%s: %v: %s", kind, err, value)
				}
				if done(kind, data) {
					return
				}
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
	})
}

func TestWhoComesLateIsToldAllThatHappened(t *testing.T) {
	sim, server, board := start(t)
	board.Log(lambda.LogLine{Function: "f", Text: "a line <b>of</b> a log"})
	outcome, err := sim.Deploy(t.Context(), codedeploy.AppSpec{TaskDefinition: "v2"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	follow(t, server.URL, func(kind string, data map[string]any) bool {
		switch kind {
		case "hello":
			seen["where"] = data["production"] == sim.ProductionURL() && data["test"] == sim.TestURL()
		case "deployment":
			seen["end"] = seen["end"] || data["ID"] == outcome.Deployment.ID && data["Status"] == "Succeeded" && data["From"] == "v1" && data["To"] == "v2"
		case "event":
			seen["event"] = seen["event"] || data["Name"] == "AllowTraffic" && data["Status"] == "Succeeded" && data["End"] != 0.0
		case "weights":
			weights, _ := data["Weights"].(map[string]any)
			seen["weights"] = seen["weights"] || data["Listener"] == simulator.ProductionListener && weights[simulator.TargetGroupTwo] == 100.0
		case "log":
			seen["log"] = data["Text"] == "a line <b>of</b> a log" && data["Function"] == "f"
		case "traffic":
			seen["traffic"] = true
		}
		return len(seen) == 6 && seen["where"] && seen["end"] && seen["event"] && seen["weights"] && seen["log"] && seen["traffic"]
	})
}

func TestOldLinesOfLogsAreForgotten(t *testing.T) {
	_, server, board := start(t)
	const lines = 5000
	for i := range lines {
		board.Log(lambda.LogLine{Text: fmt.Sprint(i)})
	}
	first := ""
	follow(t, server.URL, func(kind string, data map[string]any) bool {
		text, _ := data["Text"].(string)
		if kind == "log" && first == "" {
			first = text
		}
		return text == fmt.Sprint(lines-1)
	})
	if first != "3000" {
		t.Errorf("the oldest line that is kept is %s, want 3000: 2000 lines are kept", first)
	}
}

// A function that customers invoke all the time writes more than all others together.
func TestAFunctionThatWritesMuchLeavesOthersTheirLines(t *testing.T) {
	_, server, board := start(t)
	board.Log(lambda.LogLine{Function: "hook", Text: "why it failed"})
	for i := range 3000 {
		board.Log(lambda.LogLine{Function: "shop", Text: fmt.Sprint(i)})
	}
	var lines []string
	follow(t, server.URL, func(kind string, data map[string]any) bool {
		if kind == "log" {
			lines = append(lines, fmt.Sprint(data["Function"], " ", data["Text"]))
		}
		return data["Text"] == "2999"
	})
	if len(lines) != 2000 || lines[0] != "hook why it failed" || lines[1] != "shop 1001" {
		t.Errorf("%d lines are kept, the first %q", len(lines), lines[:min(2, len(lines))])
	}
}

func TestADeploymentOfAFunctionIsToldByVersions(t *testing.T) {
	sim, server, board := startWith(t, func(c *simulator.Config) {
		c.Clock, c.Alias = clock.Instant(), &simulator.FunctionAlias{Function: "shop", Name: "live"}
		c.Deployment = codedeploy.Canary("canary", 10, time.Hour)
	})
	code := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(code.Close)
	version := lambda.Function{Webhook: code.URL, Timeout: time.Minute}
	if err := sim.CreateAlias(1, map[int]lambda.Function{1: version, 2: version}); err != nil {
		t.Fatal(err)
	}
	if err := sim.SendTraffic(t.Context(), simulator.Customers{Rate: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.DeployVersion(t.Context(), "2", nil); err != nil {
		t.Fatal(err)
	}
	if err := sim.SettleTraffic(t.Context()); err != nil {
		t.Fatal(err)
	}
	board.Log(lambda.LogLine{Function: "shop", Text: "the last line"})
	seen := map[string]bool{}
	var logged, ended float64
	follow(t, server.URL, func(kind string, data map[string]any) bool {
		switch kind {
		case "hello":
			seen["hello"] = data["alias"] == "shop:live" && data["customers"] == "alias live" && data["production"] == ""
		case "deployment":
			if data["From"] == "shop:1" && data["To"] == "shop:2" && data["Status"] == "Succeeded" {
				ended, _ = data["Completed"].(float64)
			}
		case "weights":
			weights, _ := data["Weights"].(map[string]any)
			seen["weights"] = seen["weights"] || data["Listener"] == "alias live" && weights["version 1"] == 0.9 && weights["version 2"] == 0.1
		case "traffic":
			counts, _ := data["Counts"].([]any)
			sum := 0.0
			for _, c := range counts {
				count, _ := c.(map[string]any)
				n, _ := count["Requests"].(float64)
				sum += n
			}
			seen[fmt.Sprint(sum, " invocations")] = true
		case "log":
			logged, _ = data["Time"].(float64)
		}
		return seen["hello"] && ended > 0 && logged > 0 && seen["weights"] && seen["5 invocations"] && seen["15 invocations"]
	})
	if logged < ended {
		t.Errorf("a line that was written after the deployment's end bears an earlier time, by %v ms: real time in place of simulated", ended-logged)
	}
}

func TestADeploymentOfECSIsToldByStagesAndHooks(t *testing.T) {
	pause := ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostScaleUp}}
	sim, server, _ := startWith(t, func(c *simulator.Config) {
		c.Clock = clock.Instant() // nobody answers the pause, which goes on after its day
		pause.OnTimeout = ecs.ActionContinue
		c.ECS = &simulator.ECSDeployments{DeploymentConfiguration: ecs.DeploymentConfiguration{
			Strategy: ecs.Canary, Canary: &ecs.Steps{Percent: 25, Bake: time.Minute}, Hooks: []ecs.Hook{pause},
		}}
	})
	d, err := sim.DeployService(t.Context(), "v2")
	if err != nil || d.Status != ecs.Successful {
		t.Fatalf("%s: %s (%v)", d.Status, d.StatusReason, err)
	}
	id := d.ARN[strings.LastIndexByte(d.ARN, '/')+1:]
	seen := map[string]bool{}
	follow(t, server.URL, func(kind string, data map[string]any) bool {
		switch kind {
		case "event":
			if data["Deployment"] == id && data["End"] != 0.0 {
				seen[fmt.Sprint(data["Name"], " ", data["Status"], " ", data["Class"])] = true
			}
		case "log":
			seen[fmt.Sprint(data["Function"])] = true
		case "deployment":
			seen["from and to"] = data["ID"] == id && data["From"] == "v1" && data["To"] == "v2" && data["Events"] == nil
			seen["end"] = data["Status"] == "SUCCESSFUL" && data["Class"] == "Succeeded"
		}
		return seen["end"]
	})
	for _, what := range []string{
		"PRE_SCALE_UP SUCCEEDED Succeeded", "pause TIMED_OUT Failed", "PRODUCTION_TRAFFIC_SHIFT 25 % SUCCEEDED Succeeded",
		"PRODUCTION_TRAFFIC_SHIFT 100 % SUCCEEDED Succeeded", "CLEAN_UP SUCCEEDED Succeeded", "EventBridge", "from and to",
	} {
		if !seen[what] {
			t.Errorf("nobody was told of %q; seen: %v", what, seen)
		}
	}
}

func TestATestRuleIsToldAsTheTestListener(t *testing.T) {
	sim, server, _ := startWith(t, func(c *simulator.Config) {
		c.ECS = &simulator.ECSDeployments{}
		c.Test = simulator.ListenerConfig{Shared: true, Conditions: []elb.Condition{{Field: elb.PathPattern, Values: []string{"/test/*"}}}}
	})
	if d, err := sim.DeployService(t.Context(), "v2"); err != nil || d.Status != ecs.Successful {
		t.Fatalf("%s: %s (%v)", d.Status, d.StatusReason, err)
	}
	get(t, sim.TestURL(), func(*http.Response) {})
	seen := map[string]bool{}
	follow(t, server.URL, func(kind string, data map[string]any) bool {
		switch kind {
		case "hello":
			seen["where"] = data["test"] == sim.ProductionURL()+"/test/" && data["testRule"] == "path /test/*" && data["productionRule"] == ""
		case "weights":
			weights, _ := data["Weights"].(map[string]any)
			seen["weights"] = seen["weights"] || data["Listener"] == simulator.TestListener && weights[simulator.TargetGroupTwo] == 100.0
		case "traffic":
			counts, _ := data["Counts"].([]any)
			if len(counts) == 1 {
				count, _ := counts[0].(map[string]any)
				seen["traffic"] = count["Listener"] == simulator.TestListener && count["Group"] == simulator.TargetGroupTwo
			}
		}
		return seen["where"] && seen["weights"] && seen["traffic"]
	})
}
