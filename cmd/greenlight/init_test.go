//go:build !function

package main

import "testing"

func TestAJobIsGivenAReleaseThatThereIs(t *testing.T) {
	for built, want := range map[string]string{
		"v1.2.3": "1.2.3", "1.2.3": "1.2.3", "v2.0.0-rc.1": "2.0.0-rc.1",
		"": "0.1.0", "unversioned": "0.1.0", "(devel)": "0.1.0", "14fa5f7": "0.1.0", "14fa5f7-dirty": "0.1.0",
		"v1.2.3-4-g14fa5f7": "0.1.0", "v1.2.3-dirty": "0.1.0", // git describe's
		"v1.2.4-0.20261201025245-14fa5f7abcde": "0.1.0", "v0.0.0-20261201025245-14fa5f7abcde+dirty": "0.1.0", // the go command's
		"0.0.1-SNAPSHOT-14fa5f7": "0.1.0", // goreleaser's
	} {
		if got := releasedVersion(built); got != want {
			t.Errorf("built as %q the job installs %s, want %s", built, got, want)
		}
	}
}
