// Package templates is the infrastructure of greenlight's function, for the tools that teams describe theirs with. `greenlight
// init` writes it out of here, and `greenlight verify-account` deploys the examples.
package templates

import (
	"embed"
	"io/fs"
)

//go:embed sam/gate.yaml sam/ecs.yaml sam/ecs sam/ecs-codedeploy.yaml sam/ecs-codedeploy sam/lambda.yaml sam/lambda
//go:embed terraform/*.tf terraform/permissions.json
var files embed.FS

// SAM has gate.yaml, the template of the gate alone, and the full examples that nest it.
func SAM() fs.FS { return sub("sam") }

// Terraform is the module.
func Terraform() fs.FS { return sub("terraform") }

func sub(folder string) fs.FS {
	inner, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // the name is one of the two above
	}
	return inner
}
