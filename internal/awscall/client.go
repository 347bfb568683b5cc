// Package awscall calls single operations of AWS services whose SDK client would cost a function more at each cold start
// than the calls are worth: service/ecs links 1.3 MB and builds its schemas in 0.9 ms of package initialisation, whether a
// client is made or not. A call here is one signed request, with the SDK's signer, credentials, HTTP client and rules for
// retries.
package awscall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// A Service is an AWS service as requests to it need it.
type Service struct {
	// ID is the SDK's, by which configurations name the service.
	ID string
	// Name is both the endpoint's first label and what requests are signed for, such as "ecs".
	Name string
	// Target is what the operation's name follows in X-Amz-Target; empty for a service of REST.
	Target string
}

// Services that are called so.
//
// https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
// https://docs.aws.amazon.com/general/latest/gr/lambda-service.html
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
// https://docs.aws.amazon.com/general/latest/gr/asm.html
var (
	ECS            = Service{ID: "ECS", Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113"}
	Lambda         = Service{ID: "Lambda", Name: "lambda"}
	SSM            = Service{ID: "SSM", Name: "ssm", Target: "AmazonSSM"}
	SecretsManager = Service{ID: "Secrets Manager", Name: "secretsmanager", Target: "secretsmanager"}
)

// A Client calls one service. It is safe for concurrent use.
type Client struct {
	service  Service
	endpoint string
	region   string
	// credentials are nil where there are none.
	credentials aws.CredentialsProvider
	http        aws.HTTPClient
	signer      *v4.Signer
	retryer     aws.RetryerV2
}

// New makes a client of a service from the region, the credentials, the HTTP client and the endpoint of cfg. Its
// ConfigSources may have an endpoint for the service, and ask for FIPS and dual-stack, as the SDK's clients have it.
func New(cfg aws.Config, s Service) *Client {
	c := &Client{
		service: s, endpoint: endpoint(cfg, s), region: cfg.Region, credentials: cfg.Credentials, http: cfg.HTTPClient,
		signer: v4.NewSigner(), retryer: NewRetryer(),
	}
	if c.http == nil {
		c.http = awshttp.NewBuildableClient()
	}
	return c
}

// Call calls an operation of a service that speaks JSON 1.1: in is sent, and the answer put into out. Errors of the service
// are [*Error]s.
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return c.call(ctx, operation, out, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", c.service.Target+"."+operation)
		return r, c.sign(ctx, r, body)
	})
}

// Get calls an operation of a service of REST that is a GET. The path is escaped already.
func (c *Client) Get(ctx context.Context, operation, path string, out any) error {
	return c.call(ctx, operation, out, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint+path, nil)
		if err != nil {
			return nil, err
		}
		return r, c.sign(ctx, r, nil)
	})
}

// call sends what request makes, again for each attempt.
func (c *Client) call(ctx context.Context, operation string, out any, request func() (*http.Request, error)) error {
	return c.retried(ctx, func() error { return c.once(operation, out, request) })
}

// Region is the one that the client calls its service in.
func (c *Client) Region() string { return c.region }

func (c *Client) sign(ctx context.Context, r *http.Request, body []byte) error {
	if c.credentials == nil {
		return fmt.Errorf("there are no credentials to sign it with")
	}
	signing, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	return c.signer.SignHTTP(ctx, signing, r, hex.EncodeToString(sum[:]), c.service.Name, c.region, time.Now())
}

// maxAnswer is more than any answer that is asked for here has.
const maxAnswer = 4 << 20

func (c *Client) once(operation string, out any, request func() (*http.Request, error)) error {
	r, err := request()
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return &Error{Operation: operation, Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &Error{Operation: operation, Status: resp.StatusCode, Err: err}
	}
	if resp.StatusCode/100 != 2 {
		return refused(operation, resp, body)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s: read the answer: %w", operation, err)
	}
	return nil
}
