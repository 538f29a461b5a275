// Package diag carries what isa has to say about a user's input: what is wrong
// or worth knowing, where (file, cell, address), why, and the way out.
//
// Code that knows only a path inside an object returns a Diagnostic without a
// place; whoever holds the source fills the place in. All diagnostics of a run
// are collected and shown in one stable order.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Severity tells whether a run may go on.
type Severity int

// The severities. An Error stops the run before any call to the service.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes the severity as String does.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads "error" or "warning".
func (s *Severity) UnmarshalText(text []byte) error {
	switch string(text) {
	case "error":
		*s = Error
	case "warning":
		*s = Warning
	default:
		return fmt.Errorf("%q is not a severity", text)
	}
	return nil
}

// Pos is a place in a text file. Line and Column count from 1, columns in
// user-perceived characters; Byte counts from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Range is a piece of a text file; End is just behind its last character.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String writes file:line,column-column or file:line,column-line,column.
func (r Range) String() string {
	if r.Start.Line == r.End.Line {
		return fmt.Sprintf("%s:%d,%d-%d", r.File, r.Start.Line, r.Start.Column, r.End.Column)
	}
	return fmt.Sprintf("%s:%d,%d-%d,%d", r.File, r.Start.Line, r.Start.Column, r.End.Line, r.End.Column)
}

// Cell is a place in a table. Sheet is empty for text tables; Ref is in the
// spreadsheet's way of writing ("F17"), also for csv; Heading names the column.
type Cell struct {
	File    string `json:"file"`
	Sheet   string `json:"sheet,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Heading string `json:"heading,omitempty"`
}

// String writes `hr/staff.xlsx 직원!F17 (개인메일)`.
func (c Cell) String() string {
	var b strings.Builder
	b.WriteString(c.File)
	if c.Sheet != "" || c.Ref != "" {
		b.WriteByte(' ')
	}
	b.WriteString(c.Sheet)
	if c.Sheet != "" && c.Ref != "" {
		b.WriteByte('!')
	}
	b.WriteString(c.Ref)
	if c.Heading != "" {
		b.WriteString(" (" + c.Heading + ")")
	}
	return b.String()
}

// Place says where a value was written: in HCL, and in a table when the value
// came from one. Either may be missing.
type Place struct {
	Range *Range `json:"range,omitempty"`
	Cell  *Cell  `json:"cell,omitempty"`
}

// Diagnostic is one thing to tell. Summary is constant for a code; Detail
// explains this case; Fix is the way out, in the imperative. Text never holds a
// secret. Address is the declared object concerned and Attr a path inside it.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Summary  string   `json:"summary"`
	Detail   string   `json:"detail,omitempty"`
	Fix      string   `json:"fix,omitempty"`
	Paste    string   `json:"paste,omitempty"` // a piece of configuration that Fix speaks of, in lines as it is to be written
	Address  string   `json:"address,omitempty"`
	Attr     string   `json:"attr,omitempty"`
	Place
}

// Error makes a Diagnostic usable as a Go error.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.Cell != nil {
		b.WriteString(d.Cell.String() + ": ")
	} else if d.Range != nil {
		b.WriteString(d.Range.String() + ": ")
	} else if d.Address != "" {
		b.WriteString(d.Address + ": ")
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString(": " + d.Detail)
	}
	if d.Fix != "" {
		b.WriteString("; " + d.Fix)
	}
	return b.String() + " [" + d.Code + "]"
}

// List is a run's diagnostics. Warnings travel with success.
type List []Diagnostic

// HasErrors reports whether one of the list is an Error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Errors counts the errors of the list.
func (l List) Errors() int {
	n := 0
	for _, d := range l {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Err returns the list as one Go error, or nil when it holds no Error.
func (l List) Err() error {
	var errs []error
	for _, d := range l {
		if d.Severity == Error {
			errs = append(errs, d)
		}
	}
	return errors.Join(errs...)
}

// Sort puts the list into its one order: by file, position, cell, address,
// attribute, code, detail, and removes exact repetitions.
func (l *List) Sort() {
	slices.SortStableFunc(*l, compare)
	*l = slices.CompactFunc(*l, func(a, b Diagnostic) bool { return compare(a, b) == 0 && a.Severity == b.Severity })
}

func compare(a, b Diagnostic) int {
	return cmp.Or(
		compareRange(a.Range, b.Range), compareCell(a.Cell, b.Cell),
		cmp.Compare(a.Address, b.Address), cmp.Compare(a.Attr, b.Attr),
		cmp.Compare(a.Code, b.Code), cmp.Compare(a.Detail, b.Detail), cmp.Compare(a.Summary, b.Summary),
	)
}

func compareRange(a, b *Range) int {
	if a == nil || b == nil {
		return nilFirst(a == nil, b == nil)
	}
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start.Byte, b.Start.Byte),
		cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.End.Byte, b.End.Byte))
}

func compareCell(a, b *Cell) int {
	if a == nil || b == nil {
		return nilFirst(a == nil, b == nil)
	}
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Sheet, b.Sheet),
		cmp.Compare(refRow(a.Ref), refRow(b.Ref)), cmp.Compare(len(a.Ref), len(b.Ref)), cmp.Compare(a.Ref, b.Ref))
}

func refRow(ref string) int {
	row := 0
	for _, c := range ref {
		if c >= '0' && c <= '9' {
			row = row*10 + int(c-'0')
		}
	}
	return row
}

func nilFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
