package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The size of the company.
const (
	peopleInOffice = 300
	peopleGone     = 6 // rows of people who left: the configuration filters them
	extraPosts     = 60
)

type unit struct {
	code, name, parent, mail string
	order                    int
}

type person struct {
	number                  int
	last, first             string
	latinLast, latinFirst   string
	login, mail             string
	phone                   int // without its leading zero, as Excel loses it
	hired                   time.Time
	grade, status, contract string
}

type post struct {
	number         int
	unit, position string
	head, primary  bool
}

type company struct {
	units  []unit
	people []person
	posts  []post
}

// makeCompany draws the company; the same one each time.
func makeCompany() company {
	r := rand.New(rand.NewPCG(300, 60))
	c := company{units: makeUnits()}
	c.people = makePeople(r)
	c.posts = makePosts(r, c.units, c.people)
	r.Shuffle(len(c.units), func(i, j int) { c.units[i], c.units[j] = c.units[j], c.units[i] })
	r.Shuffle(len(c.posts), func(i, j int) { c.posts[i], c.posts[j] = c.posts[j], c.posts[i] })
	r.Shuffle(len(c.people), func(i, j int) { c.people[i], c.people[j] = c.people[j], c.people[i] })
	return c
}

func makeUnits() []unit {
	units := []unit{{code: "A000", name: "한빛상사", mail: "all", order: 1}}
	for i, d := range []struct {
		name, mail string
		teams      []string
	}{
		{"경영지원본부", "support", []string{"인사팀", "총무팀", "재무팀", "법무팀", "구매팀"}},
		{"국내영업본부", "sales", []string{"수도권영업팀", "중부영업팀", "영남영업팀", "호남영업팀", "온라인영업팀"}},
		{"해외영업본부", "global", []string{"미주팀", "유럽팀", "아시아팀", "무역지원팀"}},
		{"상품본부", "md", []string{"식품팀", "생활팀", "패션팀", "상품기획팀"}},
		{"물류본부", "logis", []string{"이천센터", "김해센터", "배송관리팀"}},
		{"디지털본부", "digital", []string{"서비스기획팀", "개발1팀", "개발2팀", "데이터팀", "인프라팀", "디자인팀"}},
	} {
		division := fmt.Sprintf("%c000", 'B'+i)
		units = append(units, unit{code: division, name: d.name, parent: "A000", mail: d.mail, order: i + 1})
		for j, team := range d.teams {
			units = append(units, unit{code: fmt.Sprintf("%c%d00", 'B'+i, j+1), name: team, parent: division, order: j + 1})
		}
	}
	// Two parts below a team: a fourth level.
	return append(units,
		unit{code: "G210", name: "앱파트", parent: "G200", order: 1},
		unit{code: "G220", name: "웹파트", parent: "G200", order: 2})
}

type syllable struct{ hangul, latin string }

func surnames() []syllable {
	return []syllable{
		{"김", "kim"}, {"이", "lee"}, {"박", "park"}, {"최", "choi"}, {"정", "jung"}, {"강", "kang"}, {"조", "cho"},
		{"윤", "yoon"}, {"장", "jang"}, {"임", "lim"}, {"한", "han"}, {"오", "oh"}, {"서", "seo"}, {"신", "shin"},
		{"권", "kwon"}, {"안", "ahn"}, {"송", "song"}, {"홍", "hong"}, {"남궁", "namgung"}, {"황보", "hwangbo"}, {"제갈", "jegal"},
	}
}

func givenFirst() []syllable {
	return []syllable{
		{"민", "min"}, {"서", "seo"}, {"지", "ji"}, {"현", "hyun"}, {"수", "su"}, {"예", "ye"}, {"도", "do"}, {"하", "ha"},
		{"주", "ju"}, {"성", "sung"}, {"은", "eun"}, {"재", "jae"}, {"승", "seung"}, {"유", "yu"}, {"태", "tae"},
	}
}

func givenSecond() []syllable {
	return []syllable{
		{"준", "jun"}, {"연", "yeon"}, {"우", "woo"}, {"민", "min"}, {"영", "young"}, {"빈", "bin"}, {"아", "a"},
		{"호", "ho"}, {"진", "jin"}, {"원", "won"}, {"희", "hee"}, {"석", "seok"},
	}
}

func makePeople(r *rand.Rand) []person {
	people := make([]person, 0, peopleInOffice+peopleGone)
	logins := map[string]int{}
	for i := range peopleInOffice + peopleGone {
		last, a, b := pick(r, surnames()), pick(r, givenFirst()), pick(r, givenSecond())
		login := a.latin + b.latin + "." + last.latin
		logins[login]++
		if n := logins[login]; n > 1 { // two people of one name
			login = fmt.Sprintf("%s%d", login, n)
		}
		p := person{
			number: 101 + i*7, last: last.hangul, first: a.hangul + b.hangul,
			latinLast: title(last.latin), latinFirst: title(a.latin + b.latin),
			login: login, mail: login + "@example.com", phone: 1020000000 + i*10007 + r.IntN(10000),
			hired: time.Date(2005+r.IntN(20), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC),
			grade: pick(r, staffGrades()), status: "재직", contract: "정규직",
		}
		switch {
		case i >= peopleInOffice:
			p.status = "퇴직"
		case r.IntN(25) == 0:
			p.status = "휴직"
		}
		if r.IntN(12) == 0 {
			p.contract = "계약직"
		}
		people = append(people, p)
	}
	return people
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func title(latin string) string { return string(latin[0]-'a'+'A') + latin[1:] }

// staffGrades repeats the lower grades, of which there are more people.
func staffGrades() []string {
	return []string{"사원", "사원", "사원", "사원", "대리", "대리", "대리", "과장", "과장", "차장"}
}

// makePosts gives each person in office one unit, each unit a head, and some
// people a second post.
func makePosts(r *rand.Rand, units []unit, people []person) []post {
	var posts []post
	home := map[int]string{}
	for i := range people[:peopleInOffice] {
		p := &people[i]
		u := units[i%len(units)] // the first round are the heads
		position := ""
		if i < len(units) {
			position, p.grade = headOf(u)
			p.contract, p.status = "정규직", "재직"
		}
		home[p.number] = u.code
		posts = append(posts, post{number: p.number, unit: u.code, position: position, head: i < len(units), primary: true})
	}
	for i := range extraPosts {
		p := people[i*4+1]
		u := pick(r, units)
		for u.code == home[p.number] {
			u = pick(r, units)
		}
		posts = append(posts, post{number: p.number, unit: u.code})
	}
	return posts
}

// headOf names the position and the grade of who heads a unit.
func headOf(u unit) (position, grade string) {
	switch {
	case u.parent == "":
		return "대표", "대표이사"
	case u.parent == "A000":
		return "본부장", "상무"
	case u.code[2] != '0':
		return "파트장", "과장"
	}
	return "팀장", "부장"
}
