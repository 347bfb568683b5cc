package verify

import (
	"context"
	"fmt"
	"time"
)

// poll asks every so often until it is done, or the time for it is over.
func (v *Verification) poll(ctx context.Context, what string, every, atMost time.Duration, done func() (bool, error)) error {
	for began := v.Clock.Now(); ; {
		is, err := done()
		switch {
		case is || err != nil:
			return err
		case v.Clock.Now().Sub(began) >= atMost:
			return fmt.Errorf("waiting for %s: it isn't after %v", what, atMost)
		}
		if err := v.Clock.Wait(ctx, every); err != nil {
			return err
		}
	}
}
