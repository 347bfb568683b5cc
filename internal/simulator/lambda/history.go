package lambda

import "sync"

// DefaultHistoryBytes bounds the kept log lines, and the kept invocations, to about so much
// memory each.
const DefaultHistoryBytes = 16 << 20

// entryBytes is what an entry of a history takes without its text, about.
const entryBytes = 256

// history keeps the newest of what is added to it, as much as fits.
type history[T any] struct {
	limit int         // in bytes
	size  func(T) int // of the text in an entry

	mu   sync.Mutex
	kept []T // oldest first
	used int
}

// add keeps an entry and forgets the oldest where there are too many. An entry that alone
// is too large isn't kept.
func (h *history[T]) add(entry T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, entry)
	h.used += entryBytes + h.size(entry)
	gone := 0
	for ; h.used > h.limit && gone < len(h.kept); gone++ {
		h.used -= entryBytes + h.size(h.kept[gone])
	}
	clear(h.kept[:gone]) // the array may outlive them
	h.kept = h.kept[gone:]
}

// entries returns what is kept, oldest first.
func (h *history[T]) entries() []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]T(nil), h.kept...)
}

// Invocations returns the newest finished runs of all functions, oldest first, within
// [Config.HistoryBytes].
func (s *Service) Invocations() []Invocation { return s.invocations.entries() }

// Logs returns the newest log lines of all functions, oldest first, within
// [Config.HistoryBytes].
func (s *Service) Logs() []LogLine { return s.lines.entries() }

func (s *Service) logged(line LogLine) {
	s.lines.add(line)
	if s.config.Logs != nil {
		s.config.Logs(line)
	}
}

func (s *Service) invoked(i Invocation) {
	s.invocations.add(i)
	if s.config.Invoked != nil {
		s.config.Invoked(i)
	}
}
