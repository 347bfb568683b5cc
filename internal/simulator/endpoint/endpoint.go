// Package endpoint is the one port behind which all simulated AWS services answer. It reads who a request is for as AWS
// does, from the signature's credential scope; a request without one, as a person sends it with curl, is told by its
// form. What no service knows is answered in the error form of the protocol that was spoken, so that SDKs show it.
package endpoint

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Protocol is how a service's requests and answers are written:
// https://smithy.io/2.0/aws/protocols/index.html.
type Protocol int

// The protocols of the services that are simulated.
const (
	JSON11   Protocol = iota // AWS JSON 1.1: CodeDeploy, ECS
	Query                    // AWS Query with XML answers: Elastic Load Balancing, STS
	RESTJSON                 // REST JSON: Lambda
)

// Service is one AWS service.
type Service struct {
	// Name is how signatures name the service, such as codedeploy or elasticloadbalancing.
	Name     string
	Protocol Protocol
	// Target is what stands before the dot in X-Amz-Target; JSON 1.1 only.
	Target string
	// Version is the API's version, which Query requests carry.
	Version string
	// Path is what the paths of a REST service begin with, and Operation tells which operation a request asks for, empty
	// where it is none.
	Path      string
	Operation func(*http.Request) string
	Handler   http.Handler
}

// Endpoint hands requests to the services. It is an http.Handler.
type Endpoint struct {
	// Credentials are what requests are to be signed with where [Endpoint.SetClock] has that checked; nil for none.
	Credentials Credentials
	// Now is the machine's time; nil: time.Now.
	Now func() time.Time
	// Before gives what answers a request for a service's operation, mostly next with a [Fault] before it; nil: next itself.
	Before func(s Service, operation string, next http.Handler) http.Handler
	// Control answers requests below [ControlPath], unsigned; nil: nobody does.
	Control http.Handler
	// Page answers a browser, which asks for what no service has; nil: nobody does.
	Page http.Handler

	services []Service
	setting  atomic.Pointer[setting]
}

// ControlPath is where a simulator is told what to do. No AWS service has it.
const ControlPath = "/simulator/"

// New makes an endpoint of these services.
func New(services ...Service) *Endpoint { return &Endpoint{services: services} }

// ServeHTTP answers one request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.Control != nil && strings.HasPrefix(r.URL.Path, ControlPath) && r.Header.Get("Authorization") == "" {
		e.Control.ServeHTTP(w, r)
		return
	}
	service, ok := e.find(r)
	if !ok && e.Page != nil && isBrowser(r) {
		e.Page.ServeHTTP(w, r)
		return
	}
	if !ok {
		unknown := Service{Protocol: protocolOf(r)}
		unknown.refuse(w, http.StatusBadRequest, "UnknownOperationException",
			"the simulator has no service for this request; it has "+strings.Join(e.names(), ", "))
		return
	}
	if err := e.admit(w, r); err != nil {
		service.refuse(w, http.StatusForbidden, service.signatureCode(), err.Error())
		return
	}
	handler := service.Handler
	if e.Before != nil {
		handler = e.Before(service, service.operation(r), handler)
	}
	handler.ServeHTTP(w, r)
}

// operation names the operation that a request asks for, as it does itself: not all that is asked for is there.
func (s Service) operation(r *http.Request) string {
	switch s.Protocol {
	case JSON11:
		_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		return name
	case Query:
		return formValue(r, "Action")
	case RESTJSON:
		if s.Operation != nil {
			return s.Operation(r)
		}
	}
	return ""
}

// isBrowser says that a request has nothing of one to AWS.
func isBrowser(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" && protocolOf(r) == RESTJSON
}

func (e *Endpoint) names() []string {
	names := make([]string, len(e.services))
	for i, s := range e.services {
		names[i] = s.Name
	}
	slices.Sort(names)
	return names
}

// find tells the service by the signature's scope, else by the request's form.
func (e *Endpoint) find(r *http.Request) (Service, bool) {
	if s, err := parseSignature(r); err == nil {
		for _, service := range e.services {
			if service.Name == s.service {
				return service, true
			}
		}
		return Service{}, false
	}
	for _, service := range e.services {
		if service.meant(r) {
			return service, true
		}
	}
	return Service{}, false
}

func (s Service) meant(r *http.Request) bool {
	switch s.Protocol {
	case JSON11:
		target, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		return target != "" && target == s.Target
	case Query:
		return protocolOf(r) == Query && formValue(r, "Version") == s.Version
	case RESTJSON:
		return s.Path != "" && strings.HasPrefix(r.URL.Path, s.Path)
	}
	return false
}

// protocolOf tells in which protocol an answer will be understood.
func protocolOf(r *http.Request) Protocol {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case kind == "application/x-www-form-urlencoded", r.URL.Query().Has("Action"):
		return Query
	case r.Header.Get("X-Amz-Target") != "":
		return JSON11
	}
	return RESTJSON
}

// signatureCode is what a service calls a signature that is wrong.
func (s Service) signatureCode() string {
	if s.Protocol == Query {
		return "SignatureDoesNotMatch"
	}
	return "InvalidSignatureException"
}

// refuse answers with an error in the form of the service's protocol. With a status from 500 on it is the service's own.
func (s Service) refuse(w http.ResponseWriter, status int, code, message string) {
	if s.Protocol == RESTJSON {
		w.Header().Set("X-Amzn-Errortype", code)
	}
	id := s.begin(w, status)
	switch s.Protocol {
	case Query:
		kind := "Sender"
		if status >= http.StatusInternalServerError {
			kind = "Receiver"
		}
		_, _ = fmt.Fprint(w, xml.Header)
		_ = xml.NewEncoder(w).Encode(newErrorResponse(kind, code, message, id))
	case JSON11:
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
	case RESTJSON:
		kind := "User"
		if status >= http.StatusInternalServerError {
			kind = "Service"
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"Type": kind, "Message": message})
	}
}

// begin writes the head of an answer in the service's protocol, and gives the request's id.
func (s Service) begin(w http.ResponseWriter, status int) (id string) {
	id = protocol.RequestID()
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("Content-Type", map[Protocol]string{Query: "text/xml", JSON11: "application/x-amz-json-1.1", RESTJSON: "application/json"}[s.Protocol])
	w.WriteHeader(status)
	return id
}

type errorResponse struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId"`
}

func newErrorResponse(kind, code, message, id string) errorResponse {
	e := errorResponse{RequestID: id}
	e.Error.Type, e.Error.Code, e.Error.Message = kind, code, message
	return e
}
