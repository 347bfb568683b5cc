// Package elbapi is the API of Elastic Load Balancing, version 2015-12-01, in front of one
// simulated load balancer: as much of it as describes a deployment's listeners, rules and
// target groups, and as people's own tools need to set them up.
//
// It speaks AWS's Query protocol: a form comes in, XML goes out, errors carry the codes that
// SDKs turn into their types. What the simulator has no use for, such as tags, subnets, security
// policies and most attributes, is kept and shown; what it would have to do and can't, such as
// authentication and stickiness, is refused by name.
//
// There is one load balancer to begin with, the scenario's. Those that are created beside it are
// names for listeners of their own: all listen on one address, so that no two of them can have
// the same port.
package elbapi

import (
	"cmp"
	"encoding/xml"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Version is the API's version, which each request carries.
const Version = "2015-12-01"

// namespace of all answers.
const namespace = "http://elasticloadbalancing.amazonaws.com/doc/" + Version + "/"

// Config is the API's configuration; it needs Balancer.
type Config struct {
	Balancer *elb.LoadBalancer
	// Address says where a listener that is created for a port shall listen; by default on
	// that port of 127.0.0.1. Where it is another port, that is the one which is described.
	Address func(port int) string
	// Now is the time that creations are shown with; default time.Now.
	Now func() time.Time
}

// API is an http.Handler that answers the API's requests.
type API struct {
	lb      *elb.LoadBalancer
	address func(port int) string
	now     func() time.Time

	mu        sync.Mutex
	balancers []balancer
	records   map[string]*record // by ARN
}

// record is what is known of a resource that the load balancer itself has no use for.
type record struct {
	tags                   []tag
	attributes             map[string]string // those that differ from the defaults
	certificate, sslPolicy string            // of an HTTPS listener
	targetType, vpc        string            // of a target group
}

// New returns the API of a load balancer.
func New(config Config) *API {
	if config.Address == nil {
		config.Address = func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	a := &API{lb: config.Balancer, address: config.Address, now: config.Now, records: map[string]*record{}}
	a.balancers = []balancer{{arn: a.lb.ARN(), name: a.lb.Name(), scheme: internal, created: a.now()}}
	// The scenario lives on its load balancer: it isn't deleted by mistake.
	a.records[a.lb.ARN()] = &record{attributes: map[string]string{deletionProtection: "true"}}
	return a
}

// operation answers a request with a result that is written as XML.
type operation func(*API, form) (any, error)

func operations() map[string]operation {
	return map[string]operation{
		"AddTags":                        (*API).addTags,
		"CreateListener":                 (*API).createListener,
		"CreateLoadBalancer":             (*API).createLoadBalancer,
		"CreateRule":                     (*API).createRule,
		"CreateTargetGroup":              (*API).createTargetGroup,
		"DeleteListener":                 (*API).deleteListener,
		"DeleteLoadBalancer":             (*API).deleteLoadBalancer,
		"DeleteRule":                     (*API).deleteRule,
		"DeleteTargetGroup":              (*API).deleteTargetGroup,
		"DeregisterTargets":              (*API).deregisterTargets,
		"DescribeCapacityReservation":    (*API).describeCapacityReservation,
		"DescribeListenerAttributes":     (*API).describeListenerAttributes,
		"DescribeListeners":              (*API).describeListeners,
		"DescribeLoadBalancerAttributes": (*API).describeLoadBalancerAttributes,
		"DescribeLoadBalancers":          (*API).describeLoadBalancers,
		"DescribeRules":                  (*API).describeRules,
		"DescribeTags":                   (*API).describeTags,
		"DescribeTargetGroupAttributes":  (*API).describeTargetGroupAttributes,
		"DescribeTargetGroups":           (*API).describeTargetGroups,
		"DescribeTargetHealth":           (*API).describeTargetHealth,
		"ModifyListener":                 (*API).modifyListener,
		"ModifyListenerAttributes":       (*API).modifyListenerAttributes,
		"ModifyLoadBalancerAttributes":   (*API).modifyLoadBalancerAttributes,
		"ModifyRule":                     (*API).modifyRule,
		"ModifyTargetGroup":              (*API).modifyTargetGroup,
		"ModifyTargetGroupAttributes":    (*API).modifyTargetGroupAttributes,
		"RegisterTargets":                (*API).registerTargets,
		"RemoveTags":                     (*API).removeTags,
		"SetRulePriorities":              (*API).setRulePriorities,
	}
}

// SupportedOperations lists the operations that are supported, by name.
func SupportedOperations() []string { return slices.Sorted(maps.Keys(operations())) }

// maxBody is far above what the operations need.
const maxBody = 1 << 20

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	name, result, err := a.call(r)
	id := protocol.RequestID()
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("Content-Type", "text/xml")
	if err != nil {
		writeError(w, err, id)
		return
	}
	writeResult(w, name, result, id)
}

func (a *API) call(r *http.Request) (name string, result any, err error) {
	if err := r.ParseForm(); err != nil {
		return "", nil, refuse("MalformedInput", "the request's form can't be read: %v", err)
	}
	f := form{values: r.Form}
	name = f.text("Action")
	do, known := operations()[name]
	switch {
	case name == "":
		return "", nil, refuse("MissingAction", "the request has no Action")
	case !known || f.text("Version") != Version:
		return "", nil, refuse("InvalidAction", "the simulator has no operation %q of version %q; of version %s it has %v", name, f.text("Version"), Version, SupportedOperations())
	}
	result, err = do(a, f)
	return name, result, err
}

func writeResult(w http.ResponseWriter, name string, result any, id string) {
	e := xml.NewEncoder(w)
	root := xml.StartElement{Name: xml.Name{Local: name + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}}
	// What fails to be written here, fails because the client has left.
	_ = e.EncodeToken(root)
	_ = e.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: name + "Result"}})
	_ = e.EncodeElement(struct {
		RequestID string `xml:"RequestId"`
	}{id}, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}})
	_ = e.EncodeToken(root.End())
	_ = e.Flush()
}

// writeError answers in the form of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html.
func writeError(w http.ResponseWriter, err error, id string) {
	status, kind, code := http.StatusInternalServerError, "Receiver", "InternalFailure"
	if refused := (*elb.Error)(nil); errors.As(err, &refused) {
		status, kind, code = http.StatusBadRequest, "Sender", cmp.Or(refused.Code, elb.CodeValidation)
	}
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName   xml.Name `xml:"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/ ErrorResponse"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}{Type: kind, Code: code, Message: err.Error(), RequestID: id})
}
