// The command terraform-provider-aws stands in for the AWS provider where that can't be had: it serves the schema of the
// resources that the templates use, and nothing else. With it a configuration is validated against the names, types and blocks of
// the real provider, planned by tests that mock the provider, and applied to nothing: what only AWS can say isn't known before, and then
// is what made.go says. It neither reads nor changes anything, and of what AWS takes it knows values.go alone.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

// address is the real provider's.
const address = "registry.terraform.io/hashicorp/aws"

// schemaJSON is in the format of `terraform providers schema -json`; extract writes it.
//
//go:embed schema.json
var schemaJSON []byte

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "terraform-provider-aws:", err)
		os.Exit(1)
	}
}

func run() error {
	schema, err := readSchema(schemaJSON)
	if err != nil {
		return err
	}
	return tf5server.Serve(address, func() tfprotov5.ProviderServer { return &server{schema: schema} })
}
