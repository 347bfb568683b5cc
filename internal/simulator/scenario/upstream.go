package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/loopback"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// upstream is one side: where a version answers, or how it is started. Its keys are those of [side] that a service has.
type upstream struct {
	// where the version answers, where it runs already, such as http://127.0.0.1:8080
	URL string `yaml:"url"`
	// what starts the version on the port in $PORT: a list of a program and its arguments, or a text for the shell
	Command command `yaml:"command"`
	// variables of the command's environment, beside yours
	Env strictyaml.Map[strictyaml.Text] `yaml:"env"`
	// the folder in which the command starts; the scenario's
	Dir string `yaml:"dir"`
}

// validate takes one of url and command.
func (u *upstream) validate(d *strictyaml.Decoder, n strictyaml.Node, name string) {
	at, hasURL := n.Get("url")
	if _, hasCommand := n.Get("command"); hasURL == hasCommand {
		d.Problem(n, "%s: it needs one of url, where it answers, and command, which starts it on the port in $PORT", name)
		return
	}
	if hasURL {
		base, err := url.Parse(u.URL)
		if err != nil || base.Scheme != "http" || base.Host == "" || strings.Trim(base.Path, "/")+base.RawQuery+base.Fragment != "" || base.User != nil {
			d.Problem(at, "%s: url: %q is not a base URL such as http://127.0.0.1:8080", name, u.URL)
			return
		}
		u.URL = "http://" + base.Host
	}
	for _, variable := range u.Env {
		if names := variable.Value.Names(); len(names) > 0 {
			d.Problem(n, "%s: env: %s needs {{ %s }}, which is known only once both sides run", name, variable.Key, names[0])
		}
	}
}

// in makes relative paths relative to the scenario's folder.
func (u upstream) in(folder string) upstream {
	u.Command = u.Command.in(folder)
	u.Dir = within(folder, u.Dir)
	return u
}

// command is a program with its arguments, or a text for the shell.
type command []string

// DecodeNode reads a list, or a text.
func (c *command) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsSequence() {
		for _, item := range n.Items() {
			var word string
			d.Decode(item, &word)
			*c = append(*c, word)
		}
		if len(n.Items()) == 0 || (*c)[0] == "" {
			d.Problem(n, "the list must begin with a program")
		}
		return
	}
	n, ok := d.Static(n)
	if !ok {
		return
	}
	var text string
	d.Decode(n, &text)
	if n.IsScalar() && strings.TrimSpace(text) == "" {
		d.Problem(n, "the command is empty")
	}
	*c = shell(text)
}

func shell(text string) command {
	if runtime.GOOS == "windows" {
		return command{"cmd", "/c", text}
	}
	return command{"/bin/sh", "-c", text}
}

// in makes the program's path, where it is one and not a name, relative to the folder.
func (c command) in(folder string) command {
	if len(c) == 0 || !strings.ContainsRune(filepath.ToSlash(c[0]), '/') {
		return c
	}
	c = slices.Clone(c)
	c[0] = within(folder, c[0])
	return c
}

// grace is how long a command may take to end once it is asked to.
const grace = 3 * time.Second

// start starts the side, or finds it.
func (u upstream) start(ctx context.Context, host Host, side string) (simulator.Task, error) {
	if u.URL != "" {
		return simulator.Task{URL: u.URL, Stop: func() error { return nil }}, nil
	}
	free, err := loopback.Port(ctx)
	if err != nil {
		return simulator.Task{}, err
	}
	port := strconv.Itoa(free)
	// ctx bounds the start; the command lives until it is stopped.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), u.Command[0], u.Command[1:]...) //nolint:gosec // the scenario is its author's own program
	cmd.Dir = u.Dir
	cmd.Env = append(slices.Clone(host.Environ), "PORT="+port)
	for _, variable := range u.Env {
		value, _ := variable.Value.Literal() // without names, as Validate has it
		cmd.Env = append(cmd.Env, variable.Key+"="+value)
	}
	last := new(tail)
	if host.Output != nil {
		last.each = func(line string) { host.Output(side, line) }
	}
	cmd.Stdout, cmd.Stderr = last, last
	cmd.WaitDelay = grace // a grandchild may keep the output open
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return simulator.Task{}, fmt.Errorf("starting %s: %w", strings.Join(u.Command, " "), err)
	}
	p := &process{cmd: cmd, over: make(chan struct{}), ended: make(chan error, 1)}
	go p.wait(strings.Join(u.Command, " "), last)
	return simulator.Task{URL: "http://" + net.JoinHostPort("127.0.0.1", port), Stop: p.stop, Ended: p.ended}, nil
}

// process is a started command.
type process struct {
	cmd   *exec.Cmd
	over  chan struct{} // closed when it has ended
	ended chan error
}

func (p *process) wait(name string, last *tail) {
	err := p.cmd.Wait()
	err = cmp.Or(err, errors.New("exit status 0"))
	if said := last.String(); said != "" {
		err = fmt.Errorf("%w; its last line: %s", err, said)
	}
	p.ended <- fmt.Errorf("the command %q: %w", name, err)
	close(p.over)
}

// stop asks the command and what it has started to end, and ends them where they don't.
func (p *process) stop() error {
	select {
	case <-p.over:
	default:
		terminateGroup(p.cmd)
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-p.over:
		case <-timer.C:
		}
	}
	killGroup(p.cmd) // what it has started and left behind
	<-p.over
	return nil
}
