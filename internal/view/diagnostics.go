package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// Diagnostics writes each diagnostic of list as a paragraph: summary and code,
// place with the piece of source it is about, cell, detail, way out. Warnings come
// first, so that errors stand next to the prompt. Of many with one code at one
// place of the configuration, which a wrong column makes, the first ten are
// written and the others counted with their cells. sources are the texts of files
// by the names that ranges use; files not in it are named only.
func Diagnostics(w io.Writer, list diag.List, sources map[string][]byte, s Style) error {
	var b strings.Builder
	for _, severity := range []diag.Severity{diag.Warning, diag.Error} {
		for _, g := range grouped(list, severity) {
			for _, d := range g.shown {
				diagnostic(&b, d, sources, s)
			}
			if len(g.others) > 0 {
				for _, line := range wrap(g.rest(), s.width()) {
					b.WriteString(line + "\n")
				}
				b.WriteByte('\n')
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func diagnostic(b *strings.Builder, d diag.Diagnostic, sources map[string][]byte, s Style) {
	word, colour := "Error", red
	if d.Severity == diag.Warning {
		word, colour = "Warning", yellow
	}
	fmt.Fprintf(b, "%s %s %s\n", s.in(colour, word+":"), s.in(bold, Line(d.Summary)), s.in(dim, "["+Line(d.Code)+"]"))
	where := subject(d)
	if d.Range != nil {
		place := Line(d.Range.String())
		if where != "" && Width(place)+Width(where)+7 <= s.width() {
			place, where = place+"  in "+where, ""
		}
		fmt.Fprintf(b, "  %s\n", place)
	}
	if where != "" {
		fmt.Fprintf(b, "  in %s\n", where)
	}
	if d.Range != nil {
		snippet(b, *d.Range, sources, s)
	}
	if d.Cell != nil {
		fmt.Fprintf(b, "  %s\n", Line(d.Cell.String()))
	}
	if d.Detail != "" {
		for _, line := range wrap(d.Detail, s.width()-2) {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
	if d.Fix != "" {
		for i, line := range wrap(d.Fix, s.width()-4) {
			fmt.Fprintf(b, "  %s %s\n", s.in(blue, []string{"→", " "}[min(i, 1)]), line)
		}
	}
	for line := range strings.Lines(d.Paste) {
		fmt.Fprintf(b, "      %s\n", Line(strings.TrimSuffix(line, "\n")))
	}
	b.WriteByte('\n')
}

// subject names the object and attribute a diagnostic is about.
func subject(d diag.Diagnostic) string {
	switch {
	case d.Address == "":
		return ""
	case d.Attr == "":
		return Line(d.Address)
	}
	return Line(d.Address + "." + d.Attr)
}

// snippet shows the first line of a range with carets below what is meant.
func snippet(b *strings.Builder, r diag.Range, sources map[string][]byte, s Style) {
	src, ok := sources[r.File]
	if !ok || r.Start.Byte < 0 || r.Start.Byte > len(src) {
		return
	}
	begin := bytes.LastIndexByte(src[:r.Start.Byte], '\n') + 1
	end := len(src)
	if i := bytes.IndexByte(src[r.Start.Byte:], '\n'); i >= 0 {
		end = r.Start.Byte + i
	}
	stop := min(max(r.End.Byte, r.Start.Byte), end)
	before := detab(string(src[begin:r.Start.Byte]))
	marked := detab(string(src[r.Start.Byte:stop]))
	after := detab(strings.TrimRight(string(src[stop:end]), "\r"))

	number := fmt.Sprintf("%5d", r.Start.Line)
	room := s.width() - len(number) - 5
	if Width(before)+Width(marked) > room { // keep what is meant in sight
		if keep := max(room-Width(marked)-1, room/3); Width(before) > keep {
			before = ellipsis + cells().TruncateLeft(before, Width(before)-keep+1, "")
		}
	}
	text := Cut(before+marked+after, room)
	carets := min(max(Width(marked), 1), max(room-Width(before), 1))
	fmt.Fprintf(b, "  %s %s\n", s.in(dim, number+" │"), text)
	fmt.Fprintf(b, "  %s %s%s\n", s.in(dim, strings.Repeat(" ", len(number))+" │"),
		strings.Repeat(" ", Width(before)), s.in(red, strings.Repeat("^", carets)))
}

func detab(text string) string { return Line(strings.ReplaceAll(text, "\t", "    ")) }

// DiagnosticCount tells in words how many errors and warnings a list has; "" for
// an empty list.
func DiagnosticCount(list diag.List) string {
	var parts []string
	if n := list.Errors(); n > 0 {
		parts = append(parts, Plural(n, "error"))
	}
	if n := len(list) - list.Errors(); n > 0 {
		parts = append(parts, Plural(n, "warning"))
	}
	return strings.Join(parts, ", ")
}
