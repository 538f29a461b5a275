package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/isaworks/isa/internal/diag"
)

// companyFiles makes a company of n members with 20 columns each and n/10 units.
func companyFiles(n int) fstest.MapFS {
	var staff, units, posts strings.Builder
	staff.WriteString("사번,이전사번,아이디,성,이름,직급,휴대폰,입사일,Last,First,재직상태,개인메일,부서,직책,a,b,c,d,e,f\n")
	for i := range n {
		fmt.Fprintf(&staff, "%05d,,user%05d,김,철수%d,g%d,010%08d,2020-01-%02d,Kim,C%d,재직,u%d@example.com,U%d,팀장,1,2,3,4,5,6\n",
			i, i, i, i%40, i, i%28+1, i, i, i%(n/10+1))
		fmt.Fprintf(&posts, "%05d,U%d,팀장,Y\n", i, i%(n/10+1))
	}
	units.WriteString("코드,이름,상위,순서\n")
	for i := range n/10 + 1 {
		parent := ""
		if i > 0 {
			parent = fmt.Sprintf("U%d", (i-1)/5)
		}
		fmt.Fprintf(&units, "U%d,조직%d,%s,%d\n", i, i, parent, i)
	}
	return fstest.MapFS{
		"staff.csv": {Data: []byte(staff.String())}, "units.csv": {Data: []byte(units.String())},
		"posts.csv": {Data: []byte("사번,부서코드,직책,조직장\n" + posts.String())},
		"main.hcl":  {Data: []byte(benchConfiguration)},
	}
}

const benchConfiguration = `
tenant {
  domain    = "acme.co.kr"
  domain_id = 1
}
locals {
  rows  = sheet("staff.csv")
  staff = { for r in local.rows : r["사번"] => r if contains(["재직", "휴직"], r["재직상태"]) }
  units = { for r in sheet("units.csv") : r["코드"] => r }
  posts = group_by(sheet("posts.csv"), "사번")
}
job_grade "g" {
  for_each = { for n in range(40) : "g${n}" => n }
  name     = each.key
  order    = each.value
}
position "lead" { name = "팀장" }
org_unit "root" { name = "본사" }
org_unit "hr" {
  for_each     = local.units
  external_key = each.key
  name         = each.value["이름"]
  order        = number(each.value["순서"])
  parent       = each.value["상위"] == null ? org_unit.root : org_unit.hr[each.value["상위"]]
}
member "staff" {
  for_each      = local.staff
  external_key  = each.key
  previous_keys = [each.value["이전사번"]]
  login_id      = each.value["아이디"]
  last_name     = each.value["성"]
  first_name    = split_name("${each.value["성"]}${each.value["이름"]}").first
  job_grade     = job_grade.g[each.value["직급"]]
  cell_phone    = phone(each.value["휴대폰"])
  hired_on      = date(each.value["입사일"])
  names         = { en_US = { last = each.value["Last"], first = each.value["First"] } }
  password { mode = "member" }
  dynamic "belongs_to" {
    for_each = lookup(local.posts, each.key, [])
    content {
      org_unit = org_unit.hr[belongs_to.value["부서코드"]]
      position = belongs_to.value["직책"] == "팀장" ? position.lead : clear
      head     = belongs_to.value["조직장"] == "Y"
    }
  }
}
group "all" {
  name    = "모두"
  members = [for k, m in member.staff : m if length(lookup(local.posts, k, [])) > 0 && startswith(m.login_id, "user000")]
}
`

func BenchmarkLoad10k(b *testing.B) {
	files := companyFiles(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		cfg, list := Load(context.Background(), ".", Options{Kinds: toyKinds(), FS: files})
		if errs := errorsOf(list); len(errs) > 0 || len(cfg.Objects) < benchSize {
			b.Fatalf("%d objects, %v", len(cfg.Objects), errs)
		}
	}
}

func errorsOf(list diag.List) diag.List {
	var out diag.List
	for _, d := range list {
		if d.Severity == diag.Error {
			out = append(out, d)
		}
	}
	return out
}

const benchSize = 10_000
