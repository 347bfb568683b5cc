package lambda

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// peakMemoryMB is the process's peak resident memory so far in MB, 0 where it can't be read.
func peakMemoryMB(pid int) int {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		var kB int
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			if _, err := fmt.Sscanf(rest, "%d kB", &kB); err == nil {
				return (kB + 1023) / 1024
			}
		}
	}
	return 0
}
