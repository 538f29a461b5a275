package workspace

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

// readdressed finds what the ledger knows by another address than the configuration, or
// with a target that has another name since: by what it is, the stream from this origin
// into this mailbox, and by nothing else. Addresses may be exchanged. A moved block that
// says something else is an error. The result is sorted by the address that is declared.
func (w *Workspace) readdressed(st *state.State, infos []providers.StreamInfo) ([]ledger.Renaming, error) {
	if len(infos) == 0 || len(w.Mail.Migrations) == 0 {
		return nil, nil
	}
	m, err := w.naming(nil)
	if err != nil {
		return nil, err
	}
	r := readdressing{moves: schema.NewMoves(w.Config.Moves), moved: map[addr.Address]providers.StreamInfo{}, free: map[[2]string][]providers.StreamInfo{}}
	byName := make(map[string]providers.StreamInfo, len(infos))
	for _, info := range infos {
		byName[info.Name] = info
	}
	type wanted struct {
		*mail.Migration
		origin, target string
	}
	var missing []wanted
	kept := map[string]bool{}
	for _, one := range w.Mail.Migrations {
		is := wanted{one, m.origin(one).Name(), m.target(one).Name()}
		if known, ok := byName[one.Address.String()]; ok && known.Origin == is.origin && known.Target == is.target {
			kept[known.Name] = true
		} else {
			missing = append(missing, is)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	known := w.memory(st)
	for _, info := range infos {
		if !kept[info.Name] {
			r.add(info, known.mailboxOf(info))
		}
	}
	var out []ledger.Renaming
	for _, one := range missing {
		from, ok, err := r.find(one.Address, one.origin, one.target, known.members[one.Member])
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, ledger.Renaming{From: from.Name, To: one.Address.String(), Target: one.target})
		}
	}
	slices.SortFunc(out, func(a, b ledger.Renaming) int { return cmp.Compare(a.To, b.To) })
	return possible(out, byName), nil
}

// possible leaves out those whose name another stream has that keeps it: the engine
// refuses that mailbox, and no other.
func possible(list []ledger.Renaming, known map[string]providers.StreamInfo) []ledger.Renaming {
	for {
		leaving := map[string]bool{}
		for _, r := range list {
			leaving[r.From] = true
		}
		n := len(list)
		list = slices.DeleteFunc(list, func(r ledger.Renaming) bool { return known[r.To].Name != "" && !leaving[r.To] })
		if len(list) == n {
			return list
		}
	}
}

// readdressing are the streams that no block declares by the names that they have.
type readdressing struct {
	moves schema.Moves
	moved map[addr.Address]providers.StreamInfo // by the address that a moved block gives them
	free  map[[2]string][]providers.StreamInfo  // by origin and target, and by origin and the member's ID
}

// memberEnd is the end of a stream that is a member's mailbox, whatever its name.
func memberEnd(id string) string { return "member " + id }

func (r *readdressing) add(info providers.StreamInfo, member string) {
	ends := [2]string{info.Origin, info.Target}
	r.free[ends] = append(r.free[ends], info)
	if member != "" {
		ends[1] = memberEnd(member)
		r.free[ends] = append(r.free[ends], info)
	}
	if a, err := addr.Parse(info.Name); err == nil {
		if now := r.moves.Now(a); now != a {
			r.moved[now] = info
		}
	}
}

// find is the stream of what is declared at an address, and whether there is one. Of
// several the one counts of which a moved block speaks, or of which alone mail was moved.
func (r *readdressing) find(now addr.Address, origin, target, member string) (providers.StreamInfo, bool, error) {
	same := r.free[[2]string{origin, target}]
	if len(same) == 0 && member != "" {
		same = r.free[[2]string{origin, memberEnd(member)}]
	}
	said, moves := r.moved[now]
	if i := slices.IndexFunc(same, func(info providers.StreamInfo) bool { return info.Name == said.Name }); moves && i >= 0 {
		return same[i], true, nil
	}
	if moves {
		return said, false, r.wrong(now, said, origin, target)
	}
	if i := slices.IndexFunc(same, func(info providers.StreamInfo) bool { return info.Name == now.String() }); i >= 0 {
		return same[i], true, nil
	}
	if len(same) > 1 {
		same = slices.DeleteFunc(slices.Clone(same), func(info providers.StreamInfo) bool { return !info.Moved })
	}
	if len(same) != 1 {
		return providers.StreamInfo{}, false, nil
	}
	return same[0], true, nil
}

// wrong says that a moved block takes one mailbox for another.
func (r *readdressing) wrong(now addr.Address, said providers.StreamInfo, origin, target string) error {
	d := diag.Diagnostic{
		Code: codeMovedMailbox, Summary: "A moved block takes one mailbox for another", Address: now.String(),
		Detail: fmt.Sprintf("a moved block says that %s was %s, which is the move from %s to %s; this one is from %s to %s", now, said.Name, said.Origin, said.Target, origin, target),
		Fix:    "take the moved block away, or correct it: a mailbox under another address is known by its account and its member, and needs no moved block",
	}
	if from, err := addr.Parse(said.Name); err == nil {
		if _, by, _ := r.moves.Follow(from); by != nil {
			d.Place = by.Place
		}
	}
	return d
}

// readdress brings the addresses that the ledger has of mailboxes and of waves up to
// date, so that what was moved stays known and a live mailbox live.
func (w *Workspace) readdress(ctx context.Context, l *ledger.Ledger, st *state.State) error {
	infos, err := l.Streams(ctx)
	if err != nil || len(infos) == 0 {
		return err
	}
	list, err := w.readdressed(st, infos)
	if err != nil {
		return err
	}
	if err := l.Rename(ctx, list...); err != nil {
		return err
	}
	if infos, err = l.Streams(ctx); err != nil {
		return err
	}
	moves := schema.NewMoves(w.Config.Moves)
	for _, info := range infos {
		wave := addressNow(moves, info.Wave)
		if wave == info.Wave {
			continue
		}
		stream, err := l.Stream(ctx, info)
		if err != nil {
			return err
		}
		info.Wave = wave
		if err := stream.Note(ctx, info); err != nil {
			return err
		}
	}
	return nil
}

// addressNow is an address after the moved blocks; what is none stays.
func addressNow(moves schema.Moves, address string) string {
	a, err := addr.Parse(address)
	if err != nil {
		return address
	}
	return moves.Now(a).String()
}

// elsewhere says of a route by which nobody can look what is in the mailbox why a
// migration that nothing is known of cannot begin: its account was moved before, and all
// would be there twice, should it be the same mailbox. "" when it can.
func elsewhere(one *mail.Migration, origin string, known map[string]providers.StreamInfo, byOrigin map[string][]providers.StreamInfo) string {
	if !fetched(one) || known[one.Address.String()].Moved {
		return ""
	}
	for _, other := range byOrigin[origin] {
		if other.Name == one.Address.String() || one.Shared {
			continue
		}
		return fmt.Sprintf("%s was moved to %s before, as %s, and it is not known whether that is the same mailbox: by the route %s all would arrive a second time. "+
			"If it is, say route = \"append\", by which isa looks first. If it is another one, which is to have all of it too, write shared_account = true",
			origin, other.Target, other.Name, one.Route)
	}
	return ""
}

// movedFrom are the streams of which mail was moved, by their origin.
func movedFrom(known map[string]providers.StreamInfo) map[string][]providers.StreamInfo {
	out := map[string][]providers.StreamInfo{}
	for _, info := range known {
		if info.Moved {
			out[info.Origin] = append(out[info.Origin], info)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b providers.StreamInfo) int { return cmp.Compare(a.Name, b.Name) })
	}
	return out
}
