package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMountsTellWhereTheCPUIsControlled(t *testing.T) {
	const (
		tmpfs   = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
		joint   = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
		cpuset  = "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
		unified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
	)
	for _, tt := range []struct {
		why, mounts string
		want        throttle
		problem     string
	}{
		{"version 1, with the accounting in one hierarchy", tmpfs + joint, throttle{root: "/sys/fs/cgroup/cpu,cpuacct"}, ""},
		{"version 2", unified, throttle{root: "/sys/fs/cgroup/unified", unified: true}, ""},
		{"both: version 1 has the controller", unified + joint, throttle{root: "/sys/fs/cgroup/cpu,cpuacct"}, ""},
		{"cpuset isn't the cpu controller", cpuset + unified, throttle{root: "/sys/fs/cgroup/unified", unified: true}, ""},
		{"none", tmpfs + "nonsense\n", throttle{}, "no control groups are mounted"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, err := parseMounts(strings.NewReader(tt.mounts))
			if tt.problem != "" {
				if err == nil || err.Error() != tt.problem {
					t.Errorf("the error is %v, want %q", err, tt.problem)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("%+v and error %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestShareIsAQuotaOfAPeriod(t *testing.T) {
	for _, tt := range []struct {
		why    string
		memory int
		in     throttle
		want   []setting
	}{
		{"version 1 takes the period before the quota", 512, throttle{period: 20 * time.Millisecond}, []setting{{"cpu.cfs_period_us", "20000"}, {"cpu.cfs_quota_us", "5788"}}},
		{"version 2 takes both at once", 512, throttle{unified: true, period: 100 * time.Millisecond}, []setting{{"cpu.max", "28942 100000"}}},
		{"a function of 1769 MB has one CPU", 1769, throttle{unified: true, period: 20 * time.Millisecond}, []setting{{"cpu.max", "20000 20000"}}},
		{"the kernel's least quota is a millisecond", 128, throttle{unified: true, period: 10 * time.Millisecond}, []setting{{"cpu.max", "1000 10000"}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.in.settings(share(tt.memory)), cmp.AllowUnexported(setting{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestHierarchyWithoutTheControllerIsToldAndLeftClean(t *testing.T) {
	// A plain folder takes directories, as a hierarchy does, and has no cpu.max in them.
	root := t.TempDir()
	_, err := throttle{root: root, unified: true, period: time.Millisecond}.group("probe", 1)
	if err == nil || !strings.Contains(err.Error(), "cpu.max") {
		t.Errorf("the error is %v, want one that names cpu.max", err)
	}
	left, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestGroupThatCannotBeMadeIsTold(t *testing.T) {
	_, err := throttle{root: filepath.Join(t.TempDir(), "absent"), period: time.Millisecond}.group("probe", 1)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v, want that the hierarchy isn't there", err)
	}
}
