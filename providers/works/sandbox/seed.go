package sandbox

import (
	"fmt"
	"math/rand/v2"
)

// syllable is Korean text with its romanisation.
type syllable struct{ ko, roman string }

// company makes people and units, always the same for one seed value.
type company struct {
	t     *tenant
	rnd   *rand.Rand
	dom   Domain
	names map[string]int

	levels, positions, types []string
	units                    []string
}

func (s *Server) seedAdministrator() {
	t := s.tenant
	d := s.opt.Domains[0]
	u := &user{Admin: true}
	u.Seq, u.ID = t.next()
	email := "admin@" + d.Name
	u.Props = userProps{
		DomainID: d.ID, Email: email, Name: userName{LastName: pointer("관리자")}, PrivateEmail: pointer("admin@example.com"),
		Searchable: true, Locale: "ko_KR", TimeZone: "Asia/Seoul",
		Organizations: []organization{{DomainID: d.ID, Primary: true, Email: email}},
	}
	t.putUser(u)
}

// seedCompany fills the first domain: n members, the administrator among them.
func (s *Server) seedCompany(n int) {
	c := &company{t: s.tenant, rnd: rand.New(rand.NewPCG(s.opt.SeedValue, 0x697361)), dom: s.opt.Domains[0], names: map[string]int{"admin": 1}}
	for _, l := range itemLists() {
		c.t.setFeature(itemSpace(l.list, c.dom.ID), true)
	}
	c.lists()
	c.tree(min(max(1, n/12), maxSeedUnits(s.plan)))
	heads := map[string]bool{}
	for i := 1; i < n; i++ {
		c.member(i, heads)
	}
	c.groups(min(n/50, 200))
}

func maxSeedUnits(p plan) int {
	if p.units > 0 {
		return p.units
	}
	return 10_000
}

func (c *company) item(list, name string, order int, executive bool) string {
	i := &item{List: list, Props: itemProps{DomainID: c.dom.ID, DisplayOrder: order, Name: name, Executive: executive,
		Key: pointer(fmt.Sprintf("%s-%02d", list, order))}}
	i.Seq, i.ID = c.t.next()
	c.t.putItem(i)
	return i.ID
}

func (c *company) lists() {
	for i, name := range []string{"부장", "차장", "과장", "대리", "사원"} {
		c.levels = append(c.levels, c.item(listLevel, name, i+1, false))
	}
	for i, name := range []string{"본부장", "실장", "팀장", "파트장"} {
		c.positions = append(c.positions, c.item(listPosition, name, i+1, false))
	}
	for i, name := range []string{"정규직", "계약직", "인턴"} {
		c.types = append(c.types, c.item(listUserType, name, i+1, false))
	}
}

// tree makes units of up to five levels, parents first.
func (c *company) tree(n int) {
	fields := []string{"경영지원", "영업", "개발", "마케팅", "생산", "품질", "연구", "구매", "물류", "고객지원", "재무", "인사", "법무", "기획", "디자인"}
	kinds := []string{"본부", "실", "팀", "파트", "셀"}
	depth := map[string]int{}
	taken := map[string]int{}
	for i := range n {
		parent, level := "", 0
		if len(c.units) > 0 && i >= max(1, n/20) {
			parent = c.units[c.rnd.IntN(len(c.units))]
			level = depth[parent] + 1
			if level >= len(kinds) {
				parent, level = c.t.units[parent].Parent, level-1
			}
		}
		name := fields[c.rnd.IntN(len(fields))] + kinds[level]
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s%d%s", name[:len(name)-len(kinds[level])], taken[name], kinds[level])
		}
		u := &orgUnit{Parent: parent, Props: unitProps{DomainID: c.dom.ID, Name: name, Visible: true,
			Email: fmt.Sprintf("unit%04d@%s", i+1, c.dom.Name), Key: pointer(fmt.Sprintf("D%04d", i+1))}}
		u.Seq, u.ID = c.t.next()
		c.t.putUnit(u)
		key := c.t.childKey(u)
		c.t.place(u, len(c.t.children[key])+1)
		c.units = append(c.units, u.ID)
		depth[u.ID] = level
	}
}

// name returns a Korean name and a login name that nobody has yet.
func (c *company) name() (last, first, login string) {
	families := []syllable{{"김", "kim"}, {"이", "lee"}, {"박", "park"}, {"최", "choi"}, {"정", "jung"}, {"강", "kang"}, {"조", "cho"}, {"윤", "yoon"},
		{"장", "jang"}, {"임", "lim"}, {"한", "han"}, {"오", "oh"}, {"서", "seo"}, {"신", "shin"}, {"권", "kwon"}, {"황", "hwang"}, {"안", "ahn"}, {"송", "song"}, {"남궁", "namgung"}, {"류", "ryu"}}
	firsts := []syllable{{"민", "min"}, {"서", "seo"}, {"지", "ji"}, {"도", "do"}, {"하", "ha"}, {"예", "ye"}, {"수", "su"}, {"현", "hyun"}, {"준", "jun"}, {"영", "young"}, {"은", "eun"}, {"태", "tae"}, {"유", "yu"}, {"재", "jae"}, {"승", "seung"}}
	seconds := []syllable{{"준", "jun"}, {"윤", "yun"}, {"우", "woo"}, {"아", "a"}, {"호", "ho"}, {"진", "jin"}, {"연", "yeon"}, {"빈", "bin"}, {"희", "hee"}, {"원", "won"}, {"경", "kyung"}, {"훈", "hoon"}, {"미", "mi"}, {"성", "sung"}, {"혜", "hye"}}
	f, a, b := families[c.rnd.IntN(len(families))], firsts[c.rnd.IntN(len(firsts))], seconds[c.rnd.IntN(len(seconds))]
	login = a.roman + b.roman + "." + f.roman
	if c.names[login]++; c.names[login] > 1 {
		login = fmt.Sprintf("%s%d", login, c.names[login])
	}
	return f.ko, a.ko + b.ko, login
}

func (c *company) member(i int, heads map[string]bool) {
	last, first, login := c.name()
	email := login + "@" + c.dom.Name
	unit := c.units[c.rnd.IntN(len(c.units))]
	grade := 4 - min(4, int(c.rnd.ExpFloat64()*1.3)) // more juniors than seniors
	m := membership{OrgUnitID: unit, Primary: true, Visible: true, UseTeamFeature: true}
	if !heads[unit] {
		heads[unit] = true
		grade = min(grade, 1)
		m.IsManager, m.PositionID = true, &c.positions[min(c.t.depth(c.t.units[unit])-1, len(c.positions)-1)]
	}
	org := organization{DomainID: c.dom.ID, Primary: true, Email: email, LevelID: &c.levels[grade], OrgUnits: []membership{m}}
	if other := c.units[c.rnd.IntN(len(c.units))]; other != unit && c.rnd.IntN(20) == 0 {
		org.OrgUnits = append(org.OrgUnits, membership{OrgUnitID: other, Visible: true, UseTeamFeature: true})
	}
	u := &user{Props: userProps{
		DomainID: c.dom.ID, Email: email, Name: userName{LastName: &last, FirstName: &first}, Key: pointer(fmt.Sprintf("E%06d", i)),
		EmployeeNumber: pointer(fmt.Sprintf("E%06d", i)), PrivateEmail: pointer(login + "@example.com"), Searchable: true,
		Locale: "ko_KR", TimeZone: "Asia/Seoul", UserTypeID: &c.types[min(2, c.rnd.IntN(24)/11)], Organizations: []organization{org},
		CellPhone: pointer(fmt.Sprintf("010-%04d-%04d", c.rnd.IntN(10000), c.rnd.IntN(10000))),
		Telephone: pointer(fmt.Sprintf("02-%04d-%04d", 2000+c.rnd.IntN(7000), c.rnd.IntN(10000))),
		HiredDate: pointer(fmt.Sprintf("%d-%02d-%02d", 2005+c.rnd.IntN(20), 1+c.rnd.IntN(12), 1+c.rnd.IntN(28))),
	}}
	u.Seq, u.ID = c.t.next()
	c.t.putUser(u)
}

func (c *company) groups(n int) {
	subjects := []string{"동호회", "프로젝트", "협의체", "스터디"}
	people := c.t.usersIn[domainKey(c.dom.ID)]
	for i := range n {
		g := &group{Props: groupProps{DomainID: c.dom.ID, Name: fmt.Sprintf("%s %d", subjects[i%len(subjects)], i+1), Visible: true,
			ServiceManageable: true, Key: pointer(fmt.Sprintf("G%04d", i+1)), UseMessage: true}}
		for range 3 + c.rnd.IntN(8) {
			m := groupMember{c.t.bySeq[people[c.rnd.IntN(len(people))]], "USER"}
			if !hasMember(g.Props.Members, m) {
				g.Props.Members = append(g.Props.Members, m)
			}
		}
		g.Props.Administrators = []allowed{{g.Props.Members[0].ID}}
		g.Seq, g.ID = c.t.next()
		c.t.putGroup(g)
	}
}
