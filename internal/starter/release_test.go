package starter_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/starter"
)

// release is what .goreleaser.yaml releases.
type release struct {
	// page is the address of the releases, files the names of what can be downloaded there.
	page  string
	files []string
}

// released reads .goreleaser.yaml.
func released(t *testing.T) release {
	t.Helper()
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Builds []struct {
			ID           string
			Goos, Goarch []string
		}
		Archives []struct {
			IDs             []string
			NameTemplate    string `yaml:"name_template"`
			Formats         []string
			FormatOverrides []struct {
				Goos    string
				Formats []string
			} `yaml:"format_overrides"`
		}
		Checksum struct {
			NameTemplate string `yaml:"name_template"`
		}
		Release struct {
			GitHub     struct{ Owner, Name string } `yaml:"github"`
			ExtraFiles []struct{ Glob string }      `yaml:"extra_files"`
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	r := release{
		page:  "https://github.com/" + config.Release.GitHub.Owner + "/" + config.Release.GitHub.Name + "/releases",
		files: []string{config.Checksum.NameTemplate},
	}
	for _, a := range config.Archives {
		name, err := template.New("name").Parse(a.NameTemplate)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range config.Builds {
			if !slices.Contains(a.IDs, b.ID) {
				continue
			}
			for _, goos := range b.Goos {
				formats := a.Formats
				for _, o := range a.FormatOverrides {
					if o.Goos == goos {
						formats = o.Formats
					}
				}
				for _, goarch := range b.Goarch {
					var called strings.Builder
					if err := name.Execute(&called, map[string]string{"Os": goos, "Arch": goarch}); err != nil {
						t.Fatal(err)
					}
					for _, format := range formats {
						r.files = append(r.files, called.String()+"."+format)
					}
				}
			}
		}
	}
	for _, extra := range config.Release.ExtraFiles {
		if extra.Glob != "build/function/*.zip" {
			t.Fatalf("a release has %s too, and nothing is known of it", extra.Glob)
		}
		r.files = append(r.files, "function-arm64.zip", "function-amd64.zip") // by package packaging
	}
	return r
}

var (
	pages     = regexp.MustCompile(`https://github\.com/[\w-]+/[\w-]+/releases`)
	downloads = regexp.MustCompile(`greenlight_[\w${}]+\.(?:tar\.gz|zip)|function-\w+\.zip|checksums\.\w+`)
)

// A name that isn't released is a download that fails on somebody else's machine.
func TestWhatIsDownloadedIsReleased(t *testing.T) {
	r := released(t)
	texts := map[string]string{}
	for _, path := range []string{"action/install.sh", "action.yml", "docs/install.md", "README.md"} {
		text, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	for _, p := range starter.Platforms() {
		for _, tool := range starter.Tools() {
			files, err := starter.Files(choice(p, tool))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if f.Path == starter.WorkflowFile || f.Path == starter.GuideFile {
					texts[string(p)+" with "+string(tool)+": "+f.Path] = string(f.Text)
				}
			}
		}
	}
	// What a shell fills in.
	systems := map[string][]string{".tar.gz": {"linux", "darwin"}, ".zip": {"windows"}}
	for where, text := range texts {
		for _, page := range pages.FindAllString(text, -1) {
			if page != r.page {
				t.Errorf("%s downloads from %s, and releases are at %s", where, page, r.page)
			}
		}
		names := downloads.FindAllString(text, -1)
		if len(names) == 0 && where != "action.yml" && where != "README.md" {
			t.Errorf("%s downloads nothing", where)
		}
		for _, name := range names {
			for extension, oses := range systems {
				if !strings.HasSuffix(name, extension) {
					continue
				}
				for _, goos := range oses {
					for _, goarch := range []string{"amd64", "arm64"} {
						filled := strings.NewReplacer("${os}", goos, "$arch", goarch).Replace(name)
						if !slices.Contains(r.files, filled) {
							t.Errorf("%s downloads %s, and released are %s", where, filled, strings.Join(r.files, ", "))
						}
					}
				}
			}
			if strings.HasPrefix(name, "checksums") && !slices.Contains(r.files, name) {
				t.Errorf("%s downloads %s, and released are %s", where, name, strings.Join(r.files, ", "))
			}
		}
	}
}
