//go:build !unix

package execcheck

import (
	"os"
	"os/exec"
	"strconv"
)

func apart(*exec.Cmd) {}

// kill ends a command with its children.
//
// https://learn.microsoft.com/windows-server/administration/windows-commands/taskkill
func kill(p *os.Process) error {
	if err := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(p.Pid)).Run(); err != nil {
		return p.Kill()
	}
	return nil
}

// halt ends the reading.
func (k *keeping) halt() {
	_ = k.read.Close()
	<-k.done
}
