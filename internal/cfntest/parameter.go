package cfntest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameter is a template's, with its constraints.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type parameter struct {
	Type                  string
	Default               any
	AllowedPattern        string
	AllowedValues         []any
	ConstraintDescription string
	MinValue, MaxValue    any
	MinLength, MaxLength  any
}

// isList says that Ref gives a list.
func (p parameter) isList() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

// value is what Ref gives for what a caller says, or for the default.
func (p parameter) value(name string, given map[string]string) (any, error) {
	said, isGiven := given[name]
	if !isGiven {
		if p.Default == nil {
			return nil, fmt.Errorf("parameter %s: it has no default, and no value was given", name)
		}
		var err error
		if said, err = text(p.Default); err != nil {
			return nil, fmt.Errorf("parameter %s: its default: %w", name, err)
		}
	}
	if !p.isList() {
		return said, p.check(name, said)
	}
	list := []any{}
	var errs []error
	for item := range strings.SplitSeq(said, ",") {
		item = strings.TrimSpace(item)
		list = append(list, item)
		errs = append(errs, p.check(name, item))
	}
	return list, errors.Join(errs...)
}

func (p parameter) check(name, value string) error {
	refuse := func(why string) error {
		if p.ConstraintDescription != "" {
			why += ": " + p.ConstraintDescription
		}
		return fmt.Errorf("parameter %s: %q %s", name, value, why)
	}
	if p.AllowedPattern != "" {
		pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
		if err != nil {
			return fmt.Errorf("parameter %s: its AllowedPattern: %w", name, err)
		}
		if !pattern.MatchString(value) {
			return refuse("isn't like AllowedPattern")
		}
	}
	if len(p.AllowedValues) > 0 && !slices.ContainsFunc(p.AllowedValues, func(allowed any) bool {
		t, err := text(allowed)
		return err == nil && t == value
	}) {
		return refuse("is none of AllowedValues")
	}
	if outside(p.MinLength, p.MaxLength, float64(len(value))) {
		return refuse("is too short or too long")
	}
	if p.Type != "Number" {
		return nil
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return refuse("is no number")
	}
	if outside(p.MinValue, p.MaxValue, number) {
		return refuse("is too small or too large")
	}
	return nil
}

// outside says that a number isn't between two bounds, either of which may be left out.
func outside(least, most any, value float64) bool {
	bound := func(of any) (float64, bool) {
		t, err := text(of)
		if err != nil {
			return 0, false
		}
		number, err := strconv.ParseFloat(t, 64)
		return number, err == nil
	}
	low, hasLow := bound(least)
	high, hasHigh := bound(most)
	return hasLow && value < low || hasHigh && value > high
}

// rule is a template's: what must be true of its parameters together.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
type rule struct {
	RuleCondition any
	Assertions    []struct {
		Assert            any
		AssertDescription string
	}
}

func (s *Stack) checkRules() error {
	var errs []error
	for _, name := range sortedKeys(s.written.Rules) {
		r := s.written.Rules[name]
		if r.RuleCondition != nil {
			applies, err := s.holds(r.RuleCondition)
			if err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			}
			if !applies {
				continue
			}
		}
		for _, a := range r.Assertions {
			kept, err := s.holds(a.Assert)
			if err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			}
			if !kept {
				errs = append(errs, fmt.Errorf("rule %s: %s", name, a.AssertDescription))
			}
		}
	}
	return errors.Join(errs...)
}
