package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
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
		err = s.cloudFormation(&b, text)
	case Terraform:
		err = s.terraform(&b, text)
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

// member is a member of a JSON object, in its order.
type member struct {
	name  string
	value any // string, json.Number, bool, []member or []any
}

// ordered reads JSON without losing the order of members.
func ordered(text []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	value, err := orderedValue(dec)
	if err != nil {
		return nil, err
	}
	object, ok := value.([]member)
	if !ok {
		return nil, fmt.Errorf("%T is no object", value)
	}
	return object, nil
}

func orderedValue(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := []member{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			value, err := orderedValue(dec)
			if err != nil {
				return nil, err
			}
			object = append(object, member{fmt.Sprint(name), value})
		}
		_, err = dec.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			value, err := orderedValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = dec.Token()
		return list, err
	}
	return token, nil
}

// cloudFormation names are the API's with a capital.
func (s Service) cloudFormation(out *bytes.Buffer, text []byte) error {
	object, err := ordered(text)
	if err != nil {
		return err
	}
	out.WriteString("Type: AWS::ECS::Service\nProperties:\n")
	yamlMembers(out, renamed(object, map[string]string{"service": "ServiceName"}, func(name string) string {
		return strings.ToUpper(name[:1]) + name[1:]
	}), "  ")
	return nil
}

// renamed names the members of an object anew, all the way down.
func renamed(of []member, special map[string]string, rename func(string) string) []member {
	all := make([]member, len(of))
	for i, m := range of {
		name, ok := special[m.name]
		if !ok {
			name = rename(m.name)
		}
		all[i] = member{name, m.value}
		switch value := m.value.(type) {
		case []member:
			all[i].value = renamed(value, special, rename)
		case []any:
			list := make([]any, len(value))
			for j, item := range value {
				if object, ok := item.([]member); ok {
					list[j] = renamed(object, special, rename)
				} else {
					list[j] = item
				}
			}
			all[i].value = list
		}
	}
	return all
}

func yamlMembers(out *bytes.Buffer, of []member, indent string) {
	for _, m := range of {
		fmt.Fprintf(out, "%s%s:", indent, m.name)
		switch value := m.value.(type) {
		case []member:
			out.WriteByte('\n')
			yamlMembers(out, value, indent+"  ")
		case []any:
			out.WriteByte('\n')
			for _, item := range value {
				if object, ok := item.([]member); ok {
					var inner bytes.Buffer
					yamlMembers(&inner, object, indent+"    ")
					out.WriteString(indent + "  - " + strings.TrimPrefix(inner.String(), indent+"    "))
					continue
				}
				fmt.Fprintf(out, "%s  - %s\n", indent, yamlScalar(item))
			}
		default:
			fmt.Fprintf(out, " %s\n", yamlScalar(value))
		}
	}
}

// yamlScalar quotes a text that YAML would take for something else.
func yamlScalar(value any) string {
	text, ok := value.(string)
	if !ok {
		return fmt.Sprint(value)
	}
	plain := text != "" && !strings.Contains(text, ": ") && !strings.HasSuffix(text, ":")
	for _, r := range text {
		plain = plain && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_:/.", r))
	}
	if !plain || unicode.IsDigit([]rune(text)[0]) || !unicode.IsLetter([]rune(text)[0]) {
		quoted, _ := json.Marshal(text) //nolint:errchkjson // a text can be written
		return string(quoted)
	}
	return text
}

// terraform has blocks in the place of objects, and its own name for some.
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_service
func (s Service) terraform(out *bytes.Buffer, text []byte) error {
	object, err := ordered(text)
	if err != nil {
		return err
	}
	object = hoisted(object)
	object = renamed(object, map[string]string{
		"service": "name", "lifecycleHooks": "lifecycle_hook", "loadBalancers": "load_balancer", "awsvpcConfiguration": "awsvpcConfiguration",
		"maximumPercent": "deployment_maximum_percent", "minimumHealthyPercent": "deployment_minimum_healthy_percent",
	}, snake)
	out.WriteString("resource \"aws_ecs_service\" \"this\" {\n")
	hclMembers(out, flattened(object), "  ")
	out.WriteString("}\n")
	return nil
}

// hoisted takes out of the deployment configuration what the provider has beside it.
func hoisted(of []member) []member {
	var all, beside []member
	for _, m := range of {
		if inner, ok := m.value.([]member); ok && m.name == "deploymentConfiguration" {
			var stay []member
			for _, one := range inner {
				switch one.name {
				case "maximumPercent", "minimumHealthyPercent", "deploymentCircuitBreaker", "alarms":
					beside = append(beside, one)
				default:
					stay = append(stay, one)
				}
			}
			m.value = stay
		}
		all = append(all, m)
	}
	return append(all, beside...)
}

// flattened has the network's members in its block, as the provider has them.
func flattened(of []member) []member {
	for i, m := range of {
		inner, ok := m.value.([]member)
		if ok && m.name == "network_configuration" && len(inner) == 1 {
			of[i].value = inner[0].value
		}
	}
	return of
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

// hclMembers writes arguments first, aligned as `terraform fmt` does, and blocks after them.
func hclMembers(out *bytes.Buffer, of []member, indent string) {
	var arguments, blocks []member
	width := 0
	for _, m := range of {
		if isBlock(m.value) {
			blocks = append(blocks, m)
			continue
		}
		arguments = append(arguments, m)
		width = max(width, len(m.name))
	}
	for _, m := range arguments {
		fmt.Fprintf(out, "%s%-*s = %s\n", indent, width, m.name, hclValue(m.name, m.value))
	}
	for i, m := range blocks {
		if i > 0 || len(arguments) > 0 {
			out.WriteByte('\n')
		}
		objects, ok := m.value.([]any)
		if !ok {
			objects = []any{m.value}
		}
		for j, object := range objects {
			if j > 0 {
				out.WriteByte('\n')
			}
			fmt.Fprintf(out, "%s%s {\n", indent, m.name)
			hclMembers(out, object.([]member), indent+"  ")
			fmt.Fprintf(out, "%s}\n", indent)
		}
	}
}

func isBlock(value any) bool {
	switch value := value.(type) {
	case []member:
		return true
	case []any:
		if len(value) > 0 {
			_, object := value[0].([]member)
			return object
		}
	}
	return false
}

// hclValue is a value, as HCL writes it.
func hclValue(name string, value any) string {
	switch value := value.(type) {
	case string:
		if name == "assign_public_ip" {
			return fmt.Sprint(value == "ENABLED")
		}
		quoted, _ := json.Marshal(value) //nolint:errchkjson // a text can be written
		return strings.ReplaceAll(string(quoted), "${", "$${")
	case []any:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = hclValue("", item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprint(value)
}
