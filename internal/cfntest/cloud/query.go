package cloud

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form is a request in the Query protocol, which notes what of it was read.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type form struct {
	values url.Values
	read   []string
}

func (f *form) text(name string) string {
	f.read = append(f.read, name)
	return f.values.Get(name)
}

// list is a list's items: Name.1 and so on.
func (f *form) list(name string) []string {
	var items []string
	for i := 1; f.values.Has(fmt.Sprintf("%s.%d", name, i)); i++ {
		items = append(items, f.text(fmt.Sprintf("%s.%d", name, i)))
	}
	return items
}

// unread are the parameters that nobody has looked at.
func (f *form) unread() []string {
	var names []string
	for name := range f.values {
		if !slices.Contains(f.read, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// refusal is an error that a service answers.
type refusal struct{ code, message string }

func (r *refusal) Error() string { return r.code + ": " + r.message }

// operations are those that are answered, by the IAM action that they take.
func (a *Account) operations() map[string]func(*form) (any, error) {
	return map[string]func(*form) (any, error){
		"iam:GetRole":                  a.getRole,
		"iam:SimulatePrincipalPolicy":  a.simulatePolicy,
		"iam:ListAttachedRolePolicies": a.listAttachedPolicies,
		"iam:ListRolePolicies":         a.listRolePolicies,
		"iam:GetRolePolicy":            a.getRolePolicy,
		"iam:GetPolicy":                a.getPolicy,
		"iam:GetPolicyVersion":         a.getPolicyVersion,
		"ec2:DescribeSubnets":          a.describeSubnets,
		"ec2:DescribeRouteTables":      a.describeRouteTables,
		"ec2:DescribeVpcEndpoints":     a.describeEndpoints,
		"ec2:DescribeSecurityGroups":   a.describeGroups,
		"cloudwatch:DescribeAlarms":    a.describeAlarms,
	}
}

func (a *Account) answerQuery(w http.ResponseWriter, r *http.Request, service string) {
	if err := r.ParseForm(); err != nil {
		a.t.Errorf("a request to %s can't be read: %v", service, err)
	}
	f := &form{values: r.PostForm, read: []string{"Version"}}
	operation := f.text("Action")
	if service == "monitoring" {
		service = "cloudwatch"
	}
	action := service + ":" + operation
	do, known := a.operations()[action]
	if !known {
		a.t.Errorf("the account was asked for %s, which it doesn't know", action)
		writeRefusal(w, service, &refusal{"InvalidAction", "the account has no " + action})
		return
	}
	if a.denies(action) {
		writeRefusal(w, service, &refusal{"AccessDenied", "not authorized to perform: " + action})
		return
	}
	result, err := do(f)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		writeRefusal(w, service, refused)
		return
	}
	if err != nil {
		a.t.Errorf("answering %s: %v", action, err)
		writeRefusal(w, service, &refusal{"InternalFailure", err.Error()})
		return
	}
	if left := f.unread(); len(left) > 0 {
		a.t.Errorf("%s was asked with %s, which the account doesn't look at", action, strings.Join(left, ", "))
	}
	writeResult(w, service, operation, result)
}

// writeResult answers as the service does: EC2 has no element around its results.
func writeResult(w http.ResponseWriter, service, operation string, result any) {
	w.Header().Set("Content-Type", "text/xml")
	e := xml.NewEncoder(w)
	root := xml.StartElement{Name: xml.Name{Local: operation + "Response"}}
	if service == "ec2" {
		_ = e.EncodeElement(result, root)
		_ = e.Flush()
		return
	}
	_ = e.EncodeToken(root)
	_ = e.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: operation + "Result"}})
	_ = e.EncodeToken(root.End())
	_ = e.Flush()
}

func writeRefusal(w http.ResponseWriter, service string, r *refusal) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	type said struct{ Code, Message string }
	if service == "ec2" {
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName xml.Name `xml:"Response"`
			Error   said     `xml:"Errors>Error"`
		}{Error: said{r.code, r.message}})
		return
	}
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   said
	}{Error: said{r.code, r.message}})
}

// rewrite changes the text of an answer.
func rewrite(resp *http.Response, by *strings.Replacer) error {
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("reading the simulator's answer: %w", err)
	}
	changed := by.Replace(string(body))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader([]byte(changed))), int64(len(changed))
	resp.Header.Set("Content-Length", strconv.Itoa(len(changed)))
	return nil
}
