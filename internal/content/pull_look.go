package content

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// next does the next thing about batches that are not settled: it looks at the run
// that is under way, or begins one.
func (p *pulling) next(ctx context.Context, list, open []providers.Batch) error {
	if i := slices.IndexFunc(open, func(b providers.Batch) bool { return b.State == providers.Started }); i >= 0 {
		if (open[i].Route == "server") != (p.Server != nil) {
			return p.t.underWay(open[i])
		}
		return p.look(ctx, list, open[i])
	}
	if open[0].ID == p.written { // the service was busy
		return p.start(ctx, open[0])
	}
	if p.Server != nil { // it was written down, and nobody was asked
		return p.drop(ctx, open[0], "the process ended before the service was asked")
	}
	return p.search(ctx, list, open)
}

// sight is what is known of a run: by the service, and by the log of what was fetched.
type sight struct {
	providers.PullRun
	providers.Batch
	spent  int // runs of the search
	log    spool.Fetched
	logged bool // there is a log
}

// complete is how many items were read to their end.
func (s *sight) complete() int64 { return int64(s.log.Complete) }

// progress changes as long as something is fetched, as far as that can be seen.
func (s *sight) progress() int64 {
	if s.logged {
		return s.log.Last.UnixNano()
	}
	return s.Total
}

// soFar tells how much was fetched.
func (s *sight) soFar() string {
	if s.logged {
		return fmt.Sprintf("%d of %d items so far", s.complete(), s.Items)
	}
	return fmt.Sprintf("the service counts %d of %d items so far", s.Total, s.Items)
}

// unseen is how long a run is waited for of which only the service's own count is seen,
// which may stay 0 until the run is done.
const unseen = 24 * time.Hour

// silence is how long nothing may be seen of a run.
func (p *pulling) silence() time.Duration {
	if p.Server != nil {
		return max(p.Rule.Silence, unseen)
	}
	return p.Rule.Silence
}

// look asks how far a run is, and settles its batch when it is over. What ends a run
// is seen twice before it counts: the service may answer from memory, and the log may
// be a moment behind.
func (p *pulling) look(ctx context.Context, list []providers.Batch, b providers.Batch) error {
	s := sight{Batch: b, spent: spent(list, b.Root)}
	if p.Server != nil && p.Server.Blind {
		return p.finish(ctx, &s, "the service tells nothing of its run")
	}
	if err := p.ask(ctx, func() (err error) { s.PullRun, err = p.Puller.Run(ctx); return err }); err != nil {
		return err
	}
	if err := p.readLog(&s); err != nil {
		return err
	}
	quiet := p.silent.quiet(s.progress(), p.t.run.Now())
	again := p.doubted
	p.doubted = true
	switch mine, told := p.mine(b, s.User), s.User != ""; {
	case s.PullRun.State == providers.PullRunning && (mine || !told):
		p.doubted = false
		if quiet >= p.silence() {
			return &diag.Failure{Class: diag.Unavailable, Op: p.t.task.job.Name,
				Detail: fmt.Sprintf("the service says that its run is under way, but nothing shows that it fetched any for %s (%s)", quiet.Round(time.Second), s.soFar()),
				Fix:    "see whether the service reaches the server it fetches from; the next pass looks at the run again"}
		}
		return p.wait("the service fetches: " + s.soFar())
	case !again:
		return p.wait("the service is asked once more how its run ended")
	case s.PullRun.State == providers.PullDone && (mine || !told && s.logged && s.complete() == b.Items):
		return p.commit(ctx, &s)
	case s.PullRun.State == providers.PullNone && (mine || !told):
		return p.rolledBack(ctx, &s)
	case s.logged && s.log.Begun == 0:
		return p.unbegun(ctx, &s)
	case quiet < p.silence():
		return p.wait("the service tells of another run than that of isa")
	}
	return p.finish(ctx, &s, "the service tells of another run than that of isa")
}

// readLog reads what was fetched.
func (p *pulling) readLog(s *sight) error {
	if p.Gateway == nil {
		return nil
	}
	frozen, err := p.Gateway.Spool.Frozen(s.ID)
	if err != nil || !frozen {
		return err
	}
	s.logged = true
	s.log, err = p.Gateway.Spool.Fetched(s.ID)
	return err
}

// commit settles the batch of a run that is done.
func (p *pulling) commit(ctx context.Context, s *sight) error {
	if p.Server != nil && s.Total > s.Items {
		if !p.recount { // for this the source is needed
			p.recount, p.waits = true, false
			return &pause{reason: "the source is looked at once more", quiet: true}
		}
		if err := p.more(ctx, s); err != nil {
			return err
		}
	}
	end := providers.BatchEnd{Total: s.Total}
	counted := fmt.Sprintf("the service counted %d of %d items", s.Total, s.Items)
	if !s.logged {
		if p.Server != nil && s.Total == s.Items {
			end.Arrived, end.Note = true, counted
			return p.conclude(ctx, s, end, func(providers.Offered) providers.Judged { return providers.Judged{Outcome: providers.Copied} })
		}
		return p.finish(ctx, s, counted)
	}
	end.Arrived = s.complete() == s.Items && s.Total == s.Items
	end.Note = fmt.Sprintf("%d of %d items were read to their end, %s", s.complete(), s.Items, counted)
	return p.conclude(ctx, s, end, func(o providers.Offered) providers.Judged {
		_, complete := s.log.At(o.Number)
		switch read := !complete.IsZero(); {
		case read && s.Total == s.complete():
			return providers.Judged{Outcome: providers.Copied}
		case !read && s.Total <= s.complete():
			return p.oncemore(o, "the service did not read it")
		}
		return providers.Judged{Outcome: providers.Unproven, Note: end.Note}
	})
}

// finish settles a batch of which nobody can tell whether it arrived: what was read to
// its end may have.
func (p *pulling) finish(ctx context.Context, s *sight, why string) error {
	end := providers.BatchEnd{Total: s.Total, Note: why}
	return p.conclude(ctx, s, end, func(o providers.Offered) providers.Judged {
		if _, complete := s.log.At(o.Number); s.logged && complete.IsZero() {
			return p.oncemore(o, "the service did not read it")
		}
		return providers.Judged{Outcome: providers.Unproven, Note: why}
	})
}

// oncemore leaves an item that cannot have arrived to another run, a few times.
func (p *pulling) oncemore(o providers.Offered, why string) providers.Judged {
	if o.Tries+1 >= p.t.run.Patience.Tries {
		return providers.Judged{Outcome: providers.Quarantined, Note: why, Tries: 1}
	}
	return providers.Judged{Outcome: providers.OnTheWay, Tries: 1}
}

// titled is how many items of a batch get their titles when they stay behind.
const titled = 200

// conclude settles a batch, with titles of what stays behind, and counts it.
func (p *pulling) conclude(ctx context.Context, s *sight, end providers.BatchEnd, judge func(providers.Offered) providers.Judged) error {
	sums := providers.Sums{}
	var stay []uint32
	if err := p.batches.Items(ctx, s.ID, func(o providers.Offered) error {
		j := judge(o)
		add(sums, j.Outcome, 1, o.Size)
		if j.Outcome != providers.Copied && j.Outcome != providers.OnTheWay && len(stay) < titled {
			stay = append(stay, o.Number)
		}
		return nil
	}); err != nil {
		return book(err)
	}
	titles := map[uint32]string{}
	if s.logged && len(stay) > 0 {
		if err := p.Gateway.Spool.Heads(s.ID, stay, titleBytes, func(number uint32, head []byte) { titles[number] = title(head) }); err != nil {
			return err
		}
	}
	if err := p.settle(ctx, s.Batch, end, func(o providers.Offered) providers.Judged {
		j := judge(o)
		j.Title = titles[o.Number]
		return j
	}); err != nil {
		return err
	}
	p.tell(s.Batch, sums, end)
	return nil
}

// tell counts what became of a batch.
func (p *pulling) tell(b providers.Batch, sums providers.Sums, end providers.BatchEnd) {
	t := p.t
	own := !b.Made.Before(t.run.began) // its items were counted as they were handed over
	t.run.count(t.task, func(c *Counts) {
		for outcome, s := range sums {
			if own {
				add(c.Sums, providers.Unproven, -s.Items, 0)
				less := c.Sums[providers.Unproven]
				less.Bytes -= s.Bytes
				if c.Sums[providers.Unproven] = less; less.Items <= 0 {
					delete(c.Sums, providers.Unproven)
				}
			}
			if outcome != providers.OnTheWay {
				add(c.Sums, outcome, s.Items, s.Bytes)
			}
		}
	})
	if !end.Arrived {
		p.remark("a batch of " + fmt.Sprint(b.Items) + " did not arrive as a whole: " + end.Note)
	}
	t.run.tell(t.task, Event{Kind: Progress})
}

// rolledBack is a run that left nothing behind.
func (p *pulling) rolledBack(ctx context.Context, s *sight) error {
	switch {
	case p.Server != nil:
		if err := p.batches.Unstart(ctx, s.ID); err != nil {
			return book(err)
		}
		if err := p.drop(ctx, s.Batch, "rolled back"); err != nil {
			return err
		}
		p.count(func(j *JobReport) { j.Served = time.Time{} })
		if err := p.ask(ctx, func() error { return p.Puller.Forget(ctx) }); err != nil { // there is no run that it would end
			p.remark("what the service keeps of the old mailbox, its password among it, could not be removed: " + words(err))
		}
		return &diag.Failure{Class: diag.Conflict, Op: p.t.task.job.Name, Detail: "the service gave its run up and left nothing behind",
			Fix: "read the mail that it sent to the member; then make another pass, or take another route"}
	case !s.logged: // and what it would be divided from is gone
		return p.drop(ctx, s.Batch, "rolled back, and no longer in the spool")
	case s.log.Begun == 0:
		return p.unbegun(ctx, s)
	case s.Batch.Started.Before(p.t.run.began):
		// Nobody may have been there to be fetched from since: that is no item's fault.
		p.silent, p.doubted = silence{}, false
		p.remark(fmt.Sprintf("a run of %d items that an earlier pass began was given up; it is begun again", s.Items))
		return book(p.batches.Unstart(ctx, s.ID))
	}
	return p.divide(ctx, s)
}

// lostMost is how often in a row a start may come to nothing.
const lostMost = 3

// unbegun is a run that fetched nothing, or that there never was: it is begun again.
func (p *pulling) unbegun(ctx context.Context, s *sight) error {
	if err := p.batches.Unstart(ctx, s.ID); err != nil {
		return book(err)
	}
	p.silent, p.doubted = silence{}, false
	if p.lost++; p.lost < lostMost {
		return nil
	}
	detail := "the service said that it would fetch a batch, and never came"
	if !s.log.Opened.IsZero() {
		detail = "the service came for a batch, and fetched nothing of it"
	}
	return &diag.Failure{Class: diag.Unavailable, Op: p.t.task.job.Name, Detail: fmt.Sprintf("%s, %d times in a row", detail, p.lost),
		Fix: "see whether the gateway is reached from outside by its name, port and certificate; the next pass tries again"}
}

// quarantineAll sets the items of a batch aside. What is proven to be bad no later pass
// of this route tries again, since each try would be a search of its own; where most are
// innocent, some passes do.
func (p *pulling) quarantineAll(ctx context.Context, b providers.Batch, why string, proven bool) error {
	s := sight{Batch: b}
	if err := p.readLog(&s); err != nil {
		return err
	}
	tries := 1
	if proven {
		tries = p.t.run.Patience.Tries
	}
	if p.aside == nil {
		p.aside = map[asideKey]bool{}
	}
	return p.conclude(ctx, &s, providers.BatchEnd{Note: why}, func(o providers.Offered) providers.Judged {
		p.aside[asideKey{o.Folder, o.Key}] = true
		return providers.Judged{Outcome: providers.Quarantined, Note: why, Tries: tries}
	})
}

// full tells a disk without room from other trouble.
func (p *pulling) full(err error) error {
	if errors.Is(err, spool.ErrFull) {
		return p.forRoom(noRoom(err))
	}
	return err
}
