// Package company makes plausible Korean companies of any size, with the tables
// and HCL files that describe them, for tests and benchmarks. One seed gives one
// company.
package company

import (
	"fmt"
	"math/rand/v2"
)

// Size says how large a company is.
type Size struct {
	Members, Units, Grades, Positions int
	Posts                             int // posts held beside the primary one
	Seed                              uint64
}

// Company is a company as its personnel department knows it.
type Company struct {
	Grades    []string // lowest first
	Positions []string // highest first
	Units     []Unit   // parents before children
	People    []Person
	Posts     []Post   // every person's primary post first
	Left      []string // numbers of people who left
}

// Unit is an org unit.
type Unit struct {
	Code, Name, Parent string // Parent is a code, "" at the top
	Order              int    // among its siblings, from 1
}

// Person is a member.
type Person struct {
	Number, Last, First, Login, Grade, Phone, Mail, Hired string
}

// Post is a person's place in a unit.
type Post struct {
	Number, Unit, Position string
	Head, Primary          bool
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// What people, units, grades and positions are called.
func families() []string {
	return []string{"김", "이", "박", "최", "정", "강", "조", "윤", "장", "임", "한", "오", "서", "신", "권", "황", "안", "송", "류", "홍", "남궁", "제갈"}
}

func givenNames() []string {
	return []string{"민준", "서연", "도윤", "지우", "하준", "서현", "지호", "하은", "준서", "지민", "예준", "수아", "건우", "다은", "현우", "채원", "우진", "소율", "선우", "유나"}
}

func fields() []string {
	return []string{"영업", "개발", "재무", "인사", "구매", "품질", "생산", "연구", "법무", "홍보", "물류", "전략", "고객", "정보", "안전"}
}

func ranks() []string {
	return []string{"사원", "주임", "대리", "과장", "차장", "부장", "이사", "상무", "전무", "부사장"}
}

func posts() []string {
	return []string{"대표", "본부장", "실장", "팀장", "파트장", "담당", "매니저", "책임", "선임", "지원"}
}

// Make makes a company. Units form a tree of at most six levels with at most
// twelve children each at the small end; the first unit is the head office.
func Make(s Size) Company {
	r := rand.New(rand.NewPCG(s.Seed, 20260101))
	var c Company
	for i := range s.Grades {
		c.Grades = append(c.Grades, numbered(ranks(), i))
	}
	for i := range s.Positions {
		c.Positions = append(c.Positions, numbered(posts(), i))
	}
	children := map[string]int{}
	for i := range s.Units {
		u := Unit{Code: fmt.Sprintf("U%05d", i), Name: "본사"}
		if i > 0 {
			u.Parent = c.Units[(i-1)/8].Code
			u.Name = fmt.Sprintf("%s%d팀", pick(r, fields()), i)
		}
		children[u.Parent]++
		u.Order = children[u.Parent]
		c.Units = append(c.Units, u)
	}
	headed := map[string]bool{}
	for i := range s.Members {
		p := Person{
			Number: fmt.Sprintf("%06d", i+1), Last: pick(r, families()), First: pick(r, givenNames()),
			Login: fmt.Sprintf("member%06d", i+1), Phone: fmt.Sprintf("010-%04d-%04d", 1000+i/10000, i%10000),
			Mail:  fmt.Sprintf("person%06d@example.com", i+1),
			Hired: fmt.Sprintf("%04d-%02d-%02d", 2000+r.IntN(26), 1+r.IntN(12), 1+r.IntN(28)),
		}
		if s.Grades > 0 {
			p.Grade = c.Grades[r.IntN(len(c.Grades))]
		}
		c.People = append(c.People, p)
		if s.Units > 0 {
			c.Posts = append(c.Posts, c.post(r, p, true, headed))
		}
	}
	for range s.Posts {
		p := c.People[r.IntN(len(c.People))]
		post := c.post(r, p, false, headed)
		if !c.has(p.Number, post.Unit) {
			c.Posts = append(c.Posts, post)
		}
	}
	return c
}

func (c *Company) post(r *rand.Rand, p Person, primary bool, headed map[string]bool) Post {
	unit := c.Units[r.IntN(len(c.Units))].Code
	post := Post{Number: p.Number, Unit: unit, Primary: primary, Head: !headed[unit] && r.IntN(4) == 0}
	if len(c.Positions) > 0 {
		post.Position = c.Positions[r.IntN(len(c.Positions))]
	}
	headed[unit] = headed[unit] || post.Head
	return post
}

func (c *Company) has(number, unit string) bool {
	for _, p := range c.Posts {
		if p.Number == number && p.Unit == unit {
			return true
		}
	}
	return false
}

func numbered(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s%d", names[i%len(names)], i/len(names)+1)
}
