package simulatortest

import (
	"fmt"
	"os"
	"testing"
)

// envMain names the function that this process is to run in place of the tests.
const envMain = "SIMULATORTEST_MAIN"

// Main runs the tests; or, where the simulator has started this binary as a hook, the function that the hook names.
// Such a function serves the hook until the process ends, as a main that calls hook.Start does. Main doesn't return.
func Main(m *testing.M, mains map[string]func()) {
	name, isHook := os.LookupEnv(envMain)
	if !isHook {
		os.Exit(m.Run())
	}
	run, ok := mains[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "simulatortest: the test's TestMain gives Main no function named %q\n", name)
		os.Exit(1)
	}
	run()
	os.Exit(0)
}
