package deployment_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
)

// cloud stands for AWS: an HTTP client that answers each operation from a tree. It takes roundTrip for each answer, which
// under synctest costs nothing and tells how many of them came one after the other.
type cloud struct {
	mu    sync.Mutex
	world world
	// denied are the operations that IAM refuses.
	denied []string
	// throttled is how often each operation is throttled before it is answered.
	throttled int
	// then changes the world before an operation is answered.
	then  func(operation string, times int, w world)
	calls []string
}

// roundTrip is how long each answer takes.
const roundTrip = time.Second

// world holds the answers by operation; one to a request that names something is under "operation name".
type world map[string]any

func parseWorld(t testing.TB, text string) world {
	t.Helper()
	var w world
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&w); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w world) clone() world {
	text, err := json.Marshal(w)
	if err != nil {
		panic(err)
	}
	var copied world
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&copied); err != nil {
		panic(err)
	}
	return copied
}

// set puts a value at a path of members and indices: "GetDeployment>deploymentInfo>creator".
func (w world) set(path string, value any) world {
	w.edit(path, func(map[string]any, string) any { return value })
	return w
}

// without removes what is at a path.
func (w world) without(path string) world {
	w.edit(path, func(in map[string]any, key string) any { delete(in, key); return nil })
	return w
}

func (w world) edit(path string, change func(in map[string]any, key string) any) {
	var at any = map[string]any(w)
	steps := strings.Split(path, ">")
	for i, step := range steps {
		last := i == len(steps)-1
		switch in := at.(type) {
		case map[string]any:
			if last {
				if value := change(in, step); value != nil {
					in[step] = value
				}
				return
			}
			if in[step] == nil {
				panic("there is no " + step + " of " + path)
			}
			at = in[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(in) {
				panic("there is no " + step + " of " + path)
			}
			if last {
				in[n] = change(map[string]any{}, step)
				return
			}
			at = in[n]
		default:
			panic("nothing is below " + step + " of " + path)
		}
	}
}

// paths are all members and elements of the tree.
func (w world) paths() []string {
	var all []string
	var walk func(prefix string, at any)
	walk = func(prefix string, at any) {
		switch in := at.(type) {
		case map[string]any:
			for key, value := range in {
				all = append(all, prefix+key)
				walk(prefix+key+">", value)
			}
		case []any:
			for i, value := range in {
				walk(prefix+strconv.Itoa(i)+">", value)
			}
		}
	}
	walk("", map[string]any(w))
	slices.Sort(all)
	return all
}

// Do answers.
func (c *cloud) Do(r *http.Request) (*http.Response, error) {
	operation, name, query := requestOf(r)
	c.mu.Lock()
	times := 0
	for _, call := range c.calls {
		if call == operation {
			times++
		}
	}
	c.calls = append(c.calls, operation)
	if c.then != nil {
		c.then(operation, times, c.world)
	}
	answer, ok := c.world[strings.TrimSpace(operation+" "+name)]
	if !ok {
		answer, ok = c.world[operation]
	}
	denied := slices.Contains(c.denied, operation)
	c.mu.Unlock()
	select {
	case <-time.After(roundTrip):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	switch {
	case times < c.throttled:
		return refuse(query, http.StatusBadRequest, "ThrottlingException", "Rate exceeded"), nil
	case denied:
		return refuse(query, http.StatusForbidden, "AccessDenied", "User: hook is not authorized to perform: "+operation+"."), nil
	case !ok:
		return refuse(query, http.StatusBadRequest, "NotFoundException", "there is no "+operation+" "+name), nil
	}
	if query {
		var b bytes.Buffer
		fmt.Fprintf(&b, "<%sResponse><%sResult>", operation, operation)
		writeXML(&b, answer)
		fmt.Fprintf(&b, "</%sResult></%sResponse>", operation, operation)
		return respond(http.StatusOK, b.String()), nil
	}
	text, err := json.Marshal(answer)
	return respond(http.StatusOK, string(text)), err
}

// requestOf tells what is asked for, and the name or ARN of what is asked about.
func requestOf(r *http.Request) (operation, name string, query bool) {
	if r.Method == http.MethodGet {
		return "GetAlias", "", false
	}
	body, _ := io.ReadAll(r.Body)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ = strings.Cut(target, ".")
		var in struct {
			TaskDefinition string   `json:"taskDefinition"`
			Revisions      []string `json:"serviceRevisionArns"`
			NextToken      string   `json:"nextToken"`
		}
		_ = json.Unmarshal(body, &in)
		return operation, in.TaskDefinition + strings.Join(in.Revisions, ",") + in.NextToken, false
	}
	form, _ := url.ParseQuery(string(body))
	return form.Get("Action"), form.Get("ListenerArn") + form.Get("RuleArns.member.1") + form.Get("Marker"), true
}

func refuse(query bool, status int, code, message string) *http.Response {
	if query {
		return respond(status, fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message))
	}
	return respond(http.StatusBadRequest, fmt.Sprintf(`{"__type":%q,"message":%q}`, strings.TrimSuffix(code, "Exception")+"Exception", message))
}

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// writeXML writes a tree as the Query protocol has it: members of lists are called member.
func writeXML(b *bytes.Buffer, tree any) {
	switch tree := tree.(type) {
	case map[string]any:
		for name, value := range tree {
			fmt.Fprintf(b, "<%s>", name)
			writeXML(b, value)
			fmt.Fprintf(b, "</%s>", name)
		}
	case []any:
		for _, value := range tree {
			b.WriteString("<member>")
			writeXML(b, value)
			b.WriteString("</member>")
		}
	case nil:
	default:
		_ = xml.EscapeText(b, fmt.Append(nil, tree))
	}
}

func (c *cloud) clients() *deployment.Clients {
	return deployment.NewClients(aws.Config{
		Region: "eu-west-1", HTTPClient: c, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
}

// called are the operations that were called, each once, in order of their names.
func (c *cloud) called() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.calls)
	slices.Sort(all)
	return slices.Compact(all)
}
