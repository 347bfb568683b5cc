// Package loopback finds ports of this machine for programs that can't take port 0 and say which one they got.
package loopback

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports that are given out. Systems hand out none of these by themselves (Linux from 32768, others from 49152), so that
// no connection and no listener on port 0 gets one before the program that it is for has begun to listen.
const (
	first = 20000
	last  = 32767
)

// Port gives a port of 127.0.0.1 that nobody listens on. It is not held: a program that was told to listen on the same one
// may take it.
func Port(ctx context.Context) (int, error) {
	const tries = 100
	var err error
	for range tries {
		port := first + rand.IntN(last-first+1) //nolint:gosec // nothing is secured by it
		var socket net.Listener
		if socket, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
			continue
		}
		if err = socket.Close(); err != nil {
			break
		}
		return port, nil
	}
	return 0, fmt.Errorf("finding a free port of 127.0.0.1 between %d and %d: %w", first, last, err)
}
