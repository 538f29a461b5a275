package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state/filelock"
)

// Times of a pass under way: how often its record is written, and over how long its pace
// is measured.
const (
	progressEvery = 3 * time.Second
	paceOver      = time.Minute
	paceStep      = 2 * time.Second // between two samples
)

// PassProgress is how far a pass is, or how far the last one came: what the process that
// makes it writes beside the ledger (docs/formats.md) for `isa status`. It holds no
// content and no secret.
type PassProgress struct {
	Version   string    `json:"format_version"`
	PID       int       `json:"pid"`
	Start     time.Time `json:"start"`
	Written   time.Time `json:"written"`
	End       time.Time `json:"end,omitzero"` // zero: not over when it was written
	Jobs      int       `json:"mailboxes_ended"`
	OfJobs    int       `json:"mailboxes"`
	Total     Pace      `json:"total"`
	Mailboxes []Pace    `json:"by_mailbox"` // those that had a turn, by address

	// Under: it is under way at this moment. Cut: its process ended before it did.
	Under bool `json:"-"`
	Cut   bool `json:"-"`
}

// Pace is how far a pass is with a mailbox, or with all.
type Pace struct {
	Address  string  `json:"address,omitempty"`
	Items    int64   `json:"items"`            // given an outcome in this pass
	Bytes    int64   `json:"bytes"`            // of these
	Expected int64   `json:"expected"`         // items, as far as is known yet
	Rate     float64 `json:"items_per_second"` // in the last minute; of what is over, on the whole
	ByteRate float64 `json:"bytes_per_second"` // the same
	Left     float64 `json:"seconds_left"`     // at this pace; 0: none, or not known
	State    string  `json:"state,omitempty"`  // of a mailbox: "moving", "waiting", "ended", "failed"
}

// meter measures the pace of a mailbox, or of all.
type meter struct {
	began   time.Time
	done    providers.Sum
	known   int64 // to be moved, as the ledger had it before
	expect  int64
	state   string
	ended   time.Time // zero: not yet
	samples []sample  // of the last minute, the oldest first
}

type sample struct {
	at   time.Time
	done providers.Sum
}

// take notes how far it is.
func (m *meter) take(now time.Time, c content.Counts) {
	m.done = settled(c.Sums)
	m.expect = max(m.known, c.Expect.Items, m.done.Items)
	if n := len(m.samples); n == 0 || now.Sub(m.samples[n-1].at) >= paceStep {
		m.samples = append(m.samples, sample{now, m.done})
	}
}

// pace is how fast it is at a moment.
func (m *meter) pace(now time.Time) Pace {
	for len(m.samples) > 1 && now.Sub(m.samples[1].at) > paceOver {
		m.samples = m.samples[1:]
	}
	p := Pace{Items: m.done.Items, Bytes: m.done.Bytes, Expected: m.expect, State: m.state}
	from := sample{at: m.began}
	switch {
	case !m.ended.IsZero():
		now = m.ended
	case len(m.samples) > 0 && now.Sub(m.samples[0].at) >= paceStep:
		from = m.samples[0]
	}
	if seconds := now.Sub(from.at).Seconds(); seconds > 0 {
		p.Rate = float64(m.done.Items-from.done.Items) / seconds
		p.ByteRate = float64(m.done.Bytes-from.done.Bytes) / seconds
	}
	if m.ended.IsZero() && p.Rate > 0 {
		p.Left = float64(p.Expected-p.Items) / p.Rate
	}
	return p
}

// progressKeeper keeps the record of a pass. A record that cannot be written is told
// once and hinders nothing.
type progressKeeper struct {
	w    *Workspace
	stop chan struct{}
	over sync.WaitGroup

	mu     sync.Mutex
	record PassProgress
	all    meter
	by     map[string]*meter
	told   bool
}

// progressPath is where the record of the last pass stands: beside the ledger.
func (w *Workspace) progressPath() string { return w.LedgerPath() + ".progress" }

// keepProgress begins a record; expect is how many items the ledger knows to be pending.
// The caller ends it.
func (w *Workspace) keepProgress(jobs int, expect int64) *progressKeeper {
	now := w.env.Now()
	k := &progressKeeper{w: w, stop: make(chan struct{}), by: map[string]*meter{},
		all: meter{began: now, known: expect, expect: expect}, record: PassProgress{Version: ReportVersion, PID: os.Getpid(), Start: now, OfJobs: jobs}}
	k.write()
	k.over.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-k.stop:
				return
			case <-ticker.C:
				k.write()
			}
		}
	})
	return k
}

// observe takes an event of the engine.
func (k *progressKeeper) observe(e content.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all.take(e.Time, e.All)
	k.record.Jobs = e.All.Jobs
	if e.Job == "" {
		return
	}
	m := k.by[e.Job]
	if m == nil {
		m = &meter{began: e.Time}
		k.by[e.Job] = m
	}
	m.take(e.Time, e.Here)
	switch e.Kind {
	case content.Began, content.Progress:
		m.state = "moving"
	case content.Waiting, content.TurnOver:
		m.state = "waiting"
	case content.Ended, content.Failed:
		m.state = string(e.Kind)
		m.ended, m.samples = e.Time, nil
	}
}

// end writes the record of a pass that is over.
func (k *progressKeeper) end() {
	close(k.stop)
	k.over.Wait()
	k.mu.Lock()
	k.record.End = k.w.env.Now()
	k.all.ended = k.record.End
	for _, m := range k.by {
		if m.ended.IsZero() {
			m.ended = k.record.End
		}
	}
	k.mu.Unlock()
	k.write()
}

// write replaces the record.
func (k *progressKeeper) write() {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.w.env.Now()
	r := k.record
	r.Written, r.Total = now, k.all.pace(now)
	r.Mailboxes = make([]Pace, 0, len(k.by))
	for _, name := range slices.Sorted(maps.Keys(k.by)) {
		p := k.by[name].pace(now)
		p.Address = name
		r.Mailboxes = append(r.Mailboxes, p)
	}
	data, err := json.Marshal(r)
	if err == nil {
		err = atomicfile.Write(k.w.progressPath(), 0o600, append(data, '\n'))
	}
	if err != nil && !k.told {
		k.told = true
		k.w.env.Tell("Note: isa status cannot show how far this pass is: " + view.Line(err.Error()))
	}
}

// progress reads how far the pass is that is under way, or how far the last one came;
// nil: none was ever made here.
func (w *Workspace) progress(ctx context.Context) (*PassProgress, error) {
	for try := 0; ; try++ {
		data, err := os.ReadFile(w.progressPath())
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		p := &PassProgress{}
		if err := json.Unmarshal(data, p); err != nil || p.Version != ReportVersion {
			return nil, fmt.Errorf("%s is not what isa wrote there; remove it, the next pass writes it anew", w.progressPath())
		}
		if !p.End.IsZero() {
			return p, nil
		}
		holder, held, err := filelock.Held(w.LedgerPath() + ".lock")
		if err != nil {
			return nil, err
		}
		p.Under = held && holder.PID == p.PID && !holder.Since.After(p.Start)
		p.Cut = !p.Under
		if p.Under || try > 0 {
			return p, nil
		}
		// It may have ended between the two looks.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// Of is the pace of a mailbox; nil: it had no turn in that pass.
func (p *PassProgress) Of(address string) *Pace {
	if p == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(p.Mailboxes, address, func(one Pace, address string) int {
		switch {
		case one.Address < address:
			return -1
		case one.Address > address:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &p.Mailboxes[i]
}

// Text is "1,204 of 20,000 messages, 31.2 MB, 44.1/s, 1.1 MB/s, 7 min left".
func (p Pace) Text() string {
	text := view.Plural(int(p.Items), "message")
	if p.Expected > p.Items {
		text = fmt.Sprintf("%s of %s", view.Number(int(p.Items)), view.Plural(int(p.Expected), "message"))
	}
	if p.Bytes > 0 {
		text += ", " + view.Bytes(p.Bytes)
	}
	if p.Rate > 0 {
		text += fmt.Sprintf(", %.1f/s, %s/s", p.Rate, view.Bytes(int64(p.ByteRate)))
	}
	if left := p.Remaining(); left > 0 {
		text += ", " + view.Duration(left) + " left"
	}
	return text
}

// Remaining is the time that is left at this pace, 0 when that is not known.
func (p Pace) Remaining() time.Duration { return time.Duration(p.Left * float64(time.Second)) }
