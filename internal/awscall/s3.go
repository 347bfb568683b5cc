package awscall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// S3 reads, writes and deletes objects. It is safe for concurrent use.
type S3 struct {
	client *Client
	set    settings
}

// NewS3 makes a client from a configuration, as New does.
func NewS3(cfg aws.Config) *S3 {
	c := New(cfg, Service{ID: "S3", Name: "s3"})
	c.signer = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // a key's path is escaped once
	return &S3{client: c, set: settingsOf(cfg, "S3")}
}

// Object is one version of what lies under a key.
type Object struct {
	Body []byte
	// ETag changes with the body; empty where the service gives none.
	ETag string
}

// ErrNotModified says that the object is still the one whose ETag was given.
var ErrNotModified = errors.New("not modified")

// Get reads an object of up to limit bytes; a larger one is an error. With the ETag of an object that was read before, it is
// read only where it has changed, and the error is ErrNotModified where it hasn't. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (s *S3) Get(ctx context.Context, bucket, key, etag string, limit int64) (Object, error) {
	const operation = "GetObject"
	var object Object
	header := http.Header{}
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	err := s.send(ctx, s3Request{operation, http.MethodGet, s.url(bucket, key), header, nil, limit}, func(a Answer) error {
		if int64(len(a.Body)) > limit {
			return fmt.Errorf("%s: the object has over %d bytes, the most that is read", operation, limit)
		}
		object = Object{Body: a.Body, ETag: a.Header.Get("ETag")}
		return nil
	})
	return object, err
}

// s3Request is a request of S3's, with the most that is read of its answer.
type s3Request struct {
	operation, method, url string
	header                 http.Header
	body                   []byte
	limit                  int64
}

// send sends a signed request, again for each attempt. What is read of the answer is one byte more than the limit where there is more.
func (s *S3) send(ctx context.Context, q s3Request, read func(Answer) error) error {
	return s.client.retried(ctx, func() error {
		r, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
		if err != nil {
			return fmt.Errorf("%s: %w", q.operation, err)
		}
		maps.Copy(r.Header, q.header)
		sum := sha256.Sum256(q.body)
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		if err := s.client.sign(ctx, r, q.body); err != nil {
			return fmt.Errorf("%s: %w", q.operation, err)
		}
		resp, err := s.client.http.Do(r)
		if err != nil {
			return &Error{Operation: q.operation, Err: err}
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode == http.StatusNotModified {
			return ErrNotModified
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, q.limit+1))
		switch {
		case err != nil:
			return &Error{Operation: q.operation, Status: resp.StatusCode, Err: err}
		case resp.StatusCode/100 != 2:
			return refusedByS3(q.operation, resp, body)
		}
		return read(Answer{resp.StatusCode, resp.Header, body})
	})
}

// refusedByS3 reads the error that S3 answered. In which region a bucket is, where it isn't in this one, stands in a header,
// and is added to the message.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func refusedByS3(operation string, resp *http.Response, body []byte) *Error {
	e := &Error{Operation: operation, Status: resp.StatusCode}
	e.Code, e.Message = element(body, "Code"), element(body, "Message")
	region := resp.Header.Get("X-Amz-Bucket-Region")
	if region != "" && (resp.StatusCode/100 == 3 || e.Code == "AuthorizationHeaderMalformed") {
		e.Code, e.Message = "PermanentRedirect", "the bucket is in the region "+region
	}
	return e
}

// element is the text of an element of XML that has nothing but text; empty where there is none. What can't be read has no
// code, and HTTP's status is told in its place.
func element(body []byte, name string) string {
	_, rest, _ := strings.Cut(string(body), "<"+name+">")
	text, _, closed := strings.Cut(rest, "</"+name+">")
	if !closed {
		return ""
	}
	return unescaped(text)
}

// unescaped puts characters in place of XML's references to them: S3 has names for five, and servers that speak for it have numbers.
// What is no reference stays as it is.
//
// https://www.w3.org/TR/xml/#sec-references
func unescaped(text string) string {
	named := map[string]rune{"lt": '<', "gt": '>', "quot": '"', "apos": '\'', "amp": '&'}
	const longest = len("#x10ffff;")
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "&")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, _, closed := strings.Cut(rest[:min(len(rest), longest)], ";")
		c, known := named[name]
		if number, numbered := strings.CutPrefix(name, "#"); numbered {
			c, known = numberedRune(number)
		}
		if text = rest; closed && known {
			b.WriteRune(c)
			text = rest[len(name)+1:]
		} else {
			b.WriteByte('&')
		}
	}
}

// numberedRune is the character of a number, decimal or after an x hexadecimal.
func numberedRune(number string) (rune, bool) {
	digits, hexadecimal := strings.CutPrefix(number, "x")
	base := 10
	if hexadecimal {
		base = 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && utf8.ValidRune(rune(n))
}

// fitsHost says that a bucket can stand in a host's name under AWS's certificates: one without dots can.
func fitsHost(bucket string) bool {
	for i := range len(bucket) {
		if c := bucket[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(bucket) >= 3 && len(bucket) <= 63
}

// url is where an object is: the bucket in the host's name, as AWS has it, or in the path, which is what emulators and the
// endpoints of VPCs take.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/dual-stack-endpoints.html
func (s *S3) url(bucket, key string) string {
	path := "/" + escapePath(key)
	if s.set.base != "" {
		return s.set.base + "/" + escapePath(bucket) + path
	}
	label := "s3"
	if s.set.fips {
		label += "-fips"
	}
	if s.set.dualStack {
		label += ".dualstack"
	}
	host := label + "." + s.client.region + "." + suffix(s.client.region, false)
	if !fitsHost(bucket) {
		return "https://" + host + "/" + escapePath(bucket) + path
	}
	return "https://" + bucket + "." + host + path
}

// escapePath escapes all that the signature has escaped: what isn't unreserved in RFC 3986, but for slashes.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func escapePath(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
		}
	}
	return b.String()
}
