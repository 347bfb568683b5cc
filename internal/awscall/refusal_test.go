package awscall_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// FuzzRefusal: whatever a service refuses a call with, the error has a code, and is told in one line. The answers of S3 in testdata
// are moto's.
func FuzzRefusal(f *testing.F) {
	for _, seed := range []string{
		`{"__type":"com.amazonaws.ecs#AccessDeniedException","Message":"no"}`, `{"code":"ThrottlingException:http://internal.amazon.com/","message":null}`, `{"__type":"a\nb"}`, `<html>`, ``,
		`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := &answering{answers: []answer{{status: http.StatusBadRequest, body: body}}}
		cfg := aws.Config{
			Region: "eu-west-1", HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token"),
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // no time for a retry
		defer cancel()
		_, ofS3 := awscall.NewS3(cfg).Get(ctx, "plans", "k", "", 1<<20)
		for _, err := range []error{awscall.New(cfg, awscall.ECS).Call(ctx, "Op", struct{}{}, &struct{}{}), ofS3} {
			var e *awscall.Error
			if !errors.As(err, &e) || e.ErrorCode() == "" || strings.ContainsAny(awscall.Plain(err), "\r\n") {
				t.Errorf("%q is told as %v", body, err)
			}
		}
	})
}

// FuzzMessageOfS3: what S3, or a server that speaks for it, says between its tags is what is told.
func FuzzMessageOfS3(f *testing.F) {
	f.Add("Access Denied")
	f.Add(`the key "a<b>&'c" doesn't exist`)
	f.Add("&amp;lt;")
	f.Fuzz(func(t *testing.T, message string) {
		if !utf8.ValidString(message) || strings.ContainsFunc(message, func(r rune) bool { return r < ' ' || r > 0xfffd && r < 0x10000 }) {
			return // XML has no such characters, or writes them as it likes
		}
		var escaped bytes.Buffer
		if err := xml.EscapeText(&escaped, []byte(message)); err != nil {
			t.Fatal(err)
		}
		a := &answering{answers: []answer{{status: http.StatusForbidden, body: "<Error><Code>AccessDenied</Code><Message>" + escaped.String() + "</Message></Error>"}}}
		_, err := awscall.NewS3(aws.Config{
			Region: "eu-west-1", HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token"),
		}).Get(t.Context(), "plans", "k", "", 1<<20)
		var e *awscall.Error
		if !errors.As(err, &e) || e.Code != "AccessDenied" || e.Message != message {
			t.Errorf("%q is told as %v", message, err)
		}
	})
}
