package demo

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// logs keeps what the functions wrote.
type logs struct {
	mu    sync.Mutex
	lines []logLine
	more  chan struct{} // closed and renewed with each line
}

// logLine is what the demo reads in a line of greenlight's log.
type logLine struct{ Msg, Deployment, Status, Reason string }

func newLogs() *logs { return &logs{more: make(chan struct{})} }

func (l *logs) add(line lambda.LogLine) {
	var read logLine
	if line.Platform || json.Unmarshal([]byte(line.Text), &read) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, read)
	close(l.more)
	l.more = make(chan struct{})
}

// reason waits for the line that says why a deployment was refused. CodeDeploy has no field for it, and a function's
// last line is written after CodeDeploy has its status.
func (l *logs) reason(ctx context.Context, deployment string) string {
	for {
		l.mu.Lock()
		more := l.more
		for _, line := range l.lines {
			if line.Msg == "verdict" && line.Deployment == deployment && line.Status == "Failed" {
				l.mu.Unlock()
				return line.Reason
			}
		}
		l.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return "no reason was logged"
		}
	}
}
