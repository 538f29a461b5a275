package content

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// errWindow ends a scan because enough items are known by name; errAgain wants the
// pass over a folder to begin again, after a look at the target.
var (
	errWindow = errors.New("window full")
	errAgain  = errors.New("look first")
)

// cursor is where the pass over a folder stands, for when it is interrupted.
type cursor struct {
	key   string // items up to this one are settled
	clean bool   // nothing was put that is not recorded
	stale bool   // keys of the target in the records are those of another folder or epoch
	table bool   // what the target holds is on the table,
	until string // for items up to this one; "": for all
	adopt bool   // the table holds what was there before isa came

	again    string // what failed in earlier passes is tried again up to this one
	unsure   bool   // an item that could not be read may be at the target
	blind    bool   // the target does not tell keys
	low      int64  // keys of the target below it are recorded, 0: unknown
	state    *providers.Folder
	top      string // the last item ever seen, and how many those are
	seen     int64
	thorough bool // the whole folder is gone over, not only what changed
	whole    bool // the scan begins at the first item and leaves none out
	// breaks counts how often an item was on its way when a connection broke.
	breaks map[string]int
	lied   map[string]bool  // of these, those that are not as large as the source lists them
	doubt  map[string]doubt // items that were handed over, and no answer came
	// behind are the items of the window that this pass tried in vain.
	behind map[string]bool
}

// visit is the pass over one folder.
type visit struct {
	*worker
	f     *folder
	led   providers.FolderLedger
	known providers.FolderRecord
	cursor

	first   bool // nothing is recorded: no need to ask
	target  providers.Folder
	limits  providers.Limits
	found   bool // target and limits are known
	made    bool // isa made the target
	begun   bool
	loose   int                // items put since the mark was moved
	tries   map[string]int     // of items that failed before
	strange map[string]bool    // items that are not what the table holds under their print
	invalid map[string]int     // of items that were sent alone and not taken
	odd     []providers.Record // items that the target did not take, while nothing tells whether it takes others
	last    string             // key of the last item scanned
	settled int64              // items given an outcome in this visit, or found with one
	seenNow int64
	later   int64  // items that came after the folder was listed
	latest  string // the last of these
	fresh   []providers.Item
	ahead   int64 // bytes of fresh
	flagged []flagged
}

// attempt goes over a folder, and again from where it stands when something was on
// its way that has to be looked for.
func (w *worker) attempt(ctx context.Context, f *folder) error {
	for {
		v := &visit{worker: w, f: f, known: f.known, cursor: w.task.cursor(f.ID), tries: map[string]int{}, invalid: map[string]int{}, strange: map[string]bool{}}
		var err error
		if v.led, err = w.stream.Folder(ctx, f.Folder); err != nil {
			return book(err)
		}
		err = v.all(ctx)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errAgain) {
			err = errors.Join(err, v.suspend(ctx, err))
		}
		w.task.keep(f.ID, v.cursor)
		if !errors.Is(err, errAgain) {
			return err
		}
		f.known = v.led.Record()
		if err := w.over(); errors.Is(err, errStopped) {
			return err
		}
	}
}

func (k *task) cursor(id string) cursor {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.cursors[id]
}

func (k *task) keep(id string, c cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cursors == nil {
		k.cursors = map[string]cursor{}
	}
	k.cursors[id] = c
}

func (v *visit) all(ctx context.Context) error {
	if err := v.prepare(ctx); err != nil {
		return err
	}
	if v.f.to.Excluded == "" && v.f.known.Done {
		if err := v.retry(ctx); err != nil {
			return err
		}
	}
	if err := v.scan(ctx); err != nil {
		return err
	}
	if v.short() {
		v.key, v.top, v.seen, v.state, v.thorough, v.first = "", "", 0, nil, true, false
		v.later, v.latest = 0, ""
		if err := v.scan(ctx); err != nil {
			return err
		}
	}
	if v.short() {
		return &diag.Failure{Class: diag.Conflict, Op: "read folder", Fix: "see whether the old server can repair or rebuild the folder",
			Detail: fmt.Sprintf("the source says that it holds %d items, but shows %d", v.state.Items, v.seen)}
	}
	return v.finish(ctx)
}

// short reports whether the folder holds more than was shown, or than is recorded
// after a scan of what changed: then all of it has to be gone over. Where an item may
// be shown by several folders nobody can tell.
func (v *visit) short() bool {
	switch {
	case v.f.labelled || v.live() || v.state == nil:
		return false
	case v.whole:
		return v.state.Items > v.seen
	}
	known := v.led.Record()
	return known.Left.Items > 0 || known.Sums[providers.Gone].Items > 0 && v.state.Items > total(known.Sums).Items-known.Sums[providers.Gone].Items
}

// prepare sees to it that what may be at the target already is known before anything
// is put there.
func (v *visit) prepare(ctx context.Context) error {
	known := v.known
	v.first = total(known.Sums).Items+known.Sums[providers.OnTheWay].Items == 0
	v.thorough = v.thorough || known.Gone // the folder is back
	if known.ID != "" && (known.Epoch != v.f.Epoch || v.f.Items != known.Items || v.f.Bytes != known.Bytes || known.Gone) {
		if err := v.led.Survey(ctx, v.f.Folder); err != nil {
			return book(err)
		}
	}
	if v.f.to.Excluded != "" {
		return nil
	}
	if v.clean {
		v.begun = v.table || v.blind
		if v.begun {
			return v.resolve(ctx)
		}
		return nil
	}
	if known.Begun || known.Target.ID == "" || v.stale {
		if err := v.look(ctx); err != nil {
			return err
		}
	}
	v.clean = true
	return nil
}

// resolve finds the folder of the target. Keys recorded of another folder, or of
// another epoch of it, say nothing any more.
func (v *visit) resolve(ctx context.Context) error {
	if v.found {
		return nil
	}
	f, made, err := v.shelf.resolve(ctx, v.dst, v.known.Target, v.f.to)
	if err != nil {
		return err
	}
	v.target, v.found = f, true
	was := v.known.Target
	back := len(v.doubt) > 0 && f.ID == was.ID && f.Next > 0 && f.Next < was.Next // it gives keys a second time
	v.made = made || v.known.Made && was.ID == f.ID
	if was.ID != "" && (was.ID != f.ID || was.Epoch != f.Epoch || back) && !v.stale {
		v.lose()
		v.stale, v.clean, v.key = true, false, ""
		return errAgain
	}
	return nil
}

// begin records, before the first item of a visit is put, from where on the target
// has to be looked at.
func (v *visit) begin(ctx context.Context) error {
	if v.begun {
		return nil
	}
	if err := v.resolve(ctx); err != nil {
		return err
	}
	at := v.target
	if at.Next == 0 && at.Items == 0 {
		at.Next = 1 // it does not tell, but all that will be there is isa's
	}
	if v.low > 0 {
		at.Next = max(at.Next, v.low)
	}
	v.low = max(v.low, at.Next)
	return v.mark(ctx, at.Next)
}

// mark records that what is at the target below next is recorded.
func (v *visit) mark(ctx context.Context, next int64) error {
	at := v.target
	at.Next = next
	if v.made {
		at.Path = v.f.to.Path // as it is wanted, whatever the server makes of it
	}
	if err := v.led.Begin(ctx, at, v.made); err != nil {
		return book(err)
	}
	v.begun, v.loose = true, 0
	v.shelf.filled(at.ID, next)
	return nil
}

// suspend leaves the folder so that the next pass has little to look at.
func (v *visit) suspend(ctx context.Context, why error) error {
	var fault *ledgerFault
	if err := v.giveUp(ctx, why); err != nil {
		return err
	}
	if errors.As(why, &fault) || !v.clean || !v.begun || v.table || v.blind || v.low == 0 || v.loose == 0 {
		return nil
	}
	return v.mark(ctx, v.low)
}

// finish ends the pass over the folder.
func (v *visit) finish(ctx context.Context) error {
	if err := v.bring(ctx); err != nil {
		return err
	}
	if v.blind && v.begun {
		if err := v.learn(ctx); err != nil {
			return err
		}
	}
	if v.table || v.blind {
		if err := v.led.Clear(ctx); err != nil {
			return book(err)
		}
		v.table = false
	}
	if v.f.to.Excluded == "" && v.known.Target.ID == "" && !v.begun && !v.live() {
		if err := v.begin(ctx); err != nil {
			return err
		}
	}
	if v.seenNow != v.settled {
		v.task.mu.Lock()
		v.task.unsound = true
		v.task.report.remark(&v.task.report.Notes, v.f.Folder, fmt.Sprintf("%d items were seen, but %d have an outcome", v.seenNow, v.settled))
		v.task.mu.Unlock()
	}
	if v.unsure {
		return nil // not at its end: the next pass looks again
	}
	state := v.f.Folder
	if v.state != nil {
		state = *v.state
	}
	if v.whole {
		state.Items = v.seen // the listing may be older
	} else {
		state.Items = min(state.Items, total(v.led.Record().Sums).Items)
	}
	state.Mark = v.turn.mark(v.f, state)
	return book(v.led.End(ctx, state))
}

// retry tries again what failed in earlier passes, a window at a time.
func (v *visit) retry(ctx context.Context) error {
	var again []providers.Item
	var failed error
	some := func() error {
		if len(again) == 0 {
			return nil
		}
		v.seenNow += int64(len(again))
		if failed = v.process(ctx, again); failed == nil {
			failed = v.flags(ctx)
		}
		if failed != nil {
			return failed
		}
		v.again, again, v.behind = again[len(again)-1].Key, again[:0], nil
		return nil
	}
	err := v.led.Retry(ctx, func(r providers.Record) error {
		if r.Key <= v.again || v.live() && !v.late(r) || v.turn.tried(v.f.ID, r) {
			return nil
		}
		v.tries[r.Key] = r.Tries
		again = append(again, providers.Item{Key: r.Key, Size: r.Size, Date: r.Date, Flags: r.Flags, Print: providers.Print{Head: r.Print.Head}})
		if len(again) < window {
			return nil
		}
		return some()
	})
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return book(err)
	}
	return some()
}

// process gives items without an outcome one.
func (v *visit) process(ctx context.Context, items []providers.Item) (err error) {
	if items = v.untried(items); len(items) == 0 {
		return nil
	}
	if items, err = v.follow(ctx, items); err != nil || len(items) == 0 {
		return err
	}
	if items, err = v.leaveOut(ctx, items); err != nil || len(items) == 0 {
		return err
	}
	if v.table {
		if items, err = v.take(ctx, items); err != nil || len(items) == 0 {
			return err
		}
	}
	if items, err = v.doubtful(ctx, items); err != nil {
		return err
	}
	return v.copy(ctx, items)
}

// settle records outcomes and tells of them.
func (v *visit) settle(ctx context.Context, records []providers.Record) error {
	return v.settleBy(ctx, records, v.led.Settle)
}

// handOver records what was put, and tells of it: it is there, or in the batch of a job
// whose items are fetched.
func (v *visit) handOver(ctx context.Context, records []providers.Record) error {
	g := v.task.gateway
	if g == nil {
		return v.settle(ctx, records)
	}
	return v.settleBy(ctx, records, func(ctx context.Context, records []providers.Record) error {
		return g.handOver(ctx, v.f.ID, records)
	})
}

func (v *visit) settleBy(ctx context.Context, records []providers.Record, settle func(context.Context, []providers.Record) error) error {
	if len(records) == 0 {
		return nil
	}
	if err := settle(ctx, records); err != nil {
		return book(err)
	}
	v.settled += int64(len(records))
	v.items.Add(int64(len(records)))
	v.noteSettled(records)
	v.run.count(v.task, func(c *Counts) {
		for _, r := range records {
			add(c.Sums, r.Outcome, 1, r.Size)
		}
	})
	v.run.tell(v.task, Event{Kind: Progress, Folder: v.f.Path})
	return nil
}

// record is the beginning of what is remembered of an item.
func (v *visit) record(it providers.Item, outcome providers.Outcome, note string) providers.Record {
	r := providers.Record{Key: it.Key, Same: it.Same, Outcome: outcome, Size: max(it.Size, 0), Date: it.Date, Flags: it.Flags, Print: it.Print, Note: note, Tries: v.tries[it.Key]}
	if !outcome.Final() {
		r.Tries++
	}
	return r
}

// keyOf is the key of the first item from next on.
func keyOf(next int64) string {
	if next <= 0 {
		return ""
	}
	return fmt.Sprintf("%010d", next)
}

// after is the number behind a key, 0 when the key is none.
func after(key string) int64 {
	n, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return 0
	}
	return n + 1
}

// newer reports whether an item came after the last complete pass. A clock may be
// wrong; a message that was only moved at the source keeps its old date.
func (v *visit) newer(it providers.Item) bool {
	const wrong = time.Hour
	return !it.Date.Before(v.stream.Info().Passed.Add(-wrong))
}

// late reports whether an item failed that came after people began to work at the
// target, so that nobody looks for it at the source.
func (t *turn) late(r providers.Record) bool {
	const wrong = time.Hour
	info := t.stream.Info()
	from := info.Closed
	if from.IsZero() {
		from = info.Passed
	}
	return !r.Outcome.Final() && !r.Date.Before(from.Add(-wrong))
}

// impossible is a fault of isa or of a store that breaks its contract.
func impossible(op, detail string) error {
	return &diag.Failure{Class: diag.Internal, Op: op, Detail: detail}
}
