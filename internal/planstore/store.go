// Package planstore reads plans that lie in AWS: objects of S3, and parameters of the Parameter Store.
package planstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// patience bounds the reading of one file: where nothing answers, that is to be said while there is time.
const patience = 10 * time.Second

// Store reads plans. An object that was read before is asked for again, and sent again only if it has changed. It is safe for
// concurrent use.
type Store struct {
	config func() (aws.Config, error)

	mu         sync.Mutex
	objects    *awscall.S3
	parameters *awscall.Client
	kept       map[plan.Address]awscall.Object
}

// Limits on what a warm function keeps: a plan is some 50 kB, and a function serves those of a few applications.
const (
	mostKept    = 16
	largestKept = 256 << 10
)

// New makes a Store. The configuration is asked for with the first plan.
func New(config func() (aws.Config, error)) *Store {
	return &Store{config: config, kept: map[plan.Address]awscall.Object{}}
}

// Read reads a plan of up to strictyaml.MaxSize bytes. What it includes is read from where it lies, by the end of ctx.
func (s *Store) Read(ctx context.Context, at plan.Address) (plan.Source, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := s.text(ctx, at)
	if err != nil {
		return plan.Source{}, fmt.Errorf("reading the plan %s: %w", at, err)
	}
	return plan.Source{Name: at.String(), Text: text}, nil
}

// Open reads a plan as Read does, which can include others.
func (s *Store) Open(ctx context.Context, at plan.Address) (plan.Source, error) {
	source, err := s.Read(ctx, at)
	source.Include = plan.Beside{At: at, Open: func(other plan.Address) (plan.Source, error) { return s.Open(ctx, other) }}
	return source, err
}

func (s *Store) text(ctx context.Context, at plan.Address) ([]byte, error) {
	if err := s.connect(); err != nil {
		return nil, err
	}
	if at.Bucket == "" {
		return s.parameter(ctx, at.Key)
	}
	return s.object(ctx, at)
}

func (s *Store) connect() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects != nil {
		return nil
	}
	cfg, err := s.config()
	if err != nil {
		return err
	}
	s.objects, s.parameters = awscall.NewS3(cfg), awscall.New(cfg, awscall.SSM)
	return nil
}

func (s *Store) object(ctx context.Context, at plan.Address) ([]byte, error) {
	s.mu.Lock()
	before := s.kept[at]
	s.mu.Unlock()
	object, err := s.objects.Get(ctx, at.Bucket, at.Key, before.ETag, strictyaml.MaxSize)
	switch {
	case errors.Is(err, awscall.ErrNotModified):
		return before.Body, nil
	case err != nil:
		return nil, objectUnread(err)
	}
	s.keep(at, object)
	return object.Body, nil
}

func (s *Store) keep(at plan.Address, object awscall.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= mostKept {
		clear(s.kept)
	}
	delete(s.kept, at)
	if object.ETag != "" && len(object.Body) <= largestKept {
		s.kept[at] = object
	}
}

// objectUnread says why an object couldn't be read, and what to do. Without the permission to list a bucket S3 doesn't tell an
// object that isn't there from one that may not be read.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func objectUnread(err error) error {
	switch {
	case awscall.HasCode(err, "NoSuchKey"):
		return errors.New("there is no such object")
	case awscall.HasCode(err, "NoSuchBucket"):
		return errors.New("there is no such bucket")
	case awscall.IsDenied(err):
		return fmt.Errorf("%s: %s: there is no such object, or allow %s on it to the function's role; with %s on the bucket S3 says which it is",
			actionObject, awscall.Plain(err), actionObject, actionList)
	case awscall.HasCode(err, "PermanentRedirect"):
		return fmt.Errorf("%s: %s: plans are read in the function's own region: put it into a bucket there", actionObject, awscall.Plain(err))
	}
	return unread(err, actionObject)
}

// parameter reads a parameter, be it a SecureString or not.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (s *Store) parameter(ctx context.Context, name string) ([]byte, error) {
	var out struct {
		Parameter struct{ Value *string }
	}
	in := struct {
		Name           string
		WithDecryption bool
	}{name, true}
	switch err := s.parameters.Call(ctx, "GetParameter", in, &out); {
	case awscall.HasCode(err, "ParameterNotFound", "ParameterVersionNotFound"):
		return nil, fmt.Errorf("there is no such parameter in %s", s.parameters.Region())
	case awscall.IsDenied(err):
		return nil, fmt.Errorf("%s: %s: allow %s on it to the function's role, and %s where it is a SecureString under a key of your own",
			actionParameter, awscall.Plain(err), actionParameter, actionDecrypt)
	case err != nil:
		return nil, unread(err, actionParameter)
	case out.Parameter.Value == nil:
		return nil, fmt.Errorf("the answer of %s has no Value", actionParameter)
	}
	return []byte(*out.Parameter.Value), nil
}

func unread(err error, action string) error {
	advice := ""
	if awscall.IsPassing(err) {
		advice = ": see that there is a way to the service, and that it isn't throttled"
	}
	return fmt.Errorf("%s: %s%s", action, awscall.Plain(err), advice)
}
