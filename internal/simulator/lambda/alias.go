package lambda

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// AliasConfig is a name for a version, or for two that share the invocations. See
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html.
type AliasConfig struct {
	Function string
	// Name has 1 to 128 letters, digits, hyphens and underscores, and not digits alone.
	Name string
	// Version gets what AdditionalVersionWeights leaves.
	Version     string
	Description string
	// AdditionalVersionWeights has at most one entry: a published version and its share of
	// the invocations, 0 to 1.
	AdditionalVersionWeights map[string]float64
	// Revision is a UUID that changes with each change.
	Revision string
}

// route picks the version of one invocation.
func (a AliasConfig) route(random func() float64) string {
	for version, weight := range a.AdditionalVersionWeights {
		if random() < weight {
			return version
		}
	}
	return a.Version
}

// Weights is the share of each version that gets invocations, 0 to 1, together 1.
func (a AliasConfig) Weights() map[string]float64 {
	weights := map[string]float64{a.Version: 1}
	for version, weight := range a.AdditionalVersionWeights {
		weights[a.Version] -= weight
		weights[version] = weight
	}
	maps.DeleteFunc(weights, func(_ string, weight float64) bool { return weight == 0 })
	return weights
}

func (a AliasConfig) clone() AliasConfig {
	a.AdditionalVersionWeights = maps.Clone(a.AdditionalVersionWeights)
	return a
}

// check finds what Lambda refuses in an alias.
func (a AliasConfig) check(s *Service, f *function) error {
	refuse := func(format string, args ...any) error {
		return &APIError{"InvalidParameterValueException", fmt.Sprintf(format, args...)}
	}
	switch {
	case !validAlias(a.Name):
		return &APIError{"ValidationException", fmt.Sprintf("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+), with a length of 1 to 128", a.Name)}
	case len(a.Description) > maxDescription:
		return refuse("the description has %d characters; %d are the most", len(a.Description), maxDescription)
	case f.version(a.Version) == nil:
		return s.notFound(qualify(f.name, a.Version))
	case len(a.AdditionalVersionWeights) > 1:
		return refuse("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for version, weight := range a.AdditionalVersionWeights {
		switch {
		case math.IsNaN(weight) || weight < 0 || weight > 1:
			return refuse("the weight of version %s is %v; it must be from 0.0 to 1.0", version, weight)
		case a.Version == latest || version == latest:
			return refuse("$LATEST is not supported for an alias pointing to more than 1 version")
		case version == a.Version:
			return refuse("Invalid function version %s. Function version %s is already included in routing configuration.", version, version)
		case f.version(version) == nil:
			return s.notFound(qualify(f.name, version))
		}
	}
	return nil
}

func validAlias(name string) bool {
	return len(name) <= 128 && !isNumber(name) && validCharacters(name)
}

// CreateAlias adds an alias to a function. Its error is an [*APIError].
func (s *Service) CreateAlias(a AliasConfig) (AliasConfig, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	created, err := s.createAliasLocked(a.clone())
	if err != nil {
		return AliasConfig{}, fmt.Errorf("creating alias %q of %q: %w", a.Name, a.Function, err)
	}
	return created, nil
}

func (s *Service) createAliasLocked(a AliasConfig) (AliasConfig, error) {
	f, err := s.functionLocked(a.Function)
	if err != nil {
		return a, err
	}
	if _, exists := f.aliases[a.Name]; exists {
		return a, &APIError{"ResourceConflictException", "Alias already exists: " + s.ARN(qualify(f.name, a.Name))}
	}
	a.Function = f.name
	return s.putAliasLocked(f, a)
}

// putAliasLocked checks a and makes it the function's, with a revision of its own.
func (s *Service) putAliasLocked(f *function, a AliasConfig) (AliasConfig, error) {
	if err := a.check(s, f); err != nil {
		return a, err
	}
	a.Revision = newRequestID()
	before, existed := f.aliases[a.Name]
	f.aliases[a.Name] = a
	if rerouted := !existed || !maps.Equal(before.Weights(), a.Weights()); rerouted && s.config.Rerouted != nil {
		s.config.Rerouted(a.clone())
	}
	return a.clone(), nil
}

// UpdateAlias changes an alias by edit, all at once. With a revision that isn't empty, the
// alias must still have that one. edit may not change the names. Its error is an
// [*APIError].
func (s *Service) UpdateAlias(function, name, revision string, edit func(*AliasConfig)) (AliasConfig, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	updated, err := s.updateAliasLocked(function, name, revision, edit)
	if err != nil {
		return AliasConfig{}, fmt.Errorf("updating alias %q of %q: %w", name, function, err)
	}
	return updated, nil
}

func (s *Service) updateAliasLocked(function, name, revision string, edit func(*AliasConfig)) (AliasConfig, error) {
	f, a, err := s.aliasLocked(function, name)
	if err != nil {
		return a, err
	}
	if revision != "" && revision != a.Revision {
		return a, &APIError{
			"PreconditionFailedException",
			"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
		}
	}
	a = a.clone()
	edit(&a)
	a.Function, a.Name = f.name, name
	return s.putAliasLocked(f, a)
}

// staleRevision is said to those who want to change what somebody else has changed.
const staleRevision = "The Revision Id provided does not match the latest Revision Id. " +
	"Call the GetFunction/GetAlias API to retrieve the latest Revision Id"

// DeleteAlias takes an alias away. One that isn't there is no error, as in Lambda.
func (s *Service) DeleteAlias(function, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(function)
	if err != nil {
		return fmt.Errorf("deleting alias %q of %q: %w", name, function, err)
	}
	delete(f.aliases, name)
	return nil
}

// GetAlias returns an alias of a function. Its error is an [*APIError].
func (s *Service) GetAlias(function, name string) (AliasConfig, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, a, err := s.aliasLocked(function, name)
	if err != nil {
		return AliasConfig{}, fmt.Errorf("looking up alias %q of %q: %w", name, function, err)
	}
	return a.clone(), nil
}

func (s *Service) aliasLocked(function, name string) (*function, AliasConfig, error) {
	f, err := s.functionLocked(function)
	if err != nil {
		return nil, AliasConfig{}, err
	}
	a, known := f.aliases[name]
	if !known {
		return nil, a, &APIError{"ResourceNotFoundException", "Cannot find alias arn: " + s.ARN(qualify(f.name, name))}
	}
	return f, a, nil
}

// Aliases lists a function's aliases by name. With a version that isn't empty, those that
// point to it. Its error is an [*APIError].
func (s *Service) Aliases(function, version string) ([]AliasConfig, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(function)
	if err != nil {
		return nil, fmt.Errorf("listing the aliases of %q: %w", function, err)
	}
	var all []AliasConfig
	for _, a := range f.aliases {
		if _, additional := a.AdditionalVersionWeights[version]; version == "" || a.Version == version || additional {
			all = append(all, a.clone())
		}
	}
	slices.SortFunc(all, func(a, b AliasConfig) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Alias is an alias whose traffic somebody moves, as CodeDeploy does.
type Alias struct {
	service        *Service
	function, name string
}

// Alias returns a handle on an alias that exists, given the function's name or ARN.
func (s *Service) Alias(function, name string) (*Alias, error) {
	a, err := s.GetAlias(function, name)
	if err != nil {
		return nil, err
	}
	return &Alias{s, a.Function, a.Name}, nil
}

// CurrentVersion is the alias's main version, which the invocations go to that no weight
// sends elsewhere.
func (a *Alias) CurrentVersion() string {
	config, err := a.service.GetAlias(a.function, a.name)
	if err != nil { // it was deleted since
		return ""
	}
	return config.Version
}

// Weights is the share of each version that gets invocations, 0 to 1, together 1.
func (a *Alias) Weights() map[string]float64 {
	config, err := a.service.GetAlias(a.function, a.name)
	if err != nil {
		return nil
	}
	return config.Weights()
}

// Shift sends a share of the invocations, 0 to 1, to a version, and the rest to the current
// one. With 1, the version becomes the current one and gets all. With 0, or where the version
// is the current one, all go to the current one. Its error is an [*APIError]: the version isn't there, or the weight is out
// of range.
func (a *Alias) Shift(target string, weight float64) error {
	// Where nothing or all goes elsewhere, the target isn't in the routing that is checked.
	if _, err := a.service.Version(qualify(a.function, target)); err != nil {
		return err
	}
	_, err := a.service.UpdateAlias(a.function, a.name, "", func(config *AliasConfig) {
		switch {
		case weight == 1, target == config.Version && weight >= 0 && weight <= 1:
			config.Version, config.AdditionalVersionWeights = target, nil
		case weight == 0:
			config.AdditionalVersionWeights = nil
		default:
			config.AdditionalVersionWeights = map[string]float64{target: weight}
		}
	})
	return err
}
