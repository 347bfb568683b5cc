package awscall

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// URL is where an object of the client's region is read.
func (s *S3) URL(bucket, key string) string { return s.url(bucket, key) }

// Put writes an object of up to 5 GB, over one that is there. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (s *S3) Put(ctx context.Context, bucket, key string, body []byte) error {
	const operation = "PutObject"
	return s.send(ctx, operation, http.MethodPut, s.url(bucket, key), nil, body, done(operation))
}

// Delete deletes an object. One that isn't there is no error. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
func (s *S3) Delete(ctx context.Context, bucket, key string) error {
	const operation = "DeleteObject"
	return s.send(ctx, operation, http.MethodDelete, s.url(bucket, key), nil, nil, done(operation))
}

// List gives the keys of the first objects in a bucket, up to a thousand, in their order. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (s *S3) List(ctx context.Context, bucket string) ([]string, error) {
	const operation = "ListObjectsV2"
	query := url.Values{"list-type": {"2"}}
	var keys []string
	err := s.send(ctx, operation, http.MethodGet, s.url(bucket, "")+"?"+query.Encode(), nil, nil, func(resp *http.Response) error {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return &Error{Operation: operation, Status: resp.StatusCode, Err: err}
		}
		if resp.StatusCode/100 != 2 {
			return refusedByS3(operation, resp, body)
		}
		var page struct {
			Contents []struct{ Key string }
		}
		if err := xml.Unmarshal(body, &page); err != nil {
			return fmt.Errorf("%s: read the answer: %w", operation, err)
		}
		keys = nil
		for _, c := range page.Contents {
			keys = append(keys, c.Key)
		}
		return nil
	})
	return keys, err
}

// done reads an answer of which only matters that it is none of an error.
func done(operation string) func(*http.Response) error {
	return func(resp *http.Response) error {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return &Error{Operation: operation, Status: resp.StatusCode, Err: err}
		}
		if resp.StatusCode/100 != 2 {
			return refusedByS3(operation, resp, body)
		}
		return nil
	}
}
