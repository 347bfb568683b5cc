package planstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	scenariocheck "github.com/greenlight-deploy/greenlight/internal/check/scenario"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/planstore"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// aws1 are S3 and the Parameter Store: what lies at a path or under a name, or what is answered in its place.
type aws1 struct {
	mu      sync.Mutex
	objects map[string]string // by /bucket/key; the ETag is the length
	errors  map[string]answer
	params  map[string]string
	asked   []string
}

type answer struct {
	status int
	header map[string]string
	body   string
}

func (a *aws1) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Method == http.MethodPost {
		a.parameter(w, r)
		return
	}
	a.asked = append(a.asked, strings.TrimSpace("GET "+r.URL.EscapedPath()+" "+r.Header.Get("If-None-Match")))
	if e, ok := a.errors[r.URL.Path]; ok {
		for name, value := range e.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.body)
		return
	}
	text, ok := a.objects[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
		return
	}
	etag := `"` + string(rune('a'+len(text)%26)) + `"`
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = io.WriteString(w, text)
}

func (a *aws1) parameter(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	a.asked = append(a.asked, r.Header.Get("X-Amz-Target")+" "+in.Name)
	if e, ok := a.errors[in.Name]; ok {
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.body)
		return
	}
	text, ok := a.params[in.Name]
	if !ok || !in.WithDecryption {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ParameterNotFound"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{"Value": text}})
}

func (a *aws1) store(t *testing.T) *planstore.Store {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return planstore.New(func() (aws.Config, error) {
		return aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
			Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
		}, nil
	})
}

func address(t *testing.T, text string) plan.Address {
	t.Helper()
	at, err := plan.ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAPlanIsReadFromS3AndFromTheParameterStore(t *testing.T) {
	a := &aws1{objects: map[string]string{"/plans/shop/the plan+ü.yaml": "of S3"}, params: map[string]string{"/shop/plan": "of the store"}}
	store := a.store(t)
	for at, want := range map[string]string{"s3://plans/shop/the plan+ü.yaml": "of S3", "ssm:/shop/plan": "of the store"} {
		source, err := store.Open(t.Context(), address(t, at))
		if err != nil || source.Name != at || string(source.Text) != want {
			t.Errorf("%s is %s, %q (%v)", at, source.Name, source.Text, err)
		}
	}
	if a.asked[0] != "GET /plans/shop/the%20plan%2B%C3%BC.yaml" && a.asked[1] != "GET /plans/shop/the%20plan%2B%C3%BC.yaml" {
		t.Errorf("asked %q", a.asked)
	}
}

func TestAnObjectIsSentAgainOnlyIfItHasChanged(t *testing.T) {
	a := &aws1{objects: map[string]string{"/plans/p": "x"}}
	store := a.store(t)
	read := func(want string) {
		t.Helper()
		source, err := store.Read(t.Context(), address(t, "s3://plans/p"))
		if err != nil || string(source.Text) != want {
			t.Fatalf("read %q (%v), want %q", source.Text, err, want)
		}
	}
	read("x")
	read("x")
	a.objects["/plans/p"] = "another"
	read("another")
	delete(a.objects, "/plans/p")
	if _, err := store.Read(t.Context(), address(t, "s3://plans/p")); err == nil {
		t.Error("an object that is gone was read")
	}
	if got, want := strings.Join(a.asked, ", "), `GET /plans/p, GET /plans/p "b", GET /plans/p "b", GET /plans/p "h"`; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestWhyAPlanCantBeReadIsToldWithWhatToDo(t *testing.T) {
	xml := func(code, message string) string {
		return "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"
	}
	a := &aws1{objects: map[string]string{"/plans/large": strings.Repeat("#", strictyaml.MaxSize+1), "/plans/most": strings.Repeat("#", strictyaml.MaxSize)}, errors: map[string]answer{
		"/denied/p":  {403, nil, xml("AccessDenied", "Access Denied")},
		"/none/p":    {404, nil, xml("NoSuchBucket", "The specified bucket does not exist")},
		"/away/p":    {301, map[string]string{"X-Amz-Bucket-Region": "us-east-1"}, xml("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")},
		"/away2/p":   {400, map[string]string{"X-Amz-Bucket-Region": "us-east-1"}, xml("AuthorizationHeaderMalformed", "the region 'eu-west-1' is wrong")},
		"/archive/p": {403, nil, xml("InvalidObjectState", "The operation is not valid for the object&apos;s storage class")},
		"/html/p":    {418, nil, "<html>"},
		"/denied":    {400, nil, `{"__type":"AccessDeniedException","message":"not authorized"}`},
		"/null":      {200, nil, `{"Parameter":{"Value":null}}`},
		"/empty":     {200, nil, `{}`},
	}}
	store := a.store(t)
	for _, tt := range []struct{ at, want string }{
		{"s3://plans/none.yaml", "reading the plan s3://plans/none.yaml: there is no such object"},
		{"s3://none/p", "reading the plan s3://none/p: there is no such bucket"},
		{"s3://denied/p", "reading the plan s3://denied/p: s3:GetObject: AccessDenied: Access Denied: there is no such object, or allow s3:GetObject on it to the function's role; with s3:ListBucket on the bucket S3 says which it is"},
		{"s3://away/p", "s3:GetObject: PermanentRedirect: the bucket is in the region us-east-1: plans are read in the function's own region: put it into a bucket there"},
		{"s3://away2/p", "the bucket is in the region us-east-1"},
		{"s3://archive/p", "s3:GetObject: InvalidObjectState: The operation is not valid for the object's storage class"},
		{"s3://html/p", "s3:GetObject: HTTP status 418"},
		{"s3://plans/large", "the object has over 1048576 bytes, the most that is read"},
		{"ssm:/none", "reading the plan ssm:/none: there is no such parameter in eu-west-1"},
		{"ssm:/denied", "ssm:GetParameter: AccessDeniedException: not authorized: allow ssm:GetParameter on it to the function's role, and kms:Decrypt where it is a SecureString"},
		{"ssm:/null", "has no Value"},
		{"ssm:/empty", "has no Value"},
	} {
		if _, err := store.Read(t.Context(), address(t, tt.at)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.at, err, tt.want)
		}
	}
	if _, err := store.Read(t.Context(), address(t, "s3://plans/most")); err != nil {
		t.Errorf("a plan of the largest size isn't read: %v", err)
	}
	if _, err := planstore.New(func() (aws.Config, error) { return aws.Config{}, errors.New("no region") }).Read(t.Context(), address(t, "ssm:/x")); err == nil || !strings.HasSuffix(err.Error(), "no region") {
		t.Errorf("without settings: %v", err)
	}
}

type silent struct{}

func (silent) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestASilentServiceIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := planstore.New(func() (aws.Config, error) {
			return aws.Config{Region: "eu-west-1", HTTPClient: silent{}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, nil
		})
		began := time.Now()
		_, err := store.Read(t.Context(), plan.Address{Bucket: "plans", Key: "p"})
		if err == nil || !strings.Contains(err.Error(), "s3:GetObject: no answer in time: see that there is a way to the service") || time.Since(began) > 10*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestWhatAPlanIncludesIsReadFromBesideIt(t *testing.T) {
	a := &aws1{
		objects: map[string]string{
			"/plans/shop/plan.yaml": "version: 1\nchecks: [include: ../common/a.yaml]\n", "/plans/common/a.yaml": "version: 1\nchecks: [include: b.yaml]\n",
			"/plans/common/b.yaml": "version: 1\nchecks: [ask: b]\n", "/plans/loop.yaml": "version: 1\nchecks: [include: x/../loop.yaml]\n",
		},
		params: map[string]string{"/shop/plan": "version: 1\nchecks: [include: health]\n", "/shop/health": "version: 1\nchecks: [{ask: x, of: y}]\n"},
	}
	store := a.store(t)
	language := plan.Language{Kinds: []check.Kind{{Key: "ask", Timeout: time.Second, New: func() check.Check { return &ask{} }}}}
	for at, want := range map[string]string{
		"s3://plans/shop/plan.yaml": "s3://plans/common/b.yaml:2:10",
		"ssm:/shop/plan":            `ssm:/shop/health:2:19: unknown key "of"`,
		"s3://plans/loop.yaml":      "s3://plans/loop.yaml:2:19: include: the file includes itself: s3://plans/loop.yaml → s3://plans/loop.yaml",
	} {
		source, err := store.Open(t.Context(), address(t, at))
		if err != nil {
			t.Fatal(err)
		}
		p, err := language.Parse(source)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			got = p.Anywhere().Checks[0].At.String()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
}

// The steps that a scenario includes are read from the same place, their cleanup too.
func TestTheStepsThatAScenarioIncludesAreReadFromBesideIt(t *testing.T) {
	a := &aws1{
		objects: map[string]string{
			"/plans/shop/plan.yaml":  "version: 1\nchecks: [scenario: [include: ../steps/a.yaml]]\n",
			"/plans/steps/a.yaml":    "version: 1\nchecks: [{scenario: [include: b.yaml], cleanup: [http: /]}]\n",
			"/plans/steps/b.yaml":    "version: 1\nchecks: [scenario: [http: GET /b]]\n",
			"/plans/shop/wrong.yaml": "version: 1\nchecks: [scenario: [include: none.yaml]]\n",
		},
		params: map[string]string{"/shop/plan": "version: 1\nchecks: [scenario: [include: sign-in]]\n", "/shop/sign-in": "version: 1\nchecks: [scenario: [http: POST /in]]\n"},
	}
	store := a.store(t)
	language := plan.Language{Kinds: []check.Kind{scenariocheck.Kind(httpcheck.Network{})}}
	for at, want := range map[string]string{
		"s3://plans/shop/plan.yaml":  "GET /b",
		"ssm:/shop/plan":             "POST /in",
		"s3://plans/shop/wrong.yaml": "s3://plans/shop/wrong.yaml:2:30: include: reading the plan s3://plans/shop/none.yaml: ",
	} {
		source, err := store.Open(t.Context(), address(t, at))
		if err != nil {
			t.Fatal(err)
		}
		p, err := language.Parse(source)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			got = p.Anywhere().Checks[0].Title()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
}

type ask struct {
	Ask string `yaml:"ask,required"`
}

func (a *ask) Title() string                                 { return a.Ask }
func (a *ask) Run(context.Context, check.Scope) check.Result { return check.Result{} }

func TestEachActionIsOfAPlace(t *testing.T) {
	for _, a := range planstore.Actions() {
		if a.Scheme != "s3" && a.Scheme != "ssm" || a.Resource == "" || a.Why == "" {
			t.Errorf("%+v", a)
		}
	}
}
