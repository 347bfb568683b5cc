package plan

import (
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Schema is the JSON Schema of plans with the language's kinds of check. It panics where a kind has a type that decodes
// itself and doesn't describe itself.
func (l Language) Schema(d *strictyaml.Describer) *strictyaml.Schema {
	return d.Document("A plan for greenlight", &file{kinds: l.Kinds})
}

// JSONSchema describes a plan.
func (f *file) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	d.Define(checkDefinition, func() *strictyaml.Schema { return checkSchema(d, f.kinds) })
	d.Define(identityDefinition, func() *strictyaml.Schema { return identitySchema(d, f.kinds) })
	s := d.Fields(&file{})
	s.Property("stages").PropertyNames = &strictyaml.Schema{Enum: words(lifecycle.Names())}
	asks := strictyaml.Needs("stages")
	asks.Properties = strictyaml.Properties{{Name: "stages", Schema: &strictyaml.Schema{MinProperties: 1}}}
	s.AllOf = []*strictyaml.Schema{strictyaml.AnyOf(strictyaml.Needs("checks"), asks)}
	return s
}

func words(names []string) []any {
	all := make([]any, len(names))
	for i, name := range names {
		all[i] = name
	}
	return all
}

// checkSchema describes a check as one of its kinds, each with the keys that all checks take.
func checkSchema(d *strictyaml.Describer, kinds []check.Kind) *strictyaml.Schema {
	each := make([]*strictyaml.Schema, len(kinds))
	for i, kind := range kinds {
		each[i] = d.Define(kind.Key+"Check", func() *strictyaml.Schema { return d.Fields(kind.New(), &common{}) })
	}
	return strictyaml.AnyOf(append(each, d.Fields(&inclusionEntry{}))...)
}

// identitySchema describes the request by which green is known; where no kind could ask it, nothing is taken.
func identitySchema(d *strictyaml.Describer, kinds []check.Kind) *strictyaml.Schema {
	at := slices.IndexFunc(kinds, func(k check.Kind) bool { return k.Key == identityKind })
	if at < 0 {
		return &strictyaml.Schema{Not: &strictyaml.Schema{}}
	}
	s := d.Fields(kinds[at].New(), &identityKeys{})
	s.SetProperty("consecutive", strictyaml.Between(1, maxConsecutive))
	s.Required = append(s.Required, "expect")
	s.AllOf = []*strictyaml.Schema{{Properties: strictyaml.Properties{{Name: "expect", Schema: &strictyaml.Schema{MinProperties: 1}}}}}
	return s
}

// What depends on the kinds of check is described by the plan, which knows them, under these names.
const (
	checkDefinition    = "check"
	identityDefinition = "identity"
)

// JSONSchema describes a list of checks.
func (*checkList) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.ListOf(strictyaml.Reference(checkDefinition), 1)
}

// JSONSchema describes how green is known.
func (*identityNode) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Reference(identityDefinition)
}

// JSONSchema describes the variables. That their values are plain is the Decoder's to say.
func (*variables) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return &strictyaml.Schema{Type: strictyaml.Types{"object"}, PropertyNames: strictyaml.Unfilled()}
}

// JSONSchema describes where secrets lie, by their names.
func (*secretSources) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := strictyaml.Of[strictyaml.Map[secret.Source]](d)
	s.PropertyNames = &strictyaml.Schema{Pattern: `^[A-Za-z_][A-Za-z0-9_-]*$`}
	return s
}

// JSONSchema describes what is asked at a stage; its checks are described by the plan, which knows the kinds.
func (*stageFile) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return d.Fields(&stageFile{})
}

// JSONSchema describes the version of the language.
func (*version) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Between(Version, Version)
}

// JSONSchema describes a line of text that isn't blank.
func (*name) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	const control = `\x00-\x1f\x7f-\x9f`
	text := &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `^[^` + control + `]*[^\s` + control + `][^` + control + `]*$`}
	return strictyaml.AnyOf(text, &strictyaml.Schema{Type: strictyaml.Types{"number", "boolean"}})
}

// JSONSchema describes a duration in which something can be asked.
func (*span) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.PositiveDuration()
}

// JSONSchema describes a duration between two runs.
func (*interval) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.PositiveDuration()
}

// JSONSchema describes a duration. That it is at least a second is the Decoder's to say.
func (*callback) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.PositiveDuration()
}

// JSONSchema describes a count.
func (*count) JSONSchema(*strictyaml.Describer) *strictyaml.Schema { return strictyaml.AtLeast(1) }

// JSONSchema describes how much an outcome counts.
func (*severity) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(severityFail, severityWarn)
}

// JSONSchema describes what no answer means.
func (*onInconclusive) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(inconclusiveFail, inconclusivePass)
}

// JSONSchema describes what becomes of a rollback.
func (*onRollback) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(rulePass, ruleRun)
}

// JSONSchema describes what becomes of a first deployment.
func (*onCreate) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(ruleRun, rulePass)
}

// JSONSchema describes how a check is asked again: whether, or a mapping.
func (*Retry) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(&strictyaml.Schema{Type: strictyaml.Types{"boolean"}}, strictyaml.Filled(), strictyaml.Of[retryKeys](d))
}

// JSONSchema describes how long a check may take to pass: a time, or a mapping.
func (*Eventually) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Of[span](d), strictyaml.Of[eventuallyKeys](d))
}

// JSONSchema describes how long a check must go on passing: a time, or a mapping.
func (*For) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Of[span](d), strictyaml.Of[forKeys](d))
}
