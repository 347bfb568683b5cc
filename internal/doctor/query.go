package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// queryService is a service that is asked in AWS's Query protocol: a form is posted, XML comes back.
//
// EC2's SDK client takes a minute and 3 GB of memory to compile, for five calls: who tries the demo would wait for it.
// CloudWatch's speaks CBOR, which emulators don't serve.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type queryService struct {
	id      string // as the SDKs' settings name it
	label   string // of its endpoints
	signing string
	version string
}

var (
	ec2Service        = queryService{id: "EC2", label: "ec2", signing: "ec2", version: "2016-11-15"}
	cloudWatchService = queryService{id: "CloudWatch", label: "monitoring", signing: "monitoring", version: "2010-08-01"}
)

// caller asks one service.
type caller struct {
	cfg     aws.Config
	service queryService
}

// maxAnswer is more than any answer that is asked for here has.
const maxAnswer = 16 << 20

// call asks for an operation, and reads the answer into out. What the service refuses is a [smithy.APIError].
func (c caller) call(ctx context.Context, operation string, parameters url.Values, out any) error {
	form := url.Values{"Action": {operation}, "Version": {c.service.version}}
	for name, values := range parameters {
		form[name] = values
	}
	retryer := aws.RetryerV2(aws.NopRetryer{})
	if c.cfg.Retryer != nil {
		if r, ok := c.cfg.Retryer().(aws.RetryerV2); ok {
			retryer = r
		}
	}
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, form.Encode(), out)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%s %s: %w", c.service.id, operation, err)
		if attempt >= max(retryer.MaxAttempts(), 1) || !retryer.IsErrorRetryable(err) {
			return err
		}
		delay, refused := retryer.RetryDelay(attempt, err)
		if refused != nil {
			return err
		}
		if smithytime.SleepWithContext(ctx, delay) != nil {
			return err
		}
	}
}

func (c caller) once(ctx context.Context, form string, out any) error {
	endpoint, err := c.endpoint(ctx)
	if err != nil {
		return fmt.Errorf("finding the endpoint: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	keys, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("finding credentials: %w", err)
	}
	sum := sha256.Sum256([]byte(form))
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), c.service.signing, c.cfg.Region, time.Now()); err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	client := c.cfg.HTTPClient
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	resp, err := client.Do(r)
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return refusal(resp.StatusCode, body)
	}
	if err := xml.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// refused is an error as services answer it.
type refused struct {
	smithy.GenericAPIError
	status int
}

// HTTPStatusCode is by which the SDK's rules tell what is worth a retry.
func (r *refused) HTTPStatusCode() int { return r.status }

// refusal reads an error: EC2 has it in <Response><Errors><Error>, the others in <ErrorResponse><Error>.
func refusal(status int, body []byte) error {
	var said struct {
		Others struct{ Code, Message string } `xml:"Error"`
		EC2    struct{ Code, Message string } `xml:"Errors>Error"`
	}
	r := &refused{status: status}
	r.Code = fmt.Sprintf("HTTP status %d", status)
	if xml.Unmarshal(body, &said) == nil {
		for _, one := range []struct{ Code, Message string }{said.EC2, said.Others} {
			if one.Code != "" {
				r.Code, r.Message = one.Code, one.Message
			}
		}
	}
	return r
}

// endpoint is what the settings give for the service, or AWS's own. The SDK knows the names of all partitions, with FIPS
// and with dual-stack; those of this service differ from Elastic Load Balancing's in the first label alone.
//
// https://docs.aws.amazon.com/general/latest/gr/ec2-service.html
// https://docs.aws.amazon.com/general/latest/gr/cw_region.html
func (c caller) endpoint(ctx context.Context) (string, error) {
	for _, source := range c.cfg.ConfigSources {
		setting, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, id string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if endpoint, found, err := setting.GetServiceBaseEndpoint(ctx, c.service.id); err != nil || found {
			return withPath(endpoint), err
		}
	}
	if c.cfg.BaseEndpoint != nil {
		return withPath(*c.cfg.BaseEndpoint), nil
	}
	// The client works out from all settings whether FIPS and dual-stack are asked for.
	options := elb.NewFromConfig(c.cfg).Options()
	resolved, err := elb.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, elb.EndpointParameters{
		Region:       aws.String(c.cfg.Region),
		UseFIPS:      aws.Bool(options.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(options.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return "", err
	}
	host, other := strings.CutPrefix(resolved.URI.Host, "elasticloadbalancing")
	if !other {
		return "", errors.New("AWS's naming of endpoints in " + c.cfg.Region + " isn't known")
	}
	resolved.URI.Host = c.service.label + host
	return withPath(resolved.URI.String()), nil
}

func withPath(endpoint string) string { return strings.TrimSuffix(endpoint, "/") + "/" }
