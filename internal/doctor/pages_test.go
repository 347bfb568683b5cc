package doctor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestPagesAreReadToTheirEnd(t *testing.T) {
	tests := []struct {
		why   string
		pages map[string]page[string] // by the token that they are asked with
		want  string
		wrong bool
	}{
		{"one", map[string]page[string]{"": {[]string{"a"}, false, ""}}, "a", false},
		{"three, the middle one of which is empty", map[string]page[string]{"": {[]string{"a"}, true, "2"}, "2": {nil, true, "3"}, "3": {[]string{"b"}, false, ""}}, "a b", false},
		{"one that follows itself", map[string]page[string]{"": {[]string{"a"}, true, "2"}, "2": {[]string{"b"}, true, "2"}}, "", true},
		{"two that follow each other", map[string]page[string]{"": {[]string{"a"}, true, "2"}, "2": {nil, true, "3"}, "3": {nil, true, "2"}}, "", true},
		{"one that is cut short, and names no next one", map[string]page[string]{"": {[]string{"a"}, true, ""}}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			asked := 0
			got, err := everyPage(func(token *string) (page[string], error) {
				if asked++; asked > 2*len(tt.pages) {
					t.Fatal("it asks without an end")
				}
				return tt.pages[aws.ToString(token)], nil
			})
			if strings.Join(got, " ") != tt.want || (err != nil) != tt.wrong {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// endless answers a call with the same page again and again.
func endless[In, Out any](t *testing.T, out Out) call[In, Out] {
	asked := 0
	return func(context.Context, In) (Out, error) {
		if asked++; asked > 10 {
			t.Error("it is asked without an end")
			return out, errUnasked
		}
		return out, nil
	}
}

func TestAnAnswerWithoutAnEndIsToldAndNotWaitedFor(t *testing.T) {
	more := aws.String("more")
	for _, tt := range []struct {
		permission string
		change     func(*testing.T, *world, *Clients)
		options    Options
	}{
		{"codedeploy:ListApplications", func(t *testing.T, _ *world, c *Clients) {
			c.listApplications = endless[*codedeploy.ListApplicationsInput](t, &codedeploy.ListApplicationsOutput{NextToken: more})
		}, Options{}},
		{"codedeploy:ListDeploymentGroups", func(t *testing.T, _ *world, c *Clients) {
			c.listDeploymentGroups = endless[*codedeploy.ListDeploymentGroupsInput](t, &codedeploy.ListDeploymentGroupsOutput{NextToken: more})
		}, Options{Application: "shop"}},
		{"elasticloadbalancing:DescribeRules", func(t *testing.T, w *world, c *Clients) {
			w.group.LoadBalancerInfo.TargetGroupPairInfoList[0].TestTrafficRoute = nil // one listener asks at a time
			c.describeRules = endless[*elb.DescribeRulesInput](t, &elb.DescribeRulesOutput{NextMarker: more})
		}, Options{Application: "shop"}},
	} {
		t.Run(tt.permission, func(t *testing.T) {
			w := newWorld()
			c := w.clients()
			tt.change(t, w, &c)
			tt.options.Parse = parse
			r, err := Examine(t.Context(), c, tt.options)
			told := err != nil && strings.Contains(err.Error(), tt.permission) && strings.Contains(err.Error(), "don't end")
			told = told || slices.ContainsFunc(r.Findings, func(f Finding) bool {
				return f.Status == Skip && strings.Contains(f.Text, "don't end")
			})
			if !told {
				t.Errorf("nobody says that the answer has no end: %v, %+v", err, r.Findings)
			}
		})
	}
}

func TestAnAnswerOfIAMsWithoutAnEndIsAnError(t *testing.T) {
	more := aws.String("more")
	c := Clients{
		simulatePolicy:       endless[*iam.SimulatePrincipalPolicyInput](t, &iam.SimulatePrincipalPolicyOutput{IsTruncated: true, Marker: more}),
		listAttachedPolicies: endless[*iam.ListAttachedRolePoliciesInput](t, &iam.ListAttachedRolePoliciesOutput{IsTruncated: true, Marker: more}),
		listRolePolicies:     endless[*iam.ListRolePoliciesInput](t, &iam.ListRolePoliciesOutput{IsTruncated: true, Marker: more}),
	}
	_, simulated := c.simulate(t.Context(), serviceRole, []question{{"lambda:InvokeFunction", functionARN}})
	_, attached := c.attachedDocuments(t.Context(), "codedeploy-service")
	_, inline := c.inlineDocuments(t.Context(), "codedeploy-service")
	for permission, err := range map[string]error{"iam:SimulatePrincipalPolicy": simulated, "iam:ListAttachedRolePolicies": attached, "iam:ListRolePolicies": inline} {
		if err == nil || !strings.Contains(err.Error(), permission) || !strings.Contains(err.Error(), "don't end") {
			t.Errorf("%s gives the error %v", permission, err)
		}
	}
}

func TestAnAnswerOfEC2sWithoutAnEndIsAnError(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 10 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		next := map[string]string{"": "a", "a": "b", "b": "a"}[r.FormValue("NextToken")]
		_, _ = w.Write([]byte("<DescribeSubnetsResponse><nextToken>" + next + "</nextToken></DescribeSubnetsResponse>"))
	}))
	defer server.Close()
	c := caller{aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}, ec2Service}
	if _, err := c.subnets(t.Context(), []string{"subnet-1"}); err == nil || !strings.Contains(err.Error(), "don't end") {
		t.Errorf("after %d calls the error is %v", asked, err)
	}
}
