//go:build !function

package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/plan/planschema"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// schemas are those of the files that people write, by what they are of.
func schemas() map[string]func() string {
	return map[string]func() string{"plan": planschema.Text, "cases": plantest.Schema, "scenario": scenario.Schema}
}

func schemaCommand() command {
	return command{
		name: "schema", arguments: "[plan|cases|scenario]", summary: schemaSummary,
		help: "With the schema beside a plan, and a comment at the plan's top that names it, editors with a language server for\n" +
			"YAML complete and explain every key, and mark what is wrong while it is written:\n\n" +
			"  greenlight schema > " + planschema.FileName + "\n" +
			"  " + planschema.Modeline + "\n\n" +
			"cases is the schema of what greenlight test reads, scenario that of what greenlight simulate reads. What a schema\n" +
			"refuses greenlight refuses as well; greenlight validate knows more.",
		run: runSchema,
	}
}

func runSchema(_ context.Context, a app, c command, args []string) int {
	arguments, code, ok := a.parse(c, flag.NewFlagSet(c.name, flag.ContinueOnError), args)
	if !ok {
		return code
	}
	of := "plan"
	switch {
	case len(arguments) > 1:
		return a.wrong("schema takes one of plan, cases and scenario")
	case len(arguments) == 1:
		of = arguments[0]
	}
	text, known := schemas()[of]
	if !known {
		return a.wrong("schema: %s", strictyaml.Unknown("schema", of, []string{"plan", "cases", "scenario"}))
	}
	fmt.Fprint(a.stdout, text())
	return exitPassed
}
