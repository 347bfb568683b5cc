package secret

import (
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Source is where a secret lies, as a plan has it:
//
//	ssm:/shop/token                    a parameter of the Parameter Store, by its name or ARN
//	secretsmanager:shop/test#token     a secret of Secrets Manager, by its name or ARN, and one key of its JSON
//	env:TOKEN                          a variable of the environment
//	file:secrets/token                 a file, without the line break at its end
//
// The names of the deployment may stand in it. One of the Parameter Store may have a key as well.
type Source struct{ text strictyaml.Text }

// The places where secrets lie.
const (
	fromSSM            = "ssm"
	fromSecretsManager = "secretsmanager"
	fromEnvironment    = "env"
	fromFile           = "file"
)

func schemes() []string {
	return []string{fromSSM, fromSecretsManager, fromEnvironment, fromFile}
}

const sourceForms = "ssm:NAME, secretsmanager:NAME#KEY, env:NAME or file:PATH"

// DecodeNode reads a source, and refuses what none could be, whatever its names stand for.
func (s *Source) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsScalar() {
		d.Mismatch(n, "where the secret lies: "+sourceForms)
		return
	}
	d.Decode(n, &s.text)
	if s.text.IsZero() {
		return // already noted
	}
	written := s.text.String()
	scheme, _, found := strings.Cut(written, ":")
	switch {
	case !found || strings.ContainsAny(scheme, " {/"):
		d.Problem(n, "expected where the secret lies (%s), found a text; a secret itself doesn't stand in a plan", sourceForms)
		return
	case !isScheme(scheme):
		d.Problem(n, "%s", strictyaml.Unknown("place of secrets", scheme, schemes()))
		return
	}
	if _, err := parseAddress(written); err != nil {
		d.Problem(n, "%s", err)
	}
}

// JSONSchema describes a source.
func (*Source) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `^(ssm|secretsmanager|env|file):.`}
}

// String is the source as the plan has it.
func (s Source) String() string { return s.text.String() }

func isScheme(s string) bool {
	for _, known := range schemes() {
		if s == known {
			return true
		}
	}
	return false
}

// address is a source whose names are filled in.
type address struct {
	scheme, name string
	key          string // of a JSON object; empty for the whole text
}

// document is what is read for the address, whichever key it has.
func (a address) document() string { return a.scheme + ":" + a.name }

func (a address) String() string {
	if a.key == "" {
		return a.document()
	}
	return a.document() + "#" + a.key
}

func (s Source) address(lookup strictyaml.Lookup) (address, error) {
	text, err := s.text.Expand(lookup)
	if err != nil {
		return address{}, err
	}
	return parseAddress(text)
}

// Place is where the secret lies once the names are filled in: one of the schemes, and the name there, without a key.
func (s Source) Place(lookup strictyaml.Lookup) (scheme, name string, err error) {
	a, err := s.address(lookup)
	return a.scheme, a.name, err
}

// parseAddress reads what stands after the scheme. Neither service takes # in a name.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html#API_PutParameter_RequestSyntax
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html#API_CreateSecret_RequestSyntax
func parseAddress(text string) (address, error) {
	scheme, name, _ := strings.Cut(text, ":")
	a := address{scheme: scheme, name: name}
	keyed := false
	if scheme == fromSSM || scheme == fromSecretsManager {
		a.name, a.key, keyed = strings.Cut(name, "#")
	}
	switch {
	case strings.TrimSpace(a.name) == "":
		return a, fmt.Errorf("%s: names nothing: write %s", scheme, sourceForms)
	case keyed && a.key == "":
		return a, fmt.Errorf("%s has no key after #", text)
	}
	return a, nil
}
