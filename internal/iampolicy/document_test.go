package iampolicy

import (
	"regexp"
	"strings"
	"testing"
)

const (
	functionARN    = "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_check"
	serviceRole    = "arn:aws:iam::123456789012:role/CodeDeployServiceRole"
	invokeFunction = "lambda:InvokeFunction"
)

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func TestWildcardsMatchAsIAMsDo(t *testing.T) {
	tests := []struct {
		pattern, value string
		fold, want     bool
	}{
		{"*", "lambda:InvokeFunction", false, true},
		{"lambda:*", "lambda:InvokeFunction", false, true},
		{"lambda:Invoke*", "lambda:InvokeFunction", false, true},
		{"LAMBDA:invokefunction", "lambda:InvokeFunction", true, true},
		{"LAMBDA:invokefunction", "lambda:InvokeFunction", false, false},
		{"lambda:Invoke", "lambda:InvokeFunction", false, false},
		{"arn:aws:lambda:*:*:function:CodeDeployHook_*", functionARN, false, true},
		{"arn:aws:lambda:*:*:function:CodeDeployHook_*", "arn:aws:lambda:eu-west-1:123456789012:function:gate", false, false},
		{"arn:aws:lambda:eu-west-?:*:function:*check", functionARN, false, true},
		{"*a*b*c", "xaxbxbxc", false, true},
		{"*a*b*c", "xaxbxbxcx", false, false},
		{"a?", "a", false, false},
		{"arn:aws:lambda:*:${aws:PrincipalAccount}:function:CodeDeployHook_check", functionARN, false, true},
		{"", "", false, true},
		{"", "x", false, false},
	}
	for _, tt := range tests {
		if got := wild(tt.pattern, tt.value, tt.fold); got != tt.want {
			t.Errorf("wild(%q, %q, %v) is %v", tt.pattern, tt.value, tt.fold, got)
		}
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func TestDocumentsDecideAsIAMDoes(t *testing.T) {
	tests := []struct {
		why, statements string
		want            bool
	}{
		{"nothing allows it", `[]`, false},
		{"it is allowed", `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}`, true},
		{"in a list", `[{"Effect":"Allow","Action":["s3:*","lambda:InvokeFunction"],"Resource":["arn:aws:s3:::b","` + functionARN + `"]}]`, true},
		{"for another function", `{"Effect":"Allow","Action":"lambda:*","Resource":"` + functionARN + `2"}`, false},
		{"for a version of it alone", `{"Effect":"Allow","Action":"lambda:*","Resource":"` + functionARN + `:*"}`, false},
		{"all but this action", `{"Effect":"Allow","NotAction":"lambda:*","Resource":"*"}`, false},
		{"all but another action", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, true},
		{"all but this function", `{"Effect":"Allow","Action":"*","NotResource":"` + functionARN + `"}`, false},
		{"all but another function", `{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::*"}`, true},
		{"a denial wins", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lambda:Invoke*","Resource":"*"}]`, false},
		{"a denial of another", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]`, true},
		{"a denial on conditions isn't evaluated", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]`, true},
		{"an allowance on conditions isn't evaluated", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/a":"b"}}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			d, err := Parse("p", `{"Version":"2012-10-17","Statement":`+tt.statements+`}`)
			if err != nil {
				t.Fatal(err)
			}
			if got := Decide([]Document{d}, nil, "lambda:InvokeFunction", functionARN); got.Allowed != tt.want {
				t.Errorf("got %+v, want %v", got, tt.want)
			}
		})
	}
}

func TestAFunctionsOwnPolicyAllowsWhomItNames(t *testing.T) {
	tests := []struct {
		why, statement string
		want           bool
	}{
		{"the role", `{"Effect":"Allow","Principal":{"AWS":"` + serviceRole + `"},"Action":"lambda:InvokeFunction","Resource":"` + functionARN + `"}`, true},
		{"anyone", `{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"` + functionARN + `"}`, true},
		{"the account, which leaves it to the role's policies", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"lambda:InvokeFunction","Resource":"*"}`, false},
		{"a service", `{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*"}`, false},
		{"the role, and denies it", `[{"Effect":"Allow","Principal":"*","Action":"lambda:*","Resource":"*"},{"Effect":"Deny","Principal":{"AWS":"` + serviceRole + `"},"Action":"lambda:*","Resource":"*"}]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			d, err := Parse("p", `{"Statement":`+tt.statement+`}`)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Allows(serviceRole, invokeFunction, functionARN); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestADocumentThatIsNoneIsAnError(t *testing.T) {
	for _, text := range []string{"", "{", `{"Statement":"x"}`, `{"Statement":{"Effect":"Allow","Action":1}}`} {
		if _, err := Parse("p", text); err == nil {
			t.Errorf("%q is taken for a policy", text)
		}
	}
}

// FuzzDocument: a policy that is one can be judged, and no action of one is allowed by reading nothing. The seeds are policies of AWS's
// documentation, and one of those that come escaped as in a URL.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"Statement":{"Effect":"Allow","Action":["a:*"],"Resource":"*","Principal":{"AWS":"*"}}}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["codedeploy.amazonaws.com","ecs.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Sid":"hooks","Action":["lambda:InvokeFunction"],"Effect":"Allow","Resource":"arn:aws:lambda:*:*:function:CodeDeployHook_*"},{"Effect":"Deny","NotAction":"iam:*","NotResource":["arn:aws:s3:::${aws:username}/?"],"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`,
		`%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ecs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D`,
	} {
		f.Add(seed, "lambda:InvokeFunction")
	}
	f.Fuzz(func(t *testing.T, text, action string) {
		d, err := Parse("p", text)
		if err != nil {
			return
		}
		d.Allows(serviceRole, action, functionARN)
		d.Trusts("ecs.amazonaws.com")
		if got := Decide([]Document{d}, &d, action, functionARN); got.Allowed && !strings.Contains(strings.ToLower(text), "allow") && !strings.ContainsAny(text, `%\\`) {
			t.Errorf("%q allows %q: %s", text, action, got.Why)
		}
	})
}

// FuzzPattern: a pattern fits what its regular expression fits.
func FuzzPattern(f *testing.F) {
	f.Add("lambda:Invoke*", "lambda:InvokeFunction")
	f.Add("arn:aws:lambda:*:*:function:CodeDeployHook_?", functionARN)
	f.Add("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::a/b/c")
	f.Add("*a*a*a*a*b", "aaaaaaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		for _, s := range []string{pattern, value} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				return // characters and bytes are one in what policies hold
			}
		}
		if strings.Contains(pattern, `\`) {
			return // a quoted backslash would be taken for that of a quoted wildcard
		}
		want := regexp.MustCompile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(policyVariable.ReplaceAllString(pattern, "*"))) + "$").MatchString(value)
		if got := wild(pattern, value, false); got != want {
			t.Errorf("%q on %q: %v, want %v", pattern, value, got, want)
		}
	})
}
