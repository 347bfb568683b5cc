package secret

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTTL is how long a warm function remembers what it has fetched: long enough for the stages of a deployment that
// follow each other, short enough for a secret that is rotated.
const DefaultTTL = 5 * time.Minute

// patience bounds the fetching of all secrets, however much time the execution has: where nothing answers, that is to be
// said while there is time.
const patience = 10 * time.Second

// Settings are where a Store fetches.
type Settings struct {
	// AWS gives the configuration for the Parameter Store and Secrets Manager. It is asked with the first secret that lies there.
	AWS func() (aws.Config, error)
	// Env gives the variables of the environment.
	Env func(string) string
	// TTL is how long secrets of AWS's are remembered; 0: not at all.
	TTL time.Duration
	// Now is the wall clock's; nil: time.Now.
	Now func() time.Time
}

// Store fetches secrets. It is safe for concurrent use.
type Store struct {
	settings Settings
	masker   Masker

	mu         sync.Mutex
	remembered map[string]remembered // by address.document
	parameters *awscall.Client
	secrets    *awscall.Client
}

// remembered is a text that was fetched. A sandbox is frozen between invocations, while the wall clock goes on.
type remembered struct {
	text    string
	fetched time.Time
}

// NewStore makes a Store. It does no I/O.
func NewStore(s Settings) *Store {
	if s.Now == nil {
		s.Now = time.Now
	}
	return &Store{settings: s, remembered: map[string]remembered{}}
}

// Masker masks all that the Store has ever fetched, what has been forgotten included: it may still stand somewhere.
func (s *Store) Masker() *Masker { return &s.masker }

// Wanted is a secret that is to be fetched.
type Wanted struct {
	// Name is the plan's.
	Name   string
	Source Source
}

// Set is what was fetched, by the plan's name.
type Set map[string]Value

// Prefix is what secrets' names begin with in texts: {{ secrets.token }}.
const Prefix = "secrets."

// Lookup finds secrets by their names with Prefix, and all others by next.
func (s Set) Lookup(next strictyaml.Lookup) strictyaml.Lookup {
	return func(name string) (any, error) {
		if own, isSecret := strings.CutPrefix(name, Prefix); isSecret {
			value, ok := s[own]
			if !ok {
				return nil, fmt.Errorf("not fetched for this stage")
			}
			return value.Reveal(), nil
		}
		if next == nil {
			return nil, fmt.Errorf("no such name is known here")
		}
		return next(name)
	}
}

// Fetch fetches secrets side by side, each place once, and has them masked. The error names the first that couldn't be
// fetched, its source, what to do, and how many more there are.
func (s *Store) Fetch(ctx context.Context, wanted []Wanted, lookup strictyaml.Lookup) (Set, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addresses, errs := make([]address, len(wanted)), make([]error, len(wanted))
	for i, w := range wanted {
		addresses[i], errs[i] = w.Source.address(lookup)
	}
	documents := s.documents(ctx, addresses, errs)
	set := Set{}
	for i, w := range wanted {
		if errs[i] == nil {
			set[w.Name], errs[i] = s.value(addresses[i], documents[addresses[i].document()])
		}
	}
	return set, missing(wanted, errs)
}

func missing(wanted []Wanted, errs []error) error {
	var first error
	more := 0
	for i, err := range errs {
		switch {
		case err == nil:
		case first == nil:
			first = fmt.Errorf("%s%s: %w", Prefix, wanted[i].Name, err)
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w; %d more of the secrets missing", first, more)
	}
	return first
}

// document is the text at an address, or why there is none.
type document struct {
	text string
	err  error
}

// documents reads each document once that an address without an error is in.
func (s *Store) documents(ctx context.Context, addresses []address, errs []error) map[string]*document {
	all := map[string]*document{}
	var reading sync.WaitGroup
	for i, a := range addresses {
		if errs[i] != nil || all[a.document()] != nil {
			continue
		}
		d := &document{}
		all[a.document()] = d
		reading.Go(func() { d.text, d.err = s.read(ctx, a) })
	}
	reading.Wait()
	return all
}

// value takes a secret from its document.
func (s *Store) value(a address, d *document) (Value, error) {
	text, err := d.text, d.err
	if err == nil && a.key != "" {
		text, err = member(text, a)
	}
	if err == nil {
		err = fits(text)
	}
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", a, err)
	}
	s.masker.Add(text)
	return newValue(text), nil
}

// read gives what is remembered of an address, or reads it.
func (s *Store) read(ctx context.Context, a address) (string, error) {
	switch a.scheme {
	case fromEnvironment:
		return s.variable(a.name)
	case fromFile:
		return readFile(a.name)
	}
	if text, ok := s.recall(a.document()); ok {
		return text, nil
	}
	text, err := s.ask(ctx, a)
	if err == nil {
		s.remember(a.document(), text)
	}
	return text, err
}

func (s *Store) recall(document string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.remembered[document]
	age := s.now().Sub(r.fetched)
	if !ok || age < 0 || age >= s.settings.TTL {
		delete(s.remembered, document)
		return "", false
	}
	return r.text, true
}

func (s *Store) remember(document, text string) {
	if s.settings.TTL <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remembered[document] = remembered{text, s.now()}
}

// now is the wall clock's time alone: the monotonic clock may stand still while a sandbox is frozen.
func (s *Store) now() time.Time { return s.settings.Now().Round(0) }
