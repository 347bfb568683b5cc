// Package deployment says what is being deployed: the ids of the execution, its stage, and where green and blue answer.
package deployment

import (
	"fmt"
	"net/url"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Deployment is what an execution knows of the deployment that called it.
type Deployment struct {
	// ID is CodeDeploy's id of the deployment; empty on the command line.
	ID string
	// Stage is the zero Stage where it isn't known.
	Stage lifecycle.Stage
	// Green is what is to replace Blue.
	Green, Blue Side
}

// Side is one version of the service.
type Side struct {
	// URL is where it answers, with scheme and host and perhaps a path in front of all others; empty where that isn't
	// known.
	URL string
}

// Names are the names that texts of a plan can take from a Deployment.
func Names() []string {
	return []string{"green.url", "green.host", "blue.url", "blue.host", "deployment.id", "stage"}
}

// Lookup finds the value of one of Names. The error says what to set where there is none.
func (d Deployment) Lookup(name string) (any, error) {
	known := func(value, remedy string) (any, error) {
		if value == "" {
			return nil, fmt.Errorf("not known here: %s", remedy)
		}
		return value, nil
	}
	const setGreen = "set green: in the plan, --green, or ALB_URL"
	const setBlue = "set blue: in the plan, or --blue"
	switch name {
	case "green.url":
		return known(d.Green.URL, setGreen)
	case "green.host":
		return known(d.Green.host(), setGreen)
	case "blue.url":
		return known(d.Blue.URL, setBlue)
	case "blue.host":
		return known(d.Blue.host(), setBlue)
	case "deployment.id":
		return known(d.ID, "only a hook is called by a deployment")
	case "stage":
		return known(string(d.Stage), "set --stage, or GREENLIGHT_STAGE")
	}
	return nil, fmt.Errorf("there is no such name")
}

func (s Side) host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return u.Host
}
