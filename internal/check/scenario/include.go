package scenariocheck

import (
	"fmt"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// inclusionEntry is how the steps of another file stand among a scenario's own.
type inclusionEntry struct {
	// Include is a file whose steps stand in this place: its path, or the path with variables of the file.
	Include check.Inclusion `yaml:"include,required"`
}

// reader decodes the steps of one file, with those that it includes among them.
type reader struct {
	request func() *httpcheck.Check
	from    check.Files // nil: there are none
	names   *names
	// inCleanup: the file's steps stand in a cleanup.
	inCleanup bool

	steps, cleanup []*step
	// later are the cleanups of included files, the last one's first: what was made last is taken away first.
	later []*step
}

// list reads one of the two lists: which names a step may use depends on those before it.
func (r *reader) list(d *strictyaml.Decoder, key string, list strictyaml.Node) {
	switch {
	case list.IsZero():
		return
	case !list.IsSequence():
		d.Problem(list, "%s: expected a list of steps, such as - http: GET /carts, found %s", key, list.Describe())
		return
	case len(list.Items()) == 0:
		d.Problem(list, "%s: the list has no steps", key)
		return
	}
	for i, item := range list.Items() {
		where := placeOf(key, i)
		entry, includes := item.Get(check.IncludeKey)
		if includes {
			d.Among(r.names.at(where), func() { r.include(d, key, item, entry) })
			continue
		}
		one := &step{asks: r.request(), file: item.Position().File, stepKeys: stepKeys{Timeout: positive(httpcheck.DefaultTimeout)}}
		d.Among(r.names.at(where), func() { one.decode(d, item) })
		r.names.capture(d, where, item)
		r.add(key, one)
	}
}

func (r *reader) add(key string, steps ...*step) {
	if key == keyCleanup {
		r.cleanup = append(r.cleanup, steps...)
	} else {
		r.steps = append(r.steps, steps...)
	}
}

// include reads an entry that stands for the steps of another file.
func (r *reader) include(d *strictyaml.Decoder, key string, item, entry strictyaml.Node) {
	for _, pair := range item.Pairs() {
		if beside := pair.Key.Text(); beside != check.IncludeKey {
			d.Problem(pair.Key, "%s can't stand beside include: it belongs to the steps of the file", beside)
		}
	}
	if r.from == nil {
		d.Problem(entry, "include: from here no other file can be read")
		return
	}
	r.from.Include(d, entry, func(d *strictyaml.Decoder, checks strictyaml.Node, from check.Files) {
		inner := reader{request: r.request, from: from, inCleanup: r.inCleanup || key == keyCleanup}
		inner.file(d, checks, r.names.all)
		r.add(key, inner.steps...)
		r.later = slices.Concat(inner.cleanup, inner.later, r.later)
		r.names.known = append(r.names.known, inner.captured()...)
	})
}

// captured are the names under which the steps of a file, its cleanup aside, have captured values.
func (r *reader) captured() []string {
	var all []string
	for _, s := range r.steps {
		for _, entry := range s.Capture {
			all = append(all, entry.Key)
		}
	}
	return all
}

// file reads a file whose steps are included: a plan whose one check is a scenario.
func (r *reader) file(d *strictyaml.Decoder, checks strictyaml.Node, all *captures) {
	switch {
	case checks.IsZero():
		return // already noted
	case !checks.IsSequence():
		d.Mismatch(checks, "a list of checks")
		return
	}
	items := checks.Items()
	if len(items) != 1 {
		d.Problem(checks, "checks: the steps of a file are those of its one check, a scenario; found %s", counted(len(items)))
		return
	}
	one := items[0]
	if _, isScenario := one.Get(keySteps); one.IsMapping() && !isScenario {
		d.Problem(one, "checks: the steps of a file are those of its one check, a scenario; found one of another kind")
		return
	}
	var own stepsFile
	d.Fields(one, &own)
	if r.inCleanup && !own.Cleanup.node.IsZero() {
		d.Problem(own.Cleanup.node, "cleanup: the file is included by a cleanup, which has none of its own")
		return
	}
	r.names = namesOf(d.Names(), all, own.Steps.node, own.Cleanup.node)
	r.list(d, keySteps, own.Steps.node)
	r.list(d, keyCleanup, own.Cleanup.node)
}

// stepsFile is the check of a file whose steps are included.
type stepsFile struct {
	Name    label `yaml:"name"` // of the check, where the file is run by itself
	Steps   steps `yaml:"scenario,required"`
	Cleanup steps `yaml:"cleanup"`

	Timeout        ofTheScenario `yaml:"timeout"`
	Retry          ofTheScenario `yaml:"retry"`
	Eventually     ofTheScenario `yaml:"eventually"`
	For            ofTheScenario `yaml:"for"`
	Severity       ofTheScenario `yaml:"severity"`
	OnInconclusive ofTheScenario `yaml:"on_inconclusive"`
}

// ofTheScenario is what would be lost where only the steps are taken.
type ofTheScenario struct{}

// DecodeNode refuses it.
func (*ofTheScenario) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Problem(n, "the file's steps are included, and this belongs to the scenario that includes them")
}

func counted(checks int) string {
	if checks == 0 {
		return "none"
	}
	return fmt.Sprintf("%d checks", checks)
}

// entitle names the steps of a list as reasons do: by their number, and where they stand in another file than the check.
func entitle(key string, list []*step, file string) {
	for i, s := range list {
		s.title = fmt.Sprintf("%s of %d", placeOf(key, i), len(list))
		if s.file != file {
			s.title += " in " + s.file
		}
	}
}
