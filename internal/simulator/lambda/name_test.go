package lambda

import (
	"strings"
	"testing"
)

func TestANameHasManyForms(t *testing.T) {
	tests := []struct{ why, full, name, qualifier string }{
		{"the name alone", "hook", "hook", ""},
		{"with a version", "hook:7", "hook", "7"},
		{"with $LATEST", "hook:$LATEST", "hook", "$LATEST"},
		{"an ARN", "arn:aws:lambda:us-east-1:123456789012:function:hook", "hook", ""},
		{"an ARN with an alias", "arn:aws:lambda:us-east-1:123456789012:function:hook:live", "hook", "live"},
		{"an ARN of China", "arn:aws-cn:lambda:cn-north-1:123456789012:function:hook", "hook", ""},
		{"a partial ARN", "123456789012:function:hook", "hook", ""},
		{"a partial ARN with an alias", "123456789012:function:hook:live", "hook", "live"},
		{"without even the account", "function:hook", "hook", ""},
		{"nothing", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if name, qualifier := splitName(test.full); name != test.name || qualifier != test.qualifier {
				t.Errorf("%q is %q with %q, want %q with %q", test.full, name, qualifier, test.name, test.qualifier)
			}
		})
	}
}

func FuzzAnARNNamesWhatItWasMadeOf(f *testing.F) {
	f.Add("hook", "")
	f.Add("function", "live")
	f.Add("a_b-c", "$LATEST")
	s := New(Config{})
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, name, qualifier string) {
		if !validName(name) || strings.Contains(qualifier, ":") {
			return // not what Lambda takes
		}
		if gotName, gotQualifier := splitName(s.ARN(qualify(name, qualifier))); gotName != name || gotQualifier != qualifier {
			t.Errorf("%q with %q came back as %q with %q", name, qualifier, gotName, gotQualifier)
		}
	})
}
