package strictyaml_test

import "github.com/greenlight-deploy/greenlight/internal/strictyaml"

// plan has a field of every sort that the package decodes; in form it is a small plan of checks.
type plan struct {
	Version int                                 `yaml:"version,required"`
	Green   strictyaml.Text                     `yaml:"green"`
	Budget  strictyaml.Duration                 `yaml:"budget"`
	Serial  bool                                `yaml:"serial"`
	Owner   *owner                              `yaml:"owner"`
	Labels  []string                            `yaml:"labels"`
	Stages  strictyaml.Map[stage]               `yaml:"stages"`
	Checks  []entry                             `yaml:"checks"`
	Any     strictyaml.Value                    `yaml:"any"`
	Limits  strictyaml.Map[strictyaml.Size]     `yaml:"limits"`
	Assert  strictyaml.OneOrMany[string]        `yaml:"assert"`
	Expect  strictyaml.Map[strictyaml.Value]    `yaml:"expect"`
	Waits   strictyaml.Map[strictyaml.Duration] `yaml:"waits"`
	At      strictyaml.Position                 `yaml:",position"`
	// Notes has no tag: no key of a file sets it.
	Notes string
}

type owner struct {
	Team string `yaml:"team,required"`
	Page bool   `yaml:"page"`
}

type stage struct {
	Budget strictyaml.Duration `yaml:"budget"`
	Checks []entry             `yaml:"checks,required"`
}

type common struct {
	Name    string              `yaml:"name"`
	Timeout strictyaml.Duration `yaml:"timeout"`
	Retry   int                 `yaml:"retry"`
}

// entry is a struct that takes the keys of another in line.
type entry struct {
	common `yaml:",inline"`

	URL     strictyaml.Text                  `yaml:"url,required"`
	Headers strictyaml.Map[strictyaml.Text]  `yaml:"headers"`
	JSON    strictyaml.Value                 `yaml:"json"`
	Status  strictyaml.OneOrMany[int]        `yaml:"status"`
	Size    strictyaml.Size                  `yaml:"size"`
	Expect  strictyaml.Map[strictyaml.Value] `yaml:"expect"`
	At      strictyaml.Position              `yaml:",position"`
}

// names are the names that a test's files may use.
func names() strictyaml.Names {
	return strictyaml.Names{
		Static: map[string]any{
			"vars": map[string]any{
				"sku":     int64(42),
				"ratio":   0.5,
				"huge":    1e21,
				"dry":     true,
				"wait":    "90s",
				"bytes":   "64KiB",
				"host":    "shop.example.com",
				"nothing": nil,
				"braces":  "{{ green.url }}",
				"yaml":    "a: b\n- c: \"d\"",
				"user":    map[string]any{"id": int64(7), "name": "ann"},
				"list":    []any{"one", int64(2)},
			},
		},
		Later: []string{"green.url", "green.image", "green.target_group", "stage"},
	}
}

// read parses and decodes plan.yaml.
func read(src string, dst any) error {
	node, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return err
	}
	d := strictyaml.NewDecoder(names())
	d.Decode(node, dst)
	return d.Err()
}
