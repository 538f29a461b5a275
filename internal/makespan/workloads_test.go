package makespan

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// head is what all configurations share: the tenant and guards that let so much
// happen at once.
const head = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard_plus"

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

guard "member.invitation" {
  max_count = 20000
}

guard "member.primary_unit" {
  max_count = 20000
}
`

// tables describes units and members by tables, and groups of them.
const tables = `
org_unit "u" {
  for_each     = { for r in sheet("units.csv") : r["code"] => r }
  external_key = each.key
  name         = each.value["name"]
  order        = number(each.value["order"])
  parent       = each.value["parent"] == null ? clear : org_unit.u[each.value["parent"]]
}

member "m" {
  for_each      = { for r in sheet("members.csv") : r["number"] => r }
  external_key  = each.key
  login_id      = each.value["login"]
  last_name     = "김"
  first_name    = each.value["name"]
  task          = each.value["task"]
  private_email = "${each.value["login"]}@example.com"

  belongs_to {
    org_unit = org_unit.u[each.value["unit"]]
  }
}

group "g" {
  for_each       = { for r in sheet("groups.csv") : r["name"] => r }
  name           = each.key
  administrators = [member.m[each.value["head"]]]
  members        = [member.m[each.value["head"]], org_unit.u[each.value["unit"]]]
}
`

// unit, person and team are rows of the tables.
type unit struct{ code, name, parent string }

type person struct{ number, unit, task string }

type team struct{ name, head, unit string }

// workload is a company as tables.
type workload struct {
	units  []unit
	people []person
	teams  []team
}

func (w *workload) add(parent string) string {
	code := fmt.Sprintf("U%04d", len(w.units))
	w.units = append(w.units, unit{code, "조직" + code, parent})
	return code
}

func (w *workload) hire(unit string, n int) {
	for range n {
		w.people = append(w.people, person{fmt.Sprintf("%06d", len(w.people)+1), unit, "담당"})
	}
}

// files writes the configuration. Units stand in random order.
func (w *workload) files() map[string]string {
	var units, members, teams strings.Builder
	units.WriteString("code,name,parent,order\n")
	place, rows := map[string]int{}, make([]string, len(w.units))
	for i, u := range w.units {
		place[u.parent]++
		rows[i] = fmt.Sprintf("%s,%s,%s,%d\n", u.code, u.name, u.parent, place[u.parent])
	}
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(rows)) {
		units.WriteString(rows[i])
	}
	members.WriteString("number,login,name,task,unit\n")
	for _, p := range w.people {
		fmt.Fprintf(&members, "%s,m%s,철수%s,%s,%s\n", p.number, p.number, p.number, p.task, p.unit)
	}
	teams.WriteString("name,head,unit\n")
	for _, g := range w.teams {
		fmt.Fprintf(&teams, "%s,%s,%s\n", g.name, g.head, g.unit)
	}
	hcl := head + tables
	if len(w.teams) == 0 {
		hcl = hcl[:strings.Index(hcl, "\ngroup ")]
	}
	return map[string]string{"company.hcl": hcl, "units.csv": units.String(), "members.csv": members.String(), "groups.csv": teams.String()}
}

// wide is a flat company: members of 30 units.
func wide(members int) *workload {
	w := &workload{}
	top := w.add("")
	for range 29 {
		w.add(top)
	}
	for i := range members {
		w.hire(w.units[i%len(w.units)].code, 1)
	}
	return w
}

// deep is 25 chains of 12 units, people in the deepest ones only.
func deep() *workload {
	w := &workload{}
	for range 25 {
		at := ""
		for range 12 {
			at = w.add(at)
		}
		w.hire(at, 20)
	}
	return w
}

// before and mixed are a company that grows: 600 members and 150 units at first;
// then 400 units of which 30 stand elsewhere, 1,200 members of whom the old ones
// get another task and a third another unit, and 40 groups.
func before() *workload {
	w := &workload{}
	top := w.add("")
	for i := 1; i < 150; i++ {
		at := top
		if i > 10 {
			at = w.units[(i-1)/5].code
		}
		w.add(at)
	}
	for i := range 600 {
		w.hire(w.units[i%len(w.units)].code, 1)
	}
	return w
}

func mixed() *workload {
	w := before()
	for i := 120; i < 150; i++ {
		w.units[i].parent = w.units[i%7+1].code
	}
	for i := 150; i < 400; i++ {
		w.add(w.units[i/4].code)
	}
	for i := range w.people {
		w.people[i].task = "책임"
		if i%3 == 0 {
			w.people[i].unit = w.units[i%len(w.units)].code
		}
	}
	for i := range 600 {
		w.hire(w.units[(i*11)%len(w.units)].code, 1)
	}
	for i := range 40 {
		w.teams = append(w.teams, team{fmt.Sprintf("모임%d", i), w.people[i*25].number, w.units[i*9].code})
	}
	return w
}
