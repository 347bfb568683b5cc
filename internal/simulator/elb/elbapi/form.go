package elbapi

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// form is the parameters of a Query request, or those of one of its structures:
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#input-serialization.
type form struct {
	values url.Values
	prefix string // empty, or ends in a dot
}

// text is a parameter, empty where it is missing.
func (f form) text(name string) string { return f.values.Get(f.prefix + name) }

// within is a structure.
func (f form) within(name string) form { return form{f.values, f.prefix + name + "."} }

// has tells whether a parameter, or one of a structure, is there.
func (f form) has(name string) bool {
	name = f.prefix + name
	for key := range f.values {
		if rest, found := strings.CutPrefix(key, name); found && (rest == "" || rest[0] == '.') {
			return true
		}
	}
	return false
}

// number is a parameter that must be a number where it is there; else it is 0.
func (f form) number(name string) (int, error) {
	if f.text(name) == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(f.text(name))
	if err != nil {
		return 0, invalid("%s%s must be a number, not %q", f.prefix, name, f.text(name))
	}
	return n, nil
}

// list is the structures of a list.
func (f form) list(name string) []form {
	var members []form
	for i := 1; f.has(fmt.Sprintf("%s.member.%d", name, i)); i++ {
		members = append(members, f.within(fmt.Sprintf("%s.member.%d", name, i)))
	}
	return members
}

// texts is a list of strings.
func (f form) texts(name string) []string {
	var members []string
	for i := 1; f.has(fmt.Sprintf("%s.member.%d", name, i)); i++ {
		members = append(members, f.text(fmt.Sprintf("%s.member.%d", name, i)))
	}
	return members
}

// needs refuses a request that leaves a required parameter out.
func (f form) needs(names ...string) error {
	for _, name := range names {
		if !f.has(name) {
			return invalid("%s%s is required", f.prefix, name)
		}
	}
	return nil
}

func refuse(code, format string, args ...any) error {
	return &elb.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error { return refuse(elb.CodeValidation, format, args...) }
