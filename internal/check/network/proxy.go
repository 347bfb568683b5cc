package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// proxied says that it was the proxy that couldn't be reached.
func proxied(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return "the proxy of the environment (HTTP_PROXY, HTTPS_PROXY): "
	}
	return ""
}

// errProxy is a proxy that answered, and didn't connect.
var errProxy = errors.New("the proxy of the environment (HTTPS_PROXY) didn't connect")

// ByProxy says that a proxy answered in place of what it should have connected to.
func ByProxy(err error) bool { return errors.Is(err, errProxy) }

// ProxyAnswer is for http.Transport.OnProxyConnectResponse: how a proxy answers CONNECT.
func ProxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("%w: it answered %d", errProxy, answer.StatusCode)
}
