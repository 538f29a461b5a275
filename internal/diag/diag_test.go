package diag

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOneOrder: however problems are found, they are told in one order, each once.
func TestOneOrder(t *testing.T) {
	at := func(file string, b int) Place { return Place{Range: &Range{File: file, Start: Pos{Byte: b}}} }
	cell := func(ref string) Place { return Place{Cell: &Cell{File: "staff.xlsx", Sheet: "직원", Ref: ref}} }
	want := List{
		{Code: "state.tenant"},
		{Code: "value.type", Address: "member.a"},
		{Code: "table.fault", Place: cell("B9")},
		{Code: "table.fault", Place: cell("A10")},
		{Code: "table.fault", Place: cell("AA10")},
		{Code: "config.unknown", Place: at("a.hcl", 7)},
		{Code: "config.unknown", Place: at("a.hcl", 30)},
		{Code: "config.missing", Place: at("b.hcl", 1)},
		{Code: "config.unknown", Place: at("b.hcl", 1)},
	}
	for seed := range uint64(20) {
		have := append(slices.Clone(want), want[3], want[6])
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(have), func(i, j int) { have[i], have[j] = have[j], have[i] })
		have.Sort()
		if fmt.Sprint(have) != fmt.Sprint(want) {
			t.Fatalf("sorted to\n%v\nwant\n%v", have, want)
		}
	}
}

func TestADiagnosticTellsWhatWhereWhyAndTheWayOut(t *testing.T) {
	d := Diagnostic{
		Code: "value.phone", Summary: "Not a phone number", Detail: `"hello" has no digits`, Fix: "correct the cell",
		Place: Place{Cell: &Cell{File: "hr/staff.xlsx", Sheet: "직원", Ref: "F17", Heading: "휴대폰"}},
	}
	want := `hr/staff.xlsx 직원!F17 (휴대폰): Not a phone number: "hello" has no digits; correct the cell [value.phone]`
	if d.Error() != want {
		t.Errorf("told as\n%s\nwant\n%s", d.Error(), want)
	}
	warning := d
	warning.Severity = Warning
	if (List{warning}).HasErrors() || (List{warning}).Err() != nil || (List{warning, d}).Errors() != 1 {
		t.Error("a warning counts as an error")
	}
}

func TestClasses(t *testing.T) {
	lost := fmt.Errorf("step: %w", &Failure{Class: Unavailable, Op: "user-create", Unknown: true, Err: context.DeadlineExceeded})
	for _, c := range []struct {
		err     error
		class   Class
		unknown bool
	}{
		{nil, "", false}, {errors.New("x"), Internal, false}, {context.Canceled, Cancelled, false},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), Cancelled, false}, {lost, Unavailable, true},
	} {
		if ClassOf(c.err) != c.class || MayHaveHappened(c.err) != c.unknown {
			t.Errorf("%v is %q, %v; want %q, %v", c.err, ClassOf(c.err), MayHaveHappened(c.err), c.class, c.unknown)
		}
	}
}
