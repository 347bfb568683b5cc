package awscall

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithytime "github.com/aws/smithy-go/time"
)

// maxBackoff is the longest pause between two attempts. The SDK's 20 s would waste most of what a hook has: throttling of
// reads passes within a second or two.
const maxBackoff = 2 * time.Second

// A Retryer is the SDK's, bounded by the context in place of a number of attempts: it stops where a pause wouldn't end
// before the deadline, so that the caller learns what went wrong and not just that time was up.
type Retryer struct{ *retry.Standard }

// NewRetryer makes one. Its token bucket is the SDK's: about a hundred retries that all fail empty it.
func NewRetryer() *Retryer {
	return &Retryer{retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = 0, maxBackoff
	})}
}

var errNoTime = errors.New("no time is left for a retry")

// GetRetryToken refuses a retry that the context has no time for.
func (r *Retryer) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= maxBackoff {
		return nil, errNoTime
	}
	return r.Standard.GetRetryToken(ctx, err)
}

var _ aws.RetryerV2 = (*Retryer)(nil)

// retried makes attempts until one succeeds, fails for good, or has no time left after it.
func (c *Client) retried(ctx context.Context, once func() error) error {
	release := func(error) error { return nil }
	for attempt := 1; ; attempt++ {
		err := once()
		_ = release(err) // a retry that succeeds gives its token back
		if err == nil || !c.retryer.IsErrorRetryable(err) {
			return err
		}
		var refused error
		if release, refused = c.retryer.GetRetryToken(ctx, err); refused != nil {
			return errors.Join(err, refused)
		}
		delay, refused := c.retryer.RetryDelay(attempt, err)
		if refused != nil {
			return errors.Join(err, refused)
		}
		if smithytime.SleepWithContext(ctx, delay) != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
}
