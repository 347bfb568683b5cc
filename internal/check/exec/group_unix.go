//go:build unix

package execcheck

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// apart starts a command in a process group of its own, by which it is killed with all that it starts.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// kill ends a command's process group. A process that has left it, as daemons do, isn't found.
func kill(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }

// halt ends the reading, and takes what lies in the pipe by then.
func (k *keeping) halt() {
	_ = k.read.SetReadDeadline(time.Unix(1, 0))
	<-k.done
	_ = k.read.SetReadDeadline(time.Time{})
	pipe, err := k.read.SyscallConn()
	if err != nil {
		return
	}
	const capacity = 1 << 20 // the most that Linux lets a process have; 64 KiB by default
	buffer := make([]byte, capacity)
	_ = pipe.Read(func(fd uintptr) bool {
		// The pipe doesn't block, so that this ends with what is there.
		for kept := 0; kept < capacity; {
			n, err := syscall.Read(int(fd), buffer)
			switch {
			case err == syscall.EINTR: //nolint:errorlint // a bare number
				continue
			case err != nil, n <= 0:
				return true
			}
			_, _ = k.into.Write(buffer[:n])
			kept += n
		}
		return true
	})
}
