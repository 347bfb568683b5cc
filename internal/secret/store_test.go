package secret_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// services are the Parameter Store and Secrets Manager, as far as secrets are read there.
type services struct {
	answers map[string]answer // by the name that is asked for
	mu      sync.Mutex
	asked   []string
}

type answer struct {
	status int
	body   any
}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name           string
		SecretID       string `json:"SecretId"`
		WithDecryption bool
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	name := in.Name + in.SecretID
	s.mu.Lock()
	s.asked = append(s.asked, r.Header.Get("X-Amz-Target")+" "+name)
	s.mu.Unlock()
	a, ok := s.answers[name]
	if !ok || in.Name != "" && !in.WithDecryption {
		a = answer{400, map[string]string{"__type": map[bool]string{true: "ParameterNotFound", false: "ResourceNotFoundException"}[in.Name != ""]}}
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func parameterOf(value any) answer {
	return answer{200, map[string]any{"Parameter": map[string]any{"Value": value}}}
}

func secretOf(value any) answer { return answer{200, map[string]any{"SecretString": value}} }

func refused(code, message string) answer {
	return answer{400, map[string]string{"__type": code, "message": message}}
}

func (s *services) settings(t *testing.T) secret.Settings {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return secret.Settings{
		AWS: func() (aws.Config, error) {
			return aws.Config{
				Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
				Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
			}, nil
		},
		Env: func(name string) string {
			return map[string]string{"TOKEN": "from the environment", "PIN": "123"}[name]
		},
		TTL: secret.DefaultTTL,
	}
}

// sources reads sources as a plan does.
func sources(t *testing.T, all ...string) []secret.Wanted {
	t.Helper()
	wanted := make([]secret.Wanted, len(all))
	for i, text := range all {
		source, err := decoded(text)
		if err != nil {
			t.Fatal(err)
		}
		wanted[i] = secret.Wanted{Name: string(rune('a' + i)), Source: source}
	}
	return wanted
}

func decoded(text string) (secret.Source, error) {
	n, err := strictyaml.Parse("plan.yaml", []byte("s: "+text))
	if err != nil {
		return secret.Source{}, err
	}
	var file struct {
		S secret.Source `yaml:"s"`
	}
	d := strictyaml.NewDecoder(strictyaml.Names{Later: []string{"application"}})
	d.Decode(n, &file)
	return file.S, d.Err()
}

func application(name string) (any, error) {
	if name != "application" {
		return nil, errors.New("not known here")
	}
	return "shop", nil
}

func fetched(t *testing.T, text string) secret.Value {
	t.Helper()
	store := secret.NewStore(secret.Settings{Env: func(string) string { return text }})
	set, err := store.Fetch(t.Context(), sources(t, "env:X"), application)
	if err != nil {
		t.Fatal(err)
	}
	return set["a"]
}

func TestSecretsAreFetchedFromWhereTheyLie(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("from a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/test-AbCdEf"
	s := &services{answers: map[string]answer{
		"/shop/token": parameterOf("of the store"), "/shop/json": parameterOf(`{"a": "of the store's JSON"}`),
		"shop/test": secretOf(`{"token": "of the manager", "pin": 12345, "on": false}`), arn: secretOf("whole secret"),
	}}
	store := secret.NewStore(s.settings(t))
	set, err := store.Fetch(t.Context(), sources(t, "ssm:/shop/token", `"ssm:/{{ application }}/json#a"`, "secretsmanager:shop/test#token",
		"secretsmanager:shop/test#pin", "secretsmanager:"+arn, "env:TOKEN", "file:"+path, "secretsmanager:shop/test#on"), application)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a": "of the store", "b": "of the store's JSON", "c": "of the manager", "d": "12345", "e": "whole secret", "f": "from the environment", "g": "from a file", "h": "false",
	} {
		lookup := set.Lookup(application)
		if got, err := lookup("secrets." + name); got != want || err != nil {
			t.Errorf("%s is %v (%v), want %q", name, got, err, want)
		}
		if got := store.Masker().Mask("[" + want + "]"); got != "[***]" {
			t.Errorf("%s isn't masked: %s", name, got)
		}
	}
	slices.Sort(s.asked)
	if want := []string{"AmazonSSM.GetParameter /shop/json", "AmazonSSM.GetParameter /shop/token", "secretsmanager.GetSecretValue " + arn, "secretsmanager.GetSecretValue shop/test"}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, want %q", s.asked, want)
	}
}

func TestWhatIsntFetchedIsNoNameOfASecret(t *testing.T) {
	lookup := secret.Set{}.Lookup(application)
	if _, err := lookup("secrets.other"); err == nil {
		t.Error("a secret that wasn't fetched has a value")
	}
	if got, err := lookup("application"); got != "shop" || err != nil {
		t.Errorf("another name is %v (%v)", got, err)
	}
	if _, err := (secret.Set{}).Lookup(nil)("stage"); err == nil {
		t.Error("a name has a value where none are known")
	}
}

func TestASecretThatCantBeFetchedIsToldWithItsNameItsSourceAndWhatToDo(t *testing.T) {
	s := &services{answers: map[string]answer{
		"/denied":     refused("AccessDeniedException", "User: x is not authorized to perform: ssm:GetParameter"),
		"denied":      refused("AccessDeniedException", "not authorized"),
		"/throttled":  refused("ThrottlingException", "Rate exceeded"),
		"deleted":     refused("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion."),
		"/null":       parameterOf(nil),
		"/empty":      parameterOf(""),
		"/short":      parameterOf("abc"),
		"/number":     {200, map[string]any{"Parameter": map[string]any{"Value": 5}}},
		"/html":       {200, "<html>"},
		"/large":      parameterOf(strings.Repeat("x", 70_000)),
		"binary":      {200, map[string]any{"SecretBinary": base64.StdEncoding.EncodeToString([]byte("\xff\xfe\xfd\xfc"))}},
		"nothing":     {200, map[string]any{}},
		"text":        secretOf("no JSON"),
		"list":        secretOf("[1]"),
		"null":        secretOf("null"),
		"keys":        secretOf(`{"token": "the text", "o": {"x": 1}, "l": [], "n": null, "e": ""}`),
		"/unreadable": refused("InternalServerError", ""),
	}}
	settings := s.settings(t)
	for _, tt := range []struct{ why, source, want string }{
		{"no parameter", "ssm:/none", "secrets.a: ssm:/none: there is no such parameter in eu-west-1"},
		{"no secret", "secretsmanager:none#x", "secrets.a: secretsmanager:none#x: there is no such secret in eu-west-1, or it has no current version"},
		{"a parameter that IAM refuses", "ssm:/denied", "secrets.a: ssm:/denied: ssm:GetParameter: AccessDeniedException: User: x is not authorized to perform: ssm:GetParameter: " +
			"allow ssm:GetParameter on it to the function's role, and kms:Decrypt on its key where it is a SecureString under a key of your own"},
		{"a secret that IAM refuses", "secretsmanager:denied", "allow secretsmanager:GetSecretValue on it to the function's role, and kms:Decrypt on its key where it is under a key of your own"},
		{"a secret that is deleted", "secretsmanager:deleted", "secretsmanager:GetSecretValue: InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion"},
		{"null", "ssm:/null", "has no Value"},
		{"empty", "ssm:/empty", "it is empty"},
		{"too short", "ssm:/short", "it has less than 4 characters, which can't be masked"},
		{"a number", "ssm:/number", "read the answer"},
		{"no JSON", "ssm:/html", "read the answer"},
		{"too large", "ssm:/large", "it has 70000 bytes; at most 65536 are read"},
		{"binary", "secretsmanager:binary", "it is binary"},
		{"neither text nor binary", "secretsmanager:nothing", "has no SecretString"},
		{"a key of no JSON", "secretsmanager:text#a", "it is no JSON object"},
		{"a key of a list", "secretsmanager:list#a", "it is no JSON object"},
		{"a key of null", "secretsmanager:null#a", "it is no JSON object"},
		{"a key that isn't there", "secretsmanager:keys#tokn", `unknown key "tokn": did you mean "token"?`},
		{"a key that is an object", "secretsmanager:keys#o", "the key's value is an object"},
		{"a key that is a list", "secretsmanager:keys#l", "the key's value is a list"},
		{"a key that is null", "secretsmanager:keys#n", "the key's value is null"},
		{"a key that is empty", "secretsmanager:keys#e", "it is empty"},
		{"no variable", "env:NONE", "secrets.a: env:NONE: the variable is not set, or empty"},
		{"a short variable", "env:PIN", "it has less than 4 characters"},
		{"no file", "file:/none/token", "secrets.a: file:/none/token: no such file or directory"},
		{"a folder", "file:/", "is a directory"},
		{"a name that isn't known", `"ssm:/{{ application }}/{{ application }}/none"`, "ssm:/shop/shop/none: there is no such parameter"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := secret.NewStore(settings).Fetch(t.Context(), sources(t, tt.source), application)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "the text") {
				t.Errorf("the error has the value of another key: %v", err)
			}
		})
	}
}

func TestSeveralSecretsThatAreMissingAreCounted(t *testing.T) {
	_, err := secret.NewStore((&services{}).settings(t)).Fetch(t.Context(), sources(t, "env:TOKEN", "ssm:/x", "ssm:/y", "env:Z"), application)
	if err == nil || !strings.HasPrefix(err.Error(), "secrets.b: ssm:/x: ") || !strings.HasSuffix(err.Error(), "; 2 more of the secrets missing") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAWSSettingsOnlyWhatLiesThereIsMissing(t *testing.T) {
	store := secret.NewStore(secret.Settings{
		AWS: func() (aws.Config, error) { return aws.Config{}, errors.New("no AWS region is set") },
		Env: func(string) string { return "hunter2" },
	})
	if _, err := store.Fetch(t.Context(), sources(t, "env:TOKEN"), application); err != nil {
		t.Error(err)
	}
	if _, err := store.Fetch(t.Context(), sources(t, "ssm:/x"), application); err == nil || err.Error() != "secrets.a: ssm:/x: no AWS region is set" {
		t.Errorf("got %v", err)
	}
}

func TestSecretsAreRememberedForTheirTimeAndNoLonger(t *testing.T) {
	for _, tt := range []struct {
		why    string
		ttl    time.Duration
		passes time.Duration
		asked  int
	}{
		{"at once", secret.DefaultTTL, 0, 1},
		{"shortly before", secret.DefaultTTL, secret.DefaultTTL - 1, 1},
		{"when it is over", secret.DefaultTTL, secret.DefaultTTL, 2},
		{"a clock that goes back", secret.DefaultTTL, -time.Second, 2},
		{"not at all", 0, 0, 2},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := &services{answers: map[string]answer{"/x": parameterOf("hunter2")}}
			settings := s.settings(t)
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			settings.TTL, settings.Now = tt.ttl, func() time.Time { return now }
			store := secret.NewStore(settings)
			for range 2 {
				if _, err := store.Fetch(t.Context(), sources(t, "ssm:/x"), application); err != nil {
					t.Fatal(err)
				}
				now = now.Add(tt.passes)
			}
			if len(s.asked) != tt.asked {
				t.Errorf("asked %d times, want %d", len(s.asked), tt.asked)
			}
		})
	}
}

func TestAFailureIsntRemembered(t *testing.T) {
	s := &services{answers: map[string]answer{}}
	store := secret.NewStore(s.settings(t))
	if _, err := store.Fetch(t.Context(), sources(t, "ssm:/x"), application); err == nil {
		t.Fatal("there is no such parameter, and it was fetched")
	}
	s.answers["/x"] = parameterOf("hunter2")
	if _, err := store.Fetch(t.Context(), sources(t, "ssm:/x"), application); err != nil {
		t.Error(err)
	}
}

// silent never answers.
type silent struct{}

func (silent) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestASilentServiceIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := secret.NewStore(secret.Settings{AWS: func() (aws.Config, error) {
			return aws.Config{Region: "eu-west-1", HTTPClient: silent{}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, nil
		}})
		began := time.Now()
		_, err := store.Fetch(t.Context(), sources(t, "ssm:/x", "secretsmanager:y"), application)
		if err == nil || !strings.Contains(err.Error(), "secrets.a: ssm:/x: ssm:GetParameter: no answer in time: see that there is a way to the service") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %s, and both were to be asked side by side", took)
		}
	})
}

// throttling refuses for some time.
type throttling struct{ until time.Time }

func (h throttling) Do(*http.Request) (*http.Response, error) {
	status, body := 400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	if time.Now().After(h.until) {
		status, body = 200, `{"Parameter":{"Value":"hunter2"}}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestThrottlingIsWaitedForAndToldInTheEnd(t *testing.T) {
	for lasting, fetches := range map[time.Duration]bool{3 * time.Second: true, time.Hour: false} {
		t.Run(fmt.Sprint(lasting), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := throttling{time.Now().Add(lasting)}
				store := secret.NewStore(secret.Settings{AWS: func() (aws.Config, error) {
					return aws.Config{Region: "eu-west-1", HTTPClient: h, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, nil
				}})
				_, err := store.Fetch(t.Context(), sources(t, "ssm:/x"), application)
				if fetches && err != nil || !fetches && (err == nil || !strings.Contains(err.Error(), "ThrottlingException: Rate exceeded: see that")) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestASourceIsRefusedAtItsPlaceThatCantBeOne(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{"hunter2", `plan.yaml:1:4: s: expected where the secret lies (ssm:NAME, secretsmanager:NAME#KEY, env:NAME or file:PATH), found a text; a secret itself doesn't stand in a plan`},
		{"12345", "expected where the secret lies"},
		{`"{{ application }}:x"`, "expected where the secret lies"},
		{"https://vault/x", "unknown place of secrets \"https\": valid here: env, file, secretsmanager, ssm"},
		{"sssm:/x", `did you mean "ssm"?`},
		{"'ssm:'", "ssm: names nothing"},
		{"'pass word:x'", "expected where the secret lies"},
		{"secretsmanager:x#", "secretsmanager:x# has no key after #"},
		{"[ssm:/x]", "found a list"},
		{`"ssm:/{{ aplicaton }}/x"`, `unknown name "aplicaton": did you mean "application"?`},
	} {
		if _, err := decoded(tt.source); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.source, err, tt.want)
		}
	}
}

func TestEachActionIsOfASource(t *testing.T) {
	for _, a := range secret.Actions() {
		if source, err := decoded(a.Scheme + ":x"); err != nil || source.String() == "" {
			t.Errorf("%s is for %s, and there is no such source: %v", a.Name, a.Scheme, err)
		}
	}
}

func FuzzKeysOfSecrets(f *testing.F) {
	for _, seed := range []string{`{"token": "x"}`, `{"token": 5}`, "{}", "null", "[]", `{"token": {"a": 1}}`, `{"token": "\\u0041\\ud800"}`, `{"token":`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		store := secret.NewStore(secret.Settings{AWS: func() (aws.Config, error) {
			return aws.Config{Region: "eu-west-1", HTTPClient: says(text), Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // no time for a retry
		defer cancel()
		set, err := store.Fetch(ctx, sources(t, "secretsmanager:x#token"), application)
		if value := set["a"].Reveal(); err == nil && (secret.IsShort(value) || store.Masker().Mask(value) == value && !strings.Contains(value, secret.Mask)) {
			t.Errorf("%q was taken, and isn't masked", value)
		}
	})
}

// says answers with a secret's text.
type says string

func (s says) Do(*http.Request) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"SecretString": string(s)})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, nil
}
