package simulator

import (
	"context"
	"slices"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

func TestATimelineForgetsWhatIsOldest(t *testing.T) {
	line := newTimeline(clock.Real(), 100)
	held := line.Entries()
	for n := range 1000 {
		line.add(WeightsChanged{Weights: map[string]int{"n": n}})
		if n == 50 {
			held = line.Entries()
		}
	}
	n := func(e Entry) int { return e.What.(WeightsChanged).Weights["n"] }
	entries := line.Entries()
	if len(entries) < 100 || len(entries) > 126 {
		t.Errorf("it remembers %d entries", len(entries))
	}
	for i, e := range slices.Backward(entries) {
		if want := 1000 - len(entries) + i; n(e) != want {
			t.Fatalf("entry %d is %d, want %d", i, n(e), want)
		}
	}
	for i, e := range held {
		if n(e) != i {
			t.Fatalf("entry %d of those that were asked for earlier has become %d", i, n(e))
		}
	}
}

func TestAWatcherThatFellBackGoesOnWithWhatIsRemembered(t *testing.T) {
	line := newTimeline(clock.Real(), 100)
	add := func(from, to int) {
		for n := from; n < to; n++ {
			line.add(WeightsChanged{Weights: map[string]int{"n": n}})
		}
	}
	add(0, 1)
	var seen []int
	for e := range line.Watch(context.Background()) {
		n := e.What.(WeightsChanged).Weights["n"]
		seen = append(seen, n)
		if n == 0 {
			add(1, 1000)
			line.close()
		}
	}
	if !slices.IsSorted(seen) || seen[0] != 0 || seen[1] < 850 || seen[1] > 900 || seen[len(seen)-1] != 999 {
		t.Errorf("it saw %v", seen)
	}
}
