package workspace

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
)

// memory is what the state has of mailboxes, whatever their addresses are now. The ledger is
// not asked: it may be lost.
type memory struct {
	streams map[string][]state.Stream // by origin
	moves   schema.Moves
	members map[addr.Address]string // the service's IDs, by the address that the configuration has
	member  map[addr.Address]string // of the member of a migration, by the migration's address
}

func (w *Workspace) memory(st *state.State) *memory {
	m := &memory{streams: map[string][]state.Stream{}, moves: schema.NewMoves(w.Config.Moves), members: map[addr.Address]string{}, member: map[addr.Address]string{}}
	for _, s := range st.Streams {
		m.streams[s.Origin] = append(m.streams[s.Origin], s)
	}
	for _, o := range st.Objects {
		if now := m.moves.Now(o.Address); now != o.Address && o.ID != "" {
			m.members[now] = o.ID
		}
	}
	for _, o := range st.Objects { // what has its address already goes before what is to have it
		if m.moves.Now(o.Address) == o.Address && o.ID != "" {
			m.members[o.Address] = o.ID
		}
	}
	for _, one := range w.Mail.Migrations {
		m.member[one.Address] = m.members[one.Member]
	}
	return m
}

// of is what is remembered of the move of an account into a member's mailbox: by its
// address, by the one that it had, by its ends. Of several all counts. What another account
// is moved by is never meant, whatever its address.
func (m *memory) of(address addr.Address, origin, target string) (out state.Stream) {
	name, id := address.String(), m.member[address]
	for _, s := range m.streams[origin] {
		if s.Target != target && s.Name != name && (id == "" || s.Member != id) && addressNow(m.moves, s.Name) != name {
			continue
		}
		before := out
		out = s
		if before.Passed.After(s.Passed) {
			out = before
		}
		out.Batches = max(s.Batches, before.Batches)
		if out.Served = s.Served; out.Served.IsZero() {
			out.Served = before.Served
		}
	}
	return out
}

// mailboxOf is the service's ID of the member whose mailbox the target of a stream is, ""
// when that is not known.
func (m *memory) mailboxOf(info providers.StreamInfo) string {
	for _, s := range m.streams[info.Origin] {
		if s.Target == info.Target && s.Member != "" {
			return s.Member
		}
	}
	return ""
}

// rememberedStreams are what the state has of the streams of the ledger, by the names that
// the ledger has: what has the same origin, and the same target, member or name, in this
// order. members are the IDs of members that are known, by the streams' names.
func rememberedStreams(st *state.State, infos []providers.StreamInfo, members map[string]string) map[string]state.Stream {
	byOrigin := map[string][]state.Stream{}
	for _, s := range st.Streams {
		byOrigin[s.Origin] = append(byOrigin[s.Origin], s)
	}
	out := map[string]state.Stream{}
	for _, info := range infos {
		best := 0
		for _, s := range byOrigin[info.Origin] {
			likeness := 0
			if s.Target == info.Target {
				likeness += 4
			}
			if s.Member != "" && s.Member == members[info.Name] {
				likeness += 2
			}
			if s.Name == info.Name {
				likeness++
			}
			if likeness > best {
				best, out[info.Name] = likeness, s
			}
		}
	}
	return out
}

// knownOtherwise reports whether the state has mailboxes by other names than the ledger,
// or targets.
func (w *Workspace) knownOtherwise(st *state.State, known map[string]providers.StreamInfo) (bool, error) {
	infos := slices.Collect(maps.Values(known))
	members, err := w.membersOf(st, infos)
	if err != nil {
		return false, err
	}
	for name, s := range rememberedStreams(st, infos, members) {
		if s.Name != name || s.Target != known[name].Target {
			return true, nil
		}
	}
	return false, nil
}

// routesIn are the routes of the mailboxes, by the names that the state has for them too.
func (w *Workspace) routesIn(st *state.State) (map[string]string, error) {
	routes := w.routes()
	if len(st.Streams) == 0 {
		return routes, nil
	}
	m, err := w.naming(nil)
	if err != nil {
		return nil, err
	}
	known := w.memory(st)
	for _, one := range w.Mail.Migrations {
		if s := known.of(one.Address, m.origin(one).Name(), m.target(one).Name()); s.Name != "" {
			routes[s.Name] = one.Route
		}
	}
	return routes, nil
}

// membersOf are the service's IDs of the members whose mailboxes streams go to, by the
// streams' names: of those that are as the configuration says.
func (w *Workspace) membersOf(st *state.State, infos []providers.StreamInfo) (map[string]string, error) {
	m, err := w.naming(nil)
	if err != nil {
		return nil, err
	}
	declared := make(map[string]*mail.Migration, len(w.Mail.Migrations))
	for _, one := range w.Mail.Migrations {
		declared[one.Address.String()] = one
	}
	out := map[string]string{}
	for _, info := range infos {
		one := declared[info.Name]
		if one == nil || m.target(one).Name() != info.Target || m.origin(one).Name() != info.Origin {
			continue
		}
		if o, ok := st.Find(one.Member); ok {
			out[info.Name] = o.ID
		}
	}
	return out, nil
}

// forgotten are the entries that take what was known by old names out of the state.
func forgotten(names ...string) (out []state.Entry) {
	slices.Sort(names)
	for _, name := range names {
		if a, err := addr.Parse(name); err == nil { // else no isa wrote it
			out = append(out, state.Entry{Drop: &state.Drop{Step: "rekey", Address: a}})
		}
	}
	return out
}
