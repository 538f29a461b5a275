package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/state"
)

// DeclaredContent is what the configuration says about things counted by millions
// (mail …), and what is known of them. The planner logs in nowhere: counts come
// from the last survey or pass.
type DeclaredContent struct {
	Waves   []DeclaredWave
	Streams []Stream
	// Forgotten are streams that the ledger knows and no block declares any more.
	Forgotten []Stream
	// Unserved is what the sources have and nobody can move.
	Unserved []Unserved
	// Paces is how fast content comes from a host at most, by Stream.Host: what its
	// limits allow, or what the last pass reached.
	Paces map[string]Pace
}

// DeclaredWave is a `wave` block.
type DeclaredWave struct {
	Address     addr.Address
	Phase       string // presync, cutover, live
	Coexistence string // none, forwarding, routing
	Place       diag.Place
}

// Stream is one declared move of content: one account into one.
type Stream struct {
	Address addr.Address
	// Previous is the address by which it is known so far, zero: none or the same.
	Previous addr.Address
	Title    string // of whose content it is, for people
	Member   addr.Address
	Route    string
	Phase    string // of its wave; presync without one
	Filters  []string
	Wave     addr.Address // zero: none
	Host     string       // of the source
	Place    diag.Place

	// Runs says how items go when the service fetches them for itself; nil: one by one.
	Runs *Runs
	// Refused is why the route cannot take the content as it is, for people; "" when it
	// can, or nobody has looked.
	Refused string

	Counts *Counts      // nil: never looked at
	Passed time.Time    // begin of the last complete pass, zero: none
	Moved  bool         // at least one item
	With   addr.Address // the wave it was moved with
}

// Runs are how a service fetches items for itself: each run mails the member when it
// starts and when it ends.
type Runs struct {
	Items, Bytes int64 // of one run at most; 0: everything at once
	Smallest     int64 // so few items wait for more, unless it is the cutover
	Once         bool  // there is one run, ever
	Done         bool  // with Once: it was made
}

// noticesOfRun are the mails that a member gets for each run (40 §2.4).
const noticesOfRun = 2

// Counts is what was found when a source was last looked at.
type Counts struct {
	Items, Bytes       int64 // in all
	NewItems, NewBytes int64 // of them not moved yet, and to be moved
	Excluded, TooLarge int64 // items
	Surveyed           time.Time
}

// Pace is items and bytes a second; 0: not limited.
type Pace struct{ Items, Bytes float64 }

// Unserved is something at a source that nobody can move.
type Unserved struct {
	Address addr.Address `json:"address"`
	What    string       `json:"what"`
}

// WaveChange is a wave that comes into another phase, or is known by another address,
// when the plan is carried out.
type WaveChange struct {
	Address addr.Address `json:"address"`
	// Previous is the address by which the state knows the wave, zero: the same or none.
	Previous addr.Address `json:"previous_address,omitzero"`
	From     string       `json:"from,omitempty"` // "" new
	To       string       `json:"to"`
}

// ContentCost is what moving the new items takes.
type ContentCost struct {
	Items int64 `json:"items"`
	Bytes int64 `json:"bytes"`
	// Seconds is the least that the hosts' paces allow, hosts being used at the same
	// time; of the hosts without a known pace nothing is in it, see Open.
	Seconds float64 `json:"seconds"`
	Open    bool    `json:"open,omitempty"`    // something has no known pace, or was never counted
	Notices int64   `json:"notices,omitempty"` // mails that the service sends to members for it
}

// presync is the phase of content without a wave.
const presync = "presync"

// phaseRank orders the phases. A phase that is not known counts as the last one:
// what a newer isa has begun is not taken back unnoticed.
func phaseRank(phase string) int {
	if i := slices.Index([]string{"", presync, "cutover", "live"}, phase); i >= 0 {
		return i
	}
	return 4
}

// objectsOnly leaves out blocks that steer content: they are no objects of the
// tenant.
func objectsOnly(wanted []*schema.Instance) []*schema.Instance {
	content := func(in *schema.Instance) bool { return in.Kind != nil && in.Kind.Content }
	if !slices.ContainsFunc(wanted, content) {
		return wanted
	}
	return slices.DeleteFunc(slices.Clone(wanted), content)
}

// contents makes the plan's lines of content, the changes of waves and their cost.
func (p *planner) contents() {
	in := &p.in.Content
	moving := map[addr.Address]bool{}
	for i := range in.Streams {
		s := &in.Streams[i]
		if p.chosen(s) {
			p.plan.Content = append(p.plan.Content, p.contentLine(s))
			moving[s.Wave] = true
		}
	}
	if len(p.in.Targets)+len(p.in.Exclude) == 0 {
		for i := range in.Forgotten {
			line := p.contentLine(&in.Forgotten[i])
			line.Forgotten, line.Moved, line.Waits, line.NewItems, line.NewBytes = true, addr.Address{}, "", 0, 0
			p.plan.Content = append(p.plan.Content, line)
		}
		p.plan.Unserved = slices.Clone(in.Unserved)
		slices.SortStableFunc(p.plan.Unserved, func(a, b Unserved) int { return addr.Compare(a.Address, b.Address) })
	}
	slices.SortFunc(p.plan.Content, func(a, b Content) int {
		return cmp.Or(addr.Compare(a.Wave, b.Wave), addr.Compare(a.Address, b.Address))
	})
	for _, w := range in.Waves {
		if p.waveChosen(w.Address, moving[w.Address]) {
			p.wave(w)
		}
	}
	slices.SortFunc(p.plan.Waves, func(a, b WaveChange) int { return addr.Compare(a.Address, b.Address) })
	p.waveless()
	p.refusals()
	p.contentCosts()
}

// chosen applies targets and exclude to a stream. A wave stands for all its
// streams.
func (p *planner) chosen(s *Stream) bool {
	isNamed := func(list []addr.Address) bool {
		return slices.ContainsFunc(list, func(a addr.Address) bool {
			return a == s.Address || !a.Keyed && a == s.Address.Block() || a == s.Wave && !a.IsZero()
		})
	}
	return (p.in.Targets == nil || isNamed(p.in.Targets)) && !isNamed(p.in.Exclude)
}

// waveChosen reports whether the plan brings a wave into its phase: whenever it
// moves something with it.
func (p *planner) waveChosen(a addr.Address, moving bool) bool {
	if slices.Contains(p.in.Exclude, a) {
		return false
	}
	return p.in.Targets == nil || moving || slices.Contains(p.in.Targets, a)
}

func (p *planner) contentLine(s *Stream) Content {
	c := Content{Address: s.Address, Previous: s.Previous, Title: s.Title, Wave: s.Wave, Route: s.Route, Phase: s.Phase, Filters: s.Filters, Passed: s.Passed, Waits: p.waits(s)}
	if s.leftWave() {
		c.Moved = s.With
	}
	if n := s.Counts; n != nil {
		c.Items, c.Bytes, c.NewItems, c.NewBytes = n.Items, n.Bytes, n.NewItems, n.NewBytes
		c.Excluded, c.TooLarge, c.Surveyed = n.Excluded, n.TooLarge, n.Surveyed
		if c.Waits == "" {
			c.Runs = s.runs(n)
			c.Notices = c.Runs * noticesOfRun
			c.Held = c.Runs == 0 && c.NewItems > 0 && s.Runs != nil && !s.Runs.Once
		}
	}
	return c
}

// runs is how many runs of the service the new items take, as far as counts tell: a
// batch may be full of messages or of bytes.
func (s *Stream) runs(n *Counts) int64 {
	r := s.Runs
	switch {
	case r == nil || n.NewItems == 0 || r.Once && r.Done:
		return 0
	case r.Once:
		return 1
	case n.NewItems < r.Smallest && s.Phase != "cutover":
		return 0
	}
	runs := int64(1)
	if r.Items > 0 {
		runs = max(runs, (n.NewItems+r.Items-1)/r.Items)
	}
	if r.Bytes > 0 {
		runs = max(runs, (n.NewBytes+r.Bytes-1)/r.Bytes)
	}
	return runs
}

// waits says why the content of a member cannot be moved yet: who has not signed in
// has no app password, which the service's own migration does not need. "" when it can.
func (p *planner) waits(s *Stream) string {
	o := p.at[s.Member]
	switch {
	case s.Refused != "":
		return s.Refused
	case s.Runs != nil && s.Runs.Done && s.Counts != nil && s.Counts.NewItems > 0:
		return `the service has fetched the mailbox once, as it does; for what came since write route = "gateway" or "append"`
	case o == nil || s.Runs != nil:
		return ""
	case o.spent:
		return "the account of the member is deleted"
	case o.creating():
		return "the member is created first, and has to sign in"
	case o.live != nil && o.live.Status == live.Pending:
		return "the member has not signed in yet"
	case o.live != nil && o.live.Status == live.Awaiting:
		return "the member waits for the activation date"
	}
	return ""
}

// wave notes that a wave comes into another phase, and warns of what is easily
// missed.
func (p *planner) wave(w DeclaredWave) {
	known, previous := p.knownWave(w.Address)
	if known.Phase != w.Phase || !previous.IsZero() {
		p.plan.Waves = append(p.plan.Waves, WaveChange{Address: w.Address, Previous: previous, From: known.Phase, To: w.Phase})
	}
	if w.Phase == "live" && known.Phase == "" && p.neverPassed(w.Address) {
		p.warn(w.Address, w.Place, "wave.begins_live", "in the phase live only mail newer than the last pass is added, and there was none: what the old mailboxes hold stays there",
			`write phase = "presync" first, and "live" when all was moved`)
	}
	if w.Phase != "live" && w.Coexistence != "forwarding" && w.Coexistence != "routing" {
		p.warn(w.Address, w.Place, "wave.gap", "mail that reaches the old server after the last pass is missed by those who work in the new mailbox already",
			`let the old server forward or route mail and write a coexistence block; without it, run passes until mail goes to NAVER WORKS alone, and then write phase = "live"`)
	}
}

// knownWave is what the state has of a wave, and the address by which it knows it, if
// that is another one.
func (p *planner) knownWave(a addr.Address) (known state.Wave, previous addr.Address) {
	if known, ok := p.in.State.Wave(a); ok {
		return known, previous
	}
	for _, w := range p.in.State.Waves {
		if p.moves.Now(w.Address) == a {
			return w, w.Address
		}
	}
	return known, previous
}

// neverPassed reports whether a wave has streams of which none was passed over.
func (p *planner) neverPassed(wave addr.Address) bool {
	some := false
	for i := range p.in.Content.Streams {
		s := &p.in.Content.Streams[i]
		if s.Wave != wave {
			continue
		}
		if !s.Passed.IsZero() || s.Moved {
			return false
		}
		some = true
	}
	return some
}

// waveless warns, once for a block, of streams that never go live.
func (p *planner) waveless() {
	said := map[addr.Address]bool{}
	for i := range p.in.Content.Streams {
		s := &p.in.Content.Streams[i]
		if !s.Wave.IsZero() || said[s.Address.Block()] || !p.chosen(s) {
			continue
		}
		said[s.Address.Block()] = true
		p.warn(s.Address, s.Place, "wave.gap", "it belongs to no wave, so that nothing says how mail arrives during the move, and when people work in the new mailbox: passes go on, and change flags and folders there",
			"write a wave, and name it here")
	}
}

// refusals warns of streams that their route cannot take.
func (p *planner) refusals() {
	for i := range p.in.Content.Streams {
		if s := &p.in.Content.Streams[i]; s.Refused != "" && p.chosen(s) {
			p.warn(s.Address, s.Place, "mail.server_folders", s.Refused, `run isa survey; rename such folders at the old server, or write route = "gateway", which gives them other names`)
		}
	}
}

func (p *planner) warn(a addr.Address, at diag.Place, code, detail, fix string) {
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Warning, Code: code, Summary: summaries()[code], Detail: detail, Fix: fix, Address: a.String(), Place: at,
	})
}

// contentCosts adds up what is to be moved and how long it takes at least.
func (p *planner) contentCosts() {
	c := ContentCost{}
	type sum struct{ items, bytes int64 }
	hosts := map[string]sum{}
	some := false
	for i := range p.in.Content.Streams {
		s := &p.in.Content.Streams[i]
		if !p.chosen(s) {
			continue
		}
		some = true
		if s.Counts == nil {
			c.Open = true
			continue
		}
		c.Items += s.Counts.NewItems
		c.Bytes += s.Counts.NewBytes
		h := hosts[s.Host]
		hosts[s.Host] = sum{h.items + s.Counts.NewItems, h.bytes + s.Counts.NewBytes}
	}
	for host, n := range hosts {
		if n == (sum{}) {
			continue
		}
		pace := p.in.Content.Paces[host]
		if pace.Items <= 0 && pace.Bytes <= 0 {
			c.Open = true
		}
		if pace.Items > 0 {
			c.Seconds = max(c.Seconds, float64(n.items)/pace.Items)
		}
		if pace.Bytes > 0 {
			c.Seconds = max(c.Seconds, float64(n.bytes)/pace.Bytes)
		}
	}
	for i := range p.plan.Content {
		c.Notices += p.plan.Content[i].Notices
	}
	if some {
		p.plan.Cost.Content = &c
	}
}

// content counts phases that go back and streams that change their wave.
func (g *guarding) content() {
	p := g.p
	for _, w := range p.plan.Waves {
		if phaseRank(w.To) < phaseRank(w.From) {
			g.addContent("wave.reopen", "waves go back to an earlier phase (passes would change mailboxes in which people work)",
				fmt.Sprintf("%s: %s → %s", w.Address, w.From, w.To),
				"write the phase that the wave has reached; if it is meant to go back, run again with --allow wave.reopen=%d")
		}
	}
	for i := range p.in.Content.Streams {
		s := &p.in.Content.Streams[i]
		if s.leftWave() && p.chosen(s) {
			g.addContent("wave.membership", "mailboxes change their wave after mail was moved",
				strings.TrimSpace(fmt.Sprintf("%s: %s → %s", s.Address, s.With, waveOr(s.Wave))),
				"put the members back into their wave; if the change is meant, run again with --allow wave.membership=%d")
		}
	}
}

// leftWave reports whether items were moved with another wave than the stream's.
func (s *Stream) leftWave() bool { return s.Moved && !s.With.IsZero() && s.With != s.Wave }

func waveOr(a addr.Address) string {
	if a.IsZero() {
		return "no wave"
	}
	return a.String()
}

// addContent counts one thing that is refused unless the guard is lifted.
func (g *guarding) addContent(code, what, name, fix string) {
	key := tallyKey{code, 0}
	t := g.tallies[key]
	if t == nil {
		t = &tally{code: code, what: what, fix: fix, content: true}
		g.tallies[key] = t
	}
	t.count++
	t.names = append(t.names, name)
}

// Pending reports whether there is something to do about a line.
func (c *Content) Pending() bool { return c.pending() }

// pending reports whether there is something to do about a line: items may move, or
// its wave or its address is to be recorded.
func (c *Content) pending() bool {
	return !c.Forgotten && (!c.Previous.IsZero() || c.NewItems > 0 && !c.Held || c.Surveyed.IsZero() && c.Passed.IsZero() || !c.Moved.IsZero())
}
