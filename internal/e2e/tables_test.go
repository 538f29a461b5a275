package e2e

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/isaworks/isa/internal/sheettest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// staffTable is one table of people: as text, since that is what every format can hold.
func staffTable(broken bool) sheettest.Rows {
	rows := [][]string{
		{"사번", "성명", "성명(영문)", "휴대폰", "입사일", "비고"},
		{"7", "홍길동", "", "1012345678", "2024.3.2", "메모, \"따옴표\""},
		{"12", "남궁민수", "", "010-2222-3333", "'19-12-31", ""},
		{"100234", "김구", "Kim, Koo", "", "20200229", "끝"},
	}
	if broken {
		rows[2][4] = "9999-12-31"
	}
	return func(yield func([]string) bool) {
		for _, row := range rows {
			if !yield(slices.Clone(row)) {
				return
			}
		}
	}
}

// staffFiles are that table in every format.
func staffFiles(t *testing.T, broken bool) map[string][]byte {
	t.Helper()
	var html, xml, tabs bytes.Buffer
	if err := errors.Join(sheettest.HTML(&html, staffTable(broken)), sheettest.SpreadsheetML(&xml, "직원", staffTable(broken))); err != nil {
		t.Fatal(err)
	}
	for row := range staffTable(broken) {
		for i := range row {
			if strings.ContainsAny(row[i], "\",") {
				row[i] = `"` + strings.ReplaceAll(row[i], `"`, `""`) + `"`
			}
		}
		tabs.WriteString(strings.Join(row, "\t") + "\r\n")
	}
	wide := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(tabs.String())) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return map[string][]byte{
		"staff.tsv": tabs.Bytes(), "staff.xls": sheettest.XLS("직원", staffTable(broken)), "page.xls": html.Bytes(), "xml.xls": xml.Bytes(), "staff.txt": wide, "text.xls": tabs.Bytes(),
	}
}

const staffConfiguration = `
locals { rows = sheet("TABLE") }

org_unit "hq" { name = "본사" }

member "staff" {
  for_each     = { for r in local.rows : digits(r["사번"], 6) => r }
  external_key = each.key
  login_id     = romanize(coalesce(each.value["성명(영문)"], each.value["성명"]), { as = "login" })
  last_name    = split_name(each.value["성명"]).last
  first_name   = split_name(each.value["성명"]).first
  cell_phone   = phone(each.value["휴대폰"])
  hired_on     = date(each.value["입사일"])
  private_email = "p${each.key}@example.com"

  belongs_to { org_unit = org_unit.hq }
}
`

// TestTablesOfEveryFormat applies the people of one table, and plans nothing when the
// same table comes in another format. What is wrong with a cell is said of the cell.
func TestTablesOfEveryFormat(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, sandbox.Options{})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile})
	use := func(table string, data []byte) {
		if err := errors.Join(
			os.WriteFile(filepath.Join(dir, table), data, 0o600),
			os.WriteFile(filepath.Join(dir, "people.hcl"), []byte(strings.ReplaceAll(staffConfiguration, "TABLE", table)), 0o600),
		); err != nil {
			t.Fatal(err)
		}
	}
	tables := staffFiles(t, false)
	use("staff.tsv", tables["staff.tsv"])
	tn.must(t, 0, dir, "apply", "--yes")
	people := tn.reader(t).list(t, "/users", "users")
	for _, want := range [][]string{
		{"email=gildong.hong@acme.co.kr", "userExternalKey=000007", "userName.lastName=홍", "cellPhone=010-1234-5678"},
		{"email=minsu.namgung@acme.co.kr", "userExternalKey=000012"}, {"email=koo.kim@acme.co.kr", "userExternalKey=100234"},
	} {
		if !slices.ContainsFunc(people, func(row map[string]any) bool { return matches(row, want) }) {
			t.Errorf("nobody is %v: %v", want, people)
		}
	}
	for name, data := range tables {
		use(name, data)
		tn.empty(t, dir)
	}
	for name, data := range staffFiles(t, true) {
		use(name, data)
		r := tn.must(t, 1, dir, "validate")
		place := name + " 직원!E3"
		if !strings.HasSuffix(name, ".xls") || name == "page.xls" || name == "text.xls" {
			place = name + " E3"
		}
		if said := strings.Join(strings.Fields(r.stdout+r.stderr), " "); !strings.Contains(said, place) || !strings.Contains(said, "9999") {
			t.Errorf("%s: the cell %s is not named:\n%v", name, place, r)
		}
	}
}
