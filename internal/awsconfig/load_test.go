package awsconfig

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// settings puts shared files in the place of the user's own, and takes all settings of the environment away.
func settings(t *testing.T, config string) {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", path)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(folder, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func TestProfilesRegionsAndCredentialsAreFoundAsByTheCLI(t *testing.T) {
	const profile = "[profile shop]\nregion = eu-central-1\naws_access_key_id = AKIDSHOP\naws_secret_access_key = s\n[default]\nregion = eu-west-1\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\n"
	tests := []struct {
		why, config, profile, region string
		wantRegion, wantKey          string
		wrong                        string
	}{
		{"the default profile", profile, "", "", "eu-west-1", "AKIDDEFAULT", ""},
		{"a profile by its name", profile, "shop", "", "eu-central-1", "AKIDSHOP", ""},
		{"a region that is given wins", profile, "shop", "us-east-1", "us-east-1", "AKIDSHOP", ""},
		{"a profile that isn't there", profile, "shpo", "", "", "", "shpo"},
		{"no region", "", "", "", "", "", ErrNoRegion.Error()},
		{"no credentials", "", "", "eu-west-1", "", "", "finding AWS credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			settings(t, tt.config)
			cfg, err := Load(t.Context(), tt.profile, tt.region)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) || (tt.wrong == ErrNoRegion.Error()) != errors.Is(err, ErrNoRegion) {
					t.Errorf("the error is %v, want one with %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			keys, err := cfg.Credentials.Retrieve(t.Context())
			if cfg.Region != tt.wantRegion || keys.AccessKeyID != tt.wantKey || err != nil {
				t.Errorf("got %s, %s (%v)", cfg.Region, keys.AccessKeyID, err)
			}
		})
	}
}
