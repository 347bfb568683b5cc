package lambda

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits and defaults of a function's configuration, from
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const (
	DefaultTimeout  = 3 * time.Second
	MaxTimeout      = 900 * time.Second
	DefaultMemoryMB = 128
	MaxMemoryMB     = 10240

	// maxPayload bounds an event and an answer alike: 6 MB synchronously. Lambda's
	// bound for asynchronous events is lower and has been raised over the years, so the
	// larger one holds for both here.
	maxPayload = 6 << 20

	maxDescription = 256
)

// Function is the configuration of one Lambda function.
type Function struct {
	// Name is the function's name, 1 to 64 letters, digits, hyphens and underscores.
	Name string
	// Description is shown to those who ask for the function, up to 256 characters.
	Description string
	// Command is the bootstrap and its arguments: any program that speaks the Runtime
	// API, as https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html has it.
	// A function has one of Command, RIE and Webhook.
	Command []string
	// RIE is the URL, such as http://127.0.0.1:9000, of a Runtime Interface Emulator in
	// which the function runs already:
	// https://docs.aws.amazon.com/lambda/latest/dg/images-test.html. It is one sandbox,
	// so invocations wait for each other. Dir and Env mean nothing to it, and what
	// it logs stays with it.
	RIE string
	// Webhook is a URL that each event is posted to, with the headers of the Runtime API's
	// invocations. The body of a 2xx answer is the function's result; any other answer is
	// a function error. Dir and Env mean nothing to it.
	Webhook string
	// Dir is the task root, in which the bootstrap starts. The default is the folder
	// of the bootstrap.
	Dir string
	// Handler is handed to the bootstrap as _HANDLER. The default is "bootstrap".
	Handler string
	// Runtime is the runtime's identifier, such as python3.14. The default is
	// provided.al2023.
	Runtime string
	// Env is the function's own environment. Lambda's reserved names are refused.
	Env map[string]string
	// Timeout is how long one invocation may take: above 0 and up to [MaxTimeout].
	// The default is [DefaultTimeout].
	Timeout time.Duration
	// MemoryMB is told to the function and shown in its REPORT lines; the child process
	// isn't held to it. 128 to 10240, default 128.
	MemoryMB int

	made *made // over the API; nil otherwise
}

// normalize fills the defaults in and checks the rest.
func (f Function) normalize() (Function, error) {
	if f.Timeout == 0 {
		f.Timeout = DefaultTimeout
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = DefaultMemoryMB
	}
	if f.Handler == "" {
		f.Handler = "bootstrap"
	}
	if f.Runtime == "" {
		f.Runtime = "provided.al2023"
	}
	if err := f.validate(); err != nil {
		return f, err
	}
	if len(f.Command) == 0 {
		f.RIE = strings.TrimSuffix(f.RIE, "/")
		return f, nil
	}
	bootstrap, err := filepath.Abs(f.Command[0])
	if strings.ContainsRune(f.Command[0], filepath.Separator) {
		if err != nil {
			return f, fmt.Errorf("finding its bootstrap: %w", err)
		}
		// The child starts in its task root, where a relative path would mean another file.
		f.Command = append([]string{bootstrap}, f.Command[1:]...)
	}
	if f.Dir == "" {
		f.Dir = filepath.Dir(bootstrap)
	}
	return f, nil
}

func (f Function) validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !validName(f.Name) {
		refuse("a name is 1 to 64 letters, digits, hyphens and underscores")
	}
	if len(f.Description) > maxDescription {
		refuse("its description has %d characters; %d are the most", len(f.Description), maxDescription)
	}
	errs = append(errs, f.validateCode()...)
	if f.Timeout < 0 || f.Timeout > MaxTimeout {
		refuse("timeout %v is out of range: above 0 and up to %v", f.Timeout, MaxTimeout)
	}
	if f.MemoryMB < DefaultMemoryMB || f.MemoryMB > MaxMemoryMB {
		refuse("memory of %d MB is out of range: %d to %d MB", f.MemoryMB, DefaultMemoryMB, MaxMemoryMB)
	}
	var reserved []string
	for name := range f.Env {
		if isReserved(name) {
			reserved = append(reserved, name)
		}
	}
	if len(reserved) > 0 {
		slices.Sort(reserved)
		refuse("its environment sets what Lambda sets itself: %s; take these names out", strings.Join(reserved, ", "))
	}
	return errors.Join(errs...)
}

// validateCode checks that there is one way to run the function.
func (f Function) validateCode() (errs []error) {
	ways := 0
	if len(f.Command) > 0 && f.Command[0] != "" {
		ways++
	}
	for name, text := range map[string]string{"Runtime Interface Emulator": f.RIE, "webhook": f.Webhook} {
		if text == "" {
			continue
		}
		ways++
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fmt.Errorf("its %s is at %q: write a URL such as http://127.0.0.1:9000", name, text))
		}
	}
	switch {
	case ways == 0:
		errs = append(errs, errors.New("it has no command, no Runtime Interface Emulator and no webhook: name the bootstrap that is to be started, or a URL"))
	case ways > 1:
		errs = append(errs, errors.New("it has more than one of a command, a Runtime Interface Emulator and a webhook: leave one"))
	}
	return errs
}

func validName(name string) bool { return len(name) <= 64 && validCharacters(name) }

func validCharacters(name string) bool {
	letter := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !letter(r) })
}
