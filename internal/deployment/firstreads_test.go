package deployment

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/greenlight-deploy/greenlight/hook"
)

// The function opens as many connections ahead of its first event.
func TestTheFirstReadsAreMadeSideBySide(t *testing.T) {
	asked, answered := make(chan struct{}), make(chan struct{})
	go func() {
		for range FirstReads {
			<-asked
		}
		close(answered) // none is answered before all have been asked
	}()
	wait := func() error {
		asked <- struct{}{}
		<-answered
		return errors.New("no")
	}
	c := &Clients{
		getDeployment: func(context.Context, *codedeploy.GetDeploymentInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error) {
			return nil, wait()
		},
		listTargets: func(context.Context, *codedeploy.ListDeploymentTargetsInput, ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentTargetsOutput, error) {
			return nil, wait()
		},
	}
	d, err := describeCodeDeploy(t.Context(), c, hook.Execution{DeploymentID: "d-1"}, Settings{})
	if err == nil {
		t.Errorf("nothing could be read, and %+v is known", d)
	}
}
