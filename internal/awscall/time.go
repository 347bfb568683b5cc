package awscall

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// A Time is written as services of JSON write times: seconds since 1970, with a fraction. What isn't there is the zero Time.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#shape-serialization
type Time struct{ time.Time }

// MarshalJSON writes the time to the millisecond, which is as exact as services are.
func (t Time) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(t.UnixMilli()) / 1000)
}

// UnmarshalJSON reads a time, or null for none.
func (t *Time) UnmarshalJSON(text []byte) error {
	var seconds *float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return fmt.Errorf("%s is no time: %w", text, err)
	}
	if seconds == nil {
		*t = Time{}
		return nil
	}
	const most = 1e11 // the year 5138
	if math.Abs(*seconds) > most {
		return fmt.Errorf("%s is no time", text)
	}
	*t = Time{time.UnixMilli(int64(math.Round(*seconds * 1000))).UTC()}
	return nil
}
