//go:build e2e

package e2e

import (
	"fmt"
	"os/exec"
	"testing"
)

func TestMessagesAreExchangedWithTheServerOfNodesUsers(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	start(t, exec.Command("node", "testdata/websocket.js", fmt.Sprint(port)), []string{"NODE_PATH=" + program(t, "E2E_NODE_MODULES")})
	awaitConnection(t, address)
	exchange := func(name, steps string) string {
		return fmt.Sprintf("  - {name: %s, websocket: {path: /events, headers: {x-version: \"7\"}, exchange: [{expect: {json: {$.type: hello, $.path: /events, $.version: \"7\"}}}, %s]}}\n", name, steps)
	}
	runPlan(t, "  - {name: handshake, websocket: {path: /, subprotocols: [v1, v2]}, expect: {subprotocol: v2}}\n"+
		"  - {name: refused, websocket: {path: /, headers: {authorization: none}}, expect: {status: 401}}\n"+
		exchange("text", "{text: hi, expect: {text: hi}}")+
		exchange("JSON", "{json: {a: [1, 2]}, expect: {json: {$.a: [1, 2]}}}")+
		exchange("bytes", "{base64: AQID, expect: {base64: AQID}}")+
		exchange("parts", "{text: parts, expect: {text: in parts}}")+
		exchange("pong", "{text: pong, expect: {text: pong 42}}")+
		exchange("end", "{text: close, expect: {close: 4001}}")+
		exchange("own end", "{close: 3001, expect: {close: 3001}}")+
		exchange("unexpected end", "{text: close, expect: {text: x}}")+
		"  - {name: broken, retry: false, websocket: {path: /, exchange: [{text: die, expect: {close: 1000, skip: 1}}]}}\n"+
		exchange("nothing", "{expect: {text: x, within: 100ms}}"),
		"--green", "http://"+address,
	).hold(t, map[string]string{
		"handshake": "passed", "refused": "passed", "text": "passed", "JSON": "passed", "bytes": "passed", "parts": "passed", "pong": "passed", "end": "passed", "own end": "passed",
		"unexpected end": "failed: websocket ws://" + address + `/events: step 2: the connection is closed by the server with 4001 ("as you wish"), expected a message`,
		"broken":         "inconclusive: websocket ws://" + address + "/: step 1: the connection broke without a close frame",
		"nothing":        "inconclusive: websocket ws://" + address + "/events: step 2: a message didn't come within 100ms",
	})
}
