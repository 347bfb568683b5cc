// Package sariftest holds logs of SARIF against the schema that OASIS publishes.
package sariftest

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// published is as OASIS has it; NOTICE.md says from where, and under which terms.
//
//go:embed sarif-schema-2.1.0.json
var published string

// Judge says what is wrong with a log, by the schema of version 2.1.0 with its Errata 01: nil where nothing is.
func Judge(log []byte) error {
	schema, err := compile()
	if err != nil {
		return err
	}
	value, err := expect.ParseJSON(log)
	if err != nil {
		return fmt.Errorf("the log is no JSON: %w", err)
	}
	var wrong []error
	for _, m := range schema.Judge(value) {
		wrong = append(wrong, errors.New(m.String()))
	}
	return errors.Join(wrong...)
}

// compile reads the schema. It is one of draft 4, of which it uses nothing that draft 7 reads differently but the name of id.
func compile() (*jsonschema.Schema, error) {
	text := strings.NewReplacer(
		`"$schema": "http://json-schema.org/draft-04/schema#"`, `"$schema": "http://json-schema.org/draft-07/schema#"`,
		`  "id": "https://docs.oasis-open.org/`, `  "$id": "https://docs.oasis-open.org/`,
	).Replace(published)
	const name = "sarif-schema-2.1.0.json"
	root, err := strictyaml.Parse(name, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	d := strictyaml.NewDecoder(strictyaml.Names{})
	c := jsonschema.NewCompiler(d, jsonschema.Draft7, func(file string) (jsonschema.Document, error) {
		return jsonschema.Document{}, fmt.Errorf("the schema refers to %s, which isn't here", file)
	})
	schema := c.Whole(jsonschema.Document{Name: name, Root: root})
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("compiling the schema: %w", err)
	}
	return schema, nil
}
