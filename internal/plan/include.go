package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Limits on what a plan includes. Past them it is a mistake: files that include each other grow without an end, and reading
// them would cost the time that the answer needs.
const (
	maxIncludeDepth = 8
	maxIncludes     = 200
)

// included is the top of a file that another one includes: checks, and the variables that stand in them. It knows no names but
// these and the deployment's: what else it needs is given to it, so that one reads in two places what it does, and no further.
type included struct {
	Version version `yaml:"version,required"`
	Vars    node    `yaml:"vars"` // read by Language.planVars, before all others
	Checks  node    `yaml:"checks,required"`
}

// inclusionEntry is how an inclusion stands in a list of checks.
type inclusionEntry struct {
	// Include is a file whose checks stand in this place: its path, or the path with variables of the file.
	Include check.Inclusion `yaml:"include,required"`
}

// includer reads the files that one plan includes, each once.
type includer struct {
	language Language
	read     map[string]Source
	count    int
	problems strictyaml.Problems // those of included files
}

// level is a file whose checks are read, with the way to it.
type level struct {
	source Source
	// at are the places of the inclusions that lead to it, the plan's own first.
	at []strictyaml.Position
	// names are those of the files on the way, this one included.
	names []string
}

// checks reads a list of checks, and those of the files that stand in it. What the files say gets into the fingerprint.
func (f *file) checks(d *strictyaml.Decoder, list []strictyaml.Node, at level, s settings, fingerprint hash.Hash64) []*Check {
	var all []*Check
	for _, item := range list {
		if entry, ok := item.Get(check.IncludeKey); ok {
			all = append(all, f.inclusion(d, item, entry, at, s, fingerprint)...)
		} else if c := decodeCheck(d, item, f.kinds, s, files{f, at, fingerprint}); c != nil {
			all = append(all, c)
			fitsBudget(d, item, c, s)
		}
	}
	return all
}

// inclusion reads an entry that stands for the checks of another file.
func (f *file) inclusion(d *strictyaml.Decoder, item, entry strictyaml.Node, at level, s settings, fingerprint hash.Hash64) []*Check {
	for _, pair := range item.Pairs() {
		if key := pair.Key.Text(); key != check.IncludeKey {
			d.Problem(pair.Key, "%s can't stand beside include: it belongs to the checks of the file, or to the stage", key)
		}
	}
	var all []*Check
	f.include(d, entry, at, fingerprint, func(d *strictyaml.Decoder, checks strictyaml.Node, inner level) {
		all = f.listed(d, checks, inner, s, fingerprint)
	})
	return all
}

// files are what a check of one file may include.
type files struct {
	file        *file
	at          level
	fingerprint hash.Hash64
}

// Include reads the file that an entry names.
func (i files) Include(d *strictyaml.Decoder, entry strictyaml.Node, decode func(*strictyaml.Decoder, strictyaml.Node, check.Files)) {
	i.file.include(d, entry, i.at, i.fingerprint, func(d *strictyaml.Decoder, checks strictyaml.Node, inner level) {
		decode(d, checks, files{i.file, inner, i.fingerprint})
	})
}

// include reads the file that an entry names, and has its checks decoded. What they say gets into the fingerprint.
func (f *file) include(d *strictyaml.Decoder, entry strictyaml.Node, at level, fingerprint hash.Hash64, decode func(*strictyaml.Decoder, strictyaml.Node, level)) {
	var wanted check.Inclusion
	before := d.Count()
	if d.Decode(entry, &wanted); d.Count() > before {
		return
	}
	source, err := f.includes.source(at, wanted.File)
	if err != nil {
		d.Problem(entry, "%s", err)
		return
	}
	inner := level{
		source: source, at: append(slices.Clone(at.at), entry.Position()), names: append(slices.Clone(at.names), source.Name),
	}
	root, err := strictyaml.Parse(source.Name, source.Text)
	if err != nil {
		f.includes.note(err, inner)
		return
	}
	language := f.includes.language
	vars, wrong := language.vars(root)
	give(d, entry, wanted, root, vars)
	dec := strictyaml.NewDecoder(strictyaml.Names{Static: map[string]any{"vars": vars}, Later: language.Names})
	var own included
	dec.Decode(root, &own)
	given, _ := json.Marshal(vars)
	_, _ = fingerprint.Write(given)
	hashNode(fingerprint, own.Checks.Node)
	decode(dec, own.Checks.Node, inner)
	f.includes.note(together(wrong, dec.Err()), inner)
}

// listed reads a list that must not be empty.
func (f *file) listed(d *strictyaml.Decoder, list strictyaml.Node, at level, s settings, fingerprint hash.Hash64) []*Check {
	switch {
	case list.IsZero(): // already noted
		return nil
	case !list.IsSequence():
		d.Mismatch(list, "a list of checks")
		return nil
	case len(list.Items()) == 0:
		d.Problem(list, "the list has no checks; leave the stage out where nothing is to be asked")
	}
	return f.checks(d, list.Items(), at, s, fingerprint)
}

// give puts what an inclusion gives in the place of the file's own variables.
func give(d *strictyaml.Decoder, n strictyaml.Node, wanted check.Inclusion, root strictyaml.Node, vars map[string]any) {
	declared, _ := root.Get("vars")
	with, _ := n.Get("with")
	for i, given := range wanted.With {
		pair := with.Pairs()[i]
		own, known := vars[given.Key]
		if !known {
			var names []string
			for _, p := range declared.Pairs() {
				names = append(names, p.Key.Text())
			}
			d.Problem(pair.Key, "with: %s", strictyaml.Unknown("variable of "+wanted.File, given.Key, names))
			continue
		}
		value, err := given.Value.Expand(noName)
		text, isText := given.Value.Text()
		switch {
		case err == nil:
			vars[given.Key] = asOwn(value, own)
		case isText:
			vars[given.Key] = text // whose names are known when a check runs
		default:
			d.Problem(pair.Value, "with: names that are known only when a check runs can't stand inside of a list or mapping here")
		}
	}
}

// asOwn keeps a variable text whose own value is text.
func asOwn(value, own any) any {
	if _, isText := own.(string); isText {
		switch value.(type) {
		case bool, int64, float64:
			return fmt.Sprint(value)
		}
	}
	return value
}

// source reads a file that one at a level includes.
func (i *includer) source(at level, file string) (Source, error) {
	if at.source.Include == nil {
		return Source{}, errors.New("include: from here no other file can be read")
	}
	if i.count++; i.count > maxIncludes {
		return Source{}, fmt.Errorf("include: the plan includes files over %d times", maxIncludes)
	}
	name, err := at.source.Include.Resolve(file)
	if err != nil {
		return Source{}, fmt.Errorf("include: %w", err)
	}
	if slices.Contains(at.names, name) {
		return Source{}, fmt.Errorf("include: the file includes itself: %s → %s", strings.Join(at.names, " → "), name)
	}
	if len(at.at) == maxIncludeDepth {
		return Source{}, fmt.Errorf("include: files include each other over %d deep: %s → %s", maxIncludeDepth, strings.Join(at.names, " → "), name)
	}
	if source, known := i.read[name]; known {
		return source, nil
	}
	source, err := at.source.Include.Read(name)
	if err != nil {
		return Source{}, fmt.Errorf("include: %w", err)
	}
	i.read[name] = source
	return source, nil
}

// note keeps the problems of an included file, each with the way to it.
func (i *includer) note(err error, at level) {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return
	}
	way := make([]string, len(at.at))
	for n, p := range at.at {
		way[len(way)-1-n] = p.String()
	}
	for _, p := range problems {
		p.Message += " (included at " + strings.Join(way, ", which is included at ") + ")"
		if !slices.ContainsFunc(i.problems, func(q strictyaml.Problem) bool { return q.Position == p.Position && q.Message == p.Message }) {
			i.problems = append(i.problems, p)
		}
	}
}
