package loopback_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/loopback"
)

func TestAPortCanBeListenedOnAndIsNoneThatTheSystemHandsOut(t *testing.T) {
	for range 20 {
		port, err := loopback.Port(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		socket, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
		if port >= 32768 {
			t.Errorf("%d is one that the system hands out", port)
		}
	}
}
