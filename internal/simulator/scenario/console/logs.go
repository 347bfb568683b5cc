package console

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// Logs keeps the last lines of each function, to say why a deployment failed: CodeDeploy itself has no field for it.
type Logs struct {
	mu    sync.Mutex
	lines map[string][]lambda.LogLine // by function
}

// mostLines is how many lines of a function are kept, and lastLines how many are shown.
const (
	mostLines = 200
	lastLines = 5
)

// NewLogs returns Logs without lines.
func NewLogs() *Logs { return &Logs{lines: map[string][]lambda.LogLine{}} }

// Add takes a line. It is made for the simulator's Config.
func (l *Logs) Add(line lambda.LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := append(l.lines[line.Function], line)
	if len(lines) > mostLines {
		lines = slices.Clone(lines[len(lines)-mostLines:])
	}
	l.lines[line.Function] = lines
}

// patience is how long a function that has reported may go on writing its log before what there is is shown.
const patience = 3 * time.Second

// reason gives why the hook that failed a deployment did so: the line in which greenlight says it, else the last lines
// of the function.
func (l *Logs) reason(d Deployment) (string, []string) {
	failed := slices.IndexFunc(d.Events, func(e Event) bool { return e.Failed && e.Function != "" })
	if failed < 0 {
		return "", nil
	}
	e := d.Events[failed]
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines[baseName(e.Function)]
	for _, line := range slices.Backward(lines) {
		if reason, ok := verdict(line, d.ID); ok {
			return reason, nil
		}
	}
	return "", last(lines)
}

// baseName is the function of an ARN or a qualified name.
func baseName(function string) string {
	if _, rest, isARN := strings.Cut(function, ":function:"); isARN {
		function = rest
	}
	name, _, _ := strings.Cut(function, ":")
	return name
}

// verdict reads the line with which greenlight ends a log.
func verdict(line lambda.LogLine, deployment string) (string, bool) {
	var read struct{ Msg, Deployment, Status, Reason string }
	if line.Platform || json.Unmarshal([]byte(line.Text), &read) != nil {
		return "", false
	}
	ours := read.Msg == "verdict" && shortID(read.Deployment) == deployment && read.Status == "Failed" && read.Reason != ""
	return read.Reason, ours
}

// last gives the last lines that say something: not those with which Lambda frames every invocation.
func last(lines []lambda.LogLine) []string {
	var said []string
	for _, line := range lines {
		word, _, _ := strings.Cut(line.Text, " ")
		if line.Platform && slices.Contains([]string{"INIT_START", "START", "END", "REPORT"}, word) {
			continue
		}
		said = append(said, line.Text)
	}
	return said[max(len(said)-lastLines, 0):]
}
