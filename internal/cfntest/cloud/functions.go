package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	simulated "github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// makeFunction makes a function that lets each deployment go on: what hooks decide isn't what an account is read for.
func (a *Account) makeFunction(_ context.Context, r *cfntest.Resource, _ map[string]any) error {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.sayYes(w, r) }))
	a.t.Cleanup(server.Close)
	return a.simulator.CreateFunction(simulated.Function{Name: r.Name, Webhook: server.URL})
}

// sayYes answers a hook of ECS, and reports to CodeDeploy.
func (a *Account) sayYes(w http.ResponseWriter, r *http.Request) {
	var event struct{ DeploymentID, LifecycleEventHookExecutionID string }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err == nil && event.LifecycleEventHookExecutionID != "" {
		_, err = a.making.deploys.PutLifecycleEventHookExecutionStatus(r.Context(), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: &event.DeploymentID, LifecycleEventHookExecutionId: &event.LifecycleEventHookExecutionID, Status: cdtypes.LifecycleEventStatusSucceeded,
		})
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = fmt.Fprint(w, `{"hookStatus":"SUCCEEDED"}`)
}

func (a *Account) makeVersion(ctx context.Context, _ *cfntest.Resource, p map[string]any) error {
	in := &lambda.PublishVersionInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	_, err := a.making.functions.PublishVersion(ctx, in)
	return err
}

func (a *Account) makeAlias(ctx context.Context, _ *cfntest.Resource, p map[string]any) error {
	in := &lambda.CreateAliasInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	_, err := a.making.functions.CreateAlias(ctx, in)
	return err
}

// answerLambda tells what is read of functions.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func (a *Account) answerLambda(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // VERSION/functions/NAME/WHAT
	tell := map[string]func(*cfntest.Resource) (any, error){
		"2015-03-31 configuration":       a.configuration,
		"2019-09-25 event-invoke-config": a.invokes,
		"2019-09-30 concurrency":         concurrency,
		"2015-03-31 policy":              a.functionPolicy,
	}
	var answer any
	err := error(&refusal{"ResourceNotFoundException", "Function not found: " + r.URL.Path})
	what, known := func(*cfntest.Resource) (any, error) { return nil, nil }, false
	if len(parts) == 4 && r.Method == http.MethodGet {
		what, known = tell[parts[0]+" "+parts[3]]
	}
	if !known {
		a.t.Errorf("the account was asked for %s %s of Lambda, which it doesn't know", r.Method, r.URL.Path)
	} else if f, there := a.find("AWS::Lambda::Function", functionName(parts[2])); there {
		answer, err = what(f)
	}
	a.writeLambda(w, answer, err)
}

func (a *Account) writeLambda(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	r, refused := err.(*refusal) //nolint:errorlint // it isn't wrapped here
	if !refused {
		a.t.Errorf("answering for Lambda: %v", err)
		r = &refusal{"ServiceException", err.Error()}
	}
	w.Header().Set("X-Amzn-Errortype", r.code)
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": r.message})
}

// functionName is a function's name in what a request calls it by: its name or ARN, with a qualifier or without.
func functionName(of string) string {
	if _, name, isARN := strings.Cut(of, ":function:"); isARN {
		of = name
	}
	name, _, _ := strings.Cut(of, ":")
	return name
}

// configuration is a function's, the SDK's own type being as it is written: FunctionConfiguration has a function's properties, but
// for these.
func (a *Account) configuration(r *cfntest.Resource) (any, error) {
	p := a.translated(r.Properties).(map[string]any)
	apart(p, "Code", "Tags", "ReservedConcurrentExecutions")
	called(p, "FunctionName", r)
	arn, err := r.Attribute("Arn")
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{"FunctionArn": arn, "Version": "$LATEST", "State": "Active", "LastUpdateStatus": "Successful", "PackageType": "Zip"} {
		p[name] = value
	}
	if vpc, inVPC := p["VpcConfig"].(map[string]any); inVPC {
		vpc["VpcId"] = a.Network.VPC
	}
	out := &lambda.GetFunctionConfigurationOutput{}
	return out, fill(out, p)
}

// of gives the resources of a type that name the function.
func (a *Account) of(kind string, function *cfntest.Resource) []*cfntest.Resource {
	return slices.DeleteFunc(a.Stack.Find(kind), func(r *cfntest.Resource) bool {
		name, err := text(r.Properties["FunctionName"])
		return err != nil || functionName(name) != function.Name
	})
}

func (a *Account) invokes(r *cfntest.Resource) (any, error) {
	for _, c := range a.of("AWS::Lambda::EventInvokeConfig", r) {
		p := a.translated(c.Properties).(map[string]any)
		if qualifier := apart(p, "FunctionName", "Qualifier")["Qualifier"]; qualifier != "$LATEST" {
			continue
		}
		out := &lambda.GetFunctionEventInvokeConfigOutput{}
		return out, fill(out, p)
	}
	return nil, &refusal{"ResourceNotFoundException", "The function " + r.Name + " doesn't have an EventInvokeConfig"}
}

func concurrency(r *cfntest.Resource) (any, error) {
	out := &lambda.GetFunctionConcurrencyOutput{}
	p := map[string]any{}
	if reserved, there := r.Properties["ReservedConcurrentExecutions"]; there {
		p["ReservedConcurrentExecutions"] = reserved
	}
	return out, fill(out, p)
}

// functionPolicy is a function's own policy, of which each AWS::Lambda::Permission is a statement.
func (a *Account) functionPolicy(r *cfntest.Resource) (any, error) {
	var statements []any
	for _, p := range a.of("AWS::Lambda::Permission", r) {
		if err := only(p.Properties, "FunctionName", "Action", "Principal", "SourceArn"); err != nil {
			return nil, fmt.Errorf("%s: %w", p.ID, err)
		}
		arn, err := r.Attribute("Arn")
		if err != nil {
			return nil, err
		}
		statements = append(statements, map[string]any{
			"Sid": p.ID, "Effect": "Allow", "Principal": map[string]any{"Service": p.Properties["Principal"]}, "Action": p.Properties["Action"], "Resource": arn,
		})
	}
	if len(statements) == 0 {
		return nil, &refusal{"ResourceNotFoundException", "The resource you requested does not exist."}
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return &lambda.GetPolicyOutput{Policy: aws.String(string(document))}, err
}
