package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"
)

// TestReview is what reviewers read of a month of a company: people left, one has
// another login, a team lost its head, a unit is new and one has another name.
func TestReview(t *testing.T) {
	t.Parallel()
	e := newExample(t, build(t), "hr-spreadsheet")
	e.must(t, 0, "apply", "--yes")
	if err := e.server.SignInAll(); err != nil {
		t.Fatal(err)
	}

	e.staff(t, map[string]map[string]string{
		"000115": {"재직상태": "퇴직"}, "001480": {"재직상태": "퇴직"}, "000122": {"아이디": "dy.hong"}, "000136": {"휴대폰": "010-7777-8888"},
	})
	e.replace(t, "hr/posts.csv", "000129,B300,팀장,Y,", "000129,B300,,N,")
	units := filepath.Join(e.dir, "hr/units.csv")
	text, err := os.ReadFile(units)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := korean.EUCKR.NewDecoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	plain = append(bytes.Replace(plain, []byte("구매팀"), []byte("구매자산팀"), 1), "B600,보안팀,B000,6,\n"...)
	if text, err = korean.EUCKR.NewEncoder().Bytes(plain); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(units, text, 0o600); err != nil {
		t.Fatal(err)
	}

	e.kept(t, "review.md", e.must(t, 2, "plan", "--detailed-exitcode", "--format", "markdown"))
	e.kept(t, "review-names.txt", e.must(t, 0, "plan", "--privacy", "names"))
	page := e.must(t, 0, "plan", "--format", "html", "--out", "plan")
	if got := e.must(t, 0, "show", "--format", "html", "plan"); got != page {
		t.Error("the page of the saved plan is another one")
	}
	for _, secret := range []string{"010-7777-8888", "01077778888"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page tells %s", secret)
		}
	}
	for _, name := range []string{"이도연", "dy.hong", "구매자산팀", "재무팀"} {
		if !strings.Contains(page, name) {
			t.Errorf("the page does not tell of %s", name)
		}
	}
	e.must(t, 0, "apply", "--yes", "plan")
	e.must(t, 0, "plan", "--detailed-exitcode", "--format", "markdown")
}

// replace puts another text into a file of the example.
func (e *example) replace(t *testing.T, file, old, text string) {
	t.Helper()
	path := filepath.Join(e.dir, file)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(text), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

// staff puts other cells into the rows of people, by number and heading.
func (e *example) staff(t *testing.T, cells map[string]map[string]string) {
	t.Helper()
	path := filepath.Join(e.dir, "hr/staff.xlsx")
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	rows, err := f.GetRows("직원")
	if err != nil {
		t.Fatal(err)
	}
	headings := rows[2]
	number := slices.Index(headings, "사번")
	for i, row := range rows[3:] {
		for heading, text := range cells[row[number]] {
			cell, err := excelize.CoordinatesToCellName(slices.Index(headings, heading)+1, i+4)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellStr("직원", cell, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
}

// kept compares with a text in testdata. Hashes are of the service's IDs too, and each
// tenant has others.
func (e *example) kept(t *testing.T, name, got string) {
	t.Helper()
	got = regexp.MustCompile(`\b[0-9a-f]{16}\b`).ReplaceAllString(got, "HASH")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-kept +now); -update rewrites it:\n%s", path, diff)
	}
}
