//go:build !unix

package lambda

import "os/exec"

func ownGroup(*exec.Cmd) {}

// killGroup ends the process alone: process groups are a Unix thing.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
