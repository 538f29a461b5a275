package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/executor"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

// Lock begins exclusive use of the state.
func (w *Workspace) Lock(ctx context.Context, what string) (state.Session, error) {
	return w.Store.Lock(ctx, state.Holder{
		ID: rand.Text(), Who: local.Who(), PID: os.Getpid(), Since: w.env.Now(), What: what,
	})
}

// Execute carries plan out and shows how far it is. once stops new steps, abort
// also running ones.
func (w *Workspace) Execute(once, abort context.Context, session state.Session, plan *planner.Plan, snap live.Snapshot) (r Result, err error) {
	if err := w.CheckHandout(plan); err != nil {
		return Result{}, err
	}
	if err := w.askFor(once, plan); err != nil {
		return Result{}, err
	}
	if err := w.connected(); err != nil {
		return Result{}, err
	}
	t := w.tenant
	t.lanes.Spend(w.pace.budget(plan.Cost.Budget))
	p := w.env.Progress(t.Waits)
	defer p.Close()
	steps := 0
	for _, c := range plan.Changes {
		steps += len(c.Steps)
	}
	task := p.Task("applying", "step", steps)
	defer task.Drop()
	if least := w.pace.least(plan); least > 0 {
		task.Least(least)
	}
	h := &handout{path: w.env.Path(w.Config.Isa.HandoutPath), recipients: w.Config.Isa.HandoutRecipients}
	opts := executor.Options{
		Plan: plan, Kinds: t.kinds, Session: session, Live: snap, Secret: w.Secret(abort), Open: w.open,
		Observe: w.observer(p, task), Stops: api.Unauthorised, Abort: abort, Now: w.env.Now, Tool: Version, Who: local.Who(),
	}
	if len(h.recipients) > 0 {
		opts.Handout = h.put
	}
	defer func() { err = errors.Join(err, h.close()) }()
	before := t.calls.Load()
	r.Report, err = executor.Run(once, opts)
	r.Calls = int(t.calls.Load() - before)
	return r, err
}

// open opens a file that the configuration names.
func (w *Workspace) open(name string) (fs.File, error) { return config.OpenFile(w.Config.Dir, name) }

// Result is what a run did, and how many requests it sent, repeated ones included.
type Result struct {
	executor.Report
	Calls int
}

// observer shows events: on a terminal the bar and what went wrong, else a line
// each.
func (w *Workspace) observer(p *view.Progress, task *view.Task) func(executor.Event) {
	return func(e executor.Event) {
		switch e.Kind {
		case executor.Done:
			task.Set(e.Finished)
			if !w.env.ErrTerminal {
				p.Line(fmt.Sprintf("%s %s  %s  (%d of %d)", VerbWord(e.Verb), e.Title, e.Address, e.Finished, e.Total))
			}
		case executor.Fault:
			task.Set(e.Finished)
			p.Line(fmt.Sprintf("failed: %s %s  %s: %v", VerbWord(e.Verb), e.Title, e.Address, e.Err))
		case executor.Skip:
			task.Set(e.Finished)
			p.Line(fmt.Sprintf("skipped: %s %s  %s: %s", VerbWord(e.Verb), e.Title, e.Address, e.Reason))
		case executor.Waiting:
			p.Line(fmt.Sprintf("waiting: %s %s  %s: %s", VerbWord(e.Verb), e.Title, e.Address, e.Reason))
		case executor.Stopped:
			p.Line("stopping: " + e.Reason)
		case executor.Started, executor.Unbegun:
		}
	}
}

// VerbWord names what a step does in the words of a plan.
func VerbWord(v planner.Verb) string {
	switch v {
	case planner.DoPatch:
		return "update"
	case planner.DoUndelete:
		return "restore"
	case planner.DoRelocate:
		return "move"
	}
	return string(v)
}

// CheckHandout refuses a plan that would put passwords into a file that is
// something else.
func (w *Workspace) CheckHandout(plan *planner.Plan) error {
	if len(w.Config.Isa.HandoutRecipients) == 0 || !executor.MakesPasswords(w.kinds, plan) {
		return nil
	}
	return w.env.Replaceable(w.Config.Isa.HandoutPath, "handout path", "a handout", func(r io.ReaderAt, _ int64) bool {
		const first = "-----BEGIN AGE ENCRYPTED FILE-----"
		head := make([]byte, len(first))
		n, err := r.ReadAt(head, 0)
		return (err == nil || errors.Is(err, io.EOF)) && string(head[:n]) == first[:n] // the first entry may be torn
	})
}

// handout opens the file of generated passwords at the first one.
type handout struct {
	path       string
	recipients []string

	mu   sync.Mutex
	open *secret.Handout
}

func (h *handout) put(ctx context.Context, who addr.Address, password string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		opened, err := secret.OpenHandout(h.path, h.recipients)
		if err != nil {
			return err
		}
		h.open = opened
	}
	return h.open.Put(ctx, who.String(), password)
}

// close closes the file, if a password was made.
func (h *handout) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		return nil
	}
	return h.open.Close()
}

// Outcome says what a run did: "Applied: 12 created, 3 updated. 15 calls in 14 s."
func Outcome(r Result) string {
	var parts []string
	for _, a := range []struct {
		action planner.Action
		done   string
	}{
		{planner.Create, "created"}, {planner.Update, "updated"}, {planner.Move, "moved"}, {planner.Adopt, "adopted"},
		{planner.Suspend, "suspended"}, {planner.Restore, "restored"}, {planner.Delete, "deleted"},
		{planner.Forget, "forgotten"}, {planner.Keep, "kept"},
	} {
		if n := r.ByAction[a.action]; n > 0 {
			parts = append(parts, view.Number(n)+" "+a.done)
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing was finished"}
	}
	return fmt.Sprintf("Applied: %s. %s in %s.", strings.Join(parts, ", "), view.Plural(r.Calls, "call"), view.Duration(r.End.Sub(r.Start)))
}
