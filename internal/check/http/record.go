package httpcheck

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// record tells a recorder of an exchange. A redirect that isn't followed is a whole answer all the same.
func (r *run) record(x *exchange) {
	if r.scope.Recorder == nil || x.sent == nil {
		return
	}
	err := x.err
	if wrong := misled(""); x.answer != nil && errors.As(err, &wrong) {
		err = nil
	}
	r.scope.Recorder.Exchanged(check.Exchange{
		Request: x.sent, RequestBody: x.hop.body, Reached: x.trace.Connected(), Answer: x.answer, Body: x.body, Coding: x.coding, Cut: x.cut, Err: err,
	})
}

// IsSecretHeader says that a header's value is never shown: who reads it can act for somebody. The name is in any case.
func IsSecretHeader(name string) bool {
	return slices.ContainsFunc(secretHeaders, func(secret string) bool { return strings.EqualFold(secret, name) })
}

// secretNames matches what is called a password or token.
var secretNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^` + secretName + `$`) })

// IsSecretName says that a key of JSON, of a form or of a query is called a password, token, secret or the like, whose value isn't
// shown.
func IsSecretName(key string) bool { return secretNames().MatchString(key) }
