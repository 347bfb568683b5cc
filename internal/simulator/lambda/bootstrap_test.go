//go:build unix

package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"
)

// The test binary is the functions' bootstrap too, when this variable is set.
const bootstrapVariable = "TEST_BOOTSTRAP"

func TestMain(m *testing.M) {
	if mode := os.Getenv(bootstrapVariable); mode != "" {
		bootstrap(mode)
		return
	}
	goleak.VerifyTestMain(m)
}

// event is what the test's bootstrap understands.
type event struct {
	Do   string
	Text string `json:",omitempty"`
}

// runtimeClient speaks the Runtime API with nothing but net/http.
type runtimeClient struct{ base string }

func (c runtimeClient) get(path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

func (c runtimeClient) next() (id string, header http.Header, e event) {
	resp, err := c.get("/invocation/next")
	if err != nil {
		os.Exit(90)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		os.Exit(91)
	}
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil {
		os.Exit(92)
	}
	return resp.Header.Get("Lambda-Runtime-Aws-Request-Id"), resp.Header, e
}

func (c runtimeClient) post(path string, body []byte, header ...string) (status int, answer string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		os.Exit(93)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func bootstrap(mode string) {
	api := runtimeClient{"http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime"}
	switch mode {
	case "exit in init":
		fmt.Println("leaving before the first event")
		os.Exit(7)
	case "report in init":
		api.post("/init/error", []byte(`{"errorType":"Config.Missing","errorMessage":"no plan"}`))
		os.Exit(1)
	case "hang in init":
		select {}
	case "init works the second time":
		// A file is what two processes of one function can share.
		if err := os.Mkdir("tried", 0o700); err == nil {
			os.Exit(1)
		}
	}
	for {
		id, header, e := api.next()
		handle(api, id, header, e)
	}
}

func handle(api runtimeClient, id string, header http.Header, e event) {
	reply := func(v any) {
		body, _ := json.Marshal(v)
		api.post("/invocation/"+id+"/response", body)
	}
	switch e.Do {
	case "echo":
		reply(e.Text)
	case "headers":
		reply(header)
	case "environment":
		reply(os.Environ())
	case "pid":
		reply(os.Getpid())
	case "log":
		fmt.Print(e.Text)
		fmt.Fprintln(os.Stderr, "to standard error")
		reply("logged")
	case "fail":
		api.post("/invocation/"+id+"/error", []byte(`{"errorType":"Boom","errorMessage":"it broke"}`))
	case "fail with a header":
		api.post("/invocation/"+id+"/error", []byte("no JSON"), "Lambda-Runtime-Function-Error-Type", "Extension.Unknown")
	case "exit":
		os.Exit(3)
	case "exit well":
		os.Exit(0)
	case "answer and exit":
		reply("answered")
		os.Exit(4)
	case "hang":
		select {}
	case "hang with a child":
		held, err := os.OpenFile(e.Text, os.O_WRONLY, 0) // a named pipe: at its end when all its writers are gone
		if err != nil {
			os.Exit(97)
		}
		child := exec.CommandContext(context.Background(), os.Args[0])
		child.ExtraFiles = []*os.File{held}
		child.Env = []string{bootstrapVariable + "=hang in init"}
		if err := child.Start(); err != nil {
			os.Exit(94)
		}
		fmt.Println("with a child")
		select {}
	case "wait for a file":
		fmt.Println("waiting")
		f, err := os.Open(e.Text) // a named pipe: opens when the test opens its other end
		if err != nil {
			os.Exit(95)
		}
		_ = f.Close()
		reply(os.Getpid())
	case "answer twice":
		reply("first")
		status, answer := api.post("/invocation/"+id+"/response", []byte(`"second"`))
		fmt.Println(status, answer)
	case "answer another":
		status, answer := api.post("/invocation/00000000-0000-4000-8000-000000000000/response", []byte(`1`))
		reply(fmt.Sprint(status, " ", answer))
	case "ask too early":
		resp, err := api.get("/invocation/next")
		if err != nil {
			os.Exit(96)
		}
		_ = resp.Body.Close()
		reply(resp.StatusCode)
	case "answer 7 MB":
		status, _ := api.post("/invocation/"+id+"/response", bytes.Repeat([]byte("1"), 7<<20))
		fmt.Println("status", status)
	default:
		api.post("/invocation/"+id+"/error", []byte(`{"errorType":"NoSuchBehaviour","errorMessage":"`+e.Do+`"}`))
	}
}
