package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// memory is what a process holds, in MB of 10⁶ bytes.
type memory struct {
	resident float64 // now: VmRSS
	peak     float64 // since its start: VmHWM
}

// memoryOf reads a process's memory. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func memoryOf(pid int) (memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, fmt.Errorf("reading the memory of a bootstrap: %w", err)
	}
	return parseMemory(status)
}

func parseMemory(status []byte) (memory, error) {
	resident, err := kilobytes(status, "VmRSS")
	if err != nil {
		return memory{}, err
	}
	peak, err := kilobytes(status, "VmHWM")
	return memory{resident: resident, peak: peak}, err
}

// kilobytes reads a figure that the kernel gives in units of 1024 bytes.
func kilobytes(status []byte, key string) (float64, error) {
	value := field(bytes.NewReader(status), key)
	n, err := strconv.ParseFloat(strings.TrimSuffix(value, " kB"), 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a bootstrap: %s is %q, a number of kB was expected", key, value)
	}
	return n * 1024 / 1e6, nil
}

// settledMemory waits until what a process holds has stopped to change: a runtime still does things behind its first
// /next, such as reading root certificates.
func settledMemory(ctx context.Context, pid int) (memory, error) {
	const (
		often  = 10 * time.Millisecond
		enough = 3  // readings that agree
		most   = 50 // readings at all
	)
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	last, err := memoryOf(pid)
	for same, n := 1, 1; err == nil && same < enough && n < most; n++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return memory{}, ctx.Err()
		}
		var now memory
		if now, err = memoryOf(pid); now == last {
			same++
		} else {
			last, same = now, 1
		}
	}
	return last, err
}
