//go:build unix

package scenario

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the command into a process group of its own, so that what it starts can be ended with it and Ctrl-C in
// the terminal reaches it only through the simulator.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminateGroup asks the command and what it has started to end. A group that is gone is no error.
func terminateGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
