package deployment

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// sides are what was found of green and blue, before it is known at which stage that is asked for.
type sides struct {
	green, blue      Side
	production, test *way
	groups           []group // the two that traffic is shifted between
	greenGroup       group
	failures         failures
	notes            []string
	doubt            string // why green can't be taken for proven, whatever the listeners say
	noWay            string // why there are no ways at all, with the remedy
	mixed            bool   // production is shifted in steps, with hooks between them
	lambda           *alias
	health           *health // of green's targets; nil where it wasn't read
	clients          *Clients
}

// place puts the sides into the deployment, as its stage has them: before test traffic nothing leads to green, then the test
// listener does, in the end production does.
func (s *sides) place(d *Deployment) {
	s.tellByProduction(d.Stage)
	d.Green, d.Blue = s.green, s.blue
	d.Notes = append(d.Notes, s.notes...)
	if s.production != nil {
		d.LoadBalancerARN = loadBalancerOf(s.production.listenerARN)
	}
	provable := d.Stage != "" && d.Stage.GreenAnswers()
	if s.lambda != nil && provable {
		d.proof = &proof{sides: s, stage: d.Stage, first: d.noSource}
	}
	if d.Platform == CodeDeployLambda {
		d.Green.lacks("url", s.noWay)
		return
	}
	s.placeGreen(d)
	s.placeBlue(d)
	if s.production != nil && s.greenGroup.arn != "" && provable {
		d.proof = &proof{sides: s, stage: d.Stage, first: d.noSource}
	}
}

func (s *sides) placeGreen(d *Deployment) {
	untold := s.production != nil && s.greenGroup.arn == "" && len(s.groups) == 2
	switch {
	case s.noWay != "":
		d.Green.lacks("url", s.noWay)
	case d.Stage == "":
		d.Green.lacks("url", "at which listener green answers depends on the stage, which isn't known: "+setGreen)
	case d.Stage == lifecycle.BeforeInstall || d.Stage == lifecycle.ReconcileService:
		d.Green.lacks("url", "at "+string(d.Stage)+" green doesn't exist yet")
	case !d.Stage.GreenAnswers():
		d.Green.lacks("url", "at "+string(d.Stage)+" no listener leads to green yet")
	case untold:
		d.Green.lacks("url", "which of "+names(s.groups, " and ")+" is green's target group can't be told: "+setGreen)
	case d.Stage == lifecycle.AfterAllowTraffic:
		s.enter(&d.Green, s.production, d)
	case s.test == nil:
		d.Green.lacks("url", fmt.Sprintf("there is no test listener, so that at %s nothing leads to green alone: "+
			"add one, or check at %s, or %s", d.Stage, lifecycle.AfterAllowTraffic, setGreen))
	default:
		s.enter(&d.Green, s.test, d)
	}
}

// placeBlue has production as the way to blue for as long as nothing of it is green's.
func (s *sides) placeBlue(d *Deployment) {
	switch {
	case d.First:
		d.Blue = Side{}
		d.Blue.lacks("url", "the deployment creates the service: there is no blue")
	case s.production == nil:
		d.Blue.lacks("url", setBlue)
	case slices.Contains([]lifecycle.Stage{lifecycle.ProductionTrafficShift, lifecycle.AfterAllowTraffic}, d.Stage):
		d.Blue.lacks("url", "at "+string(d.Stage)+" production leads to green: "+setBlue)
	case d.Stage == lifecycle.BeforeAllowTraffic && s.mixed:
		d.Blue.lacks("url", "production is shifted in steps, and may lead to green in part: "+setBlue)
	default:
		s.enter(&d.Blue, s.production, d)
	}
}

// enter puts into the side how requests get there by the way.
func (s *sides) enter(side *Side, w *way, d *Deployment) {
	remedy := setGreen
	if side == &d.Blue {
		remedy = setBlue
	}
	if w == nil {
		side.lacks("url", "the listeners couldn't be read: "+remedy)
		return
	}
	in := w.entrance(s.groups, remedy)
	if in.why != "" {
		side.lacks("url", in.why)
		return
	}
	side.URL, side.Headers, side.Host, side.PathPrefix = in.url, in.demands.headers, in.demands.host, in.demands.prefix
	if side == &d.Green {
		d.Notes = append(d.Notes, in.demands.notes...)
	}
}

// mistrust doubts a green of the user's that is where production answers, while that is blue: the mistake that is made most, and
// one that every check passes.
func (s *sides) mistrust(green string, stage lifecycle.Stage) {
	if s == nil || s.production == nil || stage == lifecycle.AfterAllowTraffic {
		return
	}
	if s.test != nil && s.test.listenerARN == s.production.listenerARN { // a rule of the same listener tells green from blue
		return
	}
	if s.production.err != nil {
		return
	}
	if base, _ := s.production.base(""); base != "" && address(base) == address(green) {
		s.doubt = fmt.Sprintf("green is set to %s, and that is the production listener, where blue answers until %s: set it to the test listener, or leave it out and it is found",
			green, lifecycle.AfterAllowTraffic)
	}
}

// address is the host and port that a URL leads to.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return net.JoinHostPort(strings.ToLower(u.Hostname()), cmp.Or(u.Port(), port))
}

// other is the group of the pair that isn't this one.
func (s *sides) other(g group) group {
	for _, one := range s.groups {
		if one != g {
			return one
		}
	}
	return group{}
}

func (s *sides) groupOf(arn string) group {
	for _, g := range s.groups {
		if g.arn == arn {
			return g
		}
	}
	return group{arn, nameOf(arn)}
}

func (s *sides) groupNamed(name string) group {
	for _, g := range s.groups {
		if g.name == name {
			return g
		}
	}
	return group{}
}

// chose fixes which group is green's.
func (s *sides) chose(green group) {
	s.greenGroup = green
	s.green.TargetGroup, s.green.TargetGroupARN = green.name, green.arn
	if blue := s.other(green); green.arn != "" {
		s.blue.TargetGroup, s.blue.TargetGroupARN = blue.name, blue.arn
	}
}
