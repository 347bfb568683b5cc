package openapi

import (
	"net/url"
	"strings"
)

// route is a path template, cut at its slashes.
type route []string

// routes are the ways to a path: as it is, and behind each server's path.
func routes(path string, servers []string) []route {
	all := []route{strings.Split(path, "/")}
	for _, server := range servers {
		if server != "" {
			all = append(all, strings.Split(server+path, "/"))
		}
	}
	return all
}

// fits says whether an escaped path is one of the route's.
func (r route) fits(path string) bool {
	segments := strings.Split(path, "/")
	if len(segments) != len(r) {
		return false
	}
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil || !segmentFits(r[i], plain) {
			return false
		}
	}
	return true
}

// segmentFits matches one segment; each {parameter} of its template stands for one character at least.
func segmentFits(template, s string) bool {
	before, rest, found := strings.Cut(template, "{")
	if !found {
		return template == s
	}
	_, after, closed := strings.Cut(rest, "}")
	if !closed {
		return template == s
	}
	s, ok := strings.CutPrefix(s, before)
	if !ok || s == "" {
		return false
	}
	if !strings.Contains(after, "{") {
		return strings.HasSuffix(s[1:], after)
	}
	for i := 1; i <= len(s); i++ {
		if segmentFits(after, s[i:]) {
			return true
		}
	}
	return false
}

// closer says whether the route names more of a path than another does, from its beginning on.
func (r route) closer(other route) bool {
	for i := range min(len(r), len(other)) {
		a, b := strings.Contains(r[i], "{"), strings.Contains(other[i], "{")
		if a != b {
			return b
		}
	}
	return false
}
