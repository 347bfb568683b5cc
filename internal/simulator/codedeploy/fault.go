package codedeploy

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Fault stands between clients and an endpoint and misbehaves: it answers in the
// endpoint's place, or around it. Faults are plain middleware and nest.
type Fault func(next http.Handler) http.Handler

// Faults is an endpoint whose fault can be switched while it serves. Its zero value isn't
// ready; use [NewFaults].
type Faults struct {
	healthy http.Handler
	current atomic.Pointer[http.Handler]
}

// NewFaults returns the endpoint without a fault.
func NewFaults(endpoint http.Handler) *Faults {
	f := &Faults{healthy: endpoint}
	f.Inject(nil)
	return f
}

// Inject puts a fault in place of the one before it; nil ends all faults.
func (f *Faults) Inject(fault Fault) {
	handler := f.healthy
	if fault != nil {
		handler = fault(f.healthy)
	}
	f.current.Store(&handler)
}

// ServeHTTP answers with the fault that is in place when the request comes.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*f.current.Load()).ServeHTTP(w, r)
}

// Throttle answers that the client calls too often.
func Throttle() Fault {
	return Refuse(&APIError{Code: "ThrottlingException", Message: "Rate exceeded"})
}

// Refuse answers with an error of CodeDeploy's, whatever is asked.
func Refuse(e *APIError) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { protocol.WriteError(w, http.StatusBadRequest, e) })
	}
}

// InternalError answers 500, as a service does that is broken.
func InternalError() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			protocol.WriteError(w, http.StatusInternalServerError, &APIError{Code: serviceFailure, Message: "The service has failed."})
		})
	}
}

// Garbage answers 200 with a body that isn't JSON.
func Garbage() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			protocol.WriteJSON(w, http.StatusOK, []byte("<html>not what was asked for"))
		})
	}
}

// DropBefore resets the connection and does nothing of what was asked.
func DropBefore() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reset(w) })
	}
}

// DropAfter does what was asked and resets the connection in place of the answer.
func DropAfter() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&lostAnswer{header: http.Header{}}, r)
			reset(w)
		})
	}
}

// Hang never answers; the request ends when the client gives up or the server closes.
func Hang() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// The server only notices that a client leaves once the body has been read.
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
	}
}

// Slow answers after d of real time.
func Slow(d time.Duration) Fault {
	return func(next http.Handler) http.Handler {
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

// Rate has a fault befall a share of the requests, above 0 to 1, spread evenly.
func Rate(share float64, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		var mu sync.Mutex
		owed := 0.0
		faulty := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			owed += share
			due := owed > 1-1e-9
			if due {
				owed--
			}
			mu.Unlock()
			if due {
				faulty.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Times has a fault befall the next n requests only.
func Times(n int, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		var seen atomic.Int64
		faulty := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) <= int64(n) {
				faulty.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// For has a fault last until d has passed since the first request that it befell.
func For(c clock.Clock, d time.Duration, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		var began atomic.Pointer[time.Time]
		faulty := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			now := c.Now()
			began.CompareAndSwap(nil, &now)
			if now.Sub(*began.Load()) < d {
				faulty.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Only has a fault befall one operation, such as PutLifecycleEventHookExecutionStatus.
func Only(operation string, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		faulty := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, asked, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); asked == operation {
				faulty.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
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
