package doctor

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

var update = flag.Bool("update", false, "renew the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func TestAPolicyAllowsWhatItsFeaturesCallAndNoMore(t *testing.T) {
	at := Place{Region: "eu-west-1", Account: account, Application: "shop", Group: "production", Cluster: "main", Service: "shop", Function: functionARN, Deployed: "prices"}
	for _, f := range Features() {
		t.Run(f.Name, func(t *testing.T) {
			p, err := NewPolicy([]string{f.Name}, at)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := p.Write(&out); err != nil {
				t.Fatal(err)
			}
			golden(t, "policy-"+f.Name, out.String())
			d, err := iampolicy.Parse(f.Name, out.String())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range f.Actions {
				if got := iampolicy.Decide([]iampolicy.Document{d}, nil, a.Name, at.resource(a.Resource)); !got.Allowed {
					t.Errorf("%s isn't allowed on %s", a.Name, at.resource(a.Resource))
				}
			}
			for _, s := range p.Statement {
				for _, action := range s.Action {
					if strings.Contains(action, "*") || !slices.ContainsFunc(f.Actions, func(a Action) bool { return a.Name == action }) {
						t.Errorf("%s is allowed, and never called", action)
					}
				}
			}
			if got := iampolicy.Decide([]iampolicy.Document{d}, nil, reportAction, "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/other"); got.Allowed {
				t.Error("another group's events can be reported")
			}
		})
	}
}

func TestAPolicyThatIsOpenSaysWhere(t *testing.T) {
	at := Place{Region: "cn-north-1", Application: "shop"}
	if got, want := at.Open([]string{FeatureCodeDeploy}), []string{"ACCOUNT", "GROUP", "CLUSTER", "SERVICE", "DEPLOYED"}; !slices.Equal(got, want) {
		t.Errorf("open are %v, want %v", got, want)
	}
	if got, want := at.resource(groupResource), "arn:aws-cn:codedeploy:cn-north-1:*:deploymentgroup:shop/*"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := NewPolicy([]string{"cloud"}, at); err == nil {
		t.Error("a feature that there isn't has a policy")
	}
	// IAM's limit for the inline policies of a role, without white space.
	var names []string
	for _, f := range Features() {
		names = append(names, f.Name)
	}
	p, err := NewPolicy(names, Place{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil || len(text) > 10240 {
		t.Errorf("all features together have %d characters (%v)", len(text), err)
	}
}
