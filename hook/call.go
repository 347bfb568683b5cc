package hook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/smithy-go"
)

// An awsService is a service that is called without its client: those of ECS and Lambda add
// 1.3 MB and more to each hook's binary, and a millisecond to its start, for one call each.
type awsService struct {
	id     string // as the SDKs have it
	prefix string // of its endpoints' names, and its name in signatures
}

var (
	ecsService    = awsService{id: "ECS", prefix: "ecs"}
	lambdaService = awsService{id: "Lambda", prefix: "lambda"}
)

// A caller makes signed calls to a service, by a configuration that has an HTTP client.
type caller struct {
	cfg     aws.Config
	service awsService
}

func newCaller(cfg aws.Config, service awsService) caller { return caller{cfg: cfg, service: service} }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// post makes one call. An answer of another status than 2xx is a [*callError].
func (c caller) post(ctx context.Context, path string, query url.Values, header http.Header, body []byte) ([]byte, error) {
	req, err := c.request(ctx, path, query, header, body)
	if err != nil {
		return nil, &unsentError{err}
	}
	resp, err := c.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", req.URL.Host, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, newCallError(c.service, resp, answer)
	}
	return answer, nil
}

// request makes a signed request.
func (c caller) request(ctx context.Context, path string, query url.Values, header http.Header, body []byte) (*http.Request, error) {
	endpoint, err := c.endpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the endpoint of %s: %w", c.service.id, err)
	}
	target := endpoint.JoinPath(path)
	target.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "greenlight-hook")
	if c.cfg.Credentials == nil {
		return nil, errors.New("there are no credentials")
	}
	credentials, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	hash := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(hash[:]), c.service.prefix, c.cfg.Region, time.Now())
	if err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	return req, nil
}

// endpoint is where the service is. Its public endpoints are named as CodeDeploy's are, in each
// partition, with FIPS and dual-stack: the SDK's rules for CodeDeploy, which are linked in any
// case, are those for ECS and Lambda but for the first word.
func (c caller) endpoint(ctx context.Context) (*url.URL, error) {
	if own := serviceEndpoint(ctx, c.cfg, c.service.id); own != "" {
		return url.Parse(own)
	}
	if c.cfg.Region == "" {
		return nil, errors.New("there is no region")
	}
	dualStack, fips := endpointVariant(ctx, c.cfg)
	resolved, err := codedeploy.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, codedeploy.EndpointParameters{
		Region: aws.String(c.cfg.Region), UseDualStack: aws.Bool(dualStack), UseFIPS: aws.Bool(fips),
	})
	if err != nil {
		return nil, err
	}
	endpoint := resolved.URI
	host, ok := strings.CutPrefix(endpoint.Host, "codedeploy")
	if !ok {
		return nil, fmt.Errorf("CodeDeploy's is %s, which doesn't begin with its name", endpoint.Host)
	}
	endpoint.Host = c.service.prefix + host
	return &endpoint, nil
}

// An unsentError says that a call never left the process. It never would.
type unsentError struct{ err error }

func (e *unsentError) Error() string      { return e.err.Error() }
func (e *unsentError) Unwrap() error      { return e.err }
func (*unsentError) RetryableError() bool { return false }

// A callError is an error that a service answered with. It is a smithy.APIError, like the SDK's.
type callError struct {
	service awsService
	status  int // of HTTP
	code    string
	message string
}

// newCallError reads an error of the JSON protocols.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func newCallError(service awsService, resp *http.Response, body []byte) *callError {
	var said struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // or Message: encoding/json takes both
	}
	_ = json.Unmarshal(body, &said) // an error without a body is one as well
	e := &callError{service: service, status: resp.StatusCode, code: noCode, message: said.Message}
	for _, code := range []string{resp.Header.Get("X-Amzn-Errortype"), said.Type, said.Code} {
		if code == "" {
			continue
		}
		code, _, _ = strings.Cut(code, ":")
		e.code = code[strings.LastIndex(code, "#")+1:]
		break
	}
	return e
}

func (e *callError) Error() string {
	return fmt.Sprintf("%s answers with status %d, %s: %s", e.service.id, e.status, cut(e.code, 80), cut(oneLine(e.message), maxQuoted))
}

// maxQuoted is the most that is quoted of a service's message, in bytes.
const maxQuoted = 500

// ErrorCode returns the error's name, or "UnknownError".
func (e *callError) ErrorCode() string { return e.code }

// ErrorMessage returns what the service says of it.
func (e *callError) ErrorMessage() string { return e.message }

// HTTPStatusCode returns the answer's status.
func (e *callError) HTTPStatusCode() int { return e.status }

// ErrorFault says whose fault it is by the status.
func (e *callError) ErrorFault() smithy.ErrorFault {
	if e.status >= http.StatusInternalServerError {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}
