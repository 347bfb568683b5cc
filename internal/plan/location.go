package plan

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Location is where a plan lies in AWS: s3://bucket/key, or ssm:/name for a parameter. The names of LocationNames may stand in
// it between {{ and }}, so that one function serves an account.
type Location struct{ text strictyaml.Text }

// LocationNames are what is known of a deployment before its plan is.
func LocationNames() []string { return []string{"application", "group", "cluster", "service"} }

const (
	schemeS3  = "s3://"
	schemeSSM = "ssm:"
)

// IsRemote says that a setting names a place in AWS.
func IsRemote(setting string) bool {
	return strings.HasPrefix(setting, schemeS3) || strings.HasPrefix(setting, schemeSSM)
}

// ParseLocation reads a setting's value. The setting's name stands in errors.
func ParseLocation(name, setting string) (Location, error) {
	n, err := strictyaml.Parse(name, []byte(strconv.Quote(setting)))
	if err != nil {
		return Location{}, err
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{Later: LocationNames()})
	var text strictyaml.Text
	dec.Decode(n, &text)
	if err := dec.Err(); err != nil {
		return Location{}, err
	}
	if _, err := ParseAddress(text.String()); err != nil {
		return Location{}, fmt.Errorf("%s: %w", name, err)
	}
	return Location{text}, nil
}

// IsFixed says that no names stand in the location.
func (l Location) IsFixed() bool {
	_, fixed := l.text.Literal()
	return fixed
}

// String is the location as it is set.
func (l Location) String() string { return l.text.String() }

// Address fills the names in.
func (l Location) Address(lookup strictyaml.Lookup) (Address, error) {
	for _, name := range l.text.Names() {
		if _, err := lookup(name); err != nil {
			return Address{}, fmt.Errorf("finding the plan %s: {{ %s }}: %w", l, name, err)
		}
	}
	text, err := l.text.Expand(lookup)
	if err != nil {
		return Address{}, fmt.Errorf("finding the plan %s: %w", l, err)
	}
	return ParseAddress(text)
}

// Address is a place in AWS: an object of a bucket, or, without a bucket, a parameter.
type Address struct{ Bucket, Key string }

func (a Address) String() string {
	if a.Bucket == "" {
		return schemeSSM + a.Key
	}
	return schemeS3 + a.Bucket + "/" + a.Key
}

// ParseAddress reads an address as it is written, without names.
func ParseAddress(text string) (Address, error) {
	if name, ok := strings.CutPrefix(text, schemeSSM); ok {
		if strings.Trim(name, "/ ") == "" {
			return Address{}, fmt.Errorf("%s names no parameter: write ssm:/name", text)
		}
		return Address{Key: name}, nil
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(text, schemeS3), "/")
	if bucket == "" || key == "" || strings.HasSuffix(key, "/") {
		return Address{}, fmt.Errorf("%s names no object: write s3://bucket/key", text)
	}
	return Address{Bucket: bucket, Key: key}, nil
}

// Beside is the address of what a plan at this one includes as a file: a path from the place where the plan is, in its bucket,
// or in the Parameter Store.
func (a Address) Beside(file string) (Address, error) {
	if IsRemote(file) || file == "" {
		return Address{}, fmt.Errorf("%q is no path from %s: what a plan includes lies in the same place as the plan", file, a)
	}
	from := a.Key
	if a.Bucket != "" {
		from = "/" + from
	}
	at := path.Clean(file)
	if !path.IsAbs(file) {
		at = path.Join(path.Dir(from), file)
	}
	if a.Bucket != "" {
		at = strings.TrimPrefix(at, "/")
	}
	return Address{a.Bucket, at}, nil
}

// Beside includes files from where a plan in AWS lies.
type Beside struct {
	At Address
	// Open reads the plan at another address, which may include more.
	Open func(Address) (Source, error)
}

// Resolve gives the address of a file that the plan includes.
func (b Beside) Resolve(file string) (string, error) {
	at, err := b.At.Beside(file)
	return at.String(), err
}

// Read reads the file at an address.
func (b Beside) Read(name string) (Source, error) {
	at, err := ParseAddress(name)
	if err != nil {
		return Source{}, err
	}
	return b.Open(at)
}
