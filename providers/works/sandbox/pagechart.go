package sandbox

import (
	"fmt"
	"strings"
)

// chartView is the org chart, or the units that are searched for.
type chartView struct {
	Companies []*chartUnit
	Found     []*chartUnit // with a query
	Searching bool
}

// chartUnit is a unit, or at the top a company.
type chartUnit struct {
	ID, Name, Path, Email, Head string
	Direct, Total               int // members who are not deleted; each once
	Hidden, Restricted, Open    bool
	Units                       []*chartUnit
}

// openUnits is how many units a chart may have that is shown unfolded.
const openUnits = 60

func (s *Server) pageChart(p *look) {
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	b := &chartBuilder{t: t, p: p, direct: map[string]int{}, total: map[string]int{}, open: len(t.units) <= openUnits}
	b.count()
	p.Chart = &chartView{Searching: p.Query() != ""}
	for _, d := range t.domains {
		if id := p.Domain(); id != 0 && id != d.ID {
			continue
		}
		top := &chartUnit{Name: d.Name, Email: fmt.Sprintf("회사 ID %d", d.ID), Open: true, Total: b.total["top/"+domainKey(d.ID)]}
		top.Units = b.below("top/"+domainKey(d.ID), 1)
		p.Chart.Companies = append(p.Chart.Companies, top)
		if p.Chart.Searching {
			p.Chart.Found = append(p.Chart.Found, found(top.Units, p.matcher(), nil)...)
		}
	}
	p.Chart.Found = cutPage(p, p.Chart.Found, 200)
}

type chartBuilder struct {
	t             *tenant
	p             *look
	direct, total map[string]int
	open          bool
}

// count counts members: each once in a unit and once in all above it.
func (b *chartBuilder) count() {
	seen := map[string]string{} // unit to the member counted last
	for _, u := range b.t.users {
		if u.DeletedAt != nil {
			continue
		}
		if top := "top/" + domainKey(u.Props.DomainID); seen[top] != u.ID {
			seen[top] = u.ID
			b.total[top]++
		}
		for _, o := range u.Props.Organizations {
			if top := "top/" + domainKey(o.DomainID); seen[top] != u.ID {
				seen[top] = u.ID
				b.total[top]++
			}
			for _, m := range o.OrgUnits {
				b.direct[m.OrgUnitID]++
				for id := m.OrgUnitID; id != "" && seen[id] != u.ID; id = b.t.parentOf(id) {
					seen[id] = u.ID
					b.total[id]++
				}
			}
		}
	}
}

// parentOf is the unit above one; "" for the top, and for a unit that is gone.
func (t *tenant) parentOf(id string) string {
	if u := t.units[id]; u != nil {
		return u.Parent
	}
	return ""
}

func (b *chartBuilder) below(parent string, level int) []*chartUnit {
	var out []*chartUnit
	for _, id := range b.t.children[parent] {
		u := b.t.units[id]
		row := &chartUnit{ID: id, Name: u.Props.Name, Email: u.Props.Email, Direct: b.direct[id], Total: b.total[id],
			Hidden: !u.Props.Visible, Restricted: u.Restriction != nil, Open: b.open || level < 2}
		if head := b.t.users[b.t.managers[id]]; head != nil {
			row.Head = head.fullName()
		}
		row.Units = b.below(id, level+1)
		out = append(out, row)
	}
	return out
}

// found are the units that match, with the way to them.
func found(units []*chartUnit, matches func(...string) bool, path []string) []*chartUnit {
	var out []*chartUnit
	for _, u := range units {
		if matches(u.Name, u.Email, u.Head) {
			u.Path = strings.Join(path, " › ")
			out = append(out, u)
		}
		out = append(out, found(u.Units, matches, append(path[:len(path):len(path)], u.Name))...)
	}
	return out
}
