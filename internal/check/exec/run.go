package execcheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// pipesOpen is how long a command's pipes are waited for once it has ended and is killed with its group: what has left the
// group may hold them open.
const pipesOpen = 50 * time.Millisecond

// ran is what was seen of a command.
type ran struct {
	code           int
	stdout, stderr output
	took           time.Duration
}

func (c *Check) run(ctx context.Context, scope check.Scope) check.Result {
	lookup := scope.Lookup
	if lookup == nil {
		lookup = func(string) (any, error) { return nil, errors.New("no names are known here") }
	}
	cmd, err := c.Command.prepare(ctx, lookup)
	if err != nil {
		return inconclusive("%s", err)
	}
	var seen ran
	err = seen.run(cmd)
	var exited *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return inconclusive("it had not ended within %s, and was killed%s", shown(seen.took), seen.wrote(scope))
	case ctx.Err() != nil:
		return inconclusive("cancelled before it had ended")
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
	case errors.As(err, &exited) && exited.ExitCode() >= 0:
		seen.code = exited.ExitCode()
	case errors.As(err, &exited):
		return check.Result{Outcome: check.Failed, Reason: fmt.Sprintf("it was ended by a signal: %s%s", exited.ProcessState, seen.wrote(scope))}
	default:
		return inconclusive("it can't be started: %s", startError(err))
	}
	return c.Expect.judge(&seen, scope, lookup)
}

// run runs a command, and kills what it leaves running.
func (r *ran) run(cmd *exec.Cmd) error {
	stdout, err := keep(&r.stdout)
	if err != nil {
		return err
	}
	defer stdout.end()
	stderr, err := keep(&r.stderr)
	if err != nil {
		return err
	}
	defer stderr.end()
	cmd.Stdout, cmd.Stderr = stdout.write, stderr.write
	began := time.Now()
	err = cmd.Run()
	r.took = time.Since(began)
	if cmd.Process != nil {
		_ = kill(cmd.Process)
	}
	return err
}

func inconclusive(format string, args ...any) check.Result {
	return check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf(format, args...)}
}

func startError(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return err
}

// prepare makes the command, in a process group of its own.
func (c *Command) prepare(ctx context.Context, lookup strictyaml.Lookup) (*exec.Cmd, error) {
	argv, err := c.Run.expand(lookup)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return kill(cmd.Process) }
	cmd.WaitDelay = pipesOpen
	apart(cmd)
	if cmd.Env, err = c.environment(lookup); err != nil {
		return nil, err
	}
	if cmd.Dir, err = c.Dir.Expand(lookup); err != nil {
		return nil, err
	}
	input, err := c.Stdin.Expand(lookup)
	if err != nil {
		return nil, err
	}
	var stdin io.Reader // nil: the null device
	if input != "" {
		stdin = strings.NewReader(input)
	}
	cmd.Stdin = stdin
	return cmd, nil
}

// environment is all that the command gets. It is never nil, which would be greenlight's own.
func (c *Command) environment(lookup strictyaml.Lookup) ([]string, error) {
	env := []string{}
	for _, name := range append([]string{"PATH"}, c.Inherit...) {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	for _, v := range c.Env {
		value, err := v.Value.Expand(lookup)
		if err != nil {
			return nil, err
		}
		if strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("%s: the value of %s holds a NUL, which no variable can", v.At, v.Key)
		}
		env = append(env, v.Key+"="+value) // the last of a name counts
	}
	return env, nil
}

// judge holds what was seen against what is expected.
func (e *Expect) judge(seen *ran, scope check.Scope, lookup strictyaml.Lookup) check.Result {
	var all judgements
	all.add(e.exits(seen.code), nil)
	if e.Duration != nil {
		all.add(e.Duration.Judge(seen.took, lookup))
	}
	for _, text := range []struct {
		name     string
		expected *expect.Text
		got      *output
	}{{"stdout", e.Stdout, &seen.stdout}, {"stderr", e.Stderr, &seen.stderr}} {
		switch {
		case text.expected == nil:
		case text.got.cut:
			all.add(text.got.tooLong(text.name), nil)
		default:
			all.add(text.expected.Judge(text.name, text.got.String(), lookup))
		}
	}
	if len(e.JSON) > 0 {
		all.addJSON(e.JSON, &seen.stdout, lookup)
	}
	switch {
	case len(all.false) > 0:
		reason := strings.Join(all.false, "; ")
		if e.Stderr == nil && e.Stdout == nil && len(e.JSON) == 0 {
			reason += seen.wrote(scope)
		}
		return check.Result{Outcome: check.Failed, Reason: reason}
	case all.err != nil:
		return inconclusive("%s", all.err)
	}
	return check.Result{Outcome: check.Passed}
}

// judgements collect what is false.
type judgements struct {
	false []string
	err   error
}

func (j *judgements) add(m *expect.Mismatch, err error) {
	if err != nil && j.err == nil {
		j.err = err
	}
	if m != nil {
		j.false = append(j.false, m.String())
	}
}

func (j *judgements) addJSON(expected expect.JSON, stdout *output, lookup strictyaml.Lookup) {
	if stdout.cut {
		j.add(stdout.tooLong("stdout"), nil)
		return
	}
	doc, notJSON := expect.ParseJSON(stdout.text)
	if notJSON != nil {
		j.add(&expect.Mismatch{Subject: "stdout", Got: fmt.Sprintf("not JSON (%s): %s", notJSON, expect.Quote(stdout.String())), Expected: "JSON"}, nil)
		return
	}
	all, err := expected.Judge(doc, lookup)
	j.add(nil, err)
	for _, m := range all {
		j.add(m, nil)
	}
}

func (o *output) tooLong(name string) *expect.Mismatch {
	return &expect.Mismatch{Subject: name, Got: fmt.Sprintf("over %d MiB, the most that is kept", MaxOutput>>20), Expected: "all of it"}
}

// wrote shows the end of what the command wrote, where it says what went wrong: to standard error, or else to its output.
func (r *ran) wrote(scope check.Scope) string {
	name, text := "stderr", r.stderr.String()
	if text == "" {
		name, text = "stdout", r.stdout.String()
	}
	if text == "" {
		return ""
	}
	const most = 200
	shown := []rune(strictyaml.OneLine(scope.Masked(text)))
	if len(shown) > most {
		shown = append([]rune("…"), shown[len(shown)-most+1:]...)
	}
	return fmt.Sprintf("; %s: %s", name, string(shown))
}

func shown(d time.Duration) string {
	return strictyaml.Duration(d.Round(10 * time.Millisecond)).String()
}
