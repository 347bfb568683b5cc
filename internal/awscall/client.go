// Package awscall calls single operations of AWS services whose SDK client would cost a function more at each cold start
// than the calls are worth: service/ecs links 1.3 MB and builds its schemas in 0.9 ms of package initialisation, whether a
// client is made or not. A call here is one signed request, with the SDK's signer, credentials, HTTP client and rules for
// retries.
package awscall

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	// JSON is the version of the JSON protocol that it speaks; empty for 1.1.
	JSON string
	// PlainFIPS is how the names of regions begin in which the one endpoint there is follows FIPS, and has no name of its own
	// for it; empty where there are none.
	PlainFIPS string
}

// Services that are called so.
//
// https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
// https://docs.aws.amazon.com/general/latest/gr/lambda-service.html
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
// https://docs.aws.amazon.com/general/latest/gr/asm.html
// https://docs.aws.amazon.com/general/latest/gr/cw_region.html
// https://docs.aws.amazon.com/general/latest/gr/arg.html
var (
	ECS            = Service{ID: "ECS", Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113"}
	Lambda         = Service{ID: "Lambda", Name: "lambda"}
	SSM            = Service{ID: "SSM", Name: "ssm", Target: "AmazonSSM"}
	SecretsManager = Service{ID: "Secrets Manager", Name: "secretsmanager", Target: "secretsmanager"}
	CloudWatch     = Service{ID: "CloudWatch", Name: "monitoring", Target: "GraniteServiceVersion20100801", JSON: "1.0", PlainFIPS: "us-gov-"}
	Tagging        = Service{ID: "Resource Groups Tagging API", Name: "tagging", Target: "ResourceGroupsTaggingAPI_20170126"}
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

// Call calls an operation of a service that speaks JSON: in is sent, and the answer put into out. Errors of the service are
// [*Error]s.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return c.call(ctx, operation, into(operation, out), func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-"+cmp.Or(c.service.JSON, "1.1"))
		r.Header.Set("X-Amz-Target", c.service.Target+"."+operation)
		return r, c.sign(ctx, r, body)
	})
}

// Get calls an operation of a service of REST that is a GET. The path is escaped already.
func (c *Client) Get(ctx context.Context, operation, path string, out any) error {
	return c.call(ctx, operation, into(operation, out), func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint+path, nil)
		if err != nil {
			return nil, err
		}
		return r, c.sign(ctx, r, nil)
	})
}

// An Answer is that of a service of REST, as it came.
type Answer struct {
	// Status is HTTP's.
	Status int
	Header http.Header
	Body   []byte
}

// Post calls an operation of a service of REST that is a POST, and whose answer is more than a document. The path is escaped
// already.
func (c *Client) Post(ctx context.Context, operation, path string, header http.Header, body []byte) (Answer, error) {
	var got Answer
	keep := func(a Answer) error {
		got = a
		return nil
	}
	err := c.call(ctx, operation, keep, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		maps.Copy(r.Header, header)
		return r, c.sign(ctx, r, body)
	})
	return got, err
}

// call sends what request makes, again for each attempt.
func (c *Client) call(ctx context.Context, operation string, read func(Answer) error, request func() (*http.Request, error)) error {
	return c.retried(ctx, func() error { return c.once(operation, read, request) })
}

// Region is the one that the client calls its service in.
func (c *Client) Region() string { return c.region }

func (c *Client) sign(ctx context.Context, r *http.Request, body []byte) error {
	return sign(ctx, c.signer, c.credentials, r, body, c.service.Name, c.region)
}

// Sign signs a request to a server that isn't reached by a Client, such as a workspace of Amazon Managed Service for
// Prometheus, with Signature Version 4 and the credentials of cfg, for a service in a region.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
func Sign(ctx context.Context, cfg aws.Config, r *http.Request, body []byte, service, region string) error {
	return sign(ctx, v4.NewSigner(), cfg.Credentials, r, body, service, region)
}

func sign(ctx context.Context, signer *v4.Signer, credentials aws.CredentialsProvider, r *http.Request, body []byte, service, region string) error {
	if credentials == nil {
		return errors.New("there are no credentials to sign it with")
	}
	signing, err := credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	return signer.SignHTTP(ctx, signing, r, hex.EncodeToString(sum[:]), service, region, time.Now())
}

// maxAnswer is more than any answer that is asked for here has: a function's is 6 MB at most.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxAnswer = 8 << 20

func (c *Client) once(operation string, read func(Answer) error, request func() (*http.Request, error)) error {
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
	return read(Answer{resp.StatusCode, resp.Header, body})
}

// into reads an answer that is a document of JSON.
func into(operation string, out any) func(Answer) error {
	return func(a Answer) error {
		if err := json.Unmarshal(a.Body, out); err != nil {
			return fmt.Errorf("%s: read the answer: %w", operation, err)
		}
		return nil
	}
}
