//go:build unix

package execcheck

import (
	"os"
	"os/exec"
	"syscall"
)

// apart starts a command in a process group of its own, by which it is killed with all that it starts.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// kill ends a command's process group. A process that has left it, as daemons do, isn't found.
func kill(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }
