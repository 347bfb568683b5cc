package scenario

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// appSpec is an AppSpec: a path, its text, or a mapping in place of the text.
type appSpec struct {
	folder string
	spec   codedeploy.AppSpec
	given  bool
}

// unread says that there is one, and that it couldn't be read: what it deploys isn't known.
func (a appSpec) unread() bool { return a.given && a.spec.TaskDefinition == "" && a.spec.Lambda == nil }

// DecodeNode reads an AppSpec. Text is told from a path by what no path has: a line break or a brace.
func (a *appSpec) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	a.given = true
	var text string
	switch {
	case n.IsMapping():
		var ok bool
		if text, ok = inline(d, n); !ok {
			return
		}
	case n.IsScalar():
		n, ok := d.Static(n)
		if !ok {
			return
		}
		if text = n.Text(); !strings.ContainsAny(text, "\n{") {
			read, err := readFile(within(a.folder, text))
			if err != nil {
				d.Problem(n, "reading the file %s: %s", text, err)
				return
			}
			text = string(read)
		}
	default:
		d.Mismatch(n, "a path, or the AppSpec itself")
		return
	}
	spec, err := codedeploy.ParseAppSpec(text)
	if err != nil {
		d.Problem(n, "%s", err)
		return
	}
	a.spec = spec
}

// inline gives a mapping's text as JSON.
func inline(d *strictyaml.Decoder, n strictyaml.Node) (string, bool) {
	var value strictyaml.Value
	d.Decode(n, &value)
	plain, err := value.Expand(func(string) (any, error) { return nil, errors.New("it is known only once the simulator runs") })
	if err != nil {
		d.Problem(n, "%s", err)
		return "", false
	}
	text, err := json.Marshal(plain)
	if err != nil {
		d.Problem(n, "%s", err)
		return "", false
	}
	return string(text), true
}
