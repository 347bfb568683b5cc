package endpoint

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// setting is how the endpoint's clock goes, and whether it checks signatures.
type setting struct {
	skew   time.Duration
	verify bool
}

// SetClock has the endpoint's clock go skew ahead of the machine's, and signatures checked or only read. With another
// time than the machine's, requests that were signed more than five minutes off are refused in any case, as AWS does.
func (e *Endpoint) SetClock(skew time.Duration, verify bool) { e.setting.Store(&setting{skew, verify}) }

// admit says what is wrong with a request's signature or time, after the setting that is in force.
func (e *Endpoint) admit(w http.ResponseWriter, r *http.Request) error {
	s := e.setting.Load()
	if s == nil || *s == (setting{}) {
		return nil
	}
	machine := time.Now
	if e.Now != nil {
		machine = e.Now
	}
	now := func() time.Time { return machine().Add(s.skew) }
	w.Header().Set("Date", now().UTC().Format(http.TimeFormat)) // by which SDKs correct their own clock
	v := Verifier{Now: now}
	if !s.verify || e.Credentials == nil {
		return v.verifyTime(r)
	}
	credentials := e.Credentials()
	v.AccessKey, v.SecretKey = credentials.AccessKeyID, credentials.SecretAccessKey
	return v.Verify(r)
}

// Credentials are what requests are to be signed with, where that is checked.
type Credentials func() aws.Credentials
