package planner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

const guardPrefix = "guard."

// InvitationLimit is how many notices to people outside may be sent at once.
const InvitationLimit = 50

// Limit is how many of n managed objects a plan may touch in one dangerous way:
// the larger of 10 and 1 % (rounded down), but never above 5 % (rounded down),
// and always one, so that a company of a few people can be changed at all.
func Limit(n int) int {
	return min(max(10, n/100), max(1, n/20))
}

// tally is what one guard counts in one company.
type tally struct {
	code    string
	company schema.Company
	count   int
	of      int
	limit   int // -1: Limit(of)
	names   []string
	what    string
	fix     string // the way out, "" for the usual one
	content bool   // of content: refused although no object changes
}

type tallyKey struct {
	code   string
	domain int
}

// guarding counts everything that guards look at.
type guarding struct {
	p       *planner
	tallies map[tallyKey]*tally
	managed map[string]map[int]int // kind → domain → managed objects
	lists   map[*schema.Attr]map[int]int
}

// guards counts what the plan does that needs a second look, tells how much of
// each limit it uses, and refuses what is beyond.
func (p *planner) guards() {
	g := &guarding{p: p, tallies: map[tallyKey]*tally{}, managed: map[string]map[int]int{}}
	for _, o := range p.objects {
		if o.live == nil && o.inst != nil && !o.missing || o.inst == nil && o.leaving == retired {
			continue
		}
		m := g.managed[o.kind.Type]
		if m == nil {
			m = map[int]int{}
			g.managed[o.kind.Type] = m
		}
		m[o.listedIn()]++
	}
	for _, o := range p.objects {
		if len(o.steps.all()) > 0 {
			g.object(o)
		}
	}
	g.reuse()
	g.bereft()
	g.tables()
	g.content()
	g.judge()
}

// add counts n for a guard. of is how many there are of what is counted, 0 where
// a share of a whole says nothing.
func (g *guarding) add(code string, o *object, n, of, limit int, what string) *tally {
	return g.addIn(o.company, code, o, n, of, limit, what)
}

// addIn is add for what concerns another company than the object's.
func (g *guarding) addIn(company schema.Company, code string, o *object, n, of, limit int, what string) *tally {
	return g.addNamed(company, code, o.addr.String(), n, of, limit, what)
}

// addNamed is addIn for what need not be an object that isa manages.
func (g *guarding) addNamed(company schema.Company, code, name string, n, of, limit int, what string) *tally {
	key := tallyKey{code, company.DomainID}
	t := g.tallies[key]
	if t == nil {
		t = &tally{code: code, company: company, of: of, limit: limit, what: what}
		g.tallies[key] = t
	}
	t.count += n
	t.names = append(t.names, name)
	return t
}

func (g *guarding) object(o *object) {
	kind := o.kind.Type
	n := g.managed[kind][o.company.DomainID]
	switch {
	case o.inst == nil:
		if o.leaving == suspended || o.leaving == deleted {
			g.add(kind+".removal", o, 1, n, -1, kind+" objects leave")
		}
		if o.leaving == gone && o.live == nil && o.st.ID != "" && o.st.Status != state.Retired {
			g.recreation(o, n)
		}
	case o.live == nil:
		g.notices(o)
		if o.missing {
			g.recreation(o, n)
		}
	default:
		if o.steps.suspend != nil {
			g.add(kind+".removal", o, 1, n, -1, kind+" objects leave")
		}
		if o.steps.relocate != nil {
			g.addIn(*o.from, kind+".company", o, 1, g.managed[kind][o.from.DomainID], -1, kind+" objects move to another company")
		}
		g.changes(o, n)
		if o.kind.Person && g.p.replaced(o) {
			t := g.add("identity.replaced", o, 1, 0, 0, "somebody else would get the account of a person (mail and files of the one would be the other's)")
			switch {
			case !o.byName:
				t.fix = "give the newcomer a key of their own, or take the old one out; if it is the same person, change name and login ID in two applies, or run again with --allow identity.replaced=%d"
			case t.fix == "":
				t.fix = "give the newcomer a " + strings.Join(o.kind.Natural, " and ") + " of their own; if it is the same person, write the name that the account has and change it in a later apply, or run again with --allow identity.replaced=%d"
			}
		}
	}
}

// recreation counts what is missing at the service: a short listing must neither
// make isa create many objects twice nor forget them.
func (g *guarding) recreation(o *object, n int) {
	g.add(o.kind.Type+".recreation", o, 1, n, -1, o.kind.Type+
		" objects that isa made or took over are not at the service any more and would be created again, or forgotten where no block is left (was everything listed?)")
}

// notices counts invitations. With SSO the service sends none.
func (g *guarding) notices(o *object) {
	if o.kind.Notices == nil || g.p.in.Tenant.Features.SSO {
		return
	}
	if k := o.kind.Notices(o.inst.Attrs); k > 0 {
		g.add(o.kind.Type+".invitation", o, k, 0, InvitationLimit, "invitations are sent to people")
	}
}

// changes counts sensitive attributes, emptied attributes and lost memberships.
func (g *guarding) changes(o *object, n int) {
	codes := map[string]bool{}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		w, ok := o.diff[a.Name]
		if !ok {
			continue
		}
		l := o.live.Attrs[a.Name]
		if !o.ownByMove(a.Name) {
			g.p.sensitive(a, &a.Type, w, l, codes)
		}
		lacks := map[string]bool{}
		g.p.emptied(a, &a.Type, w, l, a.Name, lacks)
		for _, path := range slices.Sorted(maps.Keys(lacks)) {
			g.add(o.kind.Type+".cleared\x00"+path, o, 1, n, -1, path+" is emptied at once")
		}
		if lost := g.lost(a, w, l); lost > 0 && !o.ownByMove(a.Name) {
			g.add(o.kind.Type+"."+a.Name+".removal", o, lost, g.elements(o.kind, a, o.company.DomainID), -1, "elements of "+a.Name+" are taken away")
		}
		if a.Vital && !needed(a) && !empty(l) && empty(g.p.written(a, &a.Type, l, w)) {
			g.add(o.kind.Type+"."+a.Name+".none", o, 1, 0, 0, "people are left without any "+a.Name)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		g.add(code, o, 1, n, -1, "objects change it at once")
	}
}

// emptied collects the attributes, and those inside them, that have something and
// are emptied. Elements of a list count under the list's name.
func (p *planner) emptied(a *schema.Attr, t *schema.Type, w, l value.Value, path string, out map[string]bool) {
	if empty(l) {
		return
	}
	switch w := w.(type) {
	case value.Clear:
		out[path] = true
	case value.Edit:
		p.emptied(a, t, w.Add, l, path, out)
	case value.List:
		if a.ElemKey == "" || t.Kind != schema.List {
			return
		}
		have, _ := l.(value.List)
		key := attrIn(t.Elem.Attrs, a.ElemKey)
		for i, e := range w {
			elem, isObject := e.(value.Object)
			if !isObject || key == nil {
				continue
			}
			if old := p.element(key, elem[a.ElemKey], have, i); old != nil {
				p.emptied(a, t.Elem, elem, old, path, out)
			}
		}
	case value.Object:
		have, _ := l.(value.Object)
		for name, v := range w {
			inner, it := a, memberType(t, name)
			if t.Kind == schema.Object {
				inner = attrIn(t.Attrs, name)
			}
			if it != nil {
				p.emptied(inner, it, v, have[name], path+"."+name, out)
			}
		}
	}
}

// sensitive collects the guard codes of attributes that had a value and get
// another one. Filling in what was empty is no danger.
func (p *planner) sensitive(a *schema.Attr, t *schema.Type, w, l value.Value, codes map[string]bool) {
	if empty(l) || w == nil {
		return
	}
	if a.Sensitive != "" {
		if e, ok := w.(value.Edit); !ok && !p.same(a, t, w, l) || ok && len(e.Remove) > 0 {
			codes[a.Sensitive] = true
		}
	}
	switch t.Kind {
	case schema.Object:
		wo, _ := w.(value.Object)
		lo, _ := l.(value.Object)
		for i := range t.Attrs {
			inner := &t.Attrs[i]
			p.sensitive(inner, &inner.Type, wo[inner.Name], lo[inner.Name], codes)
		}
	case schema.List:
		p.sensitiveElements(a, t, w, l, codes)
	}
}

// sensitiveElements compares the elements of a keyed list. A switch that is on in
// an element that was not there before counts as changed: the primary unit, for
// example, is another one then.
func (p *planner) sensitiveElements(a *schema.Attr, t *schema.Type, w, l value.Value, codes map[string]bool) {
	wl, _ := w.(value.List)
	ll, _ := l.(value.List)
	if a.ElemKey == "" || t.Elem.Kind != schema.Object {
		return
	}
	key := attrIn(t.Elem.Attrs, a.ElemKey)
	if key == nil {
		return
	}
	for i, e := range wl {
		we, _ := e.(value.Object)
		le := p.element(key, we[a.ElemKey], ll, i)
		for j := range t.Elem.Attrs {
			inner := &t.Elem.Attrs[j]
			wv := we[inner.Name]
			switch {
			case inner.Sensitive == "" || wv == nil:
			case le == nil && value.True(wv), le != nil && inner.Type.Kind == schema.Bool && value.True(wv) && !value.True(le[inner.Name]):
				codes[inner.Sensitive] = true
			case le != nil && inner.Type.Kind != schema.Bool:
				p.sensitive(inner, &inner.Type, wv, le[inner.Name], codes)
			}
		}
	}
}

// lost counts elements with references that are taken out of a list. In a keyed
// list, where a transfer replaces an element, only the loss counts; elsewhere
// every element does, except those that leave with what they refer to.
func (g *guarding) lost(a *schema.Attr, w, l value.Value) int {
	have, ok := l.(value.List)
	if !ok || a.Type.Kind != schema.List || !hasRefs(a.Type.Elem) {
		return 0
	}
	if a.ElemKey != "" {
		if want, ok := w.(value.List); ok {
			return max(0, len(have)-len(want))
		}
	}
	var out []value.Value
	switch w := w.(type) {
	case value.Edit:
		out = w.Remove
	case value.Clear:
		out = have
	case value.List:
		keep := make(map[string]bool, len(w))
		for _, v := range w {
			keep[g.p.elementID(a, &a.Type, v)] = true
		}
		for _, v := range have {
			if !keep[g.p.elementID(a, &a.Type, v)] {
				out = append(out, v)
			}
		}
	}
	n := 0
	for _, v := range out {
		if t := g.p.pointsAt(a.Type.Elem, v); t == nil || t.leaving == stays {
			n++
		}
	}
	return n
}

// elements counts the elements that a list has over all managed objects. It goes
// over them once for each list.
func (g *guarding) elements(k *kind, a *schema.Attr, domain int) int {
	counts, known := g.lists[a]
	if !known {
		counts = map[int]int{}
		for _, o := range g.p.objects {
			if o.kind == k && o.live != nil {
				if l, ok := o.live.Attrs[a.Name].(value.List); ok {
					counts[o.listedIn()] += len(l)
				}
			}
		}
		if g.lists == nil {
			g.lists = map[*schema.Attr]map[int]int{}
		}
		g.lists[a] = counts
	}
	return counts[domain]
}

// reused is what a name of a person does that another one gets.
const reused = "names of people go to other people (mail for the one would reach the other)"

// reuse counts names of people that go to other people, from somebody in the deletion
// period too.
func (g *guarding) reuse() {
	for _, h := range g.p.give {
		if h.claim.Person && h.from.kind.Person && h.to.kind.Person {
			g.add("identity.reuse", h.to, 1, 0, 0,
				reused)
		}
	}
	for _, t := range g.p.freed {
		g.add("identity.reuse", t.o, 1, 0, 0, reused)
	}
}

// tables compares the tables with the last apply.
func (g *guarding) tables() {
	type name struct{ file, sheet string }
	last := map[name]state.Table{}
	for _, t := range g.p.in.State.Tables {
		last[name{t.File, t.Sheet}] = t
	}
	none := func(code, what, text string) {
		key := tallyKey{code, 0}
		t := g.tallies[key]
		if t == nil {
			t = &tally{code: code, limit: 0, what: what}
			g.tallies[key] = t
		}
		t.count++
		t.names = append(t.names, text)
	}
	for _, t := range g.p.in.Tables {
		was, ok := last[name{t.File, t.Sheet}]
		if !ok {
			continue
		}
		label := strings.TrimSpace(t.File + " " + t.Sheet)
		if was.Rows > 1 && t.Rows*2 < was.Rows {
			none("table.shrunk", "tables have less than half of their rows", fmt.Sprintf("%s: %d rows, %d before", label, t.Rows, was.Rows))
		}
		for _, column := range slices.Sorted(maps.Keys(t.Filled)) {
			before, known := was.Filled[column]
			if known && was.Rows > 0 && t.Rows > 0 && before*2 >= was.Rows && t.Filled[column]*2 < t.Rows && t.Filled[column]*2 < before {
				none("table.emptied", "columns turned mostly empty",
					fmt.Sprintf("%s %s: %d of %d cells filled, %d of %d before", label, column, t.Filled[column], t.Rows, before, was.Rows))
			}
		}
	}
}

// judge folds the tallies into headroom and refusals.
func (g *guarding) judge() {
	list := slices.Collect(maps.Values(g.worst()))
	slices.SortFunc(list, func(a, b *tally) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.company.Label, b.company.Label), cmp.Compare(a.company.DomainID, b.company.DomainID))
	})
	over := map[string]int{}
	for _, t := range list {
		t.limit = g.limit(t)
		if t.count > t.limit {
			over[t.code] += t.count
		}
	}
	for _, t := range list {
		g.p.plan.Headroom = append(g.p.plan.Headroom, GuardUse{Code: t.code, Count: t.count, Limit: t.limit, Of: t.of, Company: t.company.Label})
		if t.count <= t.limit {
			continue
		}
		if n, ok := g.p.in.Allow[t.code]; ok && over[t.code] <= n {
			g.p.allowed(t.code, n)
			continue
		}
		g.refuse(t, over[t.code])
	}
}

// allowed notes that a guard is lifted for this plan.
func (p *planner) allowed(code string, n int) {
	if p.plan.Allowed == nil {
		p.plan.Allowed = map[string]int{}
	}
	p.plan.Allowed[code] = n
}

// worst keeps, of guards that count each attribute for itself, the attribute
// with the highest count.
func (g *guarding) worst() map[tallyKey]*tally {
	out := map[tallyKey]*tally{}
	keys := slices.SortedFunc(maps.Keys(g.tallies), func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.domain, b.domain))
	})
	for _, key := range keys {
		t := g.tallies[key]
		t.code, _, _ = strings.Cut(t.code, "\x00")
		short := tallyKey{t.code, key.domain}
		if have := out[short]; have == nil || t.count > have.count {
			out[short] = t
		}
	}
	return out
}

// limit is what a guard block says, else the guard's own.
func (g *guarding) limit(t *tally) int {
	limit := t.limit
	if limit < 0 {
		limit = Limit(t.of)
	}
	for _, b := range g.p.in.Guards {
		if b.Code != t.code || b.MaxCount == nil && b.MaxPercent == nil {
			continue
		}
		limit = 0
		if b.MaxCount != nil {
			limit = *b.MaxCount
		}
		if b.MaxPercent != nil {
			limit = max(limit, int(*b.MaxPercent*float64(t.of)/100))
		}
	}
	return limit
}

func (g *guarding) refuse(t *tally, all int) {
	detail := strconv.Itoa(t.count)
	if t.of > 0 {
		detail += fmt.Sprintf(" of %d", t.of)
	}
	if t.company != (schema.Company{}) {
		detail += " in " + companyOf(t.company)
	}
	detail += fmt.Sprintf(": %s; the limit is %d: %s", t.what, t.limit, firstTen(t.names))
	if n, ok := g.p.in.Allow[t.code]; ok {
		detail += fmt.Sprintf(" (--allow lifts it for %d only)", n)
	}
	fix := fmt.Sprintf("look at the list; if all of it is meant, run again with --allow %s=%d", t.code, all)
	if t.fix != "" {
		fix = fmt.Sprintf(t.fix, all)
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: guardPrefix + t.code, Summary: "A guard refuses the plan", Detail: detail, Fix: fix,
	}
	if len(g.p.plan.Changes) == 0 && !t.content { // there is nothing to refuse
		d.Severity, d.Summary = diag.Warning, "A guard would refuse changes"
	}
	for _, b := range g.p.in.Guards {
		if b.Code == t.code && b.Range.File != "" {
			r := b.Range
			d.Place = diag.Place{Range: &r}
		}
	}
	g.p.diags = append(g.p.diags, d)
}
