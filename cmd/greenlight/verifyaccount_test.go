package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
)

// usedAccount answers as an AWS account in which an earlier verification left a stack, and nothing may be made.
func usedAccount(w http.ResponseWriter, r *http.Request) {
	switch r.FormValue("Action") {
	case "GetCallerIdentity":
		_, _ = fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>210987654321</Account><Arn>arn:aws:iam::210987654321:user/you</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case "DescribeStacks":
		_, _ = fmt.Fprint(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks>
			<member><StackName>greenlight-verify-old-ground</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Tags><member><Key>greenlight:verify-account</Key><Value>greenlight-verify-old</Value></member></Tags></member>
			<member><StackName>shop</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Tags></Tags></member>
			</Stacks></DescribeStacksResult></DescribeStacksResponse>`)
	default:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>You may not %s</Message></Error></ErrorResponse>`, r.FormValue("Action"))
	}
}

// functionZip makes a function's zip with a bootstrap for arm64 of which nothing but the head is there: `function-zip file`.
func functionZip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: function-zip file")
	}
	ts.Check(writeFunctionZip(ts.MkAbs(args[0])))
}

func writeFunctionZip(path string) error {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[52] = 2, 183, 1, 64 // a program, AArch64, version 1, this long
	zipped, err := bundle.Pack([]bundle.File{{Name: "bootstrap", Mode: 0o755, Content: head}})
	if err != nil {
		return err
	}
	return os.WriteFile(path, zipped, 0o600)
}
