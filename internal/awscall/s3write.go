package awscall

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
)

// URL is where an object of the client's region is read.
func (s *S3) URL(bucket, key string) string { return s.url(bucket, key) }

// Put writes an object of up to 5 GB, over one that is there. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (s *S3) Put(ctx context.Context, bucket, key string, body []byte) error {
	return s.send(ctx, s3Request{"PutObject", http.MethodPut, s.url(bucket, key), nil, body, maxAnswer}, nothing)
}

// Delete deletes an object. One that isn't there is no error. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
func (s *S3) Delete(ctx context.Context, bucket, key string) error {
	return s.send(ctx, s3Request{"DeleteObject", http.MethodDelete, s.url(bucket, key), nil, nil, maxAnswer}, nothing)
}

// List gives the keys of the first objects in a bucket, up to a thousand, in their order. Errors of the service are [*Error]s.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (s *S3) List(ctx context.Context, bucket string) ([]string, error) {
	const operation = "ListObjectsV2"
	query := url.Values{"list-type": {"2"}}
	var keys []string
	err := s.send(ctx, s3Request{operation, http.MethodGet, s.url(bucket, "") + "?" + query.Encode(), nil, nil, maxAnswer}, func(a Answer) error {
		var page struct {
			Contents []struct{ Key string }
		}
		if err := xml.Unmarshal(a.Body, &page); err != nil {
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

// nothing is what is read of an answer that says only that it was done.
func nothing(Answer) error { return nil }
