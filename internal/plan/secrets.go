package plan

import (
	"errors"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// secrets reads where the plan's secrets lie, before all values that may name them. What is wrong is given beside them, so
// that all problems of the rest are shown too.
func (l Language) secrets(root strictyaml.Node, vars map[string]any) ([]secret.Wanted, strictyaml.Problems) {
	node, ok := root.Get("secrets")
	if !ok || node.IsNull() {
		return nil, nil
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{Static: map[string]any{"vars": vars}, Later: l.Names})
	if !node.IsMapping() {
		dec.Problem(node, "secrets: expected a mapping of names to where each lies, such as {token: ssm:/shop/token}, found %s", node.Describe())
	}
	var sources strictyaml.Map[secret.Source]
	if node.IsMapping() {
		dec.Decode(node, &sources)
	}
	wanted := make([]secret.Wanted, 0, len(sources))
	for i, s := range sources {
		if !isWord(s.Key) {
			dec.Problem(node.Pairs()[i].Key, "secrets: %q can't stand in {{ }}: a name has letters, digits, _ and -, and begins with none of the last two", s.Key)
		}
		wanted = append(wanted, secret.Wanted{Name: s.Key, Source: s.Value})
	}
	var wrong strictyaml.Problems
	errors.As(dec.Err(), &wrong)
	return wanted, wrong
}

// secretNames are those that texts may hold.
func secretNames(secrets []secret.Wanted) []string {
	names := make([]string, len(secrets))
	for i, s := range secrets {
		names[i] = secret.Prefix + s.Name
	}
	return names
}

// isWord says that a text can stand between two dots of a name.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// needed are the secrets that nodes name, in a text or in an expression: the others aren't fetched for their stage.
func needed(secrets []secret.Wanted, nodes ...strictyaml.Node) []secret.Wanted {
	var all []secret.Wanted
	for _, s := range secrets {
		for _, n := range nodes {
			if names(n, secret.Prefix+s.Name) {
				all = append(all, s)
				break
			}
		}
	}
	return all
}

// names says that a node has a name in it. Where a text only looks like it, a secret is fetched that isn't needed.
func names(n strictyaml.Node, name string) bool {
	switch {
	case n.IsMapping():
		for _, pair := range n.Pairs() {
			if names(pair.Value, name) {
				return true
			}
		}
	case n.IsSequence():
		for _, item := range n.Items() {
			if names(item, name) {
				return true
			}
		}
	default:
		return hasWord(n.Text(), name)
	}
	return false
}

func hasWord(text, name string) bool {
	for {
		_, after, found := strings.Cut(text, name)
		if !found {
			return false
		}
		if after == "" || !isWord("x"+after[:1]) {
			return true
		}
		text = after
	}
}

// notInAddress refuses a secret where green and blue are: their addresses stand in reports.
func notInAddress(d *strictyaml.Decoder, n strictyaml.Node, key string, address strictyaml.Text) {
	for _, name := range address.Names() {
		if strings.HasPrefix(name, secret.Prefix) {
			at, _ := n.Get(key)
			d.Problem(at, "%s: an address can't be made of a secret: it stands in reports", key)
			return
		}
	}
}
