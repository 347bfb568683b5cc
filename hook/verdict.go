package hook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
)

// A Status is a verdict as CodeDeploy spells it. CodeDeploy knows more statuses, but
// takes only the first two from a hook.
type Status string

// The statuses that a hook can give.
const (
	Succeeded Status = "Succeeded"
	Failed    Status = "Failed"

	// InProgress is no verdict yet: the hook is to be asked again, in another invocation. It
	// can be given where [Execution.CanContinue] says so, and is Failed elsewhere.
	InProgress Status = "InProgress"
)

// A Verdict is what a hook answers: may the deployment go on?
type Verdict struct {
	Status Status

	// Reason says why, in one line. CodeDeploy and ECS have no field for it: it stands in
	// the log's last line, and in what the function returns. Several lines are folded into one, and more than
	// MaxReason bytes are cut.
	Reason string

	// Attrs are added to the log's last line, such as the lifecycle event that was
	// found to be running.
	Attrs []slog.Attr

	// After is in how long to ask again, for InProgress. ECS takes whole seconds, and 1 at
	// least. With CodeDeploy and for pauses the next invocation waits, for at most half of the
	// time that it has to decide.
	After time.Duration

	// State is handed to the next round, for InProgress: a JSON value of at most MaxState
	// bytes, or nil.
	State json.RawMessage
}

// MaxReason is the most that is kept of a verdict's reason, in bytes. It is long
// enough for a sentence with a URL and what was expected and seen, and short enough
// for the whole line to be read in a log viewer.
const MaxReason = 2048

// failed makes a verdict of Failed; format and args give its reason.
func failed(format string, args ...any) Verdict {
	return Verdict{Status: Failed, Reason: fmt.Sprintf(format, args...)}
}

// settled makes a decider's verdict on e presentable. A status that CodeDeploy wouldn't take
// becomes Failed: a gate that is unclear stays closed.
func (v Verdict) settled(e Execution) Verdict {
	v.Reason = oneLine(v.Reason)
	switch v.Status {
	case Succeeded:
	case InProgress:
		if hindrance := e.hindrance(v); hindrance != "" {
			v.Status = Failed
			v.Reason = oneLine(fmt.Sprintf("the hook has to be asked again, but %s: %s", hindrance, cmp.Or(v.Reason, "no reason was given")))
		}
	case Failed:
		if v.Reason == "" {
			v.Reason = "no reason was given"
		}
	default:
		v.Reason = oneLine(fmt.Sprintf("the decider gave the status %q, which is none of %s, %s and %s: %s",
			v.Status, Succeeded, Failed, InProgress, v.Reason))
		v.Status = Failed
	}
	return v
}

// oneLine folds text into one printable line of at most MaxReason bytes. Lines are joined
// by a semicolon, as errors.Join's would be read, unless punctuation already ends them.
func oneLine(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r", "\n")) {
		line = strings.TrimSpace(strings.Map(printable, line))
		if line == "" {
			continue
		}
		if b.Len() > 0 {
			if !strings.ContainsAny(b.String()[b.Len()-1:], ".,:;!?") {
				b.WriteByte(';')
			}
			b.WriteByte(' ')
		}
		b.WriteString(line)
		if b.Len() > MaxReason {
			break
		}
	}
	return cut(b.String(), MaxReason)
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// cut shortens text to at most limit bytes, between characters, and shows that it did.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const ellipsis = "…"
	return strings.ToValidUTF8(text[:limit-len(ellipsis)], "") + ellipsis
}
