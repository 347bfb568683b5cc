package plan

import (
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"io"

	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// fingerprint tells a stage's plan from another one: an execution that goes on over several calls must not begin with
// the checks of one plan and end with those of another. What included files say is added to it as they are read.
func (f *file) fingerprint(checks strictyaml.Node, s settings, secrets []secret.Wanted) hash.Hash64 {
	h := fnv.New64a()
	vars, _ := json.Marshal(f.vars) // values of YAML, which JSON has as well
	_, _ = h.Write(vars)
	_, _ = fmt.Fprintf(h, "%q %q %d %t %t %v %v %v", f.Green, f.Blue, s.Budget, deref(s.Serial), deref(s.KeepGoing),
		deref(s.OnInconclusive), deref(s.OnRollback), deref(s.OnCreate))
	hashNode(h, f.Identity.Node)
	hashNode(h, checks)
	for _, s := range secrets {
		_, _ = fmt.Fprintf(h, "%q %q", s.Name, s.Source)
	}
	return h
}

// hashNode takes what a node says: comments, quotes and line breaks are how it is written.
func hashNode(h hash.Hash64, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		_, _ = io.WriteString(h, "{")
		for _, pair := range n.Pairs() {
			hashNode(h, pair.Key)
			hashNode(h, pair.Value)
		}
		_, _ = io.WriteString(h, "}")
	case n.IsSequence():
		_, _ = io.WriteString(h, "[")
		for _, item := range n.Items() {
			hashNode(h, item)
		}
		_, _ = io.WriteString(h, "]")
	default:
		_, _ = fmt.Fprintf(h, "%t %q,", n.IsString(), n.Text())
	}
}
