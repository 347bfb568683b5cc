package ecs

import "slices"

// pageInput is how a request asks for a part of a list.
type pageInput struct {
	NextToken  string `json:"nextToken"`
	MaxResults *int   `json:"maxResults"`
}

type pageOutput struct {
	NextToken string `json:"nextToken,omitempty"`
}

// page cuts a part out of a list of ARNs, never nil: at most 100 of them, as in all lists of ECS. The
// token is the last one that was listed.
func (in pageInput) page(all []string) (part []string, next string, err error) {
	size := 100
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 100 {
		return nil, "", refuse(InvalidParameter, "maxResults %d is out of range: 1 to 100.", size)
	}
	first := 0
	if in.NextToken != "" {
		if first = slices.Index(all, in.NextToken) + 1; first == 0 {
			return nil, "", refuse(InvalidParameter, "Invalid token %q.", in.NextToken)
		}
	}
	last := min(first+size, len(all))
	if last < len(all) {
		next = all[last-1]
	}
	return append([]string{}, all[first:last]...), next, nil
}
