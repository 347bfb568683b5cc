package codedeploy

import "strconv"

// pageSize is how many names or ids a list has on one page. AWS doesn't document it.
const pageSize = 100

// page cuts the page that a token stands for out of a list, and makes the next page's token.
func page[T any](all []T, token string) (items []T, next string, err error) {
	start := 0
	if token != "" {
		if start, err = strconv.Atoi(token); err != nil || start < 0 {
			return nil, "", refuse(InvalidNextToken, "The next token %q is not one that the service gave.", token)
		}
	}
	start = min(start, len(all)) // the list may have become shorter
	end := min(start+pageSize, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return append([]T{}, all[start:end]...), next, nil
}
