package alarmscheck

import (
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Selection says which alarms are meant: a name, a list of names, or a mapping.
type Selection struct {
	// Names are the alarms' names.
	Names strictyaml.OneOrMany[strictyaml.Text] `yaml:"names"`
	// Prefix is what their names begin with.
	Prefix strictyaml.Text `yaml:"prefix"`
	// Tags are tag → value: alarms that have all of them.
	Tags strictyaml.Map[strictyaml.Text] `yaml:"tags"`
	// Region is where the alarms are; default: the configuration's.
	Region strictyaml.Text `yaml:"region"`
}

// DecodeNode reads a name, a list of names, or a mapping.
func (s *Selection) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		type fields Selection
		d.Fields(n, (*fields)(s))
		s.validate(d, n)
	case n.IsScalar(), n.IsSequence():
		d.Decode(n, &s.Names)
		s.validateNames(d, n)
	default:
		d.Mismatch(n, "the name of an alarm, a list of them, or a mapping with names, prefix or tags")
	}
}

func (s *Selection) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	first := ""
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case key != "names" && key != "prefix" && key != "tags":
		case first == "":
			first = key
		default:
			d.Problem(pair.Key, "%s: the alarms are chosen by %s already: write one of names, prefix and tags", key, first)
		}
	}
	if first == "" {
		d.Problem(n, "no alarm is chosen: write names, prefix or tags")
	}
	if names, ok := n.Get("names"); ok {
		s.validateNames(d, names)
	}
	if at, ok := n.Get("prefix"); ok {
		if text, known := s.Prefix.Literal(); known && text == "" && at.IsScalar() {
			d.Problem(at, "prefix: it is empty: write what the names begin with")
		}
	}
	if at, ok := n.Get("tags"); ok && at.IsMapping() && len(at.Pairs()) == 0 {
		d.Problem(at, "tags: no tag is given")
	}
}

func (s *Selection) validateNames(d *strictyaml.Decoder, n strictyaml.Node) {
	for _, name := range s.Names {
		if text, known := name.Literal(); known && text == "" && !name.IsZero() {
			d.Problem(n, "the name of an alarm is empty")
		}
	}
}

// JSONSchema describes a name, a list of names, or a mapping.
func (*Selection) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	names := strictyaml.AnyOf(strictyaml.NonEmpty(), strictyaml.ListOf(strictyaml.NonEmpty(), 1))
	whole := d.Fields(new(Selection))
	whole.SetProperty("names", names)
	whole.SetProperty("prefix", strictyaml.NonEmpty())
	whole.Property("tags").MinProperties = 1
	whole.OneOf = []*strictyaml.Schema{strictyaml.Needs("names"), strictyaml.Needs("prefix"), strictyaml.Needs("tags")}
	return strictyaml.AnyOf(names, whole)
}

// String is how the plan has it, for a title.
func (s *Selection) String() string {
	switch {
	case !s.Prefix.IsZero():
		return s.Prefix.String() + "*"
	case s.Tags != nil:
		var parts []string
		for _, tag := range s.Tags {
			parts = append(parts, tag.Key+"="+tag.Value.String())
		}
		return "tagged " + strings.Join(parts, ", ")
	}
	names := make([]string, len(s.Names))
	for i, name := range s.Names {
		names[i] = name.String()
	}
	const most = 3
	if more := len(names) - most; more > 0 {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}

// chosen is a Selection with its names filled in.
type chosen struct {
	names  []string
	prefix string
	tags   []tag
}

type tag struct{ key, value string }

func (s *Selection) expand(lookup strictyaml.Lookup) (c chosen, region string, err error) {
	if region, err = s.Region.Expand(lookup); err != nil {
		return c, "", err
	}
	for _, text := range s.Names {
		name, err := text.Expand(lookup)
		if err != nil {
			return c, "", err
		}
		c.names = append(c.names, name)
	}
	if c.prefix, err = s.Prefix.Expand(lookup); err != nil {
		return c, "", err
	}
	for _, entry := range s.Tags {
		value, err := entry.Value.Expand(lookup)
		if err != nil {
			return c, "", err
		}
		c.tags = append(c.tags, tag{entry.Key, value})
	}
	return c, region, nil
}
