package workspace

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
)

// Surveyed is what a survey found.
type Surveyed struct {
	content.Report
	Mailboxes []SurveyedMailbox // in the order of Report.Jobs
}

// SurveyedMailbox is what a survey found in one mailbox.
type SurveyedMailbox struct {
	content.JobReport
	Renamed int      // folders that get another name
	Unused  []string // rules for folders that name none
	Places  []Place  // of all folders, where that was asked for
}

// Place is where a folder goes.
type Place struct {
	Folder   string
	Target   string // "" nowhere
	Items    int64  // -1: not known
	Bytes    int64  // -1: not known
	Excluded string // why it is left out
	Note     string // why it has another name
}

// surveyed adds where folders go, from what the survey has recorded.
func (w *Workspace) surveyed(ctx context.Context, l providers.Ledger, report content.Report, by map[string]*mail.Migration, folders bool) (*Surveyed, error) {
	out := &Surveyed{Report: report}
	known, err := streamsOf(ctx, l)
	if err != nil {
		return nil, err
	}
	for _, j := range report.Jobs {
		box := SurveyedMailbox{JobReport: j}
		if info, ok := known[j.Name]; ok && j.Begun {
			if err := box.places(ctx, l, info, by[j.Name].Rules.Folders, folders); err != nil {
				return nil, err
			}
		}
		out.Mailboxes = append(out.Mailboxes, box)
	}
	return out, nil
}

func (b *SurveyedMailbox) places(ctx context.Context, l providers.Ledger, info providers.StreamInfo, rules mail.FolderRules, all bool) error {
	records, err := recordsOf(ctx, l, info)
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r providers.FolderRecord) bool { return r.Gone })
	folders := make([]providers.Folder, len(records))
	for i, r := range records {
		folders[i] = r.Folder
	}
	b.Unused = rules.Unused(folders)
	rules.Known = targetsOf(records)
	for _, m := range mail.Map(folders, rules) {
		p := Place{Folder: strings.Join(m.Folder.Path, "/"), Target: strings.Join(m.Path, "/"), Items: m.Folder.Items, Bytes: m.Folder.Bytes, Excluded: m.Excluded, Note: m.Note}
		if m.Note != "" {
			b.Renamed++
		}
		if all {
			b.Places = append(b.Places, p)
		}
	}
	return nil
}

func recordsOf(ctx context.Context, l providers.Ledger, info providers.StreamInfo) ([]providers.FolderRecord, error) {
	stream, err := l.Stream(ctx, info)
	if err != nil {
		return nil, err
	}
	return stream.Folders(ctx)
}

// Compared is what a verification found.
type Compared struct {
	content.Verified
	How     content.Verification
	Waiting []Waiting
}

// Status is what the ledger knows. Nobody was asked for it.
type Status struct {
	Mailboxes []Mailbox // by wave and address
	Waves     []WaveSums
	Total     providers.Sums
	Balanced  bool // everything known of has an outcome, in every mailbox
	// Pass is how far the pass under way is, or how far the last one came; nil: none was
	// made.
	Pass *PassProgress
}

// WaveSums is how the mail of a wave has ended.
type WaveSums struct {
	Wave      string // "" no wave
	Phase     string // of the state; "" not applied yet
	Mailboxes int
	Sums      providers.Sums
}

// Mailbox is what the ledger knows of one mailbox.
type Mailbox struct {
	Address   string
	Title     string
	Wave      string
	Phase     string
	Forgotten bool   // no block declares it any more
	Waiting   string // why it cannot be moved yet
	Known     bool   // the ledger knows it
	providers.StreamInfo
	Sums    providers.Sums
	Folders []FolderSums // where asked for
}

// FolderSums is what the ledger knows of one folder.
type FolderSums struct {
	Folder, Target string
	Sums           providers.Sums
	Unserved       string
	Gone           bool
}

// Balanced reports whether all items known of have an outcome.
func (m *Mailbox) Balanced() bool {
	return m.Known && !m.Passed.IsZero() && m.Sums[providers.OnTheWay].Items == 0
}

// Status reads what the ledger knows of the mailboxes that were asked for, also beside a
// pass. folders wants the sums of each folder, as a single mailbox has anyway.
func (w *Workspace) Status(ctx context.Context, folders bool) (*Status, error) {
	out := &Status{Total: providers.Sums{}, Balanced: true}
	var err error
	if out.Pass, err = w.progress(ctx); err != nil {
		return nil, err
	}
	err = w.eachStream(ctx, func(l providers.Ledger, box Mailbox, one int) error {
		if box.Known {
			if err := box.fill(ctx, l, folders || one == 1); err != nil {
				return err
			}
		}
		out.add(box)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// eachStream yields the mailboxes that were asked for, by wave and address, those
// without a block last; of is how many there are. l is nil without a ledger.
func (w *Workspace) eachStream(ctx context.Context, yield func(l providers.Ledger, box Mailbox, of int) error) (err error) {
	st, err := w.Store.Read(ctx)
	if err != nil {
		return err
	}
	chosen, err := w.inContent()
	if err != nil {
		return err
	}
	l, err := w.readLedger(ctx, st)
	if err != nil {
		return err
	}
	known := map[string]providers.StreamInfo{}
	if l != nil {
		defer func() { err = errors.Join(err, l.Close()) }()
		if known, err = streamsOf(ctx, l); err != nil {
			return err
		}
	}
	var boxes []Mailbox
	declared := map[string]bool{}
	for _, m := range w.Mail.Migrations {
		declared[m.Address.String()] = true
		if !chosen.stream(m) {
			continue
		}
		box := Mailbox{Address: m.Address.String(), Title: m.Title, Wave: m.Wave.String(), Phase: statePhase(st, m)}
		box.StreamInfo, box.Known = known[box.Address]
		box.Waiting = notReady(st, m, box.StreamInfo)
		boxes = append(boxes, box)
	}
	if chosen.all() {
		for name, info := range known {
			if !declared[name] {
				boxes = append(boxes, Mailbox{Address: name, Wave: info.Wave, Forgotten: true, Known: true, StreamInfo: info})
			}
		}
	}
	slices.SortFunc(boxes, func(a, b Mailbox) int {
		if a.Forgotten != b.Forgotten {
			return map[bool]int{true: 1, false: -1}[a.Forgotten]
		}
		if a.Wave != b.Wave {
			return strings.Compare(a.Wave, b.Wave)
		}
		return compareAddresses(a.Address, b.Address)
	})
	for _, box := range boxes {
		if err := yield(l, box, len(boxes)); err != nil {
			return err
		}
	}
	return nil
}

// statePhase is the phase that the state has for a migration's wave, "" for a wave that
// was never applied.
func statePhase(st *state.State, m *mail.Migration) string {
	if _, known := st.Wave(m.Wave); !known && !m.Wave.IsZero() {
		return ""
	}
	return string(phaseOf(st, m))
}

func compareAddresses(a, b string) int {
	x, errX := addr.Parse(a)
	y, errY := addr.Parse(b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return addr.Compare(x, y)
}

func (m *Mailbox) fill(ctx context.Context, l providers.Ledger, folders bool) error {
	stream, err := l.Stream(ctx, m.StreamInfo)
	if err != nil {
		return err
	}
	if m.Sums, err = stream.Sums(ctx); err != nil || !folders {
		return err
	}
	records, err := stream.Folders(ctx)
	for _, r := range records {
		f := FolderSums{Folder: strings.Join(r.Path, "/"), Target: strings.Join(r.Target.Path, "/"), Sums: r.Sums, Unserved: r.Unserved, Gone: r.Gone}
		if f.Sums == nil {
			f.Sums = providers.Sums{}
		}
		if r.Left.Items > 0 {
			left := f.Sums[providers.OnTheWay]
			f.Sums[providers.OnTheWay] = providers.Sum{Items: left.Items + r.Left.Items, Bytes: left.Bytes + r.Left.Bytes}
		}
		m.Folders = append(m.Folders, f)
	}
	return err
}

func (s *Status) add(m Mailbox) {
	s.Mailboxes = append(s.Mailboxes, m)
	addSums(s.Total, m.Sums)
	if m.Forgotten {
		return
	}
	s.Balanced = s.Balanced && m.Balanced()
	last := len(s.Waves) - 1
	if last < 0 || s.Waves[last].Wave != m.Wave {
		s.Waves = append(s.Waves, WaveSums{Wave: m.Wave, Phase: m.Phase, Sums: providers.Sums{}})
		last++
	}
	s.Waves[last].Mailboxes++
	addSums(s.Waves[last].Sums, m.Sums)
}

func addSums(to, from providers.Sums) {
	for o, n := range from {
		t := to[o]
		to[o] = providers.Sum{Items: t.Items + n.Items, Bytes: t.Bytes + n.Bytes}
	}
}

// Failure is an item that is not at the target.
type Failure struct {
	Address, Title, Wave string
	Folder               string
	providers.Record
}

// Failures yields the items that are not at their targets, of the mailboxes that were
// asked for, by mailbox, folder and key. Nothing is kept in memory.
func (w *Workspace) Failures(ctx context.Context, yield func(Failure) error) error {
	return w.eachStream(ctx, func(l providers.Ledger, box Mailbox, _ int) error {
		if !box.Known {
			return nil
		}
		stream, err := l.Stream(ctx, box.StreamInfo)
		if err != nil {
			return err
		}
		return stream.Failures(ctx, func(f providers.FolderRecord, r providers.Record) error {
			return yield(Failure{Address: box.Address, Title: box.Title, Wave: box.Wave, Folder: strings.Join(f.Path, "/"), Record: r})
		})
	})
}

// bad are the outcomes of items that should be at the target and are not.
func bad() []providers.Outcome {
	return []providers.Outcome{providers.Refused, providers.Quarantined, providers.Unproven}
}

// badItems counts them.
func badItems(s providers.Sums) (n int64) {
	for _, o := range bad() {
		n += s[o].Items
	}
	return n
}

// Trouble counts items of a mailbox that should be at the target and are not, and that
// a later pass still tries.
func (m *Mailbox) Trouble() int64 {
	if m.Forgotten || !m.Closed.IsZero() {
		return 0
	}
	return badItems(m.Sums)
}
