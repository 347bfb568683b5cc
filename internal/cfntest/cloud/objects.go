package cloud

import (
	"encoding/xml"
	"net/http"
)

// answerObjects answers for S3: with an object, or that there is none. Buckets stand in the path, as with endpoints of one's own.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (a *Account) answerObjects(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.RawQuery != "" {
		a.t.Errorf("the account was asked for %s %s of S3, which it doesn't know", r.Method, r.URL)
	}
	if text, there := a.Objects["s3:/"+r.URL.Path]; there {
		_, _ = w.Write([]byte(text))
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusNotFound)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: "NoSuchKey", Message: "The specified key does not exist."})
}
