//go:build !linux

package lambda

// peakMemoryMB is known on Linux only; 0 leaves the field out of the REPORT line.
func peakMemoryMB(int) int { return 0 }
