package doctor

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// page is a part of a list.
type page[T any] struct {
	items []T
	// more says that a further page follows, and next is its token.
	more bool
	next string
}

// byToken is a page of a service that has a token for the next one where there is one.
func byToken[T any](items []T, next *string) page[T] {
	return page[T]{items, aws.ToString(next) != "", aws.ToString(next)}
}

// everyPage asks until no further page follows. A page that follows a second time would follow forever: that is an error.
func everyPage[T any](ask func(token *string) (page[T], error)) ([]T, error) {
	var all []T
	var token *string
	seen := map[string]bool{"": true}
	for {
		p, err := ask(token)
		if err != nil {
			return nil, err
		}
		all = append(all, p.items...)
		if !p.more {
			return all, nil
		}
		if seen[p.next] {
			return nil, fmt.Errorf("the pages of the answer don't end: the one named %q follows again", p.next)
		}
		seen[p.next], token = true, aws.String(p.next)
	}
}

// readAll reads every page of a list, each by a call that takes the IAM action permission.
func readAll[In, Out, T any](ctx context.Context, permission string, call call[In, Out], in func(token *string) In, read func(Out) page[T]) ([]T, error) {
	all, err := everyPage(func(token *string) (page[T], error) {
		answer := readingOf(ctx, permission, call, in(token))
		if !answer.got() {
			return page[T]{}, answer.err
		}
		return read(answer.of), nil
	})
	if err != nil && permissionOf(err) == "" {
		err = &unread{permission: permission, err: err}
	}
	return all, err
}
