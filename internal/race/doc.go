// Package race tells tests whether the race detector watches them. What goes on in one goroutine and takes minutes under it, where it
// finds nothing, is for a build without it.
package race
