// Command least is the least Go program that speaks the Lambda Runtime API: it asks for the next event and posts an
// answer, with net/http and nothing else. What greenlight pays before its first event is held against it.
//
// With OPEN_CONNECTIONS set it first opens so many TLS connections to CodeDeploy's endpoint, side by side as greenlight does, so
// that the two can be compared with and without them.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

func main() {
	n, _ := strconv.Atoi(os.Getenv("OPEN_CONNECTIONS")) // not set: none
	var opening sync.WaitGroup
	for range n {
		opening.Go(func() {
			if err := open(context.Background(), os.Getenv("AWS_ENDPOINT_URL_CODEDEPLOY")); err != nil {
				fmt.Fprintln(os.Stderr, "least:", err)
				os.Exit(1)
			}
		})
	}
	opening.Wait()
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		if err := serveOne(context.Background(), api); err != nil {
			fmt.Fprintln(os.Stderr, "least:", err)
			os.Exit(1)
		}
	}
}

func open(ctx context.Context, endpoint string) error {
	conn, err := new(tls.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(endpoint, "https://"))
	if err != nil {
		return fmt.Errorf("opening a connection to %s: %w", endpoint, err)
	}
	_ = conn // kept open, as greenlight keeps its own
	return nil
}

func serveOne(ctx context.Context, api string) error {
	header, err := send(ctx, http.MethodGet, api+"next", "")
	if err != nil {
		return err
	}
	_, err = send(ctx, http.MethodPost, api+header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "null")
	return err
}

func send(ctx context.Context, method, url, body string) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Header, err
}
