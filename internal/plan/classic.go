package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// ClassicName is where problems of the classic plan are said to be.
const ClassicName = EnvALBURL

// Classic writes the plan that needs no plan: HEAD for each of the comma-separated routes, 2 seconds each, any 2xx
// passes. Each route is asked, so that the log says of each how it is. The address may be a host, host:port or a URL.
func Classic(address, routes string) Source {
	var b strings.Builder
	fmt.Fprintf(&b, "version: %d\ngreen: %s\nkeep_going: true\nchecks:\n", Version, quote(strings.TrimSpace(address)))
	for _, route := range classicRoutes(routes) {
		fmt.Fprintf(&b, "  - http: %s\n    timeout: 2s\n", quote("HEAD "+route))
	}
	return Source{Name: ClassicName, Text: []byte(b.String())}
}

func classicRoutes(routes string) []string {
	var list []string
	for route := range strings.SplitSeq(routes, ",") {
		if route = strings.TrimSpace(route); route != "" {
			list = append(list, "/"+strings.TrimPrefix(route, "/"))
		}
	}
	if list == nil {
		return []string{"/"}
	}
	return list
}

// quote writes text as a YAML scalar that means just itself, braces included.
func quote(s string) string {
	return strconv.Quote(strings.ReplaceAll(s, "{{", `{{ '{{' }}`))
}
