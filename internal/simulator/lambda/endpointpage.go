package lambda

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

// maxPage is how many entries a page has at most; a MaxItems may be higher, as in
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html.
const maxPage = 50

// page cuts out of all entries the page that a request asks for. next is the marker of the
// one after it, empty at the end.
func page[T any](r *http.Request, all []T) (shown []T, next string, err error) {
	query := r.URL.Query()
	size := maxPage
	if text := query.Get("MaxItems"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > 10000 {
			return nil, "", &APIError{"ValidationException", "1 validation error detected: Value '" + text +
				"' at 'maxItems' failed to satisfy constraint: Member must be a number from 1 to 10000"}
		}
	}
	begin := 0
	if text := query.Get("Marker"); text != "" {
		decoded, err := base64.URLEncoding.DecodeString(text)
		if err == nil {
			begin, err = strconv.Atoi(string(decoded))
		}
		if err != nil || begin < 0 {
			return nil, "", &APIError{"InvalidParameterValueException", "Marker is not one that a page before gave: " + text}
		}
	}
	begin = min(begin, len(all))
	end := min(begin+min(size, maxPage), len(all))
	if end < len(all) {
		next = base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return all[begin:end], next, nil
}

func pageReply(member string, list any, next string) reply {
	body := map[string]any{member: list}
	if next != "" {
		body["NextMarker"] = next
	}
	return reply{status: http.StatusOK, body: body}
}
