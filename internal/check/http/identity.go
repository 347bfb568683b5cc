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

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// BasicAuth says who asks by a name and a password: https://www.rfc-editor.org/rfc/rfc7617
type BasicAuth struct {
	// Username is the name, which holds no colon.
	Username strictyaml.Text `yaml:"username,required"`
	// Password is the password.
	Password strictyaml.Text `yaml:"password,required"`
}

// Validate refuses a name that couldn't be told from the password.
func (b *BasicAuth) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if name, known := b.Username.Literal(); known && strings.Contains(name, ":") {
		at, _ := n.Get("username")
		d.Problem(at, "username: it holds a colon, which would end it")
	}
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

// identities are the keys that say who asks.
var identities = []string{"basic_auth", "aws", "oauth2"}

// validateIdentity refuses two answers to who asks.
func (r *Request) validateIdentity(d *strictyaml.Decoder, n strictyaml.Node) {
	first := ""
	for _, pair := range n.Pairs() {
		key := pair.Key.Text()
		switch {
		case key == "headers" && r.sets("authorization"):
			key = "headers: authorization"
		case !slices.Contains(identities, key):
			continue
		}
		if first != "" {
			d.Problem(pair.Key, "%s: the request says already who asks, by %s: write one of them", key, first)
		}
		first = key
	}
}

// identity gives what puts into a request who asks, where it goes to the server that the plan says it to.
func (r *run) identity(ctx context.Context, h *hop) (func(*http.Request) error, error) {
	request := &r.check.Request
	switch {
	case !h.home:
	case request.BasicAuth != nil:
		return r.basicAuth(request.BasicAuth)
	case request.AWS != nil:
		return r.signature(ctx, request.AWS, h.body)
	case request.OAuth2 != nil:
		return r.bearer(ctx, request.OAuth2)
	}
	return func(*http.Request) error { return nil }, nil
}

func authorization(value string) func(*http.Request) error {
	return func(q *http.Request) error {
		q.Header.Set("Authorization", value)
		return nil
	}
}

func (r *run) basicAuth(b *BasicAuth) (func(*http.Request) error, error) {
	username, err := b.Username.Expand(r.lookup)
	if err != nil {
		return nil, unable{err}
	}
	password, err := b.Password.Expand(r.lookup)
	if err != nil {
		return nil, unable{err}
	}
	if strings.Contains(username, ":") {
		return nil, unable{fmt.Errorf("%s: the username holds a colon, which ends it", b.Username.Position())}
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	r.mask(password, encoded)
	return authorization("Basic " + encoded), nil
}

func (r *run) bearer(ctx context.Context, o *OAuth2) (func(*http.Request) error, error) {
	grant, err := o.grant(r.lookup)
	if err != nil {
		return nil, unable{err}
	}
	r.mask(grant.secrets()...)
	token, err := r.check.tokens.get(ctx, grant, r.scope)
	if err != nil {
		return nil, err
	}
	r.mask(token)
	return authorization("Bearer " + token), nil
}

// mask keeps secrets out of what is reported.
func (r *run) mask(secrets ...string) {
	for _, s := range secrets {
		const shortest = 4 // what is shorter stands in words
		if len(s) >= shortest {
			r.secrets = append(r.secrets, s, masked)
		}
	}
}

func (r *run) masked(s string) string {
	if len(r.secrets) == 0 {
		return s
	}
	return strings.NewReplacer(r.secrets...).Replace(s)
}

// hide leaves out of a text what the plan's secrets and those of the request are.
func (r *run) hide(s string) string {
	if r.scope.Mask != nil {
		s = r.scope.Mask(s)
	}
	return r.masked(s)
}

// unsignedPayload stands for the hash of a body where the service takes none.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// signature signs with the credentials that the function has.
func (r *run) signature(ctx context.Context, a *AWS, body []byte) (func(*http.Request) error, error) {
	service, err := a.Service.Expand(r.lookup)
	if err != nil {
		return nil, unable{err}
	}
	region, err := a.Region.Expand(r.lookup)
	if err != nil {
		return nil, unable{err}
	}
	if r.check.network.AWS == nil {
		return nil, unable{errors.New("no AWS credentials are known here to sign the request with")}
	}
	cfg, err := r.check.network.AWS()
	if err != nil {
		return nil, unable{fmt.Errorf("signing the request for AWS: %w", err)}
	}
	if region == "" {
		region = cfg.Region
	}
	if region == "" || cfg.Credentials == nil {
		return nil, unable{errors.New("signing the request for AWS: there is no region (aws: {region: …}), or there are no credentials")}
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, network.Silent("no AWS credentials to sign the request with: %s", err)
	}
	r.mask(credentials.SecretAccessKey, credentials.SessionToken)
	return func(q *http.Request) error {
		hash := payloadHash(service, body)
		if service == "s3" || hash == unsignedPayload {
			q.Header.Set("X-Amz-Content-Sha256", hash)
		}
		q.URL = cloned(q.URL) // the signer writes into it
		// Proxies and caches on the way may change what is accepted, which would break the signature.
		accepted := q.Header.Values("Accept-Encoding")
		q.Header.Del("Accept-Encoding")
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
		if err := signer.SignHTTP(ctx, credentials, q, hash, service, region, r.check.network.Now()); err != nil {
			return unable{fmt.Errorf("signing the request for AWS: %w", err)}
		}
		if len(accepted) > 0 {
			q.Header["Accept-Encoding"] = accepted
		}
		return nil
	}, nil
}

// payloadHash is what is signed of a body. VPC Lattice takes no hash of one.
//
// https://docs.aws.amazon.com/vpc-lattice/latest/ug/sigv4-authenticated-requests.html
func payloadHash(service string, body []byte) string {
	if service == "vpc-lattice-svcs" {
		return unsignedPayload
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// unable is why a request can't be made; asking again wouldn't change it.
type unable struct{ error }

// Unwrap gives what it means, and the error itself.
func (u unable) Unwrap() []error { return []error{network.Unasked(u.error), u.error} }
