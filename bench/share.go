package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fullCPU is the memory, in MB, with which a function has one whole CPU.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const fullCPU = 1769

// throttle makes control groups that hold processes to a share of one CPU.
type throttle struct {
	root    string // where the hierarchy with the cpu controller is mounted
	unified bool   // cgroup v2
	period  time.Duration
}

// findThrottle looks for the cpu controller. The error says why there is none to be had.
func findThrottle(period time.Duration) (throttle, error) {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return throttle{}, fmt.Errorf("control groups can't be found: %w", err)
	}
	defer func() { _ = mounts.Close() }()
	t, err := parseMounts(mounts)
	if err != nil {
		return throttle{}, err
	}
	t.period = period
	probe, err := t.group("probe", 1)
	if err != nil {
		return throttle{}, fmt.Errorf("control groups can't be used: %w", err)
	}
	return t, probe.remove()
}

// parseMounts finds the hierarchy: a v1 one that has the cpu controller, else the unified one.
//
// https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
func parseMounts(mountinfo io.Reader) (throttle, error) {
	unified := ""
	for lines := bufio.NewScanner(mountinfo); lines.Scan(); {
		mount, super, ok := strings.Cut(lines.Text(), " - ")
		fields, kind := strings.Fields(mount), strings.Fields(super)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		switch {
		case kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "cpu"):
			return throttle{root: fields[4]}, nil
		case kind[0] == "cgroup2" && unified == "":
			unified = fields[4]
		}
	}
	if unified == "" {
		return throttle{}, errors.New("no control groups are mounted")
	}
	return throttle{root: unified, unified: true}, nil
}

// group is one control group.
type group struct{ path string }

// group makes a group whose processes together have a share (0 to 1) of one CPU.
func (t throttle) group(name string, share float64) (group, error) {
	g := group{path: filepath.Join(t.root, fmt.Sprintf("greenlight-bench-%d-%s", os.Getpid(), name))}
	if err := os.Mkdir(g.path, 0o755); err != nil {
		return group{}, fmt.Errorf("making a control group: %w", err)
	}
	for _, s := range t.settings(share) {
		// A file that isn't there must not be made: the hierarchy doesn't control the CPU then.
		if err := writeExisting(filepath.Join(g.path, s.file), s.value); err != nil {
			return group{}, errors.Join(fmt.Errorf("setting a CPU share: %w", err), g.remove())
		}
	}
	return g, nil
}

type setting struct{ file, value string }

// settings are the quota and its period in microseconds.
//
// https://docs.kernel.org/scheduler/sched-bwc.html
// https://docs.kernel.org/admin-guide/cgroup-v2.html
func (t throttle) settings(share float64) []setting {
	period := t.period.Microseconds()
	// The kernel takes no quota under a millisecond.
	quota := max(int64(share*float64(period)), 1000)
	if t.unified {
		return []setting{{"cpu.max", fmt.Sprintf("%d %d", quota, period)}}
	}
	return []setting{
		{"cpu.cfs_period_us", strconv.FormatInt(period, 10)},
		{"cpu.cfs_quota_us", strconv.FormatInt(quota, 10)},
	}
}

// add moves a process into the group, all of its threads.
func (g group) add(pid int) error {
	if err := writeExisting(filepath.Join(g.path, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
		return fmt.Errorf("giving a bootstrap its CPU share: %w", err)
	}
	return nil
}

// remove needs the group's processes to be gone.
func (g group) remove() error {
	if err := os.Remove(g.path); err != nil {
		return fmt.Errorf("removing a control group: %w", err)
	}
	return nil
}

func writeExisting(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
