package dnscheck

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
)

// wait is for one server, over UDP: a datagram may be lost.
const wait = time.Second

// rounds bounds how often servers that don't answer are asked. The check's time is over before, as a rule.
const rounds = 30

// resolver asks one question.
type resolver struct {
	asking *network.Asking
	name   string
	kind   recordType
	// accept is the code that is expected: a server that gives it isn't asked past.
	accept rcode
	began  time.Time
}

// ask asks the servers in turn until one answers, and gives the one that did, or was asked last. A server that failed
// (SERVFAIL) is taken at its word only when no other one answers: one whose datagram may be lost is asked again before.
func (r *resolver) ask(ctx context.Context, servers []string) (answer, string, error) {
	r.began = time.Now()
	var last error
	var failed *answer
	var failedBy string
	for range rounds {
		lost := false
		var by string
		for _, server := range servers {
			by = server
			a, err := r.exchange(ctx, server)
			switch {
			case err == nil && a.rcode == servFail && r.accept != servFail:
				failed, failedBy = &a, server
			case err == nil, errors.As(err, new(malformed)):
				return a, server, err
			case ctx.Err() != nil && failed != nil && !errors.Is(ctx.Err(), context.Canceled):
				return *failed, failedBy, nil
			case ctx.Err() != nil:
				return answer{}, server, err
			default:
				lost, last = lost || network.TimedOut(err), err
			}
		}
		switch {
		case lost:
		case failed != nil:
			return *failed, failedBy, nil
		default:
			return answer{}, by, last
		}
	}
	if failed != nil {
		return *failed, failedBy, nil
	}
	return answer{}, servers[len(servers)-1], last
}

// exchange asks one server.
func (r *resolver) exchange(ctx context.Context, server string) (answer, error) {
	a, err := r.udp(ctx, server, true)
	if err == nil && a.rcode == formErr && r.accept != formErr {
		a, err = r.udp(ctx, server, false)
	}
	if err == nil && a.truncated {
		return r.tcp(ctx, server)
	}
	return a, err
}

func (r *resolver) question(edns bool) (id uint16, message []byte, err error) {
	var random [2]byte
	_, _ = rand.Read(random[:]) // never fails
	id = binary.BigEndian.Uint16(random[:])
	message, err = pack(id, r.name, r.kind, edns)
	return id, message, err
}

// udp asks in a datagram. What comes and doesn't answer the question isn't looked at: it may be anybody's.
func (r *resolver) udp(ctx context.Context, server string, edns bool) (answer, error) {
	id, message, err := r.question(edns)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := r.asking.Network.ConnectUDP(r.asking.Trace.In(ctx), server)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(message); err != nil {
		return answer{}, err
	}
	r.asking.Trace.Sent()
	buffer := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return answer{}, err
		}
		a, err := parse(buffer[:n], id, r.name, r.kind)
		if errors.Is(err, errStray) {
			continue
		}
		r.asking.Trace.Received()
		return a, err
	}
}

// tcp asks on a connection, where an answer has up to 64 KiB.
func (r *resolver) tcp(ctx context.Context, server string) (answer, error) {
	id, message, err := r.question(true)
	if err != nil {
		return answer{}, err
	}
	conn, err := r.asking.Network.Connect(r.asking.Trace.In(ctx), server)
	if err != nil {
		return answer{}, overTCP(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(framed(message)); err != nil {
		return answer{}, overTCP(err)
	}
	whole, err := readFramed(conn)
	if err != nil {
		return answer{}, overTCP(err)
	}
	a, err := parse(whole, id, r.name, r.kind)
	switch {
	case errors.Is(err, errStray):
		return answer{}, malformed{err}
	case err == nil && a.truncated:
		return answer{}, malformed{errors.New("it is cut off, over TCP too")}
	}
	return a, err
}

// errOverTCP marks what went wrong after an answer over UDP had been cut off.
var errOverTCP = errors.New("over TCP, for the answer is too long for a datagram")

func overTCP(err error) error { return fmt.Errorf("%w: %w", errOverTCP, err) }

func readFramed(conn net.Conn) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(conn, message)
	return message, err
}
