package httpcheck

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Multipart is a multipart/form-data body: https://www.rfc-editor.org/rfc/rfc7578
type Multipart []Part

// Part is one field of a form, or one file of it.
type Part struct {
	// Name is the field's.
	Name strictyaml.Text `yaml:"name,required"`
	// Value is the field's, as text. A part has a value or a file.
	Value strictyaml.Text `yaml:"value"`
	// File is the path of a file that is sent; a relative one is one from the working directory.
	File strictyaml.Text `yaml:"file"`
	// FileName is what the server is told that the file is called; by default it is the file's own name.
	FileName strictyaml.Text `yaml:"filename"`
	// ContentType is application/octet-stream for a file by default, and isn't told for a value.
	ContentType strictyaml.Text `yaml:"content_type"`
}

// JSONSchema describes a part.
func (*Part) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Part{})
	s.OneOf = []*strictyaml.Schema{strictyaml.Needs("value"), strictyaml.Needs("file")}
	s.DependentRequired = map[string][]string{"filename": {"file"}}
	return s
}

// Validate refuses a part without content, or with two.
func (p *Part) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	_, hasValue := n.Get("value")
	_, hasFile := n.Get("file")
	at, hasFileName := n.Get("filename")
	switch {
	case hasValue && hasFile:
		d.Problem(n, "the part has a value and a file: write one of them")
	case !hasValue && !hasFile:
		d.Problem(n, "the part has no content: write value or file")
	case hasFileName && !hasFile:
		d.Problem(at, "filename: is for a part that has a file")
	}
	if kind, known := p.ContentType.Literal(); known && kind != "" {
		if _, _, err := mime.ParseMediaType(kind); err != nil || !strings.Contains(kind, "/") {
			at, _ := n.Get("content_type")
			d.Problem(at, "content_type: %q is not a media type, such as image/png", kind)
		}
	}
}

// content writes the body, and gives its type, which holds the boundary.
func (m Multipart) content(lookup strictyaml.Lookup) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range m {
		head, content, err := p.content(lookup)
		if err != nil {
			return nil, "", err
		}
		part, err := w.CreatePart(head)
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			return nil, "", fmt.Errorf("%s: writing the part: %w", p.Name.Position(), err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("writing a multipart body: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

func (p *Part) content(lookup strictyaml.Lookup) (textproto.MIMEHeader, []byte, error) {
	var texts [5]string
	for i, t := range []strictyaml.Text{p.Name, p.Value, p.File, p.FileName, p.ContentType} {
		text, err := t.Expand(lookup)
		if err != nil {
			return nil, nil, err
		}
		texts[i] = text
	}
	name, value, file, fileName, kind := texts[0], texts[1], texts[2], texts[3], texts[4]
	if !network.IsHeaderValue(kind) {
		return nil, nil, fmt.Errorf("%s: the content_type holds a line break or another control character", p.ContentType.Position())
	}
	disposition, content := `form-data; name="`+escapeParameter(name)+`"`, []byte(value)
	if !p.File.IsZero() {
		var err error
		if content, err = os.ReadFile(file); err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return nil, nil, fmt.Errorf("%s: reading the file %q: %w", p.File.Position(), file, err)
		}
		if fileName == "" {
			fileName = filepath.Base(file)
		}
		if kind == "" {
			kind = "application/octet-stream"
		}
		disposition += `; filename="` + escapeParameter(fileName) + `"`
	}
	head := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if kind != "" {
		head.Set("Content-Type", kind)
	}
	return head, content, nil
}

// escapeParameter writes a name as browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
func escapeParameter(s string) string {
	return strings.NewReplacer("\n", "%0A", "\r", "%0D", `"`, "%22").Replace(s)
}
