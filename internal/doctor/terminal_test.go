package doctor

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/report"
)

// ill is an account with a bit of everything.
func ill(t *testing.T) Report {
	t.Helper()
	w := newWorld()
	w.group.AutoRollbackConfiguration = nil
	w.function.Timeout, w.function.MemorySize = aws.Int32(3), aws.Int32(128)
	w.tables[0].Routes = nil
	w.alarms[0].State = "ALARM"
	w.fails["iam:GetRole"] = apiError("AccessDenied")
	return w.examine(t, w.options())
}

func TestWhatIsFoundReadsAsInTheGoldenFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		style report.Style
		all   bool
	}{
		"plain": {}, "all": {all: true}, "colour-80": {style: report.Style{Width: 80, Color: true}}, "width-40": {style: report.Style{Width: 40}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Text(&out, ill(t), tt.style, tt.all); err != nil {
				t.Fatal(err)
			}
			golden(t, "text-"+name, out.String())
		})
	}
	t.Run("json", func(t *testing.T) {
		var out bytes.Buffer
		if err := JSON(&out, ill(t)); err != nil {
			t.Fatal(err)
		}
		golden(t, "report.json", out.String())
	})
}

func TestWhatAWSAnswersCantPaintOverTheTerminal(t *testing.T) {
	var out bytes.Buffer
	r := Report{About: "a\x1b[2J", Findings: []Finding{{Area: "b\x1b[2J", Check: "c", Status: Fail, Text: "d\x1b[2J\nx", Remedy: "e\x1b[2J"}}, Unread: []string{"f\x1b[2J"}}
	if err := Text(&out, r, report.Style{}, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("%q", out.String())
	}
}
