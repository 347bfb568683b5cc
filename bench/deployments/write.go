package main

import (
	"fmt"
	"io"
	"runtime"
)

func write(out io.Writer, took durations, rates []rate, g growth) {
	fmt.Fprintf(out, "On %d processors, %s.\n\n", runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(out, "A deployment with five hooks, their function warm: **%.0f ms** (quartiles %.0f–%.0f; budget %.0f).\n\n",
		ms(took.quantile(0.5)), ms(took.quantile(0.25)), ms(took.quantile(0.75)), ms(fiveHooksBudget))
	fmt.Fprint(out, "| groups at once | hooks | deployments a second |\n| ---: | ---: | ---: |\n")
	for _, r := range rates {
		fmt.Fprintf(out, "| %d | %d | %.0f |\n", r.groups, r.hooks, r.perSec)
	}
	fmt.Fprintf(out, "\n| deployments so far | heap in use, MB | resident, MB |\n| ---: | ---: | ---: |\n| %d | %.1f | %.0f |\n| %d | %.1f | %.0f |\n",
		g.deployments/10, float64(g.tenth)/(1<<20), g.residentTenth, g.deployments, float64(g.all)/(1<<20), g.residentAll)
}

func ms(d interface{ Seconds() float64 }) float64 { return d.Seconds() * 1000 }
