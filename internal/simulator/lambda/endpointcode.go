package lambda

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	goruntime "runtime"
	"strings"
	"time"
)

// settings is what CreateFunction and UpdateFunctionConfiguration say of a function. VpcConfig, LoggingConfig and others that
// mean nothing to a process on this machine are taken and forgotten.
type settings struct {
	Runtime, Handler, Role, Description *string
	Timeout, MemorySize                 *int // seconds, MB
	Environment                         *environmentBody
	Layers                              []string
	RevisionID                          string `json:"RevisionId"`
}

// apply sets what is given.
func (g settings) apply(f *Function) error {
	if len(g.Layers) > 0 {
		return invalidPackage("The simulated Lambda has no layers: put what they hold into the deployment package.")
	}
	if g.Runtime != nil {
		f.Runtime = *g.Runtime
	}
	if f.made != nil && !strings.HasPrefix(f.Runtime, "provided") {
		return invalidPackage("The simulated Lambda runs deployment packages of custom runtimes, such as provided.al2023, and not of %s: start such a function with a command in the scenario.", f.Runtime)
	}
	if g.Handler != nil {
		f.Handler = *g.Handler
	}
	if g.Description != nil {
		f.Description = *g.Description
	}
	if g.Timeout != nil {
		f.Timeout = time.Duration(*g.Timeout) * time.Second
	}
	if g.MemorySize != nil {
		f.MemoryMB = *g.MemorySize
	}
	if g.Environment != nil {
		f.Env = g.Environment.Variables
	}
	if g.Role != nil && f.made != nil {
		f.made = new(*f.made)
		f.made.role = *g.Role
	}
	return nil
}

// made is what is known of a function that was created over the API.
type made struct {
	code *codePackage
	role string
	tags map[string]string
}

type createFunctionRequest struct {
	FunctionName  *string
	Code          *codeRequest
	PackageType   string
	Architectures []string
	Publish       bool
	Tags          map[string]string
	settings
}

// codeRequest is the deployment package of CreateFunction and UpdateFunctionCode.
type codeRequest struct {
	ZipFile                   []byte
	S3Bucket, S3Key, ImageURI string
	Architectures             []string
}

// createFunction is https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, for custom runtimes in zips.
func (s *Service) createFunction(r *http.Request) (reply, error) {
	if err := trust(r); err != nil {
		return reply{}, err
	}
	var asked createFunctionRequest
	if err := readJSONUpTo(r, maxCodeRequest, &asked); err != nil {
		return reply{}, err
	}
	for member, missing := range map[string]bool{"functionName": asked.FunctionName == nil, "role": asked.Role == nil, "code": asked.Code == nil} {
		if missing {
			return reply{}, nullError(member)
		}
	}
	switch {
	case cmp.Or(asked.PackageType, "Zip") != "Zip":
		return reply{}, invalidPackage("The simulated Lambda has functions in zips, not in images: let an image's Runtime Interface Emulator run it, and name that in the scenario.")
	case asked.Runtime == nil || asked.Handler == nil:
		return reply{}, invalidPackage("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	f := Function{Name: baseName(*asked.FunctionName), made: &made{tags: asked.Tags}}
	if err := asked.apply(&f); err != nil {
		return reply{}, err
	}
	asked.Code.Architectures = asked.Architectures
	if err := s.setCode(&f, *asked.Code); err != nil {
		return reply{}, err
	}
	if err := s.Create(f); err != nil {
		return reply{}, errors.Join(refusal(err), s.discard(f.made.code))
	}
	return s.configured(f.Name, asked.Publish, http.StatusCreated)
}

// updateFunctionCode is https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html.
func (s *Service) updateFunctionCode(r *http.Request) (reply, error) {
	if err := trust(r); err != nil {
		return reply{}, err
	}
	var asked struct {
		codeRequest
		Publish, DryRun bool
		RevisionID      string `json:"RevisionId"`
	}
	if err := readJSONUpTo(r, maxCodeRequest, &asked); err != nil {
		return reply{}, err
	}
	current, err := s.current(r, asked.RevisionID)
	if err != nil {
		return reply{}, err
	}
	f := current.Function
	if f.made == nil { // it came with the scenario
		f.made, f.Command, f.Dir, f.RIE, f.Webhook = &made{}, nil, "", "", ""
	}
	if err := (settings{}).apply(&f); err != nil {
		return reply{}, err
	}
	if err := s.setCode(&f, asked.codeRequest); err != nil {
		return reply{}, err
	}
	if asked.DryRun {
		return reply{status: http.StatusOK, body: s.configuration(current, false)}, s.discard(f.made.code)
	}
	if err := s.Update(f); err != nil {
		return reply{}, errors.Join(refusal(err), s.discard(f.made.code))
	}
	return s.configured(f.Name, asked.Publish, http.StatusOK)
}

// updateFunctionConfiguration is https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html.
func (s *Service) updateFunctionConfiguration(r *http.Request) (reply, error) {
	var asked settings
	if err := readJSON(r, &asked); err != nil {
		return reply{}, err
	}
	current, err := s.current(r, asked.RevisionID)
	if err != nil {
		return reply{}, err
	}
	f := current.Function
	if err := asked.apply(&f); err != nil {
		return reply{}, err
	}
	if err := s.Update(f); err != nil {
		return reply{}, refusal(err)
	}
	return s.configured(f.Name, false, http.StatusOK)
}

// deleteFunction is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html.
func (s *Service) deleteFunction(r *http.Request) (reply, error) {
	name, err := named(r)
	if err != nil {
		return reply{}, err
	}
	if _, qualifier := splitName(name); qualifier != "" {
		return reply{}, invalidPackage("The simulated Lambda deletes a function with all its versions, and no version alone: leave the qualifier %s out.", qualifier)
	}
	return reply{status: http.StatusNoContent}, s.Delete(name)
}

// current is the $LATEST of the function that a request changes, if it is still at that revision.
func (s *Service) current(r *http.Request, revision string) (Version, error) {
	v, err := s.Version(baseName(r.PathValue("name")))
	if err == nil && revision != "" && revision != v.Revision {
		err = &APIError{"PreconditionFailedException", staleRevision}
	}
	return v, err
}

// configured answers with a function as it has become.
func (s *Service) configured(name string, publish bool, status int) (reply, error) {
	v, err := s.Version(name)
	if err == nil && publish {
		v, err = s.Publish(name, "")
	}
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, body: s.configuration(v, publish)}, nil
}

// setCode unpacks a deployment package for the function.
func (s *Service) setCode(f *Function, asked codeRequest) error {
	switch architecture := architecture(); {
	case len(asked.ZipFile) == 0:
		return invalidPackage("The simulated Lambda takes code as a ZipFile, and neither from S3 nor as an image.")
	case len(asked.ZipFile) > maxZip:
		return &APIError{"RequestTooLargeException", fmt.Sprintf("The deployment package has %d bytes; %d are the most.", len(asked.ZipFile), maxZip)}
	case len(asked.Architectures) > 0 && asked.Architectures[0] != architecture:
		return invalidPackage("The function is for %s, and this machine is %s: build it for that.", asked.Architectures[0], architecture)
	}
	code, err := s.unpack(asked.ZipFile)
	if err != nil {
		return err
	}
	f.made = new(*f.made)
	f.made.code, f.Command, f.Dir = code, []string{code.bootstrap()}, code.dir
	return nil
}

// architecture is Lambda's name for this machine's: arm64 is called so by both, and all others are told to be x86_64.
func architecture() string {
	if goruntime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// refusal is what Lambda answers where a function can't be as it is asked for.
func refusal(err error) error {
	if known := (*APIError)(nil); errors.As(err, &known) {
		return err
	}
	return &APIError{"InvalidParameterValueException", err.Error()}
}

// trust refuses code from whom no AWS client sends: web pages in the developer's browser can post to this machine's ports too.
// They can't add an Authorization header without being let to, which nobody does here; and those that have their own name lead
// to this machine give themselves away by it.
func trust(r *http.Request) error {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	local := host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
	if !local || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return &APIError{"AccessDeniedException", "Code is taken from signed requests to localhost or a loopback address alone: it will be run on this machine."}
	}
	return nil
}
