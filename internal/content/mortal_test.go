package content

import (
	"context"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

var errDead = &diag.Failure{Class: diag.Cancelled, Op: "the process died"}

// mortal is a ledger whose process may die before or after any change.
type mortal struct {
	providers.Ledger
	w *weather
}

type mortalStream struct {
	providers.Stream
	w *weather
}

type mortalFolder struct {
	providers.FolderLedger
	w *weather
}

// write does a change unless the process is dead; it may die right after it.
func (w *weather) write(do func() error) error {
	w.mu.Lock()
	dead := w.step()
	w.mu.Unlock()
	if dead {
		return errDead
	}
	if err := do(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.step() {
		return errDead
	}
	return nil
}

func (m mortal) Stream(ctx context.Context, about providers.StreamInfo) (providers.Stream, error) {
	s, err := m.Ledger.Stream(context.WithoutCancel(ctx), about)
	return mortalStream{s, m.w}, err
}

func (m mortalStream) Folder(ctx context.Context, f providers.Folder) (providers.FolderLedger, error) {
	led, err := m.Stream.Folder(context.WithoutCancel(ctx), f)
	return mortalFolder{led, m.w}, err
}

func (m mortalStream) Note(ctx context.Context, info providers.StreamInfo) error {
	return m.w.write(func() error { return m.Stream.Note(context.WithoutCancel(ctx), info) })
}

func (m mortalFolder) Survey(ctx context.Context, f providers.Folder) error {
	return m.w.write(func() error { return m.FolderLedger.Survey(context.WithoutCancel(ctx), f) })
}

func (m mortalFolder) Begin(ctx context.Context, f providers.Folder, made bool) error {
	return m.w.write(func() error { return m.FolderLedger.Begin(context.WithoutCancel(ctx), f, made) })
}

func (m mortalFolder) Settle(ctx context.Context, r []providers.Record) error {
	return m.w.write(func() error { return m.FolderLedger.Settle(context.WithoutCancel(ctx), r) })
}

func (m mortalFolder) End(ctx context.Context, f providers.Folder) error {
	return m.w.write(func() error { return m.FolderLedger.End(context.WithoutCancel(ctx), f) })
}

func (m mortalFolder) Moved(ctx context.Context, f, to providers.Folder) error {
	return m.w.write(func() error { return m.FolderLedger.Moved(context.WithoutCancel(ctx), f, to) })
}

func (m mortalFolder) Shelve(ctx context.Context, epoch string) error {
	return m.w.write(func() error { return m.FolderLedger.Shelve(context.WithoutCancel(ctx), epoch) })
}

func (m mortalFolder) Unshelve(ctx context.Context) error {
	return m.w.write(func() error { return m.FolderLedger.Unshelve(context.WithoutCancel(ctx)) })
}

func (m mortalFolder) Miss(ctx context.Context, after, upTo string, listed []string) error {
	return m.w.write(func() error { return m.FolderLedger.Miss(context.WithoutCancel(ctx), after, upTo, listed) })
}

func (m mortalFolder) Arrive(ctx context.Context, r []providers.Record) error {
	return m.w.write(func() error { return m.FolderLedger.Arrive(context.WithoutCancel(ctx), r) })
}

func (m mortalFolder) Follow(ctx context.Context, items []providers.Item) (out map[string]providers.Followed, err error) {
	err = m.w.write(func() (err error) {
		out, err = m.FolderLedger.Follow(context.WithoutCancel(ctx), items)
		return err
	})
	return out, err
}

func (m mortalFolder) Lay(ctx context.Context, items []providers.Item) error {
	return m.w.write(func() error { return m.FolderLedger.Lay(context.WithoutCancel(ctx), items) })
}

func (m mortalFolder) Return(ctx context.Context, items []providers.Item) error {
	return m.w.write(func() error { return m.FolderLedger.Return(context.WithoutCancel(ctx), items) })
}

func (m mortalFolder) Claim(ctx context.Context, whole bool) error {
	return m.w.write(func() error { return m.FolderLedger.Claim(context.WithoutCancel(ctx), whole) })
}

func (m mortalFolder) Clear(ctx context.Context) error {
	return m.w.write(func() error { return m.FolderLedger.Clear(context.WithoutCancel(ctx)) })
}

func (m mortalFolder) Take(ctx context.Context, items []providers.Item) (out map[string]providers.Taken, err error) {
	err = m.w.write(func() (err error) {
		out, err = m.FolderLedger.Take(context.WithoutCancel(ctx), items)
		return err
	})
	return out, err
}

func (m mortalFolder) Reclaim(ctx context.Context, items []providers.Item) (out map[string]providers.Record, err error) {
	err = m.w.write(func() (err error) {
		out, err = m.FolderLedger.Reclaim(context.WithoutCancel(ctx), items)
		return err
	})
	return out, err
}
