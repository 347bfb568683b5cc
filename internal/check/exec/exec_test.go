//go:build unix

package execcheck_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	execcheck "github.com/greenlight-deploy/greenlight/internal/check/exec"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func decoded(text string, commandLine bool) (*execcheck.Check, error) {
	n, err := strictyaml.Parse("plan.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	c := execcheck.Kind(commandLine).New().(*execcheck.Check)
	d := strictyaml.NewDecoder(strictyaml.Names{Static: map[string]any{"vars": map[string]any{"n": int64(3)}}, Later: []string{"green.url", "secrets.token", "stage"}})
	d.Fields(n, c)
	return c, d.Err()
}

// runs runs a check of a plan, for at most so long.
func runs(t *testing.T, text string, within time.Duration, scope check.Scope) check.Result {
	t.Helper()
	c, err := decoded(text, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return c.Run(ctx, scope)
}

func lookup(name string) (any, error) {
	value, ok := map[string]string{"green.url": "http://green; touch x", "secrets.token": "hunter2"}[name]
	if !ok {
		return nil, errors.New("not known here")
	}
	return value, nil
}

func TestACommandPassesOrSaysWhyNot(t *testing.T) {
	for _, tt := range []struct {
		why, plan string
		outcome   check.Outcome
		reason    string // a part of it
	}{
		{"exit code 0", "exec: [true]", check.Passed, ""},
		{"another one", "exec: [false]", check.Failed, "false: exit code is 1, expected 0"},
		{"the one that is expected", "{exec: exit 3, expect: {exit: 3}}", check.Passed, ""},
		{"one of a list", "{exec: exit 3, expect: {exit: [0, 3]}}", check.Passed, ""},
		{"none of a list", "{exec: exit 4, expect: {exit: [0, 3]}}", check.Failed, "exit 4: exit code is 4, expected 0 or 3"},
		{"what it says of the cause", "exec: 'echo went >&2; echo wrong >&2; exit 1'", check.Failed, "exit code is 1, expected 0; stderr: went wrong"},
		{"or writes in its place", "exec: 'echo went wrong; exit 1'", check.Failed, "exit code is 1, expected 0; stdout: went wrong"},
		{"output", "{exec: [echo, hello], expect: {stdout: hello}}", check.Passed, ""},
		{"other output", "{exec: [echo, hello], expect: {stdout: ~ ^bye}}", check.Failed, `stdout is "hello", expected ~ ^bye`},
		{"standard error", "{exec: 'echo oh >&2', expect: {stderr: ''}}", check.Failed, `stderr is "oh", expected ""`},
		{"JSON", `{exec: ['echo', '{"n": 3}'], expect: {json: {$.n: 3}}}`, check.Passed, ""},
		{"other JSON", `{exec: ['echo', '{"n": 4}'], expect: {json: {$.n: 3}}}`, check.Failed, "$.n is 4, expected 3"},
		{"a member that isn't there", `{exec: ['echo', '{}'], expect: {json: {$.n: '!= 3'}}}`, check.Failed, "$.n is missing"},
		{"null", `{exec: ['echo', '{"n": null}'], expect: {json: {$.n: 3}}}`, check.Failed, "$.n is null, expected 3"},
		{"text for a number", `{exec: ['echo', '{"n": "3"}'], expect: {json: {$.n: 3}}}`, check.Failed, `$.n is "3", expected 3`},
		{"no JSON", "{exec: [echo, x], expect: {json: {$.n: 3}}}", check.Failed, "stdout is not JSON"},
		{"nothing", "{exec: [true], expect: {json: {$.n: 3}}}", check.Failed, "stdout is not JSON"},
		{"no output where there should be some", "{exec: [true], expect: {stdout: '> 3'}}", check.Failed, "which is not a number"},
		{"NaN", "{exec: [echo, NaN], expect: {stdout: '< 3'}}", check.Failed, `stdout is "NaN", which is not a number, expected < 3`},
		{"in time", "{exec: [true], expect: {duration: < 10s}}", check.Passed, ""},
		{"late", "{exec: [true], expect: {duration: < 1us}}", check.Failed, "expected < 1µs"},
		{"no such program", "exec: [/none/such, x]", check.Inconclusive, "it can't be started: /none/such: no such file or directory"},
		{"no such program in PATH", "exec: [nonesuch]", check.Inconclusive, "executable file not found in $PATH"},
		{"no such folder", "exec: {run: [true], dir: /none}", check.Inconclusive, "no such file or directory"},
		{"a signal", "exec: kill -TERM $$", check.Failed, "it was ended by a signal: signal: terminated"},
		{"a name is one word", "{exec: [echo, '{{ green.url }}'], expect: {stdout: http://green; touch x}}", check.Passed, ""},
		{"a name in a variable", `{exec: {run: 'echo "$URL"', env: {URL: '{{ green.url }}'}}, expect: {stdout: http://green; touch x}}`, check.Passed, ""},
		{"a name without a value", "exec: [echo, '{{ stage }}']", check.Inconclusive, "{{ stage }}: not known here"},
		{"a name without a value in what is expected", "{exec: [echo, x], expect: {stdout: '{{ stage }}'}}", check.Inconclusive, "{{ stage }}: not known here"},
		{"input", "{exec: {run: [cat], stdin: 'in {{ vars.n }}'}, expect: {stdout: in 3}}", check.Passed, ""},
		{"no input", "{exec: [cat], expect: {stdout: ''}}", check.Passed, ""},
		{"a NUL in a variable", `{exec: {run: [true], env: {X: "a\0b"}}}`, check.Inconclusive, "the value of X holds a NUL"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r := runs(t, tt.plan, time.Minute, check.Scope{Lookup: lookup})
			if r.Outcome != tt.outcome || !strings.Contains(r.Reason, tt.reason) || tt.reason == "" && r.Reason != "" {
				t.Errorf("%s: %s\nwant %s: %s", r.Outcome, r.Reason, tt.outcome, tt.reason)
			}
			if r.Retry != check.RetryNever {
				t.Error("a command is run again that was to be run once")
			}
		})
	}
}

func TestACommandGetsNothingThatThePlanDoesntName(t *testing.T) {
	t.Setenv("SHOP_TOKEN", "hunter2")
	t.Setenv("SHOP_NAME", "shop")
	r := runs(t, "{exec: {run: [env], env: {A: b}, inherit: [SHOP_NAME, NOT_SET]}, expect: {stdout: \"{{ secrets.token }}\"}}", time.Minute, check.Scope{
		Lookup: func(string) (any, error) { return "PATH=" + os.Getenv("PATH") + "\nSHOP_NAME=shop\nA=b", nil },
	})
	if r.Outcome != check.Passed {
		t.Error(r.Reason)
	}
}

func TestACommandRunsInItsFolder(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if r := runs(t, "{exec: {run: [pwd], dir: "+folder+"}, expect: {stdout: "+folder+"}}", time.Minute, check.Scope{}); r.Outcome != check.Passed {
		t.Error(r.Reason)
	}
}

// life makes a named pipe for a command to open. What the command writes into it says how far it is; that the lines end says
// that every process is gone that held it.
func life(t *testing.T) (path string, lines <-chan string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "life")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	all := make(chan string, 10)
	go func() {
		defer close(all)
		pipe, err := os.Open(path)
		if err != nil {
			return
		}
		defer func() { _ = pipe.Close() }()
		for scanner := bufio.NewScanner(pipe); scanner.Scan(); {
			all <- scanner.Text()
		}
	}()
	return path, all
}

func TestACommandIsKilledWithItsChildrenWhenItsTimeIsUp(t *testing.T) {
	path, lines := life(t)
	c, err := decoded(`exec: {run: 'exec 9>"$LIFE"; echo begun; sleep 600 & echo waiting >&9; wait', env: {LIFE: `+path+"}}", true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := networktest.Time(t)
	go func() {
		<-lines
		end()
	}()
	r := c.Run(ctx, check.Scope{})
	if r.Outcome != check.Inconclusive || !strings.Contains(r.Reason, "it had not ended within") || !strings.HasSuffix(r.Reason, "and was killed; stdout: begun") {
		t.Errorf("%s: %s", r.Outcome, r.Reason)
	}
	for line := range lines {
		t.Errorf("it wrote %q", line)
	}
}

func TestWhatACommandLeavesRunningIsKilledToo(t *testing.T) {
	path, lines := life(t)
	r := runs(t, `{exec: {run: 'exec 9>"$LIFE"; sleep 600 & echo done', env: {LIFE: `+path+"}}, expect: {stdout: done}}", time.Minute, check.Scope{})
	if r.Outcome != check.Passed {
		t.Errorf("%s: %s", r.Outcome, r.Reason)
	}
	for line := range lines {
		t.Errorf("it wrote %q", line)
	}
}

func TestWhatHasLeftTheGroupIsNotWaitedFor(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no command leaves its group here:", err)
	}
	path, lines := life(t)
	r := runs(t, `
exec:
  run: 'exec 9>"$LIFE"; mkfifo "$DIR/left"; setsid sh -c "$DAEMON" & read x <"$DIR/left"; echo done'
  env: {LIFE: `+path+`, DIR: `+t.TempDir()+`, DAEMON: 'echo $$ >&9; echo x >"$DIR/left"; exec sleep 600'}
expect: {stdout: done}`, time.Minute, check.Scope{})
	if r.Outcome != check.Passed {
		t.Errorf("%s: %s", r.Outcome, r.Reason)
	}
	pid, err := strconv.Atoi(<-lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("it was killed too: %v", err)
	}
	for line := range lines {
		t.Errorf("it wrote %q", line)
	}
}

func TestACancelledCommandHasNoOutcome(t *testing.T) {
	c, err := decoded("exec: [sleep, '600']", true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := c.Run(ctx, check.Scope{}); r.Outcome != check.Inconclusive || !strings.Contains(r.Reason, "cancelled before it had ended") {
		t.Errorf("%s: %s", r.Outcome, r.Reason)
	}
}

func TestOfMuchOutputTheBeginningIsKept(t *testing.T) {
	const much = `head -c 3000000 /dev/zero | tr '\0' x; echo; echo last >&2`
	if r := runs(t, "exec: \""+strings.ReplaceAll(much, `\0`, `\\0`)+"\"", time.Minute, check.Scope{}); r.Outcome != check.Passed {
		t.Errorf("%s: %s", r.Outcome, r.Reason)
	}
	r := runs(t, "{exec: \""+strings.ReplaceAll(much, `\0`, `\\0`)+"\", expect: {stdout: ~ x, stderr: last}}", time.Minute, check.Scope{})
	if r.Outcome != check.Failed || !strings.HasSuffix(r.Reason, "stdout is over 1 MiB, the most that is kept, expected all of it") {
		t.Errorf("%s: %s", r.Outcome, r.Reason)
	}
}

func TestWhatACommandWritesIsMaskedBeforeItIsCut(t *testing.T) {
	r := runs(t, `exec: {run: 'echo "$T$X" >&2; exit 1', env: {T: hunter2, X: `+strings.Repeat("x", 198)+"}}", time.Minute, check.Scope{
		Mask: func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") },
	})
	if strings.Contains(r.Reason, "er2") || !strings.Contains(r.Reason, "stderr: …*xxx") {
		t.Error(r.Reason)
	}
}

func TestAPlanIsRefusedWhoseCommandCantBe(t *testing.T) {
	for _, tt := range []struct{ plan, want string }{
		{"exec: 5", "plan.yaml:1:7: exec: expected a command: a list of words such as [./smoke.sh, --quick], or the text of a shell's script, found the number 5"},
		{"exec: []", "exec: the list names no program"},
		{"exec: ['']", "the list names no program"},
		{"exec: ' '", "exec: the command is empty"},
		{"exec: {env: {A: b}}", `"run" is missing`},
		{"exec: {run: [true], env: {A=B: b}}", `env: "A=B" can't be the name of a variable`},
		{"exec: {run: [true], inherit: ['']}", `inherit: "" can't be the name of a variable`},
		{"exec: {run: [true], cmd: x}", `unknown key "cmd"`},
		{"exec: curl {{ green.url }}", "plan.yaml:1:12: exec: a shell would read what a name stands for: give it as a variable"},
		{"{exec: [true], expect: {exit: 256}}", "exit codes go from 0 to 255, found 256"},
		{"{exec: [true], expect: {exit: zero}}", "exit: expected a number"},
		{"{exec: [true], expect: {status: 200}}", `unknown key "status"`},
	} {
		if _, err := decoded(tt.plan, true); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.plan, err, tt.want)
		}
	}
}

func TestAFunctionRefusesCommandsAtTheirPlace(t *testing.T) {
	_, err := decoded("exec: [true]", false)
	if want := "plan.yaml:1:7: exec: commands run on the command line and by the CodeDeploy agent; in a Lambda function there are none to run"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestATitleIsTheCommand(t *testing.T) {
	for text, want := range map[string]string{
		"exec: [./smoke.sh, '{{ green.url }}']":   "./smoke.sh {{ green.url }}",
		"exec: {run: \"a\\nb\"}":                  "a b",
		"exec: " + strings.Repeat("x", 100) + "y": strings.Repeat("x", 79) + "…",
	} {
		c, err := decoded(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Title(); got != want {
			t.Errorf("%s is called %s", text, got)
		}
	}
}
