package sariftest_test

import (
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/report/sariftest"
)

// What passes here passes because it was looked at.
func TestALogIsHeldAgainstThePublishedSchema(t *testing.T) {
	const right = `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "informationUri": "https://x.example/"}}, "results": [
		{"ruleId": "a", "level": "error", "message": {"text": "no"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": {"startLine": 1}}}]}]}]}`
	if err := sariftest.Judge([]byte(right)); err != nil {
		t.Errorf("a right log: %v", err)
	}
	for _, tt := range []struct{ why, old, new, want string }{
		{"there is one version", "2.1.0", "2.2", "$.version"},
		{"a run has a tool", `"tool": {"driver": {"name": "x", "informationUri": "https://x.example/"}}, `, "", "$.runs[0]"},
		{"which has a name", `"name": "x", `, "", "$.runs[0].tool.driver"},
		{"and addresses that are some", "https://x.example/", "x y", "$.runs[0].tool.driver.informationUri"},
		{"levels are known", `"error"`, `"fatal"`, "$.runs[0].results[0].level"},
		{"lines are counted from 1 on", `"startLine": 1`, `"startLine": 0`, "startLine"},
		{"a result has a message", `"message": {"text": "no"}, `, "", "message"},
		{"there is nothing beside what is known", `"ruleId"`, `"ruleID"`, "ruleID"},
	} {
		err := sariftest.Judge([]byte(strings.Replace(right, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want something about %s", tt.why, err, tt.want)
		}
	}
}
