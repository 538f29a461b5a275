package planner

import (
	"cmp"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// confirmWithin is how long a listing may lag behind a write before isa believes
// that it shows the truth.
const confirmWithin = 60 * time.Second

// Build makes the plan that turns the live tenant into the wanted one. It is
// pure and never fails: problems, refused guards included, are Diagnostics of
// the plan. A plan whose diagnostics hold an error tells all it knows but has no
// steps. Build reads its input only; what it returns shares values with it.
func Build(in Input) *Plan { return build(in).plan }

// build is Build that keeps what it found out on the way.
func build(in Input) *planner {
	p := newPlanner(in)
	p.match()
	p.spend()
	p.choose()
	p.relocations()
	p.protections()
	p.identities()
	p.compareAll()
	p.removals()
	p.placeAll()
	p.claims()
	p.makeSteps()
	p.link()
	p.breakCycles()
	p.assemble()
	p.records()
	p.sequences()
	p.effects()
	p.tableChanges()
	p.contents()
	p.registrations()
	p.guards()
	p.costs()
	p.finish()
	return p
}

// planner is the working state of one Build. Objects are wanted instances and
// state objects without one; everything the service knows besides is only looked
// at, never changed.
type planner struct {
	in      Input
	kinds   map[string]*kind
	ordered []*kind
	objects []*object                // by kind, then by address
	at      map[addr.Address]*object // also under previous addresses
	byDom   map[int]schema.Company
	nodes   []*node
	give    []handover
	freed   []taker   // names taken that only people in the deletion period have
	pending []*object // leavers whom the service cannot suspend
	lines   []line
	holders map[string]*live.Object
	keyed   map[entryName]*object
	diags   diag.List
	plan    *Plan

	moves   schema.Moves
	removed map[addr.Address]*schema.Removal // by the address that they name
}

// kind is a schema.Kind with the live objects of the kind.
type kind struct {
	*schema.Kind
	seq    int
	live   []live.Object
	byID   map[string]*live.Object
	owner  map[string]*object // which object a live one belongs to, by ID
	placed bool
	listed bool // false: the listing left the kind out, since its feature is off
}

// object is one declared object or one that the state remembers.
type object struct {
	kind     *kind
	addr     addr.Address
	previous addr.Address
	inst     *schema.Instance // nil: not wanted any more
	st       *state.Object    // nil: not known
	live     *live.Object     // nil: not there
	company  schema.Company
	reason   string
	byHand   string // why the live object is missing
	missing  bool   // it should be there: creating it again needs a second look

	adopted     bool // matched without the state
	imported    bool // by an import block
	byName      bool // matched by nothing but the natural key, and not what isa once made
	merged      bool // another object took it over: it is the same under another address
	hidden      bool // deleted, and the listing does not show it: live is what can be known of it
	unselected  bool // left out by targets or exclude, or held back with an error
	failed      bool // there is an error about it
	unconfirmed bool
	leaving     leaving

	from    *schema.Company // the company that it leaves for another one; nil: it stays
	raw     *live.Object    // live as it was listed, where live is what a move makes of it
	applied value.Object    // what isa wrote last, as of the new company
	robbed  map[string]bool // attributes that a move in this plan takes elements from

	diff   value.Object // attributes to write, as the step says them
	before value.Object
	after  value.Object
	expect value.Object
	turned bool // something was changed by hand and is changed back

	place  *Place
	pred   *object // the sibling named by place.After
	parent *object // the managed parent at the end, nil: top level or unmanaged
	moves  bool    // the parent changes

	suspends   bool // the day has come that the block names
	spent      bool // it has, and the account is deleted: nothing is done
	steps      steps
	order      []*node         // of the steps, when it is not the usual one
	claimAttrs map[string]bool // attributes whose claims change hands
}

// leaving is how an object leaves.
type leaving int

const (
	stays leaving = iota
	suspended
	deleted
	forgotten
	kept
	gone      // not at the service any more
	retired   // a leaver of an earlier apply, nothing to do
	postponed // to be deleted, by a later plan
)

func newPlanner(in Input) *planner {
	if in.State == nil {
		in.State = &state.State{}
	}
	in.Wanted = objectsOnly(in.Wanted)
	p := &planner{
		in: in, kinds: make(map[string]*kind, len(in.Kinds)),
		at:    make(map[addr.Address]*object, len(in.Wanted)+8),
		byDom: make(map[int]schema.Company, len(in.Tenant.Companies)),
		moves: schema.NewMoves(in.Moves), removed: indexRemovals(in.Removals),
	}
	for i, k := range in.Kinds {
		objects, listed := in.Live.Objects[k.Type]
		c := &kind{Kind: k, seq: i, live: objects, placed: k.Placed && k.Order != "", listed: listed}
		c.byID = make(map[string]*live.Object, len(c.live))
		c.owner = make(map[string]*object, len(c.live))
		for j := range c.live {
			c.byID[c.live[j].ID] = &c.live[j]
		}
		p.kinds[k.Type] = c
		p.ordered = append(p.ordered, c)
	}
	for _, c := range in.Tenant.Companies {
		p.byDom[c.DomainID] = c
	}
	p.plan = &Plan{
		FormatVersion: FormatVersion, Tool: in.Tool, Created: in.Now, Tenant: in.Live.Identity,
		Lineage: in.State.Lineage, Serial: in.State.Serial, Config: in.Config, AsOf: in.AsOf,
		Changes: []Change{}, Drift: []Drift{}, Content: []Content{}, Headroom: []GuardUse{},
		Diagnostics: diag.List{},
	}
	if len(in.Targets)+len(in.Exclude) == 0 {
		p.plan.Tables = in.Tables
	}
	return p
}

// sortObjects puts the objects in the order in which changes are shown.
func (p *planner) sortObjects() {
	slices.SortFunc(p.objects, func(a, b *object) int {
		return cmp.Or(cmp.Compare(a.kind.seq, b.kind.seq), addr.Compare(a.addr, b.addr))
	})
}

// finish sorts what was found and takes the steps out of a plan with errors.
func (p *planner) finish() {
	plan := p.plan
	slices.SortFunc(plan.Drift, func(a, b Drift) int {
		return cmp.Or(addr.Compare(a.Address, b.Address), cmp.Compare(a.Attr, b.Attr))
	})
	slices.SortFunc(plan.Unconfirmed, addr.Compare)
	plan.Diagnostics = append(plan.Diagnostics, p.diags...)
	plan.Diagnostics.Sort()
	plan.Hash = Hash(plan)
	if plan.Diagnostics.HasErrors() {
		for i := range plan.Changes {
			plan.Changes[i].Steps = []Step{}
		}
		plan.Records, plan.Sequences = nil, nil
	}
}

// recent reports whether the state says that the object was written so shortly
// ago that a listing may not show it yet.
func (p *planner) recent(o *object) bool {
	return o.st != nil && !o.st.Applied.IsZero() && p.in.Now.Sub(o.st.Applied) < confirmWithin
}

// awaited reports whether the object was applied so shortly ago that it may be there
// although the listing does not show it.
func (p *planner) awaited(o *object) bool {
	return p.recent(o) && o.live == nil && o.st.Status != state.Pending && o.st.Status != state.Retired
}

func (p *planner) unconfirmed(o *object) {
	if !o.unconfirmed {
		o.unconfirmed = true
		p.plan.Unconfirmed = append(p.plan.Unconfirmed, o.addr)
	}
}

// creating reports whether the object has to be created.
func (o *object) creating() bool {
	return o.inst != nil && o.live == nil && !o.unconfirmed && !o.spent
}

// active reports whether this plan may change the object.
func (o *object) active() bool { return !o.unselected }

// identity is the service's ID, or a text that no ID equals when there is none yet.
func (o *object) identity() string {
	switch {
	case o.live != nil:
		return o.live.ID
	case o.st != nil && o.st.ID != "" && (o.inst == nil || o.unconfirmed):
		return o.st.ID
	}
	return "\x00" + o.addr.String()
}

func (o *object) title() string {
	attrs := value.Object{}
	if o.st != nil && o.inst == nil {
		overlayTop(attrs, o.st.Attrs)
	}
	if o.live != nil {
		overlayTop(attrs, o.live.Attrs)
	}
	if o.inst != nil {
		overlayTop(attrs, o.inst.Attrs)
	}
	return titleOf(o.kind, attrs, o.addr.String())
}

func titleOf(k *kind, attrs value.Object, otherwise string) string {
	if k.Title != nil {
		if t := k.Title(attrs); t != "" {
			return t
		}
	}
	return otherwise
}

func overlayTop(dst, src value.Object) {
	for name, v := range src {
		if _, clears := v.(value.Clear); clears {
			delete(dst, name)
			continue
		}
		dst[name] = v
	}
}

// where places a diagnostic of an object.
func (o *object) where(path value.Path) diag.Place {
	if o.inst == nil {
		return diag.Place{}
	}
	if o.inst.Where != nil {
		return o.inst.Where(path)
	}
	if o.inst.Range.File == "" {
		return diag.Place{}
	}
	r := o.inst.Range
	return diag.Place{Range: &r}
}

// fail records an error of an object. The object is left as it is.
func (p *planner) fail(o *object, path value.Path, code, detail, fix string) {
	o.failed = true
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summaries()[code], Detail: detail, Fix: fix,
		Address: o.addr.String(), Attr: path.String(), Place: o.where(path),
	})
}
