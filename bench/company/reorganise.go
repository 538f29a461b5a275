package company

import (
	"fmt"
	"slices"
)

// Reorganised is c some time later: every tenth person left (unless of the unit that
// is closed, which nobody may be left in) and as many joined,
// grades and phones changed, units were renamed, moved and reordered, and the last
// unit was closed, its people moved to the head office. It needs two units and ten
// people to be worth it.
func (c Company) Reorganised() Company {
	closed := c.Units[len(c.Units)-1].Code
	next := Company{Grades: c.Grades, Positions: c.Positions, Left: slices.Clone(c.Left)}
	for i, p := range c.People {
		if i%10 == 9 && !c.has(p.Number, closed) {
			next.Left = append(next.Left, p.Number)
			joined := Person{Number: "J" + p.Number, Last: p.Last, First: "새" + p.First, Login: "joined" + p.Number,
				Grade: p.Grade, Phone: p.Phone, Mail: "joined" + p.Mail, Hired: "2026-03-02"}
			next.People = append(next.People, joined)
			next.Posts = append(next.Posts, Post{Number: joined.Number, Unit: c.Units[0].Code, Position: c.Positions[0], Primary: true})
			continue
		}
		if i%4 == 0 {
			p.Grade = c.Grades[(i/4)%len(c.Grades)]
		}
		if i%5 == 0 {
			p.Phone = fmt.Sprintf("010-77%02d-%04d", i/10000, i%10000)
		}
		next.People = append(next.People, p)
	}
	next.Units = reshaped(c.Units)
	next.movePosts(c)
	return next
}

// reshaped renames every third unit, moves every fifth to the top of its parent's
// parent, closes the last one and turns the order of siblings around.
func reshaped(units []Unit) []Unit {
	parent := map[string]string{}
	for _, u := range units {
		parent[u.Code] = u.Parent
	}
	out := slices.Clone(units[:len(units)-1])
	siblings := map[string]int{}
	for i := range out {
		u := &out[i]
		if i%3 == 2 {
			u.Name = "새 " + u.Name
		}
		if above := parent[u.Parent]; i%5 == 4 && above != "" {
			u.Parent = above
		}
		siblings[u.Parent]++
	}
	for i := range out {
		out[i].Order = siblings[out[i].Parent]
		siblings[out[i].Parent]--
	}
	return out
}

// movePosts gives everybody who stays the posts from before. Those in the closed
// unit go to the head office, unless the person has one there.
func (c *Company) movePosts(before Company) {
	closed, office := before.Units[len(before.Units)-1].Code, before.Units[0].Code
	left := map[string]bool{}
	for _, number := range c.Left {
		left[number] = true
	}
	for _, p := range before.Posts {
		switch {
		case left[p.Number]:
			continue
		case p.Unit == closed && before.has(p.Number, office):
			continue
		case p.Unit == closed:
			p.Unit, p.Head = office, false
		case p.Unit == office && before.has(p.Number, closed):
			p.Primary = before.primaryIn(p.Number, office) || before.primaryIn(p.Number, closed)
		}
		c.Posts = append(c.Posts, p)
	}
}

func (c *Company) primaryIn(number, unit string) bool {
	return slices.ContainsFunc(c.Posts, func(p Post) bool { return p.Number == number && p.Unit == unit && p.Primary })
}
