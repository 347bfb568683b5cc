package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// runtimeAPI is the Lambda Runtime API for one start of a bootstrap, with the moments at which things happened.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	server *http.Server
	addr   string

	asked    chan time.Time // a …/next came
	events   chan []byte    // what …/next is answered with
	handed   chan time.Time // the event began to be written
	answered chan answer    // the bootstrap posted
}

// answer is what a bootstrap posted to …/response or to …/error.
type answer struct {
	at     time.Time
	failed bool
	body   string
}

func serveRuntimeAPI() (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a loopback listener opens at once
	if err != nil {
		return nil, fmt.Errorf("opening the Runtime API: %w", err)
	}
	api := &runtimeAPI{
		addr:  listener.Addr().String(),
		asked: make(chan time.Time, 8), events: make(chan []byte), handed: make(chan time.Time, 8), answered: make(chan answer, 8),
	}
	const root = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"/invocation/next", api.next)
	mux.HandleFunc("POST "+root+"/invocation/{id}/response", api.answer(false))
	mux.HandleFunc("POST "+root+"/invocation/{id}/error", api.answer(true))
	mux.HandleFunc("POST "+root+"/init/error", api.answer(true))
	api.server = &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	go func() { _ = api.server.Serve(listener) }()
	return api, nil
}

func (api *runtimeAPI) close() { _ = api.server.Close() }

func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	api.asked <- time.Now()
	select {
	case event := <-api.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(event)))
		h.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(patience).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:"+functionName)
		api.handed <- time.Now()
		_, _ = w.Write(event)
	case <-r.Context().Done():
	}
}

func (api *runtimeAPI) answer(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the bootstrap went away while it sent
		}
		api.answered <- answer{at: at, failed: failed, body: string(body)}
		w.WriteHeader(http.StatusAccepted)
	}
}
