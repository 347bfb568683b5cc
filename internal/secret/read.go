package secret

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// maxSize is the most that a secret has, in bytes: what Secrets Manager takes at most.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const maxSize = 64 << 10

// fits refuses what couldn't be masked, or can't be a part of a text.
func fits(text string) error {
	switch {
	case text == "":
		return errors.New("it is empty")
	case len(text) > maxSize:
		return fmt.Errorf("it has %d bytes; at most %d are read", len(text), maxSize)
	case !utf8.ValidString(text):
		return errors.New("it is binary, and can't stand in a text")
	case IsShort(text):
		return fmt.Errorf("it has less than %d characters, which can't be masked: they stand in too many texts", Shortest)
	}
	return nil
}

func (s *Store) variable(name string) (string, error) {
	text := s.settings.Env(name)
	if text == "" {
		return "", errors.New("the variable is not set, or empty")
	}
	return text, nil
}

// readFile reads a file. The line break at its end is an editor's, and no part of the secret.
func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", plainFileError(err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+2))
	if err != nil {
		return "", plainFileError(err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

func plainFileError(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}

// ask reads from AWS.
func (s *Store) ask(ctx context.Context, a address) (string, error) {
	client, err := s.client(a.scheme)
	if err != nil {
		return "", err
	}
	if a.scheme == fromSSM {
		return parameter(ctx, client, a.name)
	}
	return secretValue(ctx, client, a.name)
}

// client makes a service's client when it is needed first.
func (s *Store) client(scheme string) (*awscall.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, service := &s.secrets, awscall.SecretsManager
	if scheme == fromSSM {
		client, service = &s.parameters, awscall.SSM
	}
	if *client == nil {
		cfg, err := s.settings.AWS()
		if err != nil {
			return nil, err
		}
		*client = awscall.New(cfg, service)
	}
	return *client, nil
}

// parameter reads a parameter, be it a SecureString or not.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func parameter(ctx context.Context, c *awscall.Client, name string) (string, error) {
	var out struct {
		Parameter struct{ Value *string }
	}
	in := struct {
		Name           string
		WithDecryption bool
	}{name, true}
	switch err := c.Call(ctx, "GetParameter", in, &out); {
	case awscall.HasCode(err, "ParameterNotFound", "ParameterVersionNotFound"):
		return "", fmt.Errorf("there is no such parameter in %s", c.Region())
	case err != nil:
		return "", unread(err, actionParameter, "where it is a SecureString under a key of your own")
	case out.Parameter.Value == nil:
		return "", fmt.Errorf("the answer of %s has no Value", actionParameter)
	}
	return *out.Parameter.Value, nil
}

// secretValue reads a secret's current version.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func secretValue(ctx context.Context, c *awscall.Client, name string) (string, error) {
	var out struct {
		SecretString *string
		SecretBinary *string
	}
	in := struct {
		SecretID string `json:"SecretId"`
	}{name}
	switch err := c.Call(ctx, "GetSecretValue", in, &out); {
	case awscall.HasCode(err, "ResourceNotFoundException"):
		return "", fmt.Errorf("there is no such secret in %s, or it has no current version", c.Region())
	case err != nil:
		return "", unread(err, actionSecret, "where it is under a key of your own")
	case out.SecretString == nil && out.SecretBinary != nil:
		return "", errors.New("it is binary, and can't stand in a text")
	case out.SecretString == nil:
		return "", fmt.Errorf("the answer of %s has no SecretString", actionSecret)
	}
	return *out.SecretString, nil
}

// unread says why a call failed, and what to do.
func unread(err error, action, encrypted string) error {
	advice := ""
	switch {
	case awscall.IsDenied(err):
		advice = fmt.Sprintf(": allow %s on it to the function's role, and %s on its key %s", action, actionDecrypt, encrypted)
	case awscall.IsPassing(err):
		advice = ": see that there is a way to the service, and that it isn't throttled"
	}
	return fmt.Errorf("%s: %s%s", action, awscall.Plain(err), advice)
}

// member takes the text of a key from a JSON object. Errors have the object's keys, and none of its values.
func member(text string, a address) (string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return "", errors.New("it is no JSON object, of which a key could be taken")
	}
	value, ok := object[a.key]
	if !ok {
		keys := make([]string, 0, len(object))
		for key := range object {
			keys = append(keys, key)
		}
		return "", errors.New(strictyaml.Unknown("key", a.key, keys))
	}
	switch value = bytes.TrimSpace(value); value[0] {
	case '"':
		var s string
		err := json.Unmarshal(value, &s)
		return s, err
	case '{', '[', 'n':
		what := cmp.Or(map[byte]string{'{': "an object", '[': "a list"}[value[0]], "null")
		return "", fmt.Errorf("the key's value is %s, and no text or number", what)
	}
	return string(value), nil
}
