package view

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

const (
	mostAlike = 10 // diagnostics of one code at one place that are written out
	mostCells = 12 // cells of the others that are named
)

// alike are diagnostics of one code at one place of the configuration.
type alike struct {
	shown, others diag.List
}

// grouped gathers the diagnostics of one severity that are alike, each group at
// the place of its first.
func grouped(list diag.List, severity diag.Severity) []*alike {
	type kind struct {
		code, file string
		byte       int
	}
	groups := map[kind]*alike{}
	var out []*alike
	for _, d := range list {
		if d.Severity != severity {
			continue
		}
		k := kind{code: d.Code}
		if d.Range != nil {
			k.file, k.byte = d.Range.File, d.Range.Start.Byte
		}
		g := groups[k]
		if g == nil {
			g = &alike{}
			groups[k] = g
			out = append(out, g)
		}
		if len(g.shown) < mostAlike {
			g.shown = append(g.shown, d)
		} else {
			g.others = append(g.others, d)
		}
	}
	return out
}

// rest tells what is not written out: how many, and where.
func (g *alike) rest() string {
	first := g.others[0]
	text := fmt.Sprintf("… and %s more [%s]", Number(len(g.others)), Line(first.Code))
	var places []string
	for _, d := range g.others {
		if len(places) == mostCells {
			places = append(places, ellipsis)
			break
		}
		switch {
		case d.Cell != nil && d.Cell.Ref != "":
			places = append(places, Line(d.Cell.Ref))
		case d.Address != "":
			places = append(places, subject(d))
		}
	}
	if len(places) > 0 {
		text += ": " + strings.Join(places, ", ")
	}
	return text + ". isa validate and isa plan list all of them with --format json."
}
