package deployment

import "sync"

// sideBySide runs reads at once and returns when all are done.
func sideBySide(reads ...func()) {
	var running sync.WaitGroup
	for _, read := range reads {
		running.Go(read)
	}
	running.Wait()
}
