package hook

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// remembered is how many executions a sandbox keeps the verdicts of. Lambda delivers an
// event again within minutes, or hours at most; a function that gates a whole account sees
// fewer deployments than this in that time. At some 300 bytes each, they cost nothing.
const remembered = 128

// A memory keeps the verdicts of the last executions, so that an execution that comes
// again is answered as it was before. A verdict is remembered when it is decided, not when
// it is delivered: a run that repeats after a lost report must not contradict it.
type memory struct {
	size int

	mu      sync.Mutex
	memos   map[executionKey]*memo
	arrived []executionKey
}

// An executionKey tells executions apart, and the rounds of one. What is undocumented of ECS's
// executionId, whether a stage that runs for each step of a deployment has another for each,
// doesn't matter where only the same payload is taken for the same.
type executionKey struct {
	deploymentID, id string
	round            int
	digest           [sha256.Size]byte
}

func (e event) key() executionKey {
	return executionKey{deploymentID: e.DeploymentID, id: e.ID, round: e.Round, digest: e.digest}
}

// A memo is one execution's verdict, given once done is closed.
type memo struct {
	done    chan struct{}
	verdict Verdict
}

func newMemory(size int) *memory {
	return &memory{size: size, memos: make(map[executionKey]*memo)}
}

// claim returns the execution's memo, and whether the caller is the first to ask for it and
// so the one to decide and settle it.
func (m *memory) claim(key executionKey) (*memo, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.memos[key]; ok {
		return known, false
	}
	if len(m.arrived) >= m.size {
		m.forgetOne()
	}
	created := &memo{done: make(chan struct{})}
	m.memos[key] = created
	m.arrived = append(m.arrived, key)
	return created, true
}

// forgetOne drops the oldest verdict. An execution that is still being decided stays,
// even beyond the size: forgotten, it could be decided twice.
func (m *memory) forgetOne() {
	oldest := slices.IndexFunc(m.arrived, func(key executionKey) bool { return m.memos[key].isSettled() })
	if oldest < 0 {
		return
	}
	delete(m.memos, m.arrived[oldest])
	m.arrived = slices.Delete(m.arrived, oldest, oldest+1)
}

// forget drops an execution that came to no verdict.
func (m *memory) forget(key executionKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.memos, key)
	m.arrived = slices.DeleteFunc(m.arrived, func(known executionKey) bool { return known == key })
}

func (m *memo) settle(v Verdict) {
	m.verdict = v
	close(m.done)
}

func (m *memo) isSettled() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}
