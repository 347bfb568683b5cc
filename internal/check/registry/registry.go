// Package registry lists the kinds of check that this binary has.
package registry

import (
	"github.com/greenlight-deploy/greenlight/internal/check"
	dnscheck "github.com/greenlight-deploy/greenlight/internal/check/dns"
	grpccheck "github.com/greenlight-deploy/greenlight/internal/check/grpc"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	tcpcheck "github.com/greenlight-deploy/greenlight/internal/check/tcp"
	tlscheck "github.com/greenlight-deploy/greenlight/internal/check/tls"
	websocketcheck "github.com/greenlight-deploy/greenlight/internal/check/websocket"
)

// Kinds are all kinds of check, one line for each.
func Kinds() []check.Kind {
	return []check.Kind{
		httpcheck.Kind(httpcheck.System()),
		tcpcheck.Kind(network.System()),
		tlscheck.Kind(network.System()),
		dnscheck.Kind(network.System(), dnscheck.SystemServers),
		grpccheck.Kind(network.System()),
		websocketcheck.Kind(network.System()),
	}
}
