package lambda

import (
	"errors"
	"fmt"
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
)

// Function is the configuration of one Lambda function.
type Function struct {
	// Name is the function's name, 1 to 64 letters, digits, hyphens and underscores.
	Name string
	// Command is the bootstrap and its arguments: any program that speaks the Runtime
	// API, as https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html has it.
	Command []string
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
		return f, fmt.Errorf("creating function %q: %w", f.Name, err)
	}
	bootstrap, err := filepath.Abs(f.Command[0])
	if strings.ContainsRune(f.Command[0], filepath.Separator) {
		if err != nil {
			return f, fmt.Errorf("creating function %q: finding its bootstrap: %w", f.Name, err)
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
	if len(f.Command) == 0 || f.Command[0] == "" {
		refuse("it has no command: name the bootstrap that is to be started")
	}
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

func validName(name string) bool {
	letter := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool { return !letter(r) })
}
