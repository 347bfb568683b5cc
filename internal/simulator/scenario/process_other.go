//go:build !unix

package scenario

import "os/exec"

func ownGroup(*exec.Cmd) {}

// terminateGroup ends the command alone: process groups are a Unix thing, and so is asking a process to end.
func terminateGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
