package usage_test

import (
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

type features struct{}

func (features) String() string   { return "" }
func (features) Set(string) error { return nil }
func (features) Repeats() bool    { return true }
func (features) Suggest() usage.Values {
	return usage.Values{Words: []string{"ecs", "logs"}, List: true}
}

func TestFlagsAreDescribedAsTheirSetHasThem(t *testing.T) {
	set := flag.NewFlagSet("run", flag.ContinueOnError)
	set.Bool("json", false, "one document")
	set.String("event", "", "the event's `file`")
	set.String("green", "", "the base `URL`")
	set.Var(features{}, "feature", "the `names` of features")
	set.Bool("w", false, "write")
	want := []usage.Flag{
		{Name: "event", Value: "file", Usage: "the event's file", Values: usage.Values{Files: true}},
		{Name: "feature", Value: "names", Usage: "the names of features", Repeats: true, Values: usage.Values{Words: []string{"ecs", "logs"}, List: true}},
		{Name: "green", Value: "URL", Usage: "the base URL"},
		{Name: "json", Usage: "one document"},
		{Name: "w", Usage: "write"},
	}
	got := usage.Flags(set)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got[3].Dashed() != "--json" || got[4].Dashed() != "-w" {
		t.Errorf("got %s and %s", got[3].Dashed(), got[4].Dashed())
	}
}

func TestOperandsAreReadFromTheLineOfUsage(t *testing.T) {
	for arguments, want := range map[string]usage.Values{
		"":                             {},
		"[flags]":                      {},
		"[plan] [flags]":               {Files: true},
		"[file…] [flags]":              {Files: true},
		"bash|zsh":                     {Words: []string{"bash", "zsh"}},
		"[plan|cases|scenario]":        {Words: []string{"plan", "cases", "scenario"}},
		"[flags] [plan|cases] [flags]": {Words: []string{"plan", "cases"}},
	} {
		if diff := cmp.Diff(want, usage.Operands(arguments)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", arguments, diff)
		}
	}
}
