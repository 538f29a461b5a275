package config

import (
	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"

	"github.com/isaworks/isa/internal/diag"
)

// problem adds one diagnostic to the run.
func (l *loader) problem(d diag.Diagnostic) { l.diags = append(l.diags, d) }

// rangeOf translates a range; file names are already relative to the directory.
func rangeOf(r hcl.Range) diag.Range {
	pos := func(p hcl.Pos) diag.Pos { return diag.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }
	return diag.Range{File: r.Filename, Start: pos(r.Start), End: pos(r.End)}
}

// at places a diagnostic at a range.
func at(r hcl.Range) diag.Place {
	out := rangeOf(r)
	return diag.Place{Range: &out}
}

// syntaxProblems translates what the parser says.
func syntaxProblems(found hcl.Diagnostics) diag.List {
	var list diag.List
	for _, d := range found {
		severity := diag.Error
		if d.Severity == hcl.DiagWarning {
			severity = diag.Warning
		}
		place := diag.Place{}
		if d.Subject != nil {
			place = at(*d.Subject)
		}
		list = append(list, diag.Diagnostic{
			Severity: severity, Code: "config.syntax", Summary: "Not valid HCL",
			Detail: d.Summary + ": " + d.Detail, Fix: "correct the text at this place; isa fmt shows what it reads",
			Place: place,
		})
	}
	return list
}

// closest returns the name that is most like the given one, the first by the
// alphabet among equals, or "".
func closest(given string, names []string) string {
	best, found := 0.0, ""
	params := levenshtein.NewParams()
	for _, n := range names {
		if s := levenshtein.Similarity(given, n, params); s > best || s == best && n < found {
			best, found = s, n
		}
	}
	if best < 0.5 || found == given {
		return ""
	}
	return found
}

// didYouMean writes a fix: the most similar name, or else what to do without one.
func didYouMean(given string, names []string, otherwise string) string {
	if n := closest(given, names); n != "" {
		return "did you mean " + n + "?"
	}
	return otherwise
}
