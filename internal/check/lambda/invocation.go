package lambdacheck

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Invocation says which function is invoked, and with what: a function, or a mapping.
type Invocation struct {
	// Function is a name or an ARN, perhaps with a qualifier behind it. Default: green's, by its new version.
	Function strictyaml.Text `yaml:"function"`
	// Qualifier is a version or an alias of it.
	Qualifier strictyaml.Text `yaml:"qualifier"`
	// Payload is the event that the function gets, any value as JSON. Default: {}.
	Payload strictyaml.Value `yaml:"payload"`
	// Context is the client context that the function gets: a mapping, whose custom is what most runtimes look into.
	Context strictyaml.Value `yaml:"client_context"`
}

// DecodeNode reads green, the name or ARN of a function, or a mapping.
func (i *Invocation) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		type fields Invocation
		d.Fields(n, (*fields)(i))
		i.validate(d, n)
	case n.IsScalar() && n.Text() == "green":
	case n.IsScalar():
		d.Decode(n, &i.Function)
		i.validateFunction(d, n)
	default:
		d.Mismatch(n, "green, the name or ARN of a function, or a mapping with function, payload, …")
	}
}

// JSONSchema describes a function, or a mapping.
func (*Invocation) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(Invocation))
	s.SetProperty("function", strictyaml.NonEmpty())
	s.SetProperty("client_context", &strictyaml.Schema{Type: strictyaml.Types{"object"}})
	s.DependentRequired = map[string][]string{"qualifier": {"function"}}
	return strictyaml.AnyOf(strictyaml.NonEmpty(), s)
}

func (i *Invocation) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("function"); ok {
		i.validateFunction(d, at)
	} else if at, ok := n.Get("qualifier"); ok {
		d.Problem(at, "qualifier: green's function is invoked by its new version: a qualifier needs function")
	}
	if at, ok := n.Get("client_context"); ok && !at.IsMapping() {
		d.Mismatch(at, "a mapping, as in {custom: {trial: true}}")
	}
}

func (i *Invocation) validateFunction(d *strictyaml.Decoder, n strictyaml.Node) {
	name, known := i.Function.Literal()
	if !known || i.Function.IsZero() {
		return
	}
	_, qualifier, err := splitFunction(name)
	switch {
	case err != nil:
		d.Problem(n, "%s", err)
	case qualifier != "" && !i.Qualifier.IsZero():
		d.Problem(n, "%s has the qualifier %s already: drop one of the two", expect.Quote(name), qualifier)
	}
}

// call is an invocation with its names filled in.
type call struct {
	// function is a name or an ARN, without a qualifier.
	function, qualifier string
	// region is the ARN's; empty where a name is given.
	region  string
	payload []byte
	context string
}

// maxContext is how long a client context may be, encoded, in bytes.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax
const maxContext = 3583

func (i *Invocation) call(lookup strictyaml.Lookup) (call, error) {
	var c call
	function, err := i.name(lookup)
	if err != nil {
		return c, err
	}
	if c.function, c.qualifier, err = splitFunction(function); err != nil {
		return c, err
	}
	qualifier, err := i.Qualifier.Expand(lookup)
	switch {
	case err != nil:
		return c, err
	case qualifier != "" && c.qualifier != "":
		return c, fmt.Errorf("%s has the qualifier %s already, beside %s", expect.Quote(function), c.qualifier, qualifier)
	case qualifier != "":
		c.qualifier = qualifier
	}
	if parts := strings.Split(c.function, ":"); parts[0] == "arn" {
		c.region = parts[3]
	}
	c.payload = []byte("{}")
	if !i.Payload.IsZero() {
		if c.payload, err = asJSON(i.Payload, lookup); err != nil {
			return c, err
		}
	}
	if !i.Context.IsZero() {
		text, err := asJSON(i.Context, lookup)
		if err != nil {
			return c, err
		}
		c.context = base64.StdEncoding.EncodeToString(text)
		if len(c.context) > maxContext {
			return c, fmt.Errorf("%s: the client context takes %d bytes, and Lambda takes %d", i.Context.Position(), len(c.context), maxContext)
		}
	}
	return c, nil
}

func (i *Invocation) name(lookup strictyaml.Lookup) (string, error) {
	if !i.Function.IsZero() {
		return i.Function.Expand(lookup)
	}
	if lookup == nil {
		return "", errors.New("green's function isn't known here: set function")
	}
	value, err := lookup("green.function")
	if err != nil {
		return "", fmt.Errorf("green's function: %w", err)
	}
	return fmt.Sprint(value), nil
}

func asJSON(v strictyaml.Value, lookup strictyaml.Lookup) ([]byte, error) {
	value, err := v.Expand(lookup)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("%s: writing it as JSON: %w", v.Position(), err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// splitFunction parts a function from its qualifier: name, name:qualifier, an ARN, or an ARN with the account's number as its
// first part.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters
func splitFunction(s string) (function, qualifier string, err error) {
	parts := strings.Split(s, ":")
	name := 0
	if at := slices.Index(parts, "function"); at >= 0 && len(parts) > 1 {
		name = at + 1
	}
	isARN := parts[0] == "arn"
	switch more := len(parts) - name - 1; {
	case more < 0 || parts[name] == "" || more > 1 || isARN && (name != 6 || parts[3] == "") || strings.ContainsAny(s, " /?#"):
		return "", "", fmt.Errorf("%s is neither a function's name nor its ARN", expect.Quote(s))
	case more == 1 && parts[name+1] == "":
		return "", "", fmt.Errorf("%s has no qualifier after its last colon", expect.Quote(s))
	case more == 1:
		return strings.Join(parts[:name+1], ":"), parts[name+1], nil
	}
	return s, "", nil
}

// path is that of the call.
func (c call) path() string {
	path := "/2015-03-31/functions/" + url.PathEscape(c.function) + "/invocations"
	if c.qualifier != "" {
		path += "?Qualifier=" + url.QueryEscape(c.qualifier)
	}
	return path
}

// latest is the version that isn't published, and that is invoked where no other is asked for.
const latest = "$LATEST"

// version is the one that must be executed; empty where an alias decides.
func (c call) version() string {
	switch {
	case c.qualifier == "":
		return latest
	case c.qualifier == latest || strings.Trim(c.qualifier, "0123456789") == "":
		return c.qualifier
	}
	return ""
}

// String names the function as reports do.
func (c call) String() string {
	name := c.function[strings.LastIndexByte(c.function, ':')+1:]
	if c.qualifier != "" {
		name += ":" + c.qualifier
	}
	return name
}
