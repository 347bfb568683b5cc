//go:build linux

package verify

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// cloud is an account at one address: CloudFormation, S3 and CloudWatch Logs as far as a verification asks them, and for each stack that
// has an example a simulator, to which all else goes.
type cloud struct {
	*httptest.Server
	t       *testing.T
	account string
	clock   clock.Clock
	// broken says what is wrong with the account; nil for nothing.
	broken func(stack string) error
	// stays says why a stack isn't deleted at the nth time that it is to be, n from 1; nil: all are.
	stays func(stack string, n int) error

	creating sync.WaitGroup

	mu      sync.Mutex
	stacks  map[string]*deployed
	objects map[string][]byte // by bucket/key
	owners  map[string]*deployed
	// creation says which hooks ECS calls when it creates a service.
	creation ecs.CreationHooks
	// frontless are the task definitions whose command removes the front page.
	frontless map[string]bool
}

// deployed is a stack.
type deployed struct {
	name, tag, template string
	parameters          map[string]string
	status, why         string
	deletes             int
	stack               *cfntest.Stack
	sim                 *simulator.Simulator
	log                 []logged
}

type logged struct {
	at   time.Time
	text string
}

func openCloud(t *testing.T) *cloud {
	t.Helper()
	t.TempDir() // before the cleanup, so that it is removed after it: stacks may be made until then
	c := &cloud{t: t, account: "210987654321", clock: clock.Instant(), stacks: map[string]*deployed{}, objects: map[string][]byte{}, owners: map[string]*deployed{}, frontless: map[string]bool{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(func() {
		c.Close()
		c.creating.Wait()
		for _, d := range c.stacks {
			if d.sim != nil {
				_ = d.sim.Close()
			}
		}
	})
	return c
}

// left are the stacks and objects that are there.
func (c *cloud) left() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := slices.Collect(maps.Keys(c.objects))
	for name, d := range c.stacks {
		if d.status != "DELETE_COMPLETE" {
			left = append(left, name+" "+d.status)
		}
	}
	slices.Sort(left)
	return left
}

// inject has something go wrong with what a stack has deployed.
func (c *cloud) inject(stack string, f simulator.Fault) error {
	c.mu.Lock()
	d := c.stacks[stack]
	c.mu.Unlock()
	return d.sim.Inject(f)
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer clock.Work(c.clock)()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Errorf("reading a request: %v", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(target, "Logs_20140328."):
		c.filterLog(w, body)
	case form.Get("Version") == "2011-06-15": // STS
		_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws:iam::%s:user/you</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`, c.account, c.account)
	case form.Get("Version") == "2010-05-15":
		c.cloudFormation(w, form)
	case strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request"):
		c.object(w, r, body)
	case r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/code"):
		c.publish(w, r, body)
	default:
		c.forward(w, r, body)
	}
}

// --- S3 ---

func (c *cloud) object(w http.ResponseWriter, r *http.Request, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch r.Method {
	case http.MethodPut:
		c.objects[name] = body
	case http.MethodDelete:
		delete(c.objects, name)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		_, _ = io.WriteString(w, "<ListBucketResult>")
		for _, key := range slices.Sorted(maps.Keys(c.objects)) {
			if rest, is := strings.CutPrefix(key, strings.TrimSuffix(name, "/")+"/"); is {
				_, _ = fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", rest)
			}
		}
		_, _ = io.WriteString(w, "</ListBucketResult>")
	}
}

// --- CloudWatch Logs ---

func (c *cloud) filterLog(w http.ResponseWriter, body []byte) {
	var query logQuery
	if err := json.Unmarshal(body, &query); err != nil {
		c.t.Errorf("FilterLogEvents: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var page logPage
	for _, d := range c.stacks {
		if "/aws/lambda/CodeDeployHook_"+d.name != query.Group {
			continue
		}
		for _, l := range d.log {
			if l.at.UnixMilli() >= query.From {
				page.Events = append(page.Events, struct {
					Message string `json:"message"`
				}{l.text + "\n"})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(page)
}

// --- CloudFormation ---

func (c *cloud) cloudFormation(w http.ResponseWriter, form url.Values) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, action := form.Get("StackName"), form.Get("Action")
	d := c.stacks[name]
	if d != nil && d.status == "DELETE_COMPLETE" {
		d = nil
	}
	var answer string
	switch action {
	case "CreateStack":
		if form.Get("Capabilities.member.1") != "CAPABILITY_IAM" || form.Get("Capabilities.member.2") != "CAPABILITY_AUTO_EXPAND" {
			c.t.Errorf("the stack %s is to be created without what its roles and transforms need", name)
		}
		d = &deployed{
			name: name, tag: form.Get("Tags.member.1.Value"), template: cmp.Or(form.Get("TemplateURL"), form.Get("TemplateBody")),
			parameters: parametersOf(form), status: "CREATE_IN_PROGRESS",
		}
		c.stacks[name] = d
		c.creating.Go(func() { c.createStack(d) })
		answer = "<StackId>" + name + "</StackId>"
	case "DeleteStack":
		if d != nil {
			c.deleteStack(d)
		}
	case "DescribeStacks":
		if name != "" && d == nil {
			refuse(w, "ValidationError", "Stack with id "+name+" does not exist")
			return
		}
		answer = c.described(name)
	case "DescribeStackEvents":
		answer = fmt.Sprintf("<StackEvents><member><StackId>s</StackId><PhysicalResourceId>p</PhysicalResourceId><LogicalResourceId>Service</LogicalResourceId><ResourceType>AWS::ECS::Service</ResourceType><ResourceStatus>CREATE_FAILED</ResourceStatus><ResourceStatusReason>%s</ResourceStatusReason></member></StackEvents>", d.why)
	case "DescribeStackResource":
		id := form.Get("LogicalResourceId")
		if d == nil || d.stack.Resources[id] == nil {
			refuse(w, "ValidationError", "Resource "+id+" does not exist")
			return
		}
		answer = "<StackResourceDetail><LogicalResourceId>" + id + "</LogicalResourceId><PhysicalResourceId>" + d.stack.Resources[id].Name + "</PhysicalResourceId></StackResourceDetail>"
	default:
		c.t.Errorf("a verification asks CloudFormation for %s", action)
	}
	_, _ = fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", action, action, answer, action, action)
}

func refuse(w http.ResponseWriter, code, message string) {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
}

func parametersOf(form url.Values) map[string]string {
	all := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("Parameters.member.%d.ParameterKey", i)); i++ {
		all[form.Get(fmt.Sprintf("Parameters.member.%d.ParameterKey", i))] = form.Get(fmt.Sprintf("Parameters.member.%d.ParameterValue", i))
	}
	return all
}

func (c *cloud) described(name string) string {
	var all strings.Builder
	for _, d := range c.stacks {
		if name != "" && d.name != name || d.status == "DELETE_COMPLETE" {
			continue
		}
		fmt.Fprintf(&all, "<member><StackName>%s</StackName><StackStatus>%s</StackStatus><Tags><member><Key>%s</Key><Value>%s</Value></member></Tags><Outputs>", d.name, d.status, Tag, d.tag)
		if d.stack != nil {
			for key, value := range d.stack.Outputs {
				var text bytes.Buffer
				_ = xml.EscapeText(&text, fmt.Append(nil, value))
				fmt.Fprintf(&all, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", key, text.String())
			}
		}
		all.WriteString("</Outputs></member>")
	}
	return "<Stacks>" + all.String() + "</Stacks>"
}

func (c *cloud) createStack(d *deployed) {
	defer clock.Work(c.clock)()
	err := c.provision(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	deleted := d.status == deleting
	d.status = "CREATE_COMPLETE"
	if err != nil {
		d.status, d.why = "CREATE_FAILED", err.Error()
	}
	if deleted {
		c.deleteStack(d)
	}
}

const deleting = "DELETE_IN_PROGRESS"

// deleteStack deletes a stack, at the end of its creation where that is under way.
func (c *cloud) deleteStack(d *deployed) {
	if d.status == "CREATE_IN_PROGRESS" || d.status == deleting {
		d.status = deleting
		return
	}
	if d.stack != nil {
		for _, bucket := range d.stack.Find("AWS::S3::Bucket") {
			for key := range c.objects {
				if strings.HasPrefix(key, bucket.Name+"/") {
					d.status, d.why = "DELETE_FAILED", "The bucket you tried to delete is not empty"
					return
				}
			}
		}
	}
	if d.deletes++; c.stays != nil {
		if err := c.stays(d.name, d.deletes); err != nil {
			d.status, d.why = "DELETE_FAILED", err.Error()
			return
		}
	}
	d.status = "DELETE_COMPLETE"
}

// provision makes what is in a stack. An example's is what SAM's transform makes of it, if what came is the example.
func (c *cloud) provision(d *deployed) error {
	options := cfntest.Options{StackName: d.name, Region: "eu-west-1", Account: c.account, Parameters: d.parameters}
	if !strings.HasPrefix(d.template, "http") {
		path := filepath.Join(c.t.TempDir(), "ground.yaml")
		if err := os.WriteFile(path, []byte(d.template), 0o600); err != nil {
			return err
		}
		s, err := cfntest.Load(path, options)
		c.mu.Lock()
		defer c.mu.Unlock()
		d.stack = s
		return err
	}
	name, err := c.example(d)
	if err != nil {
		return err
	}
	transformed := filepath.Join("..", "..", "templates", "sam", "testdata")
	options.Templates = func(url string) string { return filepath.Join(transformed, strings.TrimSuffix(url, ".yaml")+".json") }
	s, err := cfntest.Load(filepath.Join(transformed, name+".json"), options)
	if err != nil {
		return err
	}
	sim, err := c.simulate(d, s, name)
	c.mu.Lock()
	d.stack, d.sim = s, sim
	c.mu.Unlock()
	if err == nil && c.broken != nil {
		err = c.broken(d.name)
	}
	if err != nil || name != "ecs" {
		return err
	}
	// ECS's first deployment creates the service, and asks the hooks.
	first, err := sim.DeployService(c.t.Context(), registered(s))
	if err == nil && first.Status != "SUCCESSFUL" {
		err = fmt.Errorf("the service's first deployment ended as %s: %s", first.Status, first.StatusReason)
	}
	return err
}

// example is which one the uploaded template is, but for where the gate's template and the code are.
func (c *cloud) example(d *deployed) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := strings.TrimPrefix(d.template, c.URL+"/")
	folder := strings.TrimSuffix(at, "template.yaml")
	whole, gate := string(c.objects[at]), string(c.objects[folder+"gate.yaml"])
	whole = strings.ReplaceAll(whole, "Location: "+c.URL+"/"+folder+"gate.yaml", "Location: gate.yaml")
	whole = strings.ReplaceAll(whole, "CodeUri: s3://"+folder+"app.zip", "CodeUri: lambda/app")
	gate = strings.ReplaceAll(gate, "CodeUri: s3://"+folder+"function.zip", "CodeUri: ../../dist/function-arm64.zip")
	for _, name := range []string{"ecs-codedeploy", "ecs", "lambda"} {
		original, err := os.ReadFile(filepath.Join("..", "..", "templates", "sam", name+".yaml"))
		if err != nil {
			return "", err
		}
		if whole == string(original) {
			written, err := os.ReadFile(filepath.Join("..", "..", "templates", "sam", "gate.yaml"))
			if err == nil && gate != string(written) {
				err = fmt.Errorf("the gate's template isn't the one of the repository")
			}
			return name, err
		}
	}
	return "", fmt.Errorf("%s is none of the examples", d.template)
}

func registered(s *cfntest.Stack) string {
	return "arn:aws:ecs:eu-west-1:210987654321:task-definition/" + s.Name + ":1"
}

// simulate starts what an example has deployed.
func (c *cloud) simulate(d *deployed, s *cfntest.Stack, name string) (*simulator.Simulator, error) {
	var specs []codedeploy.AppSpec
	if name == "ecs-codedeploy" {
		text, err := os.ReadFile("../../templates/sam/ecs-codedeploy/appspec.yaml")
		if err != nil {
			return nil, err
		}
		spec, err := codedeploy.ParseAppSpec(strings.ReplaceAll(string(text), "CodeDeployHook_shop", "CodeDeployHook_"+d.name))
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	w, err := s.World(specs...)
	if err != nil {
		return nil, err
	}
	w.Config.Clock = c.clock
	w.Config.HealthCheck.Interval = 20 * time.Millisecond // of real time
	w.Config.Logs = func(l lambda.LogLine) {
		at := c.clock.Now()
		c.mu.Lock()
		defer c.mu.Unlock()
		d.log = append(d.log, logged{at, l.Text})
	}
	if w.Config.Alias == nil {
		w.Config.Blue, w.Config.Tasks = registered(s), c.task
	}
	if len(s.Find("AWS::Events::Rule")) > 0 { // ECS's notices of pauses, to the gate
		w.Config.ECS.Notices = w.Functions[0].Name
	}
	if w.Config.ECS != nil {
		w.Config.ECS.NewService, w.Config.ECS.CreationHooks = true, c.creation
	}
	sim, err := simulator.Start(c.t.Context(), w.Config)
	if err != nil {
		return nil, err
	}
	gate := w.Functions[0]
	if gate.Dir, err = c.unpack(d); err == nil {
		gate.Command = []string{filepath.Join(gate.Dir, "bootstrap")}
		err = sim.CreateFunction(gate)
	}
	switch {
	case err != nil:
	case w.Config.Alias != nil:
		err = sim.CreateAlias(1, map[int]lambda.Function{1: deployedFunction("19.9")})
	default:
		err = register(c.t.Context(), sim.EndpointURL(), s)
	}
	return sim, err
}

// unpack is the function's zip as it was uploaded.
func (c *cloud) unpack(d *deployed) (string, error) {
	c.mu.Lock()
	zipped := c.objects[strings.TrimSuffix(strings.TrimPrefix(d.template, c.URL+"/"), "template.yaml")+"function.zip"]
	c.mu.Unlock()
	folder := c.t.TempDir()
	r, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return "", err
	}
	return folder, os.CopyFS(folder, r)
}

// register registers the task definition of the template, which CloudFormation has done when the service is made.
func register(ctx context.Context, endpoint string, s *cfntest.Stack) error {
	p := s.Find("AWS::ECS::TaskDefinition")[0].Properties
	container := p["ContainerDefinitions"].([]any)[0].(map[string]any)
	body, err := json.Marshal(map[string]any{
		"family": p["Family"], "networkMode": p["NetworkMode"], "cpu": p["Cpu"], "memory": p["Memory"], "executionRoleArn": p["ExecutionRoleArn"],
		"requiresCompatibilities": p["RequiresCompatibilities"],
		"containerDefinitions":    []any{map[string]any{"name": container["Name"], "image": container["Image"], "portMappings": []any{map[string]any{"containerPort": 80}}}},
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("registering the example's task definition: %s", text)
	}
	return nil
}

// task is nginx's image with the command of a task definition: it has the page that each version has, and a front page where the command doesn't
// remove it.
func (c *cloud) task(ctx context.Context, taskDefinition string) (simulator.Task, error) {
	c.mu.Lock()
	broken := c.frontless[taskDefinition]
	c.mu.Unlock()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken && r.URL.Path != "/50x.html" {
			w.WriteHeader(http.StatusForbidden)
		}
	})}
	go func() { _ = server.Serve(l) }()
	return simulator.Task{URL: "http://" + l.Addr().String(), Stop: server.Close}, nil
}

// --- the deployed function ---

func deployedFunction(apple string) lambda.Function {
	binary, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return lambda.Function{Command: []string{binary}, Description: "an apple for " + apple, Env: map[string]string{envApple: apple}, Timeout: 10 * time.Second}
}

// priceList is the example's app.py in Go: it must run where there is nothing else.
func priceList(apple string) func(context.Context, map[string]string) (map[string]any, error) {
	return func(_ context.Context, event map[string]string) (map[string]any, error) {
		if event["sku"] != "apple" {
			return map[string]any{"error": "there is no " + event["sku"]}, nil
		}
		return map[string]any{"sku": "apple", "price": json.Number(apple)}, nil
	}
}

var applePrice = regexp.MustCompile(`"apple": ([0-9.]+)`)

// publish is UpdateFunctionCode with the zip of app.py.
func (c *cloud) publish(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct{ ZipFile []byte }
	if err := json.Unmarshal(body, &in); err != nil {
		c.t.Errorf("UpdateFunctionCode: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(in.ZipFile), int64(len(in.ZipFile)))
	if err != nil {
		c.t.Errorf("UpdateFunctionCode: %v", err)
		return
	}
	f, err := z.Open("app.py")
	if err != nil {
		c.t.Errorf("UpdateFunctionCode: %v", err)
		return
	}
	source, _ := io.ReadAll(f)
	d := c.owner(r.URL.Path, nil)
	number, err := d.sim.PublishVersion(deployedFunction(applePrice.FindStringSubmatch(string(source))[1]))
	if err != nil {
		c.t.Errorf("UpdateFunctionCode: %v", err)
	}
	_, _ = fmt.Fprintf(w, `{"FunctionName": %q, "Version": %q}`, d.name, number)
}

// --- what goes to the simulators ---

// told are names by which answers speak of what a simulator has.
var told = regexp.MustCompile(`\bd-[A-Z0-9]{9}\b|arn:aws:elasticloadbalancing:[^"<& ]*`)

// owner is the stack that a request speaks of, by its name or by what its simulator told.
func (c *cloud) owner(path string, body []byte) *deployed {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := path + " " + string(body)
	if unescaped, err := url.QueryUnescape(text); err == nil {
		text += unescaped
	}
	var longest *deployed // a name may begin with another
	for name, d := range c.stacks {
		if d.sim != nil && strings.Contains(text, name) && (longest == nil || len(name) > len(longest.name)) {
			longest = d
		}
	}
	if longest != nil {
		return longest
	}
	for _, name := range told.FindAllString(text, -1) {
		if d := c.owners[name]; d != nil {
			return d
		}
	}
	c.t.Errorf("nothing in the account has to do with %s", text)
	return &deployed{}
}

func (c *cloud) forward(w http.ResponseWriter, r *http.Request, body []byte) {
	d := c.owner(r.URL.Path, body)
	if d.sim == nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	at, err := url.Parse(d.sim.EndpointURL())
	if err != nil {
		c.t.Error(err)
	}
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(at) },
		ModifyResponse: func(resp *http.Response) error {
			answer, err := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(answer))
			c.learn(d, r, body, answer)
			return err
		},
	}
	proxy.ServeHTTP(w, r)
}

// learn remembers whose an answer's ids are, and which task definitions have no front page.
func (c *cloud) learn(d *deployed, r *http.Request, asked, answer []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range told.FindAllString(string(answer), -1) {
		c.owners[name] = d
	}
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".RegisterTaskDefinition") && bytes.Contains(asked, []byte("rm /usr/share/nginx/html/index.html")) {
		var made struct {
			TaskDefinition struct{ TaskDefinitionArn string }
		}
		if err := json.Unmarshal(answer, &made); err != nil {
			c.t.Errorf("RegisterTaskDefinition: %v", err)
		}
		c.frontless[made.TaskDefinition.TaskDefinitionArn] = true
	}
}
