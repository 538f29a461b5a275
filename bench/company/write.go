package company

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"
)

// configuration describes the company of the tables beside it.
const configuration = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"

  features {
    job_grades = true
    positions  = true
    user_types = true
  }

  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}

locals {
  staff = { for r in sheet("staff.xlsx", { sheet = "직원" }) : r["사번"] => r }
  units = { for r in sheet("units.csv") : r["조직코드"] => r }
  posts = group_by(sheet("posts.csv"), "사번")
}

job_grade "g" {
  for_each  = { for r in sheet("grades.csv") : r["직급"] => r }
  name      = each.key
  order     = number(each.value["순서"])
  executive = each.value["임원"] == "Y"
}

position "p" {
  for_each = { for r in sheet("positions.csv") : r["직책"] => r }
  name     = each.key
  order    = number(each.value["순서"])
}

org_unit "u" {
  for_each     = local.units
  external_key = each.key
  name         = each.value["조직명"]
  order        = number(each.value["정렬순서"])
  parent       = each.value["상위조직코드"] == null ? clear : org_unit.u[each.value["상위조직코드"]]
}

member "staff" {
  for_each      = local.staff
  external_key  = each.key
  login_id      = each.value["아이디"]
  last_name     = each.value["성"]
  first_name    = each.value["이름"]
  private_email = each.value["개인메일"]
  cell_phone    = phone(each.value["휴대폰"])
  hired_on      = date(each.value["입사일"])
  job_grade     = job_grade.g[each.value["직급"]]

  dynamic "belongs_to" {
    for_each = lookup(local.posts, each.key, [])
    content {
      org_unit = org_unit.u[belongs_to.value["부서코드"]]
      position = position.p[belongs_to.value["직책"]]
      head     = belongs_to.value["조직장"] == "Y"
      primary  = belongs_to.value["주겸"] == "주"
    }
  }
}
`

// guards lets a benchmark send as many invitations as it has people.
const guards = `
guard "member.invitation" {
  max_count = %d
}
`

// Write makes the tables and HCL files of c in dir, which must exist. Rows are in
// random order; units.csv is in CP949; some phones have lost their leading zero.
func (c Company) Write(dir string) error {
	r := rand.New(rand.NewPCG(uint64(len(c.People)), 7))
	hcl := configuration
	if len(c.People) > 50 {
		hcl += fmt.Sprintf(guards, len(c.People))
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "company.hcl"), []byte(hcl), 0o644),
		c.writeStaff(filepath.Join(dir, "staff.xlsx"), r),
		writeCSV(filepath.Join(dir, "units.csv"), true, shuffled(r, c.unitRows()), "조직코드", "조직명", "상위조직코드", "정렬순서"),
		writeCSV(filepath.Join(dir, "posts.csv"), false, c.postRows(), "사번", "부서코드", "직책", "조직장", "주겸"),
		writeCSV(filepath.Join(dir, "grades.csv"), false, shuffled(r, ordered(c.Grades, true)), "직급", "순서", "임원"),
		writeCSV(filepath.Join(dir, "positions.csv"), false, shuffled(r, ordered(c.Positions, false)), "직책", "순서"),
	)
}

func (c Company) writeStaff(path string, r *rand.Rand) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.SetSheetName("Sheet1", "직원"); err != nil {
		return err
	}
	w, err := f.NewStreamWriter("직원")
	if err != nil {
		return err
	}
	rows := [][]any{{"사번", "성", "이름", "아이디", "직급", "휴대폰", "개인메일", "입사일"}}
	for i, p := range shuffled(r, c.People) {
		phone := any(p.Phone)
		if i%7 == 0 { // as Excel leaves it when the column was not text
			n, err := strconv.Atoi(p.Phone[1:3] + p.Phone[4:8] + p.Phone[9:])
			if err != nil {
				return err
			}
			phone = n
		}
		rows = append(rows, []any{p.Number, p.Last, p.First, p.Login, p.Grade, phone, p.Mail, p.Hired})
	}
	for i, row := range rows {
		if err := w.SetRow("A"+strconv.Itoa(i+1), row); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.SaveAs(path)
}

func (c Company) unitRows() [][]string {
	rows := make([][]string, len(c.Units))
	for i, u := range c.Units {
		rows[i] = []string{u.Code, u.Name, u.Parent, strconv.Itoa(u.Order)}
	}
	return rows
}

func (c Company) postRows() [][]string {
	rows := make([][]string, len(c.Posts))
	for i, p := range c.Posts {
		rows[i] = []string{p.Number, p.Unit, p.Position, mark(p.Head, "Y", "N"), mark(p.Primary, "주", "겸")}
	}
	return rows
}

func mark(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func ordered(names []string, executive bool) [][]string {
	rows := make([][]string, len(names))
	for i, n := range names {
		rows[i] = []string{n, strconv.Itoa(i + 1)}
		if executive {
			rows[i] = append(rows[i], mark(i >= 6, "Y", "N"))
		}
	}
	return rows
}

func shuffled[T any](r *rand.Rand, in []T) []T {
	out := append([]T(nil), in...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func writeCSV(path string, cp949 bool, rows [][]string, headings ...string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := errors.Join(w.Write(headings), w.WriteAll(rows)); err != nil {
		return err
	}
	data := b.Bytes()
	if cp949 {
		var err error
		if data, err = korean.EUCKR.NewEncoder().Bytes(data); err != nil {
			return err
		}
	}
	return os.WriteFile(path, data, 0o644)
}
