package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// prefix begins the names of all that is made.
const prefix = "greenlight-verify-"

// NewName is a name for a verification that no other has.
func NewName() string { return prefix + strings.ToLower(rand.Text()[:6]) }

// groundSuffix ends the name of the stack that the others stand on, which goes last.
const groundSuffix = "-ground"

// tearDown takes away what was made. What can't be is in the error, and stays in v.stacks.
func (v *Verification) tearDown(ctx context.Context) error {
	v.mu.Lock()
	stacks, definitions, bucket := slices.Clone(v.stacks), slices.Clone(v.taskDefinitions), v.bucket
	v.mu.Unlock()
	var errs []error
	for _, arn := range definitions {
		if _, err := v.Account.deregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn}); err != nil {
			errs = append(errs, fmt.Errorf("deregistering %s: %w", arn, err))
		}
	}
	return errors.Join(append(errs, v.removeAll(ctx, stacks, bucket))...)
}

// removeAll deletes the examples' stacks, side by side, and then what they stood on.
func (v *Verification) removeAll(ctx context.Context, stacks []string, bucket string) error {
	var mu sync.Mutex
	var errs []error
	remove := func(name string) {
		v.tell(about(name), "deleting %s", name)
		err := v.remove(ctx, name)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			errs = append(errs, err)
			v.tell(about(name), "%s", err)
			return
		}
		v.gone(name)
		v.tell(about(name), "it is gone")
	}
	var all sync.WaitGroup
	for _, name := range stacks {
		if !strings.HasSuffix(name, groundSuffix) {
			all.Go(func() { remove(name) })
		}
	}
	all.Wait()
	for _, name := range stacks {
		if !strings.HasSuffix(name, groundSuffix) {
			continue
		}
		if bucket != "" {
			if err := v.empty(ctx, bucket); err != nil {
				errs = append(errs, err)
			}
		}
		remove(name)
	}
	return errors.Join(errs...)
}

// about is what a stack's name ends in: the contract, or ground.
func about(stack string) string {
	_, of, _ := strings.Cut(strings.TrimPrefix(stack, prefix), "-")
	return of
}

// Leftovers are the names of the stacks that earlier verifications left in the account, because they were to or were cut off.
func (a *Account) Leftovers(ctx context.Context) ([]string, error) {
	tagged, err := a.tagged(ctx)
	var all []string
	for _, stacks := range tagged {
		all = append(all, stacks...)
	}
	slices.Sort(all)
	return all, err
}

// CleanUp takes away what earlier verifications left.
func (v *Verification) CleanUp(ctx context.Context) error {
	v.began = v.Clock.Now()
	tagged, err := v.Account.tagged(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, stacks := range tagged {
		bucket := ""
		for _, name := range stacks {
			if !strings.HasSuffix(name, groundSuffix) {
				continue
			}
			there, err := v.stack(ctx, name)
			if err != nil {
				return err
			}
			bucket = outputs(there)["Bucket"]
		}
		errs = append(errs, v.removeAll(ctx, stacks, bucket))
	}
	return errors.Join(errs...)
}
