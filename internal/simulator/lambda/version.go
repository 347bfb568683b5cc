package lambda

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is a function as it was at one moment: $LATEST, which [Service.Update]
// replaces, or a published one, which never changes. See
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html. What stays the
// same is the configuration: a version that runs a command of the developer's machine runs
// what is there now.
type Version struct {
	Function Function
	// Number is $LATEST, or 1 and up.
	Number string
	// Description is the version's own where it was given one, otherwise the function's.
	Description string
	Modified    time.Time
	// Revision is a UUID that changes with each change.
	Revision string
	// CodeSHA256 is in base64. It tells code from other code: it covers the command or the
	// URL and, of a bootstrap, the file's size and time of change, not its bytes. Of a deployment package
	// it is the zip's, as in Lambda.
	CodeSHA256 string
	// CodeSize is the bootstrap's or the zip's size in bytes, 0 where that isn't known.
	CodeSize int64
}

// version is a version with what the service keeps of it.
type version struct {
	Version
}

// function is all that is known of one function.
type function struct {
	name      string
	latest    *version
	published []*version // in the order of their numbers
	changed   bool       // whether $LATEST was changed since the last one was published
	aliases   map[string]AliasConfig
	faults    []*Injected
	// turn lets one invocation at a time through, nil where sandboxes may run side by side.
	turn chan struct{}
}

// newVersion makes fn a version. It reads no more than the bootstrap's size and time.
func (s *Service) newVersion(fn Function) *version {
	v := &version{Version: Version{
		Function: fn, Number: latest, Description: fn.Description,
		Modified: s.config.Clock.Now(), Revision: newRequestID(),
	}}
	if fn.made != nil && fn.made.code != nil {
		v.CodeSize, v.CodeSHA256 = fn.made.code.size, fn.made.code.sha256
		return v
	}
	code := []any{fn.Command, fn.RIE, fn.Webhook, fn.Handler}
	if len(fn.Command) > 0 {
		if file, err := os.Stat(fn.Command[0]); err == nil {
			v.CodeSize = file.Size()
			code = append(code, file.Size(), file.ModTime().UnixNano())
		}
	}
	text, _ := json.Marshal(code) // strings and numbers always marshal
	sum := sha256.Sum256(text)
	v.CodeSHA256 = base64.StdEncoding.EncodeToString(sum[:])
	return v
}

// Create adds a function. It starts no process: the first invocation does.
func (s *Service) Create(fn Function) error {
	fn, err := fn.normalize()
	if err != nil {
		return fmt.Errorf("creating function %q: %w", fn.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.functions[fn.Name]; exists {
		return fmt.Errorf("creating function %q: %w", fn.Name,
			&APIError{"ResourceConflictException", "Function already exist: " + fn.Name})
	}
	f := &function{name: fn.Name, latest: s.newVersion(fn), changed: true, aliases: map[string]AliasConfig{}}
	f.takeTurns()
	s.functions[fn.Name] = f
	return nil
}

// Update replaces the code and configuration of a function's $LATEST. Invocations that run
// go on; its idle sandboxes end.
func (s *Service) Update(fn Function) error {
	fn, err := fn.normalize()
	if err != nil {
		return fmt.Errorf("updating function %q: %w", fn.Name, err)
	}
	idle, err := s.update(fn)
	if err != nil {
		return fmt.Errorf("updating function %q: %w", fn.Name, err)
	}
	for _, sb := range idle {
		sb.close()
	}
	return nil
}

func (s *Service) update(fn Function) (idle []*sandbox, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(fn.Name)
	if err != nil {
		return nil, err
	}
	old := f.latest
	f.latest = s.newVersion(fn)
	f.changed = f.changed || old.CodeSHA256 != f.latest.CodeSHA256 || !reflect.DeepEqual(old.Function, fn)
	f.takeTurns()
	idle = s.idle[old]
	delete(s.idle, old)
	return idle, nil
}

// Delete removes a function with its versions and aliases. Invocations that run go on, and events that wait for another try are
// given up. Its error is an [*APIError].
func (s *Service) Delete(name string) error {
	s.mu.Lock()
	f, err := s.functionLocked(name)
	if err != nil {
		s.mu.Unlock()
		return fmt.Errorf("deleting function %q: %w", name, err)
	}
	delete(s.functions, f.name)
	var idle []*sandbox
	for _, v := range append([]*version{f.latest}, f.published...) {
		idle = append(idle, s.idle[v]...)
		delete(s.idle, v)
	}
	s.mu.Unlock()
	for _, sb := range idle {
		sb.close()
	}
	return nil
}

// takeTurns has the invocations wait for each other where there is one sandbox for all.
func (f *function) takeTurns() {
	if f.turn == nil && f.latest.Function.RIE != "" {
		f.turn = make(chan struct{}, 1)
	}
}

// Publish makes a version of $LATEST, given the function's name or ARN. Where nothing has
// changed since the last version, Lambda makes none and answers with that one:
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html. An empty
// description leaves the function's.
func (s *Service) Publish(name, description string) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(name)
	if err != nil {
		return Version{}, fmt.Errorf("publishing a version of %q: %w", name, err)
	}
	if last := len(f.published); last > 0 && !f.changed {
		return f.published[last-1].Version, nil
	}
	return f.publish(f.lastNumber()+1, description, s.config.Clock.Now()), nil
}

// PublishAs makes a version of $LATEST that has a number of the caller's, above those of all
// versions there are: a function whose first versions are gone, as functions in use are. It makes
// one also where nothing has changed.
func (s *Service) PublishAs(name string, number int, description string) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(name)
	if err == nil && number <= f.lastNumber() {
		err = fmt.Errorf("the last version is %d, and numbers rise", f.lastNumber())
	}
	if err != nil {
		return Version{}, fmt.Errorf("publishing version %d of %q: %w", number, name, err)
	}
	return f.publish(number, description, s.config.Clock.Now()), nil
}

// lastNumber is that of the newest version, 0 before there is one.
func (f *function) lastNumber() int {
	if len(f.published) == 0 {
		return 0
	}
	number, _ := strconv.Atoi(f.published[len(f.published)-1].Number) // it was made of one
	return number
}

func (f *function) publish(number int, description string, now time.Time) Version {
	v := &version{Version: f.latest.Version}
	v.Number = strconv.Itoa(number)
	v.Modified, v.Revision = now, newRequestID()
	if description != "" {
		v.Description = description
	}
	f.published = append(f.published, v)
	f.changed = false
	return v.Version
}

// Versions lists $LATEST and the published versions of a function, oldest first.
func (s *Service) Versions(name string) ([]Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(name)
	if err != nil {
		return nil, fmt.Errorf("listing the versions of %q: %w", name, err)
	}
	versions := []Version{f.latest.Version}
	for _, v := range f.published {
		versions = append(versions, v.Version)
	}
	return versions, nil
}

// Functions lists the functions' $LATEST by name.
func (s *Service) Functions() []Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Version
	for _, f := range s.functions {
		all = append(all, f.latest.Version)
	}
	slices.SortFunc(all, func(a, b Version) int { return strings.Compare(a.Function.Name, b.Function.Name) })
	return all
}

// Version returns the version that a name or ARN means: $LATEST without a qualifier, and
// the main version of an alias.
func (s *Service) Version(name string) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	base, qualifier := splitName(name)
	f, err := s.functionLocked(base)
	if err != nil {
		return Version{}, fmt.Errorf("looking up %q: %w", name, err)
	}
	v, err := s.resolveLocked(f, qualifier, func() float64 { return 1 })
	if err != nil {
		return Version{}, fmt.Errorf("looking up %q: %w", name, err)
	}
	return v.Version, nil
}

// functionLocked finds a function by its name or ARN.
func (s *Service) functionLocked(name string) (*function, error) {
	base, _ := splitName(name)
	f, known := s.functions[base]
	if !known {
		return nil, s.notFound(base)
	}
	return f, nil
}

func (s *Service) notFound(name string) error {
	return &APIError{"ResourceNotFoundException", "Function not found: " + s.ARN(name)}
}

// version finds $LATEST or a published version by its number, nil where there is none.
func (f *function) version(number string) *version {
	if number == latest {
		return f.latest
	}
	i := slices.IndexFunc(f.published, func(v *version) bool { return v.Number == number })
	if i < 0 {
		return nil
	}
	return f.published[i]
}

// resolveLocked finds the version that a qualifier means. Where that is an alias with two
// versions, random, in [0, 1), decides.
func (s *Service) resolveLocked(f *function, qualifier string, random func() float64) (*version, error) {
	number := qualifier
	if qualifier == "" {
		number = latest
	}
	if alias, is := f.aliases[qualifier]; is {
		number = alias.route(random)
	}
	v := f.version(number)
	if v == nil {
		return nil, s.notFound(qualify(f.name, qualifier))
	}
	return v, nil
}
