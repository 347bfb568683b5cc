package ecs

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// arn makes the ARN of a resource of ECS, given by its kind and path.
func (s *Scheduler) arn(path ...string) string {
	return fmt.Sprintf("arn:aws:ecs:%s:%s:%s", s.config.Region, s.config.AccountID, strings.Join(path, "/"))
}

// shortName is what stands behind the last slash of an ARN, or the name itself.
func shortName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// The ids look like those that ECS gives.

func newDeploymentID() string { return rand.Text()[:21] }

func newRevisionID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return fmt.Sprintf("%019d", binary.BigEndian.Uint64(b[:])>>1)
}

// newHookID follows the form ecs-{hookType}-{id}.
func newHookID(target TargetType) string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	kind := "lambda"
	if target == TargetPause {
		kind = "pause"
	}
	return "ecs-" + kind + "-" + base64.RawURLEncoding.EncodeToString(b[:])
}
