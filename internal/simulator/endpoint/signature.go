package endpoint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// maxBody bounds what is read of a request; the largest that any of the services takes is a function's event of 6 MB.
const maxBody = 8 << 20

// signature is a request's Authorization header, version 4:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html.
type signature struct {
	accessKey, date, region, service string
	headers                          []string // signed ones, in lower case
	value                            string
}

var errUnsigned = errors.New("the request carries no signature of version 4")

func parseSignature(r *http.Request) (signature, error) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256")
	if !ok {
		return signature{}, errUnsigned
	}
	var s signature
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return signature{}, fmt.Errorf("the credential scope %q is not KEY/DATE/REGION/SERVICE/aws4_request", value)
			}
			s.accessKey, s.date, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		}
	}
	if s.service == "" || len(s.headers) == 0 || s.value == "" {
		return signature{}, errors.New("the Authorization header has no Credential, no SignedHeaders or no Signature")
	}
	return s, nil
}

// Verifier refuses requests that aren't signed with its credentials.
type Verifier struct {
	AccessKey, SecretKey string
	// Now is the time that signatures are held against; nil: time.Now.
	Now func() time.Time
}

// maxSkew is how far the time of a signature may be from the service's:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html.
const maxSkew = 5 * time.Minute

const amzDate = "20060102T150405Z"

// Verify says what is wrong with a request's signature. The body can be read again afterwards.
func (v *Verifier) Verify(r *http.Request) error {
	claimed, err := parseSignature(r)
	if err != nil {
		return err
	}
	if claimed.accessKey != v.AccessKey {
		return errors.New("the security token included in the request is invalid")
	}
	if err := v.verifyTime(r); err != nil {
		return err
	}
	at, err := time.Parse(amzDate, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	computed, err := v.sign(r, claimed, at)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(computed), []byte(claimed.value)) != 1 {
		return errors.New("the request signature we calculated does not match the signature you provided")
	}
	return nil
}

// verifyTime says what is wrong with the time of a request's signature.
func (v *Verifier) verifyTime(r *http.Request) error {
	at, err := time.Parse(amzDate, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return fmt.Errorf("the header X-Amz-Date is %q, not a time as in %s", r.Header.Get("X-Amz-Date"), amzDate)
	}
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	if skew := now().Sub(at).Abs(); skew > maxSkew {
		return fmt.Errorf("Signature expired: %s is now earlier or later than %s by more than 5 minutes", at.Format(amzDate), now().UTC().Format(amzDate))
	}
	return nil
}

// sign computes the signature that the request would have if it was signed with the verifier's credentials.
func (v *Verifier) sign(r *http.Request, claimed signature, at time.Time) (string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return "", fmt.Errorf("reading the request's body: %w", err)
	}
	if len(body) > maxBody {
		return "", fmt.Errorf("the request's body is over %d bytes", maxBody)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	hash := sha256.Sum256(body)

	same := &http.Request{Method: r.Method, Host: r.Host, Header: http.Header{}, URL: &url.URL{
		Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery,
	}}
	for name, values := range r.Header {
		if slices.Contains(claimed.headers, strings.ToLower(name)) {
			same.Header[name] = values
		}
	}
	if slices.Contains(claimed.headers, "content-length") {
		same.ContentLength = r.ContentLength
	}
	err = v4.NewSigner().SignHTTP(context.WithoutCancel(r.Context()), aws.Credentials{AccessKeyID: v.AccessKey, SecretAccessKey: v.SecretKey},
		same, hex.EncodeToString(hash[:]), claimed.service, claimed.region, at)
	if err != nil {
		return "", fmt.Errorf("computing the signature: %w", err)
	}
	computed, err := parseSignature(same)
	return computed.value, err
}

// formValue reads a field of a Query request and leaves the body to be read again.
func formValue(r *http.Request, name string) string {
	if value := r.URL.Query().Get(name); value != "" || r.Body == nil {
		return value
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get(name)
}
