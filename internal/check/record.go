package check

import "net/http"

// Recorder hears what a check asks and what it is answered, as it was said: with all secrets in it. It is called by each of a
// check's goroutines in turn, and keeps neither what it is given nor a part of it longer than a call, but for bodies.
type Recorder interface {
	// Exchanged is a request, with what came of it.
	Exchanged(Exchange)
	// Captured is a value that was taken out of the answer before.
	Captured(name string, value any)
}

// Exchange is a request as it was sent, with as much of its answer as came.
type Exchange struct {
	Request *http.Request
	// RequestBody is the request's.
	RequestBody []byte
	// Reached: a connection was made.
	Reached bool
	// Answer is the answer's head; nil: none came.
	Answer *http.Response
	// Body is the answer's, decoded, as far as it was read.
	Body []byte
	// Coding is one that the body is in still; empty: none.
	Coding string
	// Cut: the body is longer than what is read of one.
	Cut bool
	// Err is why there is no whole answer.
	Err error
}
