package bundle

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// releaseBuild is what .goreleaser.yaml says of a build.
type releaseBuild struct {
	ID, Main, Binary string
	Env, Goos        []string
	Goarch           []string
	Flags, Tags      []string
	Gcflags, Ldflags []string
}

// flags are those that goreleaser gives the toolchain.
func (b releaseBuild) flags(version string) []string {
	flags := slices.Clone(b.Flags)
	flags = append(flags, "-tags="+strings.Join(b.Tags, ","))
	for _, f := range b.Gcflags {
		flags = append(flags, "-gcflags="+f)
	}
	for _, f := range b.Ldflags {
		flags = append(flags, "-ldflags="+strings.ReplaceAll(f, "{{ .Version }}", version))
	}
	return flags
}

// A release's binaries are those that anybody makes of the same commit.
func TestAReleaseIsBuiltAsThePackagesAre(t *testing.T) {
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Builds []releaseBuild }
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	type target struct {
		flags  []string
		binary string
		goos   []string
	}
	want := map[string]target{
		"greenlight": {commandLineFlags("1.2.3"), "greenlight", []string{"linux", "darwin", "windows"}},
		"function":   {functionFlags("1.2.3"), "bootstrap", []string{"linux"}},
	}
	if len(config.Builds) != len(want) {
		t.Errorf("%d builds, want %d", len(config.Builds), len(want))
	}
	for _, b := range config.Builds {
		w := want[b.ID]
		if got := b.flags("1.2.3"); !slices.Equal(got, w.flags) || b.Binary != w.binary || !slices.Equal(b.Goos, w.goos) {
			t.Errorf("%s: %s for %q with %q, want %s for %q with %q", b.ID, b.Binary, b.Goos, got, w.binary, w.goos, w.flags)
		}
		if b.Main != "./cmd/greenlight" || !slices.Equal(b.Env, []string{"CGO_ENABLED=0"}) || !slices.Equal(b.Goarch, []string{"amd64", "arm64"}) {
			t.Errorf("%s: %+v", b.ID, b)
		}
	}
}
