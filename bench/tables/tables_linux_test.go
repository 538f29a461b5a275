package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/isatest"
)

// TestMemory is the benchmark at a tenth of its size: what isa takes grows with the
// table, and 400 MiB for 100,000 rows of 20 columns leave 55 for 10,000 beside what it
// takes without any table.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	isa, err := isatest.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	const rows, columns, limit = 10_000, 20, 100
	for _, f := range formats() {
		if err := f.file(dir, people(f.most(rows), columns)); err != nil {
			t.Fatal(err)
		}
		figures, err := validate(t.Context(), isa, dir, fmt.Sprintf(everything, f.name))
		if err != nil {
			t.Fatal(err)
		}
		if figures.MiB > limit {
			t.Errorf("%s: %.0f MiB, more than %d", f.name, figures.MiB, limit)
		}
		t.Logf("%s: %.0f MiB", f.name, figures.MiB)
		if err := os.Remove(filepath.Join(dir, f.name)); err != nil {
			t.Fatal(err)
		}
	}
}
