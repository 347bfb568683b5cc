// Package yamlfmt lays files for strictyaml out in one way: two columns for each depth, one space where YAML wants one,
// at most one blank line between two others, double quotes where they change nothing. It moves text, and never joins or
// breaks lines, nor changes the order of keys: comments and alignment of comments stay, and so does every value.
//
// Each result is read again, and compared with what was read before: a layout that would say something else, or lose a
// comment, isn't given out.
package yamlfmt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Source lays a file out. The error is strictyaml.Problems: that it isn't YAML, or holds what has no layout, such as a key
// after a question mark.
func Source(name string, src []byte) ([]byte, error) {
	if _, err := strictyaml.Parse(name, src); err != nil {
		return nil, err
	}
	before, err := scan(name, normalized(src))
	if err != nil {
		return nil, err
	}
	text := strings.Join(layOut(before), "\n")
	if !before.unended {
		text += "\n"
	}
	out := []byte(text)
	after, err := scan(name, string(out))
	if err == nil {
		_, err = strictyaml.Parse(name, out)
	}
	if err != nil {
		return nil, fmt.Errorf("laying out %s: the result can't be read: %s; please report the file", name, err.Error()) // no fault of the file's
	}
	if !sameMeaning(before.root, after.root) || !slices.Equal(before.comments(), after.comments()) {
		return nil, fmt.Errorf("laying out %s: the result would say something else, and is withheld; please report the file", name)
	}
	return out, nil
}

// normalized has one kind of line break, and no byte order mark.
func normalized(src []byte) string {
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(src))
}

// sameMeaning compares what two trees say: neither how, nor where.
func sameMeaning(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !sameMeaning(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
