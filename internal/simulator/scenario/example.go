package scenario

import _ "embed" // the example

//go:embed example.yaml
var example string

// Example is a commented scenario to start from. It runs with nothing but the greenlight binary.
func Example() string { return example }
