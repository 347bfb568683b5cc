//go:build release

package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Each shell has loaded the script of its own; then greenlight is one that prints what it is called with.
var shells = map[string]struct {
	variable string
	args     []string
	setup    string
}{
	"bash": {"BASH_PATH", []string{"--norc", "--noprofile", "-i"}, `source <(greenlight completion bash); greenlight() { printf '<%s>' "$@"; echo; }; PS1=; echo rea''dy`},
	"zsh": {"ZSH", []string{"-f", "-i"}, `autoload -Uz compinit; compinit -u -D; source <(greenlight completion zsh); greenlight() { printf '<%s>' "$@"; echo; }; ` +
		`PS1=; unsetopt prompt_sp; echo rea''dy`},
	"fish": {"FISH", []string{"--no-config", "-i"}, `greenlight completion fish | source; function greenlight; printf '<%s>' $argv; echo; end; function fish_prompt; end; echo rea''dy`},
}

func TestShellsCompleteTheCommandLineOnATerminal(t *testing.T) {
	greenlight := program(t, "GREENLIGHT")
	for name, shell := range shells {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "a plan.yaml"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			bin := t.TempDir()
			if err := os.Symlink(greenlight, filepath.Join(bin, "greenlight")); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program(t, shell.variable), shell.args...)
			cmd.Dir = folder
			cmd.Env = []string{"PATH=" + bin + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "TERM=xterm", "LC_ALL=C.UTF-8"}
			term := startOnTerminal(t, cmd)
			term.enter(shell.setup + "\r")
			term.expect("ready")
			for _, line := range []struct{ typed, got, zsh string }{
				{"greenlight vali\t", "<validate>", ""},
				{"greenlight run --sta\tAfterAllowTe\t", "<run><--stage><AfterAllowTestTraffic>", "<run><--stage=AfterAllowTestTraffic>"},
				{"greenlight run --stage AfterAllowTe\t--verb\t", "<run><--stage><AfterAllowTestTraffic><--verbose>", ""},
				{"greenlight run a\\ p\t", "<run><a plan.yaml>", ""},
				{"greenlight validate --format=sar\t", "<validate><--format=sarif>", ""},
				{"greenlight doctor --policy --feature codedeploy,han\t", "<doctor><--policy><--feature><codedeploy,handover>", ""},
				{"greenlight schema sc\t", "<schema><scenario>", ""},
				{"greenlight help expl\t", "<help><explain>", ""},
			} {
				term.enter(line.typed + "\r")
				if name == "zsh" && line.zsh != "" { // which puts values behind a =, where that is right
					line.got = line.zsh
				}
				term.expect(line.got)
			}
		})
	}
}
