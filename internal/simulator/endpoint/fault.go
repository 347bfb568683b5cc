package endpoint

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"time"
)

// Fault stands between clients and a service and misbehaves: it answers in the service's place, in its protocol, or
// around it. Faults nest.
type Fault func(s Service, next http.Handler) http.Handler

// Throttle answers that the client calls too often, in the words of the service's protocol.
func Throttle() Fault {
	return func(s Service, _ http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			switch s.Protocol {
			case JSON11:
				s.refuse(w, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
			case Query:
				s.refuse(w, http.StatusBadRequest, "Throttling", "Rate exceeded")
			case RESTJSON:
				s.refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
			}
		})
	}
}

// InternalError answers 500, as a service does that is broken.
func InternalError() Fault {
	return func(s Service, _ http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			code := "InternalFailure"
			if s.Protocol == RESTJSON {
				code = "ServiceException"
			}
			s.refuse(w, http.StatusInternalServerError, code, "The service has failed.")
		})
	}
}

// Garbage answers 200 with a body that is neither JSON nor XML.
func Garbage() Fault {
	return func(s Service, _ http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			s.begin(w, http.StatusOK)
			_, _ = io.WriteString(w, "<html>not what was asked for")
		})
	}
}

// DropBefore resets the connection and does nothing of what was asked.
func DropBefore() Fault {
	return func(Service, http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reset(w) })
	}
}

// DropAfter does what was asked and resets the connection in place of the answer.
func DropAfter() Fault {
	return func(_ Service, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&lostAnswer{header: http.Header{}}, r)
			reset(w)
		})
	}
}

// Hang never answers; the request ends when the client gives up or the server closes.
func Hang() Fault {
	return func(Service, http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// The server only notices that a client leaves once the body has been read.
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
	}
}

// Slow answers after d of real time.
func Slow(d time.Duration) Fault {
	return func(_ Service, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body) // the server only notices that a client leaves once it has been read
			r.Body = io.NopCloser(bytes.NewReader(body))
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				if err == nil {
					next.ServeHTTP(w, r)
				}
			case <-r.Context().Done():
			}
		})
	}
}

// lostAnswer is a response writer whose answer reaches nobody.
type lostAnswer struct{ header http.Header }

func (l *lostAnswer) Header() http.Header         { return l.header }
func (l *lostAnswer) Write(b []byte) (int, error) { return len(b), nil }
func (l *lostAnswer) WriteHeader(int)             {}

// reset breaks the connection off so that the client sees a reset, not a tidy end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 and the like: the server breaks the exchange off
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
