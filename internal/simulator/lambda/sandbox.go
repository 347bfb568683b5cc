package lambda

import (
	"fmt"
	"strings"
	"time"
)

// sandbox is one execution environment of one version: a runtime with a log stream of its
// own, which runs one invocation at a time. See
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
type sandbox struct {
	runtime

	function *function
	version  *version
	stream   string
	sink     func(LogLine)
	log      *logPipe

	// Only the log's reader touches these.
	current string // the request id that log lines belong to
	tail    logTail
}

// spawn starts a sandbox. It is the caller's to close.
func (s *Service) spawn(f *function, v *version) (*sandbox, error) {
	sb := &sandbox{function: f, version: v, stream: logStream(time.Now(), v.Number), sink: s.logged}
	var err error
	if sb.log, err = newLogPipe(func(text string) { sb.emit(text, false) }); err != nil {
		return nil, fmt.Errorf("starting a sandbox of %s: %w", f.name, err)
	}
	sb.platform("INIT_START Runtime Version: " + strings.Replace(v.Function.Runtime, ".", ":", 1))
	if sb.runtime, err = s.newRuntime(sb); err != nil {
		sb.log.close()
		return nil, fmt.Errorf("starting a sandbox of %s: %w", f.name, err)
	}
	return sb, nil
}

// close ends the runtime with all that it started and waits until nothing of it is left.
func (sb *sandbox) close() {
	sb.kill()
	sb.runtime.close()
	sb.log.close()
}

// platform writes lines of Lambda's own into the log, in their place.
func (sb *sandbox) platform(lines ...string) {
	sb.log.then(func() {
		for _, line := range lines {
			sb.emit(line, true)
		}
	})
}

// attribute makes the lines from here on belong to the request.
func (sb *sandbox) attribute(requestID string) {
	sb.log.then(func() {
		sb.current = requestID
		if requestID != "" {
			sb.tail = nil
		}
	})
}

func (sb *sandbox) emit(text string, platform bool) {
	sb.tail.add(text)
	sb.sink(LogLine{
		Time: time.Now(), Function: sb.function.name, Version: sb.version.Number, Stream: sb.stream,
		RequestID: sb.current, Platform: platform, Text: text,
	})
}
