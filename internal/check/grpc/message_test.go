package grpccheck

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func TestARequestIsThatOfTheProtocol(t *testing.T) {
	for _, service := range []string{"", "shop.v1.Cart", strings.Repeat("s", 300)} {
		var got healthpb.HealthCheckRequest
		framed := request(service)
		if err := proto.Unmarshal(framed[5:], &got); err != nil || got.GetService() != service {
			t.Errorf("%q is asked for as %q, %v", service, got.GetService(), err)
		}
		if size := int(framed[3])<<8 | int(framed[4]); framed[0] != 0 || size != len(framed)-5 {
			t.Errorf("the frame of %q is %v", service, framed[:5])
		}
	}
}

func TestTheTimeThatIsLeftIsWrittenInEightDigits(t *testing.T) {
	for left, want := range map[time.Duration]string{0: "", -time.Second: "1m", time.Hour: "m", 365 * 24 * time.Hour: "S"} {
		ctx := context.Background()
		if left != 0 {
			var cancel func()
			ctx, cancel = context.WithTimeout(ctx, left)
			defer cancel()
		}
		if got := timeout(ctx); !strings.HasSuffix(got, want) || len(got) > 9 || want == "" && got != "" {
			t.Errorf("%s is written %q", left, got)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, s := range []healthpb.HealthCheckResponse_ServingStatus{0, 1, 2, 3, 9, -1} {
		message, err := proto.Marshal(&healthpb.HealthCheckResponse{Status: s})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte{0, 0, 0, 0, byte(len(message))}, message...))
	}
	f.Add([]byte("\x00\x00\x00\x00\x07\x12\x03abc\x08\x01"))
	f.Add([]byte("\x00\x00\x00\x00\x0b\x08\xff\xff\xff\xff\x80\xff\xff\xff\xff\x01")) // a status of more than 32 bits
	f.Add([]byte("\x01\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, framed []byte) {
		got, err := response(bytes.NewReader(framed))
		if err != nil {
			return
		}
		// What is taken means what it means to protobuf's own reader, where that takes it too.
		var same healthpb.HealthCheckResponse
		if proto.Unmarshal(framed[5:], &same) == nil && got != statusOf(uint64(uint32(same.GetStatus()))) {
			t.Errorf("%x is read as %s, and is %s", framed, got, same.GetStatus())
		}
	})
}

// FuzzEnd: how a call ended is told in one line, and a message that a server has escaped is the one that it meant. The seeds are those
// of grpc-go, and of the protocol's page: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
func FuzzEnd(f *testing.F) {
	f.Add("0", "")
	f.Add("5", "unknown service")
	f.Add("12", "unknown service grpc.health.v1.Health")
	f.Add("14", "name%20resolver%3A%0A%E2%98%BA 100%")
	f.Add("-1", "%zz")
	f.Fuzz(func(t *testing.T, number, message string) {
		h := http.Header{"Grpc-Status": {number}, "Grpc-Message": {message}}
		end, known := endOf(h)
		if !known {
			return
		}
		for _, balancer := range []bool{true, false} {
			if p := end.problem("shop", balancer); strings.ContainsAny(p.Reason, "\r\n") {
				t.Errorf("%q with %q is told as %q", number, message, p.Reason)
			}
		}
		h.Set("Grpc-Message", url.PathEscape(message))
		if again, _ := endOf(h); again.message != message || again.code != end.code {
			t.Errorf("%q comes as %q", message, again.message)
		}
	})
}
