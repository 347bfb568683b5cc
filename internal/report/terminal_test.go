package report_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/report"
)

const header = "greenlight.yaml: 6 checks at AfterAllowTestTraffic, green is http://green.example.com:8080"

func written(style report.Style, verdicts ...check.Verdict) string {
	var out strings.Builder
	for _, v := range verdicts {
		terminal := report.NewTerminal(&out, style, len(v.Checks))
		terminal.Header(header)
		for _, r := range v.Checks {
			terminal.Finished(r)
		}
		terminal.Verdict(v)
	}
	return out.String()
}

func TestTerminalWritesALineForEachCheckAndTheVerdictLast(t *testing.T) {
	for name, style := range map[string]report.Style{
		"plain": {}, "colour": {Color: true, Width: 100}, "width-80": {Width: 80}, "width-40": {Width: 40, Color: true},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "terminal-"+name, written(style, refused(), passed(), letThrough(), inconclusive(), unproven(), suspended(), unclean()))
		})
	}
}

func TestFoldedLinesFitTheTerminal(t *testing.T) {
	for width := 30; width <= 120; width++ {
		out := written(report.Style{Width: width, Color: true}, refused(), letThrough())
		for _, line := range screen(t, out, 0) {
			// A word that is longer than the line, such as a URL, stays whole.
			if n := len([]rune(line)); n > width && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("width %d: %d columns: %q", width, n, line)
			}
			if strings.HasSuffix(line, " ") {
				t.Errorf("width %d: space at the end of %q", width, line)
			}
		}
	}
}

// play tells a terminal of an execution as it happens.
func play(style report.Style, out *strings.Builder) {
	terminal := report.NewTerminal(out, style, 3)
	wait := func(d time.Duration) { <-time.After(d) }
	terminal.Header("three checks")
	terminal.Started("health")
	terminal.Started("checkout of a cart with many things in it")
	wait(350 * time.Millisecond)
	terminal.Tick()
	terminal.Retrying("health", "connecting to 127.0.0.1:8080: connection refused")
	wait(time.Second)
	terminal.Finished(check.Report{Name: "health", Outcome: check.Passed, Duration: 1350 * time.Millisecond, Reason: "passed at attempt 2"})
	terminal.Started("stock")
	wait(62 * time.Second)
	terminal.Tick()
	terminal.Finished(check.Report{Name: "stock", Outcome: check.Failed, Duration: 62 * time.Second, Reason: "expected status 200, got 500"})
	terminal.Finished(check.Report{Name: "checkout of a cart with many things in it", Outcome: check.Inconclusive, Cancelled: true})
	terminal.Tick()
	terminal.Verdict(check.Verdict{Outcome: check.Failed, Reason: "stock: expected status 200, got 500"})
}

func TestALiveLineShowsWhatRuns(t *testing.T) {
	for name, style := range map[string]report.Style{
		"live-80": {Live: true, Width: 80}, "live-200-colour": {Live: true, Width: 200, Color: true}, "live-40": {Live: true, Width: 40},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				play(style, &out)
				golden(t, name, out.String())
			})
		})
	}
}

func TestTheLiveLineIsNeverWiderThanTheTerminalAndNeverLeftBehind(t *testing.T) {
	var plain string
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		play(report.Style{}, &out)
		plain = out.String()
	})
	for width := range 130 {
		synctest.Test(t, func(t *testing.T) {
			var live strings.Builder
			play(report.Style{Live: true, Width: width, Color: true}, &live)
			left := strings.Join(strings.Fields(strings.Join(screen(t, live.String(), width), " ")), " ")
			if want := strings.Join(strings.Fields(plain), " "); left != want {
				t.Errorf("width %d: when all is over, the terminal shows\n%s\nwant\n%s", width, left, want)
			}
		})
	}
}

// screen gives the lines that a terminal shows. Lines that are redrawn must fit its width, 0 for one without end.
func screen(t *testing.T, out string, width int) []string {
	t.Helper()
	var lines []string
	var line []rune
	column := 0
	runes := []rune(out)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\n':
			lines, line, column = append(lines, string(line)), nil, 0
		case r == '\r':
			if width > 0 && len(line) >= width {
				t.Errorf("a live line of %d columns on a terminal of %d: %q", len(line), width, string(line))
			}
			column = 0
		case r == '\x1b' && runes[i+2] == 'K':
			line, i = line[:column], i+2
		case r == '\x1b':
			i += slices.Index(runes[i:], 'm')
		default:
			line, column = append(line[:column], r), column+1
		}
	}
	if len(line) > 0 {
		t.Errorf("left on the last line: %q", string(line))
	}
	return lines
}

func TestWhatServersSendCanNotBreakTheTerminal(t *testing.T) {
	const attack = "a\x1b[2J\x1b]0;title\x07\r\b\nb\x00\u009b31m\u202ec\x7f\xff"
	for _, style := range []report.Style{{}, {Width: 40}, {Width: 40, Live: true}} {
		t.Run(fmt.Sprint(style), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				terminal := report.NewTerminal(&out, style, 1)
				terminal.Header(attack)
				terminal.Started(attack)
				terminal.Retrying(attack, attack)
				terminal.Finished(check.Report{Name: attack, Outcome: check.Failed, Reason: attack})
				terminal.Verdict(check.Verdict{Outcome: check.Failed, Reason: attack})
				got := strings.ReplaceAll(out.String(), "\r\x1b[K", "")
				if strings.ContainsAny(got, "\x1b\r\b\x00\x07\x7f\u009b\u202e") {
					t.Errorf("the terminal got %q", got)
				}
				if !strings.Contains(got, "\ufffd[2J") {
					t.Errorf("what was taken out isn't marked: %q", got)
				}
			})
		})
	}
}

func TestWideCharactersAreCountedAsSuch(t *testing.T) {
	for _, tt := range []struct {
		name string
		cut  string
		why  string
	}{
		{"注文の確認と在庫の確認", "0 of 1 done; running: 注文の確認…", "an ideograph takes two columns"},
		{"注文の確認か在庫確認a", "0 of 1 done; running: 注文の確認…", "half of one is not shown"},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "0 of 1 done; running: e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301…", "an accent takes none"},
		{"🚀🚀🚀🚀🚀🚀🚀", "0 of 1 done; running: 🚀🚀🚀🚀🚀…", "a picture takes two"},
		{"❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f", "0 of 1 done; running: ❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f…", "so does a character that is made one"},
		{"health", "0 of 1 done; running: health 0.0s", "what fits isn't cut"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				terminal := report.NewTerminal(&out, report.Style{Width: 37, Live: true}, 1)
				terminal.Started(tt.name)
				if got := out.String(); got != tt.cut {
					t.Errorf("got  %q\nwant %q", got, tt.cut)
				}
			})
		})
	}
}

func TestWideCharactersFoldWhereTheyReachTheEnd(t *testing.T) {
	var out strings.Builder
	report.NewTerminal(&out, report.Style{Width: 11}, 1).Header("注文 確認 在庫 確認")
	if got, want := out.String(), "注文 確認\n在庫 確認\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheTerminalMayBeToldByMany(t *testing.T) {
	var out strings.Builder
	terminal := report.NewTerminal(&out, report.Style{Width: 80, Live: true}, 20)
	var many sync.WaitGroup
	for i := range 20 {
		many.Go(func() {
			terminal.Started(fmt.Sprint(i))
			terminal.Retrying(fmt.Sprint(i), "refused")
			terminal.Tick()
			terminal.Finished(check.Report{Name: fmt.Sprint(i)})
		})
	}
	many.Wait()
	terminal.Verdict(check.Verdict{Succeeded: true, Reason: "all passed"})
	if got := len(screen(t, out.String(), 80)); got != 22 {
		t.Errorf("%d lines, want 20 checks, an empty line and the verdict", got)
	}
}

func TestElapsed(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "<1ms"},
		{999 * time.Microsecond, "<1ms"},
		{1499 * time.Microsecond, "1ms"},
		{999 * time.Millisecond, "999ms"},
		{1240 * time.Millisecond, "1.2s"},
		{59960 * time.Millisecond, "1m"},
		{90400 * time.Millisecond, "1m30s"},
		{2 * time.Hour, "2h"},
	} {
		if got := report.Elapsed(tt.d); got != tt.want {
			t.Errorf("%s is shown as %s, want %s", tt.d, got, tt.want)
		}
	}
}
