package planner

import (
	"cmp"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// HandInput is everything that ByHand depends on. The configuration is no part of it,
// except for what the state does not know: which lists are isa's as a whole, and what is
// wanted by now.
type HandInput struct {
	Now    time.Time
	Tenant schema.Tenant
	Kinds  []*schema.Kind
	State  *state.State
	Live   live.Snapshot // kinds that could not be listed are absent
	// Wanted are the declared objects, as far as they could be read. Partial tells that
	// the configuration has errors: then nothing is said about what is wanted by now.
	Wanted  []*schema.Instance
	Partial bool
	Moves   []schema.Move
	Targets []addr.Address // nil = all; an address without key selects all instances of the block
	// Unlisted says of kinds that are absent from Live why they could not be listed.
	Unlisted map[string]string
	// Deep are attributes that no listing gives and that were read one by one, Clear for
	// what is empty; nil: none were. Unread says of objects why that failed.
	Deep   map[addr.Address]value.Object
	Unread map[addr.Address]string
}

// Sort is the sort of a change by hand.
type Sort string

// The sorts of changes by hand.
const (
	HandChanged     Sort = "changed"     // the value of an attribute
	HandMoved       Sort = "moved"       // to another parent, or to another company
	HandReordered   Sort = "reordered"   // among its siblings
	HandSuspended   Sort = "suspended"   // who was not
	HandReactivated Sort = "reactivated" // whom isa had suspended
	HandDeleted     Sort = "deleted"     // at all, or within the deletion period
	HandRestored    Sort = "restored"    // whom isa had deleted
)

// Hand is one change that was made by hand since isa applied last.
type Hand struct {
	Address addr.Address `json:"address"`
	Kind    string       `json:"kind"`
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Sort    Sort         `json:"sort"`
	// Attr is the path of the attribute: names.en_US; belongs_to.head of an element.
	// "status" of what happens to the whole object.
	Attr string `json:"attr"`
	// Element is the key of the element of a list that the attribute belongs to.
	Element value.Value `json:"element,omitempty"`
	Applied value.Value `json:"applied"` // by isa, last; nil: empty
	Live    value.Value `json:"live"`    // nil: empty
	// Added and Removed are elements of a list; Applied and Live are nil then.
	Added   value.List `json:"added,omitempty"`
	Removed value.List `json:"removed,omitempty"`
	// Wanted is what the configuration wants of the attribute by now, where that is not
	// what was applied.
	Wanted value.Value `json:"wanted,omitempty"`
	// Ignored tells that lifecycle.ignore leaves it alone; Left that isa plan leaves the
	// object in the status in which somebody put it.
	Ignored bool   `json:"ignored"`
	Left    bool   `json:"left,omitempty"`
	Note    string `json:"note,omitempty"` // for people
}

// Unseen is what could not be compared with the tenant, and why.
type Unseen struct {
	Address addr.Address `json:"address"`
	Attrs   []string     `json:"attrs,omitempty"` // nil: all of it
	Why     string       `json:"why"`
	// Failed tells that reading failed; false: nobody can tell, or it was not asked for.
	Failed bool `json:"failed"`
}

// Hands is what ByHand found.
type Hands struct {
	Changes []Hand   `json:"drift"`
	Unseen  []Unseen `json:"unseen"`
	// Compared is the number of objects that were compared.
	Compared int `json:"compared"`
	// Unconfirmed were applied moments ago, and the listing does not show them that way
	// yet: list again before believing it.
	Unconfirmed []addr.Address `json:"-"`
}

// Drifted reports whether something was changed by hand that is not left alone.
func (h *Hands) Drifted() bool {
	return slices.ContainsFunc(h.Changes, func(c Hand) bool { return !c.Ignored })
}

// Failed reports whether reading a part failed.
func (h *Hands) Failed() bool {
	return slices.ContainsFunc(h.Unseen, func(u Unseen) bool { return u.Failed })
}

// ByHand compares what isa applied last with what is at the service. What isa does not
// manage, what it writes only at creation, and what it began to write and nobody heard
// of, is nothing that was changed by hand. It is pure, and one input gives one answer.
func ByHand(in HandInput) *Hands {
	h := newHands(in)
	for _, o := range h.p.objects {
		if in.Targets == nil || named(in.Targets, o) {
			h.object(o)
		}
	}
	h.orders()
	h.sort()
	return h.found
}

// hands is the working state of one ByHand. The planner in it wants nothing: all of its
// objects are those of the state, so that references mean what they meant when applied.
type hands struct {
	in      HandInput
	p       *planner
	found   *Hands
	wanted  map[addr.Address]*schema.Instance
	moves   schema.Moves
	settled map[*object]bool // compared, and where it was put
}

func newHands(in HandInput) *hands {
	p := newPlanner(Input{Now: in.Now, Tenant: in.Tenant, Kinds: in.Kinds, State: in.State, Live: in.Live})
	h := &hands{
		in: in, p: p, found: &Hands{Changes: []Hand{}, Unseen: []Unseen{}},
		wanted: make(map[addr.Address]*schema.Instance, len(in.Wanted)), settled: map[*object]bool{},
		moves: schema.NewMoves(in.Moves),
	}
	for _, inst := range objectsOnly(in.Wanted) {
		h.wanted[inst.Addr] = inst
	}
	p.addGone(nil)
	for _, o := range p.objects {
		p.takeStateID(o)
	}
	p.sortObjects()
	return h
}

// instance is what is declared of an object by now, nil when nothing is.
func (h *hands) instance(o *object) *schema.Instance {
	if inst := h.wanted[o.addr]; inst != nil {
		return inst
	}
	return h.wanted[h.moves.Now(o.addr)]
}

// object compares one object of the state.
func (h *hands) object(o *object) {
	why, failed := h.invisible(o)
	switch {
	case why != "":
		h.unseen(o, nil, why, failed)
		return
	case !h.alive(o):
		return
	}
	h.found.Compared++
	if o.st.Status == state.Retired {
		return // what a leaver has is not compared
	}
	h.attrs(o)
	h.place(o)
}

// invisible says why nothing can be said of an object, and whether a failure is why.
func (h *hands) invisible(o *object) (why string, failed bool) {
	if why, failed := h.in.Unlisted[o.kind.Type]; failed {
		return why, true
	}
	_, declared := h.p.companyAt(o.st)
	switch {
	case o.kind.Unread != "":
		return "the service does not tell what it is", false
	case o.st.Status == state.Pending:
		return "its creation was begun, and did not come to its end; isa apply looks for it", false
	case !o.kind.listed:
		return "its feature is off in the configuration, and the service was not asked", false
	case o.live == nil && !declared:
		return "its company is not declared, and the service was not asked", false
	}
	return "", false
}

func (h *hands) unseen(o *object, attrs []string, why string, failed bool) {
	h.found.Unseen = append(h.found.Unseen, Unseen{Address: o.addr, Attrs: attrs, Why: why, Failed: failed})
}

// alive compares the status, and reports whether there is something else to compare.
func (h *hands) alive(o *object) bool {
	applied, now := o.lastStatus(), live.Status("")
	if o.live != nil {
		now = o.live.Status
	}
	if now == live.Pending || now == live.Awaiting { // is in use by and by
		now = live.InUse
	}
	if now == "" {
		now = live.Deleted
	}
	if now == applied {
		return now != live.Deleted
	}
	sort := map[live.Status]Sort{live.Deleted: HandDeleted, live.Suspended: HandSuspended, live.InUse: HandReactivated}[now]
	if applied == live.Deleted {
		sort = HandRestored
	}
	switch {
	case slices.Contains(o.st.Begun, state.StatusName):
		h.unseen(o, []string{"status"}, cutOff, false)
		return now != live.Deleted
	case h.p.recent(o):
		h.await(o)
		return false
	}
	change := Hand{Sort: sort, Attr: "status", Applied: value.String(applied), Live: value.String(now)}
	change.Left = h.left(o, sort)
	if o.live == nil {
		change.Note = "it is not at the service any more"
	}
	h.add(o, change, false)
	return now != live.Deleted
}

// left reports whether a plan leaves somebody in the status in which somebody else put
// them. Without the whole configuration nobody can tell whom it still declares.
func (h *hands) left(o *object, sort Sort) bool {
	inst := h.instance(o)
	declared := inst != nil || h.in.Partial
	due := inst != nil && h.p.due(&object{kind: o.kind, inst: inst})
	switch sort {
	case HandSuspended:
		return !due
	case HandReactivated, HandRestored:
		return !declared || o.st.Found != "" && !due
	}
	return false
}

// cutOff says why a difference may be isa's own.
const cutOff = "an apply began to write it, and its end was not recorded; isa plan shows what is left to do"

// lastStatus is the status that isa left the object with, or took it over in.
func (o *object) lastStatus() live.Status {
	switch {
	case !o.st.Deleted.IsZero():
		return live.Deleted
	case !o.st.Suspended.IsZero():
		return live.Suspended
	case o.st.Found != "":
		return live.Status(o.st.Found)
	}
	return live.InUse
}

func (h *hands) await(o *object) {
	if !o.unconfirmed {
		o.unconfirmed = true
		h.found.Unconfirmed = append(h.found.Unconfirmed, o.addr)
	}
}

// add records a change. What may be isa's own, or may not be shown yet, is none.
func (h *hands) add(o *object, c Hand, ignored bool) {
	c.Address, c.Kind, c.ID, c.Ignored = o.addr, o.kind.Type, o.st.ID, ignored
	c.Title = titleOf(o.kind, h.p.shownAttrs(o), o.addr.String())
	h.found.Changes = append(h.found.Changes, c)
}

// shownAttrs is what names an object for people: as isa wrote it, so that one whose name
// was changed is known, else as it is.
func (p *planner) shownAttrs(o *object) value.Object {
	attrs := value.Object{}
	if o.live != nil {
		overlayTop(attrs, o.live.Attrs)
	}
	for name, v := range o.st.Attrs {
		if _, is := v.(value.String); is {
			attrs[name] = v
		}
	}
	return attrs
}

func (h *hands) sort() {
	slices.SortStableFunc(h.found.Changes, func(a, b Hand) int {
		return cmp.Or(cmp.Compare(h.p.kinds[a.Kind].seq, h.p.kinds[b.Kind].seq), addr.Compare(a.Address, b.Address), cmp.Compare(a.Attr, b.Attr))
	})
	slices.SortStableFunc(h.found.Unseen, func(a, b Unseen) int { return addr.Compare(a.Address, b.Address) })
	slices.SortFunc(h.found.Unconfirmed, addr.Compare)
}
