package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
)

// review is a plan as a reviewer reads it: what is dangerous first. Markdown and HTML
// are two ways of writing it.
type review struct {
	plan     *planner.Plan
	names    names
	changes  map[string]*planner.Change // by address
	errors   []item
	first    []section // what is looked at first, in the order of docs/formats.md
	kinds    []section // the changes by kind
	others   []section // what was changed by hand, mail, what stays behind
	warnings []item
}

// section is a heading and what stands under it.
type section struct {
	title string
	note  string // a sentence in front of the items
	items []item
	forms []*node // the changes as the tree that they hang in
}

// item is one line of a section: what it is about, and what is told of it.
type item struct {
	sign    string
	paint   paint
	title   string
	address string
	details []detail
	values  []detail // all that a new object gets
	removal bool     // something goes: never cut
	change  *planner.Change
	guard   *planner.GuardUse
}

func reviewOf(p *planner.Plan) *review {
	r := &review{plan: p, names: namesOf(p), changes: map[string]*planner.Change{}}
	for i := range p.Changes {
		r.changes[p.Changes[i].Address.String()] = &p.Changes[i]
	}
	r.errors = diagnosticItems(p.Diagnostics, diag.Error)
	r.warnings = diagnosticItems(p.Diagnostics, diag.Warning)
	r.add(&r.first, r.going("Leavers", planner.Leaves))
	r.add(&r.first, r.renames())
	r.add(&r.first, r.heads())
	r.add(&r.first, r.going("Units deleted", planner.DeletesUnit))
	r.add(&r.first, r.removed())
	r.add(&r.first, r.administrators())
	r.add(&r.first, r.noticed())
	r.add(&r.first, r.seats())
	r.add(&r.first, r.lost())
	r.add(&r.first, r.headroom())
	r.add(&r.first, r.tables())
	for _, group := range byKind(p.Changes) {
		r.add(&r.kinds, r.kind(group))
	}
	for _, part := range driftParts(p.Drift) {
		r.add(&r.others, r.drift(part))
	}
	r.add(&r.others, r.mail())
	r.add(&r.others, r.unserved())
	return r
}

// add appends a section that has something to say.
func (r *review) add(to *[]section, s section) {
	if len(s.items) > 0 || s.note != "" {
		*to = append(*to, s)
	}
}

// effects are the changes that have an effect of a sort, each with the effect.
func (r *review) effects(sort planner.EffectSort, f func(e planner.Effect, c *planner.Change)) {
	for _, e := range r.plan.Effects {
		if c := r.changes[e.Address.String()]; c != nil && e.Sort == sort {
			f(e, c)
		}
	}
}

// about is an item about a change without its details.
func about(c *planner.Change) item {
	mark, colour := sign(c.Action)
	return item{sign: mark, paint: colour, title: Line(c.Title), address: Line(c.Address.String()), change: c}
}

// attributes tells how one attribute of changes changes, one item a change and attribute.
func (r *review) attributes(title string, sort planner.EffectSort) section {
	s := section{title: title}
	r.effects(sort, func(e planner.Effect, c *planner.Change) {
		i := about(c)
		i.details = r.names.difference(KindWord(e.Attr), c.Before[e.Attr], c.After[e.Attr])
		i.removal = true
		s.items = append(s.items, i)
	})
	return s
}

func (r *review) renames() section {
	return r.attributes("Changes of ID or address", planner.Renames)
}

func (r *review) administrators() section {
	return r.attributes("Administrators", planner.Administrators)
}

func (r *review) heads() section {
	s := section{title: "Heads lost"}
	r.effects(planner.LosesHead, func(e planner.Effect, c *planner.Change) {
		i := about(c)
		next := "nobody is head then"
		if !e.To.IsZero() {
			next = "then " + r.names.title(e.To.String())
		}
		i.details = []detail{prose("no longer head of " + r.names.title(e.Of) + "; " + next)}
		i.removal = true
		s.items = append(s.items, i)
	})
	return s
}

func (r *review) going(title string, sort planner.EffectSort) section {
	s := section{title: title}
	r.effects(sort, func(_ planner.Effect, c *planner.Change) { s.items = append(s.items, r.removal(c)) })
	return s
}

func (r *review) removal(c *planner.Change) item {
	i := about(c)
	i.removal, i.details = true, details(c, r.names)
	return i
}

// removed is all else that goes.
func (r *review) removed() section {
	s := section{title: "Also removed or let go"}
	told := map[string]bool{}
	for _, e := range r.plan.Effects {
		if e.Sort == planner.Leaves || e.Sort == planner.DeletesUnit {
			told[e.Address.String()] = true
		}
	}
	for i := range r.plan.Changes {
		c := &r.plan.Changes[i]
		if goes(c.Action) && !told[c.Address.String()] {
			s.items = append(s.items, r.removal(c))
		}
	}
	return s
}

func goes(a planner.Action) bool {
	return slices.Contains([]planner.Action{planner.Suspend, planner.Delete, planner.Forget, planner.Keep}, a)
}

func (r *review) noticed() section {
	s := section{title: "What people will notice"}
	tell := func(sort planner.EffectSort, what string, count *int) {
		r.effects(sort, func(_ planner.Effect, c *planner.Change) {
			*count++
			i := about(c)
			i.details = []detail{prose(what)}
			s.items = append(s.items, i)
		})
	}
	var invited, out int
	tell(planner.SignsOut, "is signed out everywhere", &out)
	tell(planner.Invites, "gets an invitation mail", &invited)
	notices := int64(0)
	for i := range r.plan.Content {
		notices += r.plan.Content[i].Notices
	}
	var counts []string
	for _, c := range []struct {
		n           int
		word, after string
	}{{out, "sign-out", ""}, {invited, "invitation", ""}, {int(notices), "notice", " of moved mail"}} {
		if c.n > 0 {
			counts = append(counts, Plural(c.n, c.word)+c.after)
		}
	}
	if len(counts) > 0 {
		s.note = strings.Join(counts, ", ") + "."
	}
	return s
}

func (r *review) seats() section {
	s := section{title: "Seats"}
	seats := r.plan.Seats
	switch {
	case seats == nil:
	case seats.Licences > 0:
		s.note = fmt.Sprintf("%s of %s after the plan, %s now.", Number(seats.Then), Plural(seats.Licences, "licence"), Number(seats.Now))
		if seats.Then > seats.Licences {
			s.note += fmt.Sprintf(" %s too few.", Plural(seats.Then-seats.Licences, "licence"))
		}
	case seats.Then != seats.Now:
		s.note = fmt.Sprintf("%s people after the plan, %s now; tenant.features.licences does not say how many seats there are.", Number(seats.Then), Number(seats.Now))
	}
	return s
}

// lost tells what cannot be undone: once for all that lose the same.
func (r *review) lost() section {
	s := section{title: "What cannot be undone"}
	by := map[string]int{}
	r.effects(planner.Loses, func(e planner.Effect, c *planner.Change) {
		what := e.Text
		if what == "" {
			what = "the " + KindWord(c.Kind) + " itself; one that is made anew has another ID"
		}
		n, ok := by[what]
		if !ok {
			n = len(s.items)
			by[what] = n
			s.items = append(s.items, item{title: "Lost for good", details: []detail{prose(what)}, removal: true})
		}
		name := Line(c.Title)
		if name == "" {
			name = Line(c.Address.String())
		}
		if d := &s.items[n].details; len(*d) == 1 {
			*d = append(*d, detail{label: "of", list: []string{name}})
		} else {
			(*d)[1].list = append((*d)[1].list, name)
		}
	})
	for _, w := range r.plan.Waves {
		if w.From != w.To {
			from := w.From
			if from == "" {
				from = "none"
			}
			s.items = append(s.items, item{title: "A phase never goes back", address: Line(w.Address.String()),
				details: []detail{{label: "phase", old: Line(from), new: Line(w.To)}}, removal: true})
		}
	}
	return s
}

func (r *review) headroom() section {
	s := section{title: "Guards"}
	for _, g := range r.plan.Headroom {
		if g.Count == 0 {
			continue
		}
		text := fmt.Sprintf("%s of %s", Number(g.Count), Number(g.Limit))
		if g.Of > 0 {
			text += fmt.Sprintf(", %s in all", Number(g.Of))
		}
		if g.Company != "" {
			text += ", company " + g.Company
		}
		i := item{sign: "!", title: Line(g.Code), details: []detail{prose(text)}}
		if n, lifted := r.plan.Allowed[g.Code]; lifted && g.Count > g.Limit {
			i.details = append(i.details, prose(fmt.Sprintf("lifted for %s", Number(n))))
		}
		if g.Count > g.Limit {
			i.paint = red
		}
		i.guard = &g
		s.items = append(s.items, i)
	}
	return s
}

// kind is the changes of one kind, with all details.
func (r *review) kind(group []*planner.Change) section {
	s := section{title: KindsWord(group[0].Kind)}
	if isTree(group) {
		s.forms = forest(group, r.names)
	} else {
		slices.SortStableFunc(group, byOrder)
	}
	for _, c := range group {
		i := about(c)
		i.details = details(c, r.names)
		if c.Action == planner.Create {
			i.values = r.names.differences(nil, c.After, parentAttr)
		}
		i.removal = goes(c.Action) || slices.ContainsFunc(i.details, takes)
		s.items = append(s.items, i)
	}
	return s
}

// takes reports whether a detail tells that something is taken away.
func takes(d detail) bool {
	return d.new == cleared || slices.ContainsFunc(d.list, func(e string) bool { return strings.HasPrefix(e, "-") })
}

func (r *review) drift(part driftPart) section {
	s := section{title: part.title}
	for _, d := range part.drift {
		s.items = append(s.items, item{sign: "~", paint: yellow, title: Line(d.Title), address: Line(d.Address.String()),
			details: driftDetails(&d, r.names)})
	}
	return s
}

func (r *review) mail() section {
	s := section{title: "Mail"}
	still := 0
	for i := range r.plan.Content {
		c := &r.plan.Content[i]
		if !c.Forgotten && !c.Pending() {
			still++
			continue
		}
		row := contentRow(c)
		text := row.details
		if !c.Wave.IsZero() {
			text = append(text, prose(strings.Trim(c.Wave.String()+" "+c.Phase, " ")))
		}
		s.items = append(s.items, item{sign: row.sign, paint: row.colour, title: row.title, address: row.address, details: text})
	}
	if still > 0 {
		s.note = Plural(still, "mailbox") + " with nothing new."
	}
	return s
}

func (r *review) unserved() section {
	s := section{title: "Nobody can move (unserved)"}
	for _, u := range r.plan.Unserved {
		s.items = append(s.items, item{title: Line(u.Address.String()), details: []detail{prose(u.What)}})
	}
	return s
}

// diagnosticItems are the diagnostics of one severity, those that are alike counted.
func diagnosticItems(list diag.List, severity diag.Severity) []item {
	var out []item
	for _, g := range grouped(list, severity) {
		for _, d := range g.shown {
			out = append(out, diagnosticItem(d))
		}
		if len(g.others) > 0 {
			out = append(out, item{details: []detail{prose(g.rest())}})
		}
	}
	return out
}

func diagnosticItem(d diag.Diagnostic) item {
	i := item{title: Line(d.Summary), address: subject(d), removal: d.Severity == diag.Error}
	if where := place(d); where != "" {
		i.details = append(i.details, detail{label: "at", list: []string{where}})
	}
	text := d.Detail
	if text != "" {
		i.details = append(i.details, prose(text))
	}
	if d.Fix != "" {
		i.details = append(i.details, prose(strings.TrimSpace(arrow)+" "+d.Fix))
	}
	for line := range strings.Lines(d.Paste) {
		i.details = append(i.details, prose(strings.TrimSpace(line)))
	}
	i.details = append(i.details, prose("["+d.Code+"]"))
	return i
}

func (r *review) tables() section {
	s := section{title: "Tables since the last apply"}
	for _, t := range r.plan.TableChanges {
		s.items = append(s.items, item{title: Line(strings.TrimSpace(t.File + " " + t.Sheet)), details: []detail{prose(rows(t))}})
	}
	return s
}

// rows tells what became of the rows of a table.
func rows(t planner.TableChange) string {
	all := Plural(t.Rows, "row")
	switch {
	case t.Before == nil:
		return all + ", read for the first time"
	case !t.Counted:
		return fmt.Sprintf("%s, %s before; which of them are the same is not known", all, Number(*t.Before))
	case t.Added+t.Removed+t.Changed == 0:
		return all + ", none changed"
	}
	return fmt.Sprintf("%s: %s added, %s removed, %s changed", all, Number(t.Added), Number(t.Removed), Number(t.Changed))
}
