package check

import "github.com/greenlight-deploy/greenlight/internal/strictyaml"

// Includes is a Check that may take parts of itself from other files.
type Includes interface {
	Check
	// IncludeFrom says where they are read from. It is called before the check is decoded.
	IncludeFrom(Files)
}

// Files are what a check may include, from the file that it stands in.
type Files interface {
	// Include reads the file that an entry, an Inclusion, names, and has its list of checks decoded: by a Decoder that knows the
	// file's own names, and with the files that can be included from there. What is wrong with the entry is noted with d, and
	// decode isn't called then; what is wrong in the file is told with the way to it.
	Include(d *strictyaml.Decoder, entry strictyaml.Node, decode func(d *strictyaml.Decoder, checks strictyaml.Node, from Files))
}

// IncludeKey is the key under which an Inclusion stands in a list, in the place of what the list is of.
const IncludeKey = "include"

// Inclusion is what stands for a part of another file: the file, or {file, with}.
type Inclusion struct {
	// File is its path, relative to the file that includes it.
	File string `yaml:"file,required"`
	// With sets the file's variables.
	With strictyaml.Map[strictyaml.Value] `yaml:"with"`
}

// DecodeNode reads the file's name, or a mapping.
func (i *Inclusion) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	type fields Inclusion
	switch {
	case n.IsMapping():
		d.Fields(n, (*fields)(i))
	case n.IsString():
		d.Decode(n, &i.File)
	default:
		d.Mismatch(n, "a file, or {file, with}, such as {file: health.yaml, with: {path: /health}}")
	}
}

// JSONSchema describes the file's name, or a mapping.
func (*Inclusion) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(&strictyaml.Schema{Type: strictyaml.Types{"string"}}, d.Fields(&Inclusion{}))
}
