package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/planstore"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// language is what plans may hold in this binary. Of the environment, the network is the machine's; AWS is nil where no check
// will be run.
func language(vars map[string]string, env registry.Environment) plan.Language {
	env.Network = httpcheck.System()
	return plan.Language{Kinds: registry.Kinds(env), Names: deployment.Names(), Vars: vars}
}

// languageOver is the language with kinds of check that connect by a network alone.
func languageOver(vars map[string]string, network httpcheck.Network) plan.Language {
	env := registry.Environment{Network: network, CommandLine: true}
	return plan.Language{Kinds: registry.Kinds(env), Names: deployment.Names(), Vars: vars}
}

// awsSettings give the AWS configuration when something first needs it.
type awsSettings func() (aws.Config, error)

// source finds the plan that a command is to read: the one named, standard input for -, else where Lambda's would be
// looked for, with the working directory in the place of the binary's.
func (a app) source(ctx context.Context, named string, settings awsSettings) (plan.Source, error) {
	source, err := a.find(named)
	if err != nil || source.Remote == nil {
		return source, err
	}
	address, err := source.Remote.Address(a.deploymentOfAgent().Lookup)
	if err != nil {
		return plan.Source{}, err
	}
	return planstore.New(settings).Open(ctx, address)
}

func (a app) find(named string) (plan.Source, error) {
	switch {
	case named == "":
		return plan.Find(a.env, ".")
	case plan.IsRemote(named):
		return plan.FromSetting("the plan", named, ".")
	case named == "-":
		text, err := io.ReadAll(io.LimitReader(a.stdin, strictyaml.MaxSize+1))
		if err != nil {
			return plan.Source{}, fmt.Errorf("reading the plan from standard input: %w", err)
		}
		return plan.Source{Name: "<stdin>", Text: text, Include: plan.Folder(".")}, nil
	}
	return plan.ReadFile(filepath.Clean(named))
}

// wrongPlan shows all that is wrong with a plan.
func (a app) wrongPlan(err error, asJSON bool) int {
	report.Problems(a.stderr, err, a.style(a.stderr))
	if asJSON {
		a.problemsJSON(err)
	}
	return exitWrongInput
}

// problems are what an error says is wrong.
func problems(err error) strictyaml.Problems {
	var all strictyaml.Problems
	if !errors.As(err, &all) {
		return strictyaml.Problems{{Message: err.Error()}}
	}
	return all
}

func (a app) problemsJSON(err error) {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(struct {
		Problems strictyaml.Problems `json:"problems"`
	}{problems(err)}); err != nil {
		fmt.Fprintln(a.stderr, "greenlight: writing the problems as JSON:", err)
	}
}

// sides finds where green and blue answer: what was set for this call, then the plan, then what else is known.
func sides(d *deployment.Deployment, p *plan.Plan, green, blue, elsewhere string) error {
	for _, side := range []struct {
		name, set string
		planned   strictyaml.Text
		elsewhere string
		side      *deployment.Side
	}{
		{"green", green, p.Green, elsewhere, &d.Green},
		{"blue", blue, p.Blue, "", &d.Blue},
	} {
		address := side.set
		if address == "" && !side.planned.IsZero() {
			expanded, err := side.planned.Expand(d.Lookup)
			if err != nil {
				return fmt.Errorf("finding %s: %w", side.name, err)
			}
			address = expanded
		}
		if address == "" {
			address = side.elsewhere
		}
		if address == "" {
			continue
		}
		base, err := check.ParseBaseURL(address)
		if err != nil {
			return fmt.Errorf("finding %s: %w", side.name, err)
		}
		side.side.URL = base
	}
	return nil
}

// side is where a version answers, as checks need it.
func side(s deployment.Side) check.Side {
	return check.Side{URL: strings.TrimSuffix(s.URL, "/") + s.PathPrefix, Headers: s.Headers, Host: s.Host}
}
