package hook

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests or, where a test has started this binary as a Lambda function, the hook.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		Serve(childHook{})
	}
	goleak.VerifyTestMain(m)
}
