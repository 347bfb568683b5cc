package plan_test

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// probe and port are kinds of check that ask nothing: the language is the same whatever the kinds are.
type probe struct {
	HTTP   strictyaml.Text                  `yaml:"http,required"`
	JSON   strictyaml.Value                 `yaml:"json"`
	Expect strictyaml.Map[strictyaml.Value] `yaml:"expect"`
}

func (p *probe) Title() string { return p.HTTP.String() }

func (p *probe) Run(context.Context, check.Scope) check.Result { return check.Result{} }

func (p *probe) asks() string {
	asked := p.HTTP.String()
	show := func(what string, v strictyaml.Value) {
		plain, err := v.Expand(func(name string) (any, error) { return "<" + name + ">", nil })
		asked += fmt.Sprintf(" %s=%v(%[2]T)%v", what, plain, errText(err))
	}
	if !p.JSON.IsZero() {
		show("json", p.JSON)
	}
	for _, e := range p.Expect {
		show(e.Key, e.Value)
	}
	return asked
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

type port struct {
	TCP strictyaml.Text `yaml:"tcp,required"`
}

func (p *port) Title() string                                 { return "connect to " + p.TCP.String() }
func (p *port) Run(context.Context, check.Scope) check.Result { return check.Result{} }
func (p *port) asks() string                                  { return p.TCP.String() }

func language(vars map[string]string) plan.Language {
	return plan.Language{
		Kinds: []check.Kind{
			{Key: "http", Timeout: 2 * time.Second, New: func() check.Check { return new(probe) }},
			{Key: "tcp", Timeout: time.Second, New: func() check.Check { return new(port) }},
		},
		Names: []string{"green.url", "green.host", "stage"},
		Vars:  vars,
	}
}

func parse(text string) (*plan.Plan, error) {
	return language(nil).Parse(plan.Source{Name: "plan.yaml", Text: []byte(text)})
}
