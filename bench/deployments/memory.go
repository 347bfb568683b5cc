package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// growth is the memory that is in use after a tenth of the deployments, and after all.
type growth struct {
	deployments   int
	tenth, all    uint64 // bytes of the heap that are in use
	residentTenth float64
	residentAll   float64 // MB, 0 where the system doesn't tell
}

func (g growth) judge() error {
	if float64(g.all) > leeway*growthBudget*float64(g.tenth) {
		return fmt.Errorf("after %d deployments %d KB are in use, and after a tenth of them %d KB", g.deployments, g.all>>10, g.tenth>>10)
	}
	return nil
}

// memory runs deployments without hooks in one group, one after the other.
func memory(ctx context.Context, deployments int) (g growth, err error) {
	s, err := simulate(ctx, "")
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	g.deployments = deployments
	for i := range deployments {
		if err := deploy(ctx, s, spec(fmt.Sprintf("version %d", i), false)); err != nil {
			return g, err
		}
		if i == deployments/10 {
			g.tenth, g.residentTenth = inUse()
		}
	}
	g.all, g.residentAll = inUse()
	return g, nil
}

// inUse tells what the heap holds once it has been cleared of what isn't needed.
func inUse() (heap uint64, residentMB float64) {
	runtime.GC()
	runtime.GC() // what finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, resident()
}
