package main

import (
	"fmt"
	"os"
	"strings"
)

// resident is this process's resident memory in MB, 0 where the system has no /proc.
func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			var kb float64
			if _, err := fmt.Sscan(value, &kb); err == nil {
				return kb / 1024
			}
		}
	}
	return 0
}
