package content

import (
	"context"
	"slices"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// rivals are the streams by the mailbox they go to.
type rivals struct {
	mu sync.Mutex
	to map[string][]providers.StreamInfo
}

// of returns the streams into a mailbox but one, those of this pass and those that only
// the ledger knows. They are read once.
func (r *rivals) of(ctx context.Context, o *Options, mailbox, but string) ([]providers.StreamInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.to == nil {
		list, err := o.Ledger.Streams(ctx)
		if err != nil {
			return nil, book(err)
		}
		known := make(map[string]bool, len(list))
		to := map[string][]providers.StreamInfo{}
		for _, s := range list {
			known[s.Name] = true
			to[s.Target] = append(to[s.Target], s)
		}
		for _, j := range o.Jobs {
			if !known[j.Name] {
				to[j.Target.Name()] = append(to[j.Target.Name()], providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name(), Wave: j.Wave})
			}
		}
		r.to = to
	}
	return slices.DeleteFunc(slices.Clone(r.to[mailbox]), func(s providers.StreamInfo) bool { return s.Name == but }), nil
}

// alone takes the mailbox for the runs of this job. The service knows of the last run
// only, so that one that begins before another is settled hides what became of that one.
func (p *pulling) alone(ctx context.Context) error {
	gate, name := p.t.run.gate, p.t.task.job.Name
	switch ok, had := gate.hold(p.Puller.Name(), p.t.task); {
	case had:
		return nil
	case !ok:
		return p.wait("another migration into the mailbox is at its turn")
	}
	others, err := p.t.run.rivals.of(ctx, &p.t.run.Options, p.Puller.Name(), name)
	if err != nil {
		return err
	}
	for _, o := range others {
		open, err := p.unsettled(ctx, o)
		if err != nil {
			return err
		}
		if !open {
			continue
		}
		gate.release(p.t.task, false)
		if p.t.run.comes(o.Name) {
			return p.wait("a run for " + o.Name + " into the same mailbox is not settled yet")
		}
		return &diag.Failure{Class: diag.Conflict, Op: name, Detail: "the service was asked to fill this mailbox for " + o.Name + ", and it is not known yet what arrived",
			Fix: "make a pass over " + o.Name + ", which finds out"}
	}
	return nil
}

// unsettled reports whether a stream has a run that is not settled.
func (p *pulling) unsettled(ctx context.Context, about providers.StreamInfo) (bool, error) {
	s, err := p.t.run.Ledger.Stream(ctx, about)
	if err != nil {
		return false, book(err)
	}
	list, err := s.Batches().List(ctx)
	return slices.ContainsFunc(list, func(b providers.Batch) bool { return b.State == providers.Started }), book(err)
}

// comes reports whether a job of this pass is not at its end.
func (r *run) comes(name string) bool {
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	return !r.gate.over[name] && slices.ContainsFunc(r.Jobs, func(j Job) bool { return j.Name == name })
}
