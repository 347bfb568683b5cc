package strictyaml_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

const day = 24 * time.Hour

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		in    string
		want  time.Duration
		shown string
		fault string
	}{
		{in: "500ms", want: 500 * time.Millisecond, shown: "500ms"},
		{in: "2s", want: 2 * time.Second, shown: "2s"},
		{in: "90s", want: 90 * time.Second, shown: "1m30s"},
		{in: "60m", want: time.Hour, shown: "1h"},
		{in: "1h0m5s", want: time.Hour + 5*time.Second, shown: "1h0m5s"},
		{in: "10m", want: 10 * time.Minute, shown: "10m"},
		{in: "100h", want: 100 * time.Hour, shown: "100h"},
		{in: "14d", want: 14 * day, shown: "14d"},
		{in: "48h", want: 2 * day, shown: "2d"},
		{in: "1d12h", want: 36 * time.Hour, shown: "36h"},
		{in: "1.5d", want: 36 * time.Hour, shown: "36h"},
		{in: "0.1d", want: 144 * time.Minute, shown: "2h24m"},
		{in: "1.5us", want: 1500, shown: "1.5µs"},
		{in: "0", want: 0, shown: "0s"},
		{in: "0s", want: 0, shown: "0s"},
		{in: "36500d", want: 36500 * day, shown: "36500d"},
		{in: "-1.5h", want: -90 * time.Minute, shown: "-1h30m"},
		{in: "-2d", want: -2 * day, shown: "-48h"},
		{in: "-1d1h", want: -25 * time.Hour, shown: "-25h"},
		{in: "", fault: `"" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "soon", fault: `"soon" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "5 s", fault: `"5 s" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "2w", fault: `"2w" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "1d-1h", fault: `"1d-1h" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "1d2d", fault: `"1d2d" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "1d5", fault: `"1d5" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "1h2d", fault: `"1h2d" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "Inf", fault: `"Inf" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "NaN", fault: `"NaN" is not a duration such as 500ms, 2s, 1m30s or 14d`},
		{in: "300", fault: "300 has no unit: write 300ms, 300s or 300m"},
		{in: "0.5", fault: "0.5 has no unit: write 0.5ms, 0.5s or 0.5m"},
		{in: "-3", fault: "-3 has no unit: write -3ms, -3s or -3m"},
		{in: "99999999999999d", fault: `"99999999999999d" is over 100 years`},
		{in: "36500d1ns", fault: `"36500d1ns" is over 100 years`},
		{in: "36500d2540400h", fault: `"36500d2540400h" is over 100 years`},
		{in: "1000000h", fault: `"1000000h" is over 100 years`},
		{in: "99999999999999999999999h", fault: `"99999999999999999999999h" is over 100 years`},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := strictyaml.ParseDuration(tt.in)
			if tt.fault != "" {
				if err == nil || err.Error() != tt.fault {
					t.Fatalf("got %v, %v; want the error %s", got, err, tt.fault)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Fatalf("got %v, %v; want %v", got, err, tt.want)
			}
			if shown := strictyaml.Duration(got).String(); shown != tt.shown {
				t.Errorf("shown as %s, want %s", shown, tt.shown)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		in    string
		want  strictyaml.Size
		shown string
		fault string
	}{
		{in: "512B", want: 512, shown: "512B"},
		{in: "0B", want: 0, shown: "0B"},
		{in: "100kB", want: 100_000, shown: "100kB"},
		{in: "100KB", want: 100_000, shown: "100kB"},
		{in: "1.5 MB", want: 1_500_000, shown: "1.5MB"},
		{in: "1234567B", want: 1_234_567, shown: "1.234567MB"},
		{in: "100001B", want: 100_001, shown: "100.001kB"},
		{in: "1000001000B", want: 1_000_001_000, shown: "1.000001GB"},
		{in: "64KiB", want: 64 << 10, shown: "64KiB"},
		{in: "1024B", want: 1024, shown: "1KiB"},
		{in: "5MiB", want: 5 << 20, shown: "5MiB"},
		{in: "0.5GiB", want: 512 << 20, shown: "512MiB"},
		{in: "2GiB", want: 2 << 30, shown: "2GiB"},
		{in: "1024000B", want: 1_024_000, shown: "1.024MB"},
		{in: "0.4B", want: 0, shown: "0B"},
		{in: "1000000GB", want: 1e15, shown: "1000000GB"},
		{in: "", fault: `"" is not a size such as 512B, 100kB or 5MiB`},
		{in: "big", fault: `"big" is not a size such as 512B, 100kB or 5MiB`},
		{in: "-1kB", fault: `"-1kB" is not a size such as 512B, 100kB or 5MiB`},
		{in: "1e400B", fault: `"1e400B" is not a size such as 512B, 100kB or 5MiB`},
		{in: "Inf", fault: `"Inf" is not a size such as 512B, 100kB or 5MiB`},
		{in: "100", fault: "100 has no unit: write 100B, 100kB or 100MB"},
		{in: "1.5", fault: "1.5 has no unit: write 1.5B, 1.5kB or 1.5MB"},
		{in: "5kb", fault: `"5kb" has the unit "kb"; units of a size are B, kB, MB, GB, KiB, MiB and GiB`},
		{in: "1000001GB", fault: `"1000001GB" is over a petabyte`},
		{in: "99999999999999999999999999999999999999GB", fault: `"99999999999999999999999999999999999999GB" is over a petabyte`},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := strictyaml.ParseSize(tt.in)
			if tt.fault != "" {
				if err == nil || err.Error() != tt.fault {
					t.Fatalf("got %v, %v; want the error %s", got, err, tt.fault)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Fatalf("got %d, %v; want %d", got, err, tt.want)
			}
			if got.String() != tt.shown {
				t.Errorf("shown as %s, want %s", got, tt.shown)
			}
		})
	}
}

func TestWhatIsShownReadsBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		// All magnitudes alike: a flat choice would be years and petabytes only.
		n := random.Int64N(1e15) >> random.IntN(50)
		size := strictyaml.Size(n)
		if got, err := strictyaml.ParseSize(size.String()); err != nil || got != size {
			t.Fatalf("%d bytes are shown as %s, which reads as %d, %v", size, size, got, err)
		}
		d := time.Duration(random.Int64N(int64(36500*day)) >> random.IntN(60))
		for _, d := range []time.Duration{d, -d, d.Truncate(time.Second), d.Truncate(day)} {
			if got, err := strictyaml.ParseDuration(strictyaml.Duration(d).String()); err != nil || got != d {
				t.Fatalf("%d ns are shown as %s, which reads as %d, %v", d, strictyaml.Duration(d), got, err)
			}
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"14d", "1d12h", "-2d", "1.5us", "36500d2540400h", "0", "1d-1h", "5", "∞"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := strictyaml.ParseDuration(s)
		if err != nil {
			return
		}
		if math.Abs(float64(d)) > float64(36500*day) {
			t.Errorf("%q is %v, past the limit", s, d)
		}
		if again, err := strictyaml.ParseDuration(strictyaml.Duration(d).String()); err != nil || again != d {
			t.Errorf("%q is %v; shown and read again it is %v, %v", s, d, again, err)
		}
	})
}

func FuzzParseSize(f *testing.F) {
	for _, seed := range []string{"512B", "1.5 MB", "0.3KiB", "999999.999999999GB", "-1kB", "1e400B", "5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		size, err := strictyaml.ParseSize(s)
		if err != nil {
			return
		}
		if size < 0 || size > 1e15 {
			t.Errorf("%q is %d bytes, past the limits", s, size)
		}
		if again, err := strictyaml.ParseSize(size.String()); err != nil || again != size {
			t.Errorf("%q is %d bytes; shown as %s and read again it is %d, %v", s, size, size, again, err)
		}
	})
}
