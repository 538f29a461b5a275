//go:build unix

package main

import (
	"cmp"
	"fmt"
	"slices"
)

// print writes the table of a scene, medians and the range of the full copy, and
// how isa compares.
func (s scene) print(g *stage, tools []peer, results map[string][]result) {
	line := "no delay"
	if s.rtt > 0 {
		line = fmt.Sprintf("a round trip of %s", s.rtt)
	}
	fmt.Printf("\n%d messages, %.1f MB, %d folders, %s; %s to %s; median of %d\n\n", s.messages, float64(g.bytes)/1e6,
		len(s.corpus().Names()), line, g.source.Product, g.target.Product, s.runs)
	fmt.Println("| tool | full copy s | range | messages/s | MB/s | CPU s | peak MiB | unchanged s | CPU s | +200 new, 50 flags s | fidelity |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, p := range tools {
		good := slices.DeleteFunc(slices.Clone(results[p.name]), func(r result) bool { return r.err != nil })
		if len(good) == 0 {
			fmt.Printf("| %s | failed: %s |\n", p.name, firstLine(results[p.name][0].err.Error()))
			continue
		}
		full := median(good, func(r result) float64 { return r.full.Wall.Seconds() })
		walls := sorted(good, func(r result) float64 { return r.full.Wall.Seconds() })
		fidelity := good[0].fidelity
		for _, r := range good {
			if !r.exact {
				fidelity = r.fidelity
			}
		}
		if failed := len(results[p.name]) - len(good); failed > 0 {
			fidelity += fmt.Sprintf("; %d runs failed", failed)
		}
		fmt.Printf("| %s | %.2f | %.2f-%.2f | %.0f | %.1f | %.2f | %.0f | %.2f | %.2f | %.2f | %s |\n", p.name, full, walls[0], walls[len(walls)-1],
			float64(s.messages)/full, float64(g.bytes)/1e6/full,
			median(good, func(r result) float64 { return r.full.CPU.Seconds() }),
			slices.Max(sorted(good, func(r result) float64 { return max(r.full.MiB, r.same.MiB, r.more.MiB) })),
			median(good, func(r result) float64 { return r.same.Wall.Seconds() }),
			median(good, func(r result) float64 { return r.same.CPU.Seconds() }),
			median(good, func(r result) float64 { return r.more.Wall.Seconds() }), fidelity)
	}
	fmt.Println()
	s.ratios(tools, results)
}

// ratios compares isa with the best of the others in each pass: with all, and with
// those whose copies are exact.
func (s scene) ratios(tools []peer, results map[string][]result) {
	ours := slices.DeleteFunc(slices.Clone(results["isa"]), func(r result) bool { return r.err != nil })
	if len(ours) == 0 {
		return
	}
	for _, pass := range []struct {
		name string
		wall func(result) float64
	}{
		{"full copy", func(r result) float64 { return r.full.Wall.Seconds() }},
		{"unchanged pass", func(r result) float64 { return r.same.Wall.Seconds() }},
		{"pass with new mail", func(r result) float64 { return r.more.Wall.Seconds() }},
	} {
		for _, only := range []struct {
			name  string
			takes func(result) bool
		}{{"byte-exact tool", func(r result) bool { return r.exact }}, {"tool", func(result) bool { return true }}} {
			name, best := "", 0.0
			for _, p := range tools {
				all := results[p.name]
				if p.name == "isa" || slices.ContainsFunc(all, func(r result) bool { return r.err != nil || !only.takes(r) }) {
					continue
				}
				if wall := median(all, pass.wall); name == "" || wall < best {
					name, best = p.name, wall
				}
			}
			if name != "" {
				fmt.Printf("- %s: %.2f times as fast as the fastest other %s (%s)\n", pass.name, best/median(ours, pass.wall), only.name, name)
			}
		}
	}
}

func sorted(all []result, figure func(result) float64) []float64 {
	out := make([]float64, len(all))
	for i, r := range all {
		out[i] = figure(r)
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}

func median(all []result, figure func(result) float64) float64 {
	values := sorted(all, figure)
	return values[len(values)/2]
}
