package sandbox

// groupRow is a group with everybody in it.
type groupRow struct {
	Name, Description, Email, Key string
	Hidden                        bool
	Uses                          []string
	Masters                       []string
	Members                       []groupMemberRow
}

// groupMemberRow is a member, a unit or a group in a group.
type groupMemberRow struct{ Name, Email, Type string }

func (s *Server) pageGroups(p *look) {
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	matches := p.matcher()
	var rows []groupRow
	for _, d := range t.domains {
		if id := p.Domain(); id != 0 && id != d.ID {
			continue
		}
		for _, seq := range t.groupsIn[domainKey(d.ID)] {
			row := t.groupRow(t.groups[t.bySeq[seq]])
			texts := []string{row.Name, row.Email, row.Key}
			for _, m := range row.Members {
				texts = append(texts, m.Name, m.Email)
			}
			if matches(append(texts, row.Masters...)...) {
				rows = append(rows, row)
			}
		}
	}
	p.Groups = cutPage(p, rows, pageSize)
}

func (t *tenant) groupRow(g *group) groupRow {
	row := groupRow{Name: g.Props.Name, Description: deref(g.Props.Description), Email: deref(g.Props.Email), Key: deref(g.Props.Key), Hidden: !g.Props.Visible}
	for _, use := range []struct {
		on   bool
		name string
	}{{g.Props.UseMessage, "메시지방"}, {g.Props.UseNote, "노트"}, {g.Props.UseCalendar, "캘린더"}, {g.Props.UseTask, "할 일"},
		{g.Props.UseFolder, "폴더"}, {g.Props.UseMail, "메일링 리스트"}, {g.Props.ExternalMail, "외부 메일 수신"}} {
		if use.on {
			row.Uses = append(row.Uses, use.name)
		}
	}
	for _, a := range g.Props.Administrators {
		if u := t.users[a.UserID]; u != nil {
			row.Masters = append(row.Masters, u.fullName())
		}
	}
	for _, m := range g.Props.Members {
		row.Members = append(row.Members, t.groupMemberRow(m))
	}
	return row
}

func (t *tenant) groupMemberRow(m groupMember) groupMemberRow {
	switch m.Type {
	case "USER":
		if u := t.users[m.ID]; u != nil {
			return groupMemberRow{u.fullName(), u.Props.Email, "구성원"}
		}
	case "ORGUNIT":
		if u := t.units[m.ID]; u != nil {
			return groupMemberRow{u.Props.Name, u.Props.Email, "조직"}
		}
	case "GROUP":
		if g := t.groups[m.ID]; g != nil {
			return groupMemberRow{g.Props.Name, deref(g.Props.Email), "그룹"}
		}
	}
	return groupMemberRow{m.ID, "", m.Type}
}
