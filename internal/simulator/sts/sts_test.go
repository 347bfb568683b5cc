package sts_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/sts"
)

func ask(t *testing.T, form, key string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if key != "" {
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00")
	}
	recorder := httptest.NewRecorder()
	sts.Endpoint("111122223333").ServeHTTP(recorder, request)
	return recorder
}

func TestWhoTheCallerIs(t *testing.T) {
	tests := []struct{ why, key, arn string }{
		{"temporary credentials are a role's", "ASIASIMULATEDLAMBDA0", "arn:aws:sts::111122223333:assumed-role/simulated-execution-role/simulated"},
		{"lasting ones are a user's", "AKIAIOSFODNN7EXAMPLE", "arn:aws:iam::111122223333:user/simulated"},
		{"as are none", "", "arn:aws:iam::111122223333:user/simulated"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got := ask(t, "Action=GetCallerIdentity&Version=2011-06-15", test.key)
			var said struct {
				XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
				Result  struct {
					Arn     string
					UserID  string `xml:"UserId"`
					Account string
				} `xml:"GetCallerIdentityResult"`
				Meta struct {
					RequestID string `xml:"RequestId"`
				} `xml:"ResponseMetadata"`
			}
			if err := xml.Unmarshal(got.Body.Bytes(), &said); err != nil {
				t.Fatalf("%s: %v", got.Body, err)
			}
			if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "text/xml" || said.Result.Arn != test.arn ||
				said.Result.Account != "111122223333" || said.Result.UserID == "" || said.Meta.RequestID == "" {
				t.Errorf("%d %s", got.Code, got.Body)
			}
		})
	}
}

func TestWhatSTSRefuses(t *testing.T) {
	tests := []struct{ why, form, code string }{
		{"an operation that isn't simulated", "Action=AssumeRole&Version=2011-06-15", "InvalidAction"},
		{"another version", "Action=GetCallerIdentity&Version=2020-01-01", "InvalidAction"},
		{"a form that can't be read", "Action=%zz", "MalformedQueryString"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got := ask(t, test.form, "")
			var said struct {
				XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
				Error     struct{ Type, Code, Message string }
				RequestID string `xml:"RequestId"`
			}
			if err := xml.Unmarshal(got.Body.Bytes(), &said); err != nil {
				t.Fatalf("%s: %v", got.Body, err)
			}
			if got.Code != http.StatusBadRequest || said.Error.Code != test.code || said.Error.Type != "Sender" || said.Error.Message == "" || said.RequestID == "" {
				t.Errorf("%d %s", got.Code, got.Body)
			}
		})
	}
}
