// Package sts is the one operation of the Security Token Service that deployment tools ask
// before anything else: GetCallerIdentity, which tells them whose credentials they hold.
package sts

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Version is the API's version, which requests carry.
const Version = "2011-06-15"

// GetCallerIdentity is the one operation.
const GetCallerIdentity = "GetCallerIdentity"

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// maxForm bounds what is read of a request, whose form has two fields.
const maxForm = 64 << 10

// Endpoint serves the Query API of an account. Whoever asks with temporary credentials,
// whose key begins with ASIA, is told to be a role's session, and everybody else a user:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func Endpoint(accountID string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			refuse(w, "MalformedQueryString", "the form can't be read: "+err.Error())
			return
		}
		if got := r.Form.Get("Version"); r.Form.Get("Action") != GetCallerIdentity || got != Version {
			refuse(w, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", r.Form.Get("Action"), got))
			return
		}
		write(w, http.StatusOK, newIdentity(accountID, accessKey(r)))
	})
}

type identity struct {
	XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Arn       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

func newIdentity(accountID, key string) identity {
	i := identity{Namespace: namespace, Account: accountID, RequestID: protocol.RequestID()}
	if strings.HasPrefix(key, "ASIA") {
		i.Arn = "arn:aws:sts::" + accountID + ":assumed-role/simulated-execution-role/simulated"
		i.UserID = "AROASIMULATEDROLE0000:simulated"
		return i
	}
	i.Arn = "arn:aws:iam::" + accountID + ":user/simulated"
	i.UserID = "AIDASIMULATEDUSER0000"
	return i
}

// accessKey is the key in a signature of version 4, empty where there is none.
func accessKey(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(scope, "/")
	return key
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func refuse(w http.ResponseWriter, code, message string) {
	write(w, http.StatusBadRequest, errorResponse{
		Namespace: namespace, Type: "Sender", Code: code, Message: message, RequestID: protocol.RequestID(),
	})
}

func write(w http.ResponseWriter, status int, body any) {
	text, _ := xml.Marshal(body) // our own structs, which always marshal
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has left doesn't matter
}
