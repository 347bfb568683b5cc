package httpcheck

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// BasicAuth says who asks by a name and a password: https://www.rfc-editor.org/rfc/rfc7617
type BasicAuth struct {
	Username strictyaml.Text `yaml:"username,required"`
	Password strictyaml.Text `yaml:"password,required"`
}

// AWS signs requests with the credentials that the function has, by version 4 of AWS's signature, as API Gateway, function URLs and
// VPC Lattice ask for where they know their callers by IAM.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
type AWS struct {
	// Service is what is signed for: execute-api, lambda (a function URL), vpc-lattice-svcs, …
	Service strictyaml.Text `yaml:"service,required"`
	// Region is by default the function's own.
	Region strictyaml.Text `yaml:"region"`
}

// validateIdentity refuses two answers to who asks.
func (r *Request) validateIdentity(d *strictyaml.Decoder, n strictyaml.Node) {
	first := ""
	for _, pair := range n.Pairs() {
		key := pair.Key.Text()
		switch {
		case key == "headers" && r.sets("authorization"):
			key = "headers: authorization"
		case !slices.Contains([]string{"basic_auth", "aws", "oauth2"}, key):
			continue
		}
		if first != "" {
			d.Problem(pair.Key, "%s: the request says already who asks, by %s: write one of them", key, first)
		}
		first = key
	}
}

// authorize puts in who asks, but for a signature, which each request gets of its own.
func (r *run) authorize(ctx context.Context, h *hop) error {
	if err := r.check.Request.Resolve.leads(h.url, r.check.Request.Redirects.OtherHosts); err != nil {
		return err
	}
	switch request := &r.check.Request; {
	case request.BasicAuth != nil:
		username, err := request.BasicAuth.Username.Expand(r.lookup)
		if err != nil {
			return err
		}
		password, err := request.BasicAuth.Password.Expand(r.lookup)
		if err != nil {
			return err
		}
		if strings.Contains(username, ":") {
			return fmt.Errorf("%s: the username holds a colon, which ends it", request.BasicAuth.Username.Position())
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
		r.mask(password, encoded)
		h.header.Set("Authorization", "Basic "+encoded)
	case request.OAuth2 != nil:
		grant, err := request.OAuth2.grant(r.lookup)
		if err != nil {
			return err
		}
		r.mask(grant.secrets()...)
		token, err := r.check.tokens.get(ctx, grant, r.scope.UserAgent)
		if err != nil {
			return err
		}
		r.mask(token)
		h.header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

// mask keeps secrets out of what is reported.
func (r *run) mask(secrets ...string) {
	for _, s := range secrets {
		const shortest = 4 // what is shorter stands in words
		if len(s) >= shortest {
			r.secrets = append(r.secrets, s, "***")
		}
	}
}

func (r *run) masked(s string) string {
	if len(r.secrets) == 0 {
		return s
	}
	return strings.NewReplacer(r.secrets...).Replace(s)
}

// unsignedPayload stands for the hash of a body where the service takes none, or needn't.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// sign signs a request that goes where the plan sends the first one.
func (r *run) sign(ctx context.Context, h *hop, q *http.Request) error {
	request := &r.check.Request
	if request.AWS == nil || !h.home {
		return nil
	}
	service, err := request.AWS.Service.Expand(r.lookup)
	if err != nil {
		return unable(err)
	}
	region, err := request.AWS.Region.Expand(r.lookup)
	if err != nil {
		return unable(err)
	}
	if r.check.network.AWS == nil {
		return unable(errors.New("no AWS credentials are known here to sign the request with"))
	}
	cfg, err := r.check.network.AWS()
	if err != nil {
		return unable(fmt.Errorf("signing the request for AWS: %w", err))
	}
	if region == "" {
		region = cfg.Region
	}
	if region == "" || cfg.Credentials == nil {
		return unable(errors.New("signing the request for AWS: there is no region (aws: {region: …}), or there are no credentials"))
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return silent("no AWS credentials to sign the request with: %s", err)
	}
	r.mask(credentials.SecretAccessKey, credentials.SessionToken)
	sum := sha256.Sum256(h.body)
	hash := hex.EncodeToString(sum[:])
	switch service {
	case "vpc-lattice-svcs":
		// https://docs.aws.amazon.com/vpc-lattice/latest/ug/sigv4-authenticated-requests.html
		hash = unsignedPayload
		fallthrough
	case "s3":
		q.Header.Set("X-Amz-Content-Sha256", hash)
	}
	q.URL = cloned(q.URL) // the signer writes into it
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	if err := signer.SignHTTP(ctx, credentials, q, hash, service, region, r.check.network.Now()); err != nil {
		return unable(fmt.Errorf("signing the request for AWS: %w", err))
	}
	return nil
}

// unable is why a request can't be made; asking again wouldn't change it.
func unable(err error) problem {
	return problem{err.Error(), check.Inconclusive, check.RetryNever}
}
