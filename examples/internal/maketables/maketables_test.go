package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

const kept = "../../hr-spreadsheet/hr"

// The tables in the repository are those that this program writes: text tables
// byte for byte, the workbook cell for cell with its formats.
func TestTheKeptTablesAreTheseTables(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"units.csv", "posts.csv", "grades.csv"} {
		want, got := read(t, filepath.Join(dir, name)), read(t, filepath.Join(kept, name))
		if !bytes.Equal(want, got) {
			t.Errorf("%s is not what maketables writes; run go run ./examples/internal/maketables examples/hr-spreadsheet/hr", name)
		}
	}
	want, got := cellsOf(t, filepath.Join(dir, "staff.xlsx")), cellsOf(t, filepath.Join(kept, "staff.xlsx"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("staff.xlsx is not what maketables writes (-made +kept):\n%s", diff)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// cellsOf reads a workbook as raw and as displayed.
func cellsOf(t *testing.T, path string) map[string][][]string {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][][]string{}
	for _, sheet := range f.GetSheetList() {
		for name, raw := range map[string]bool{"raw ": true, "shown ": false} {
			rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: raw})
			if err != nil {
				t.Fatal(err)
			}
			out[name+sheet] = rows
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheCompanyIsWhatTheReadmeSays(t *testing.T) {
	c := makeCompany()
	staying, extra, heads := 0, 0, map[string]int{}
	for _, p := range c.people {
		if p.status != "퇴직" {
			staying++
		}
	}
	for _, p := range c.posts {
		if !p.primary {
			extra++
		}
		if p.head {
			heads[p.unit]++
		}
	}
	if staying != 300 || extra != 60 || len(heads) != len(c.units) {
		t.Errorf("%d people, %d extra posts, %d heads of %d units", staying, extra, len(heads), len(c.units))
	}
	for u, n := range heads {
		if n != 1 {
			t.Errorf("%s has %d heads", u, n)
		}
	}
	seen := map[string]bool{}
	for _, p := range c.people {
		if seen[p.login] {
			t.Errorf("%s is used twice", p.login)
		}
		seen[p.login] = true
	}
}
