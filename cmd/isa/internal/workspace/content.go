package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
)

// blocks are the kinds of blocks that a configuration may have: those of objects,
// which a plan compares with the tenant, and those that steer content.
func blocks() []*schema.Kind { return append(directory.Schemas(), mail.Schemas()...) }

// Objects are the kinds of blocks that are objects of the tenant.
func Objects() []*schema.Kind { return append(directory.Schemas(), mail.Objects()...) }

// declaredContent is what the configuration says about content, as the planner takes
// it, with what the ledger knows of it. Nobody is logged in anywhere.
func (w *Workspace) declaredContent(ctx context.Context, st *state.State) (planner.DeclaredContent, error) {
	out := planner.DeclaredContent{Paces: map[string]planner.Pace{}}
	for _, s := range w.Mail.Sources {
		out.Paces[s.Server()] = planner.Pace{Items: float64(s.Limits.MessagesPerSecond), Bytes: float64(s.Limits.BytesPerSecond)}
		for _, what := range s.Unserved {
			out.Unserved = append(out.Unserved, planner.Unserved{Address: s.Address, What: what})
		}
	}
	chosen, err := w.inContent()
	if err != nil {
		return out, err
	}
	for _, wave := range w.Mail.Waves {
		if chosen.wave(wave.Address) {
			out.Waves = append(out.Waves, planner.DeclaredWave{
				Address: wave.Address, Phase: string(wave.Phase), Coexistence: wave.Coexistence.Mode, Place: wave.Place,
			})
		}
	}
	for _, m := range w.Mail.Migrations {
		if chosen.stream(m) {
			out.Streams = append(out.Streams, planner.Stream{
				Address: m.Address, Title: m.Title, Member: m.Member, Route: m.Route, Phase: string(m.Phase), Filters: m.Filters,
				Wave: m.Wave, Host: m.Source.Server(), Place: m.Place, Runs: runsOf(m), Refused: notServed(m, time.Time{}, nil),
			})
		}
	}
	return out, w.remembered(ctx, st, &out, chosen.all())
}

// runsOf says how the service fetches the mail of a migration; nil: isa puts it there.
func runsOf(m *mail.Migration) *planner.Runs {
	switch m.Route {
	case mail.RouteGateway:
		b := m.Gateway.Batch
		return &planner.Runs{Items: int64(b.Messages), Bytes: b.Bytes, Smallest: int64(b.Smallest)}
	case mail.RouteServer:
		return &planner.Runs{Once: true}
	}
	return nil
}

// remembered fills in what the ledger knows.
func (w *Workspace) remembered(ctx context.Context, st *state.State, d *planner.DeclaredContent, whole bool) (err error) {
	if len(d.Streams) == 0 && st.Ledger == nil {
		return nil
	}
	l, err := w.readLedger(ctx, st)
	if err != nil || l == nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	infos, err := l.Streams(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]providers.StreamInfo, len(infos))
	for _, info := range infos {
		known[info.Name] = info
	}
	declared := make(map[string]*mail.Migration, len(w.Mail.Migrations))
	for _, m := range w.Mail.Migrations {
		declared[m.Address.String()] = m
	}
	list, err := w.readdressed(st, infos)
	if err != nil {
		return err
	}
	renamed := make(map[string]string, len(list))
	moved := map[string]bool{} // names that the ledger has of what is declared under another
	for _, r := range list {
		renamed[r.To], moved[r.From] = r.From, true
	}
	odd, moves := unserved{}, schema.NewMoves(w.Config.Moves)
	for i := range d.Streams {
		s := &d.Streams[i]
		one := declared[s.Address.String()]
		info, ok := known[s.Address.String()]
		ok = ok && !moved[info.Name]
		if was := renamed[s.Address.String()]; was != "" {
			if was != s.Address.String() {
				if s.Previous, err = addr.Parse(was); err != nil {
					return fmt.Errorf("the ledger names the mailbox %q: %w", was, err)
				}
			}
			info, ok = known[was]
		}
		if !ok {
			continue
		}
		records, err := w.remember(ctx, l, moves, info, s, one.Rules.Folders)
		if err != nil {
			return err
		}
		if err := w.rememberServed(ctx, l, info, s, one, records); err != nil {
			return err
		}
		odd.add(one.Source.Address, records)
	}
	d.Unserved = append(d.Unserved, odd.list()...)
	if whole {
		for _, info := range infos {
			a, err := addr.Parse(info.Name)
			if err != nil || declared[info.Name] != nil || moved[info.Name] {
				continue // a name that no isa gives stands for nothing that a block could
			}
			d.Forgotten = append(d.Forgotten, planner.Stream{Address: a, Moved: info.Moved, Passed: info.Passed})
			if _, err := w.remember(ctx, l, moves, info, &d.Forgotten[len(d.Forgotten)-1], mail.FolderRules{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// remember fills in what the ledger knows of one stream. What folders hold that are
// left out is no work, although it has no outcome yet.
func (w *Workspace) remember(ctx context.Context, l providers.Ledger, moves schema.Moves, info providers.StreamInfo, s *planner.Stream, rules mail.FolderRules) ([]providers.FolderRecord, error) {
	stream, err := l.Stream(ctx, info)
	if err != nil {
		return nil, err
	}
	sums, err := stream.Sums(ctx)
	if err != nil {
		return nil, err
	}
	records, err := stream.Folders(ctx)
	if err != nil {
		return nil, err
	}
	s.Passed, s.Moved = info.Passed, info.Moved
	if info.Wave != "" {
		if s.With, err = addr.Parse(addressNow(moves, info.Wave)); err != nil {
			return nil, fmt.Errorf("the ledger names the wave %q: %w", info.Wave, err)
		}
	}
	surveyed := info.Surveyed
	if info.Passed.After(surveyed) {
		surveyed = info.Passed
	}
	if surveyed.IsZero() && len(records) == 0 {
		return records, nil
	}
	c := &planner.Counts{Surveyed: surveyed, Excluded: sums[providers.Excluded].Items, TooLarge: sums[providers.TooLarge].Items}
	for _, n := range sums {
		c.Items += n.Items
		c.Bytes += n.Bytes
	}
	left := sums[providers.OnTheWay]
	out := leftOut(records, rules)
	left.Items, left.Bytes = max(0, left.Items-out.Items), max(0, left.Bytes-out.Bytes)
	c.NewItems, c.NewBytes, c.Excluded = left.Items, left.Bytes, c.Excluded+out.Items
	s.Counts = c
	return records, nil
}

// rememberServed fills in whether the service may fetch an old mailbox itself, and has.
func (w *Workspace) rememberServed(ctx context.Context, l providers.Ledger, info providers.StreamInfo, s *planner.Stream, one *mail.Migration, records []providers.FolderRecord) error {
	if s.Runs == nil || !s.Runs.Once {
		return nil
	}
	stream, err := l.Stream(ctx, info)
	if err != nil {
		return err
	}
	begun, err := served(ctx, stream)
	if err != nil {
		return err
	}
	if s.Runs.Done = !begun.IsZero(); s.Runs.Done {
		s.Refused = ""
		return nil
	}
	s.Refused = notServed(one, info.Surveyed, records)
	return nil
}

// leftOut sums what is not settled in folders that the rules leave out.
func leftOut(records []providers.FolderRecord, rules mail.FolderRules) (out providers.Sum) {
	some := false
	folders := make([]providers.Folder, len(records))
	for i, r := range records {
		folders[i] = r.Folder
		some = some || r.Left.Items > 0
	}
	if !some {
		return out
	}
	rules.Known = targetsOf(records)
	for i, m := range mail.Map(folders, rules) {
		if m.Excluded != "" {
			out.Items += records[i].Left.Items
			out.Bytes += records[i].Left.Bytes
		}
	}
	return out
}

// unserved gathers what was found at sources and nobody can move: by source and reason
// how many mailboxes have it, and one folder's name.
type unserved map[unservedKey]*unservedFound

type unservedKey struct {
	source addr.Address
	reason string
}

type unservedFound struct {
	folders, mailboxes int
	example            string
}

func (u unserved) add(source addr.Address, records []providers.FolderRecord) {
	seen := map[string]bool{}
	for _, r := range records {
		if r.Unserved == "" || r.Unserved == providers.FoldersOnly || r.Gone {
			continue
		}
		k := unservedKey{source, r.Unserved}
		if u[k] == nil {
			u[k] = &unservedFound{example: strings.Join(r.Path, "/")}
		}
		u[k].folders++
		if !seen[r.Unserved] {
			seen[r.Unserved] = true
			u[k].mailboxes++
		}
	}
}

func (u unserved) list() []planner.Unserved {
	keys := slices.SortedFunc(maps.Keys(u), func(a, b unservedKey) int {
		if c := addr.Compare(a.source, b.source); c != 0 {
			return c
		}
		return strings.Compare(a.reason, b.reason)
	})
	var out []planner.Unserved
	for _, k := range keys {
		f := u[k]
		what := fmt.Sprintf("%s such as %q in %s: %s", view.Plural(f.folders, "folder"), f.example, view.Plural(f.mailboxes, "mailbox"), k.reason)
		if f.folders == 1 {
			what = fmt.Sprintf("the folder %q: %s", f.example, k.reason)
		}
		out = append(out, planner.Unserved{Address: k.source, What: what})
	}
	return out
}
