package doctor

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func TestASecretIsLookedForWhereItLies(t *testing.T) {
	for _, c := range []struct {
		source    string
		known     bool // as one of AWS's
		parameter string
		elsewhere bool
		why       string
	}{
		{"ssm:/shop/token", true, "/shop/token", false, "a path"},
		{"ssm:token", true, "token", false, "a name without a path"},
		{"ssm:/shop/token:3", true, "/shop/token", false, "a version isn't the name's"},
		{"ssm:/shop/token:live", true, "/shop/token", false, "nor is a label"},
		{"ssm:/shop/token#a.b", true, "/shop/token", false, "a key of its JSON neither"},
		{"ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token", true, "/shop/token", false, "an ARN has one slash for two"},
		{"ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/token:3", true, "token", false, "and none of its own for a name without a path"},
		{"ssm:arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token", true, "/shop/token", true, "another region"},
		{"ssm:arn:aws:ssm:eu-west-1:210987654321:parameter/shop/token", true, "/shop/token", true, "another account"},
		{"ssm:/aws/reference/secretsmanager/shop/test", true, "/aws/reference/secretsmanager/shop/test", true, "a name that stands for a secret of Secrets Manager"},
		{"secretsmanager:shop/test#key", true, "", false, "a secret's name"},
		{"secretsmanager:" + secretARN, true, "", false, "its ARN"},
		{"secretsmanager:arn:aws:secretsmanager:eu-west-1:210987654321:secret:shop/test-a1B2c3", true, "", true, "that of another account"},
		{"env:TOKEN", false, "", false, "it isn't in AWS"},
	} {
		t.Run(c.source, func(t *testing.T) {
			p, err := parse(plan.Source{Name: "greenlight.yaml", Text: secretPlan(c.source)})
			if err != nil {
				t.Fatal(err)
			}
			s, known := readSource(p.Stage("").Secrets[0].Source, Place{}.lookup(new([]string)))
			if known != c.known {
				t.Fatalf("known: %t; %s", known, c.why)
			}
			if !known {
				return
			}
			if c.parameter != "" && s.parameter() != c.parameter {
				t.Errorf("the parameter is %q, want %q: %s", s.parameter(), c.parameter, c.why)
			}
			if got := s.elsewhere("eu-west-1", account); got != c.elsewhere {
				t.Errorf("elsewhere: %t; %s", got, c.why)
			}
		})
	}
}

func TestAParameterIsFoundBehindAnEmptyPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ NextToken string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		answer := map[string]string{
			"":     `{"Parameters": [], "NextToken": "more"}`,
			"more": `{"Parameters": [{"Name": "/shop/token", "ARN": "arn", "Type": "SecureString", "KeyId": "alias/shop"}]}`,
		}[in.NextToken]
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	ask := describeParameter(awscall.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}, awscall.SSM))
	got, err := ask(t.Context(), "/shop/token")
	if want := (storedSecret{arn: "arn", key: "alias/shop"}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := ask(t.Context(), "/shop/tokne"); !notThere(err) {
		t.Errorf("another gives %v", err)
	}
}
