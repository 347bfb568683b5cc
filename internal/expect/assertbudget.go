package expect

import (
	"context"
	"errors"
	"fmt"
)

// maxSteps bounds an evaluation: turns of loops, with what they look at. An answer of the most that is read has fewer
// values, so that one loop over it always fits; a loop in a loop over all of it is a mistake that would take minutes.
const maxSteps = 2_000_000

// maxText bounds texts that are built in a loop, in bytes.
const maxText = 4 << 20

// budget is what an evaluation may still spend.
type budget struct {
	ctx  context.Context
	left int
}

func newBudget(ctx context.Context) *budget { return &budget{ctx: ctx, left: maxSteps} }

var errCostly = fmt.Errorf("the expression takes more than %d steps on this answer", maxSteps)

// step pays for one turn of a loop that gave this value.
func (b *budget) step(value any) error {
	if text, ok := value.(string); ok && len(text) > maxText {
		return fmt.Errorf("the expression builds a text of over %d bytes", maxText)
	}
	b.left--
	return b.check()
}

// charge pays for a walk through all of a value.
func (b *budget) charge(value any) error {
	before := b.left
	b.walk(value)
	if b.left == before {
		return nil
	}
	return b.check()
}

func (b *budget) check() error {
	if b.left < 0 {
		return errCostly
	}
	if b.left%4096 == 0 && b.ctx.Err() != nil {
		return errors.New("the time was up before the expression was evaluated")
	}
	return nil
}

// walk counts the values in a value, and the characters of a text as if 64 of them were one; it stops when too much is
// spent.
func (b *budget) walk(value any) {
	switch v := value.(type) {
	case string:
		b.left -= len(v) / 64
	case []any:
		for _, item := range v {
			if b.left--; b.left < 0 {
				return
			}
			b.walk(item)
		}
	case map[string]any:
		for _, item := range v {
			if b.left--; b.left < 0 {
				return
			}
			b.walk(item)
		}
	}
}
