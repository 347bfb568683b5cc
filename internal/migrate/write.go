package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// Format is a form in which the service's configuration is written.
type Format string

// The forms.
const (
	// CLI is the JSON that `aws ecs update-service --cli-input-json` takes.
	CLI Format = "cli"
	// CloudFormation are properties of AWS::ECS::Service, in YAML.
	CloudFormation Format = "cloudformation"
	// Terraform are arguments of aws_ecs_service.
	Terraform Format = "terraform"
)

// Formats are all.
func Formats() []Format { return []Format{CLI, CloudFormation, Terraform} }

// Write writes the configuration.
func (s Service) Write(out io.Writer, as Format) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing the service's configuration: %w", err)
	}
	var b bytes.Buffer
	switch as {
	case CloudFormation:
		err = cloudFormation(&b, text)
	case Terraform:
		err = terraform(&b, text)
	default:
		if err = json.Indent(&b, text, "", "  "); err == nil {
			b.WriteByte('\n')
		}
	}
	if err != nil {
		return fmt.Errorf("writing the service's configuration: %w", err)
	}
	_, err = b.WriteTo(out)
	return err
}

// tree reads JSON, which is YAML, into nodes: they keep the order of members.
func tree(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return document.Content[0], nil
}

// rename gives the members of all mappings other names.
func rename(n *yaml.Node, to func(string) string) {
	n.Style = 0
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			child.Value = to(child.Value)
		}
		rename(child, to)
	}
}

// cloudFormation names are the API's with a capital.
func cloudFormation(out io.Writer, text []byte) error {
	properties, err := tree(text)
	if err != nil {
		return err
	}
	rename(properties, func(name string) string {
		if name == "service" {
			return "ServiceName"
		}
		return strings.ToUpper(name[:1]) + name[1:]
	})
	enc := yaml.NewEncoder(out)
	enc.SetIndent(2)
	if err := enc.Encode(struct {
		Type       string     `yaml:"Type"`
		Properties *yaml.Node `yaml:"Properties"`
	}{"AWS::ECS::Service", properties}); err != nil {
		return err
	}
	return enc.Close()
}

// terraform has blocks in the place of mappings, and names of its own for some.
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_service
func terraform(out *bytes.Buffer, text []byte) error {
	service, err := tree(text)
	if err != nil {
		return err
	}
	hoist(service)
	rename(service, func(name string) string {
		own := map[string]string{
			"service": "name", "lifecycleHooks": "lifecycle_hook", "loadBalancers": "load_balancer",
			"maximumPercent": "deployment_maximum_percent", "minimumHealthyPercent": "deployment_minimum_healthy_percent",
		}
		if special, ok := own[name]; ok {
			return special
		}
		return snake(name)
	})
	out.WriteString("resource \"aws_ecs_service\" \"this\" {\n")
	hcl(out, service, "  ")
	out.WriteString("}\n")
	return nil
}

// hoist moves what the provider has elsewhere: some of the deployment configuration beside it, and the network's members out of
// the mapping that the API has around them.
func hoist(service *yaml.Node) {
	var beside []*yaml.Node
	for i := 0; i < len(service.Content); i += 2 {
		name, value := service.Content[i].Value, service.Content[i+1]
		switch name {
		case "networkConfiguration":
			service.Content[i+1] = value.Content[1]
		case "deploymentConfiguration":
			var stay []*yaml.Node
			for j := 0; j < len(value.Content); j += 2 {
				pair := value.Content[j : j+2]
				switch pair[0].Value {
				case "maximumPercent", "minimumHealthyPercent", "deploymentCircuitBreaker", "alarms":
					beside = append(beside, pair...)
				default:
					stay = append(stay, pair...)
				}
			}
			value.Content = stay
		}
	}
	service.Content = append(service.Content, beside...)
}

// snake is a name in snake case.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) {
			if i > 0 {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hcl writes a mapping: arguments first, aligned as `terraform fmt` does, and blocks after them.
func hcl(out *bytes.Buffer, of *yaml.Node, indent string) {
	width := 0
	var blocks [][2]*yaml.Node
	for i := 0; i < len(of.Content); i += 2 {
		if name, value := of.Content[i], of.Content[i+1]; !isBlock(value) {
			width = max(width, len(name.Value))
		}
	}
	for i := 0; i < len(of.Content); i += 2 {
		name, value := of.Content[i], of.Content[i+1]
		if isBlock(value) {
			blocks = append(blocks, [2]*yaml.Node{name, value})
			continue
		}
		fmt.Fprintf(out, "%s%-*s = %s\n", indent, width, name.Value, hclValue(name.Value, value))
	}
	for i, block := range blocks {
		each := []*yaml.Node{block[1]}
		if block[1].Kind == yaml.SequenceNode {
			each = block[1].Content
		}
		for j, one := range each {
			if i+j > 0 || width > 0 {
				out.WriteByte('\n')
			}
			fmt.Fprintf(out, "%s%s {\n", indent, block[0].Value)
			hcl(out, one, indent+"  ")
			fmt.Fprintf(out, "%s}\n", indent)
		}
	}
}

// isBlock says that a value is a mapping, or a list of some.
func isBlock(value *yaml.Node) bool {
	return value.Kind == yaml.MappingNode || value.Kind == yaml.SequenceNode && len(value.Content) > 0 && value.Content[0].Kind == yaml.MappingNode
}

// hclValue is a value, as HCL writes it.
func hclValue(name string, value *yaml.Node) string {
	switch {
	case value.Kind == yaml.SequenceNode:
		items := make([]string, len(value.Content))
		for i, item := range value.Content {
			items[i] = hclValue("", item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case name == "assign_public_ip":
		return fmt.Sprint(value.Value == "ENABLED")
	case value.Tag != "!!str":
		return value.Value
	}
	quoted, _ := json.Marshal(value.Value) //nolint:errchkjson // a text can be written
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(quoted))
}
