package content

import (
	"context"
	"fmt"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// sight is what is known of a run: by the service, and by the log of what was fetched.
type sight struct {
	providers.PullRun
	providers.Batch
	spent  int          // runs of the search
	logged bool         // there is a log
	home   *spool.Spool // where the batch lies; nil: nowhere
	log    spool.Fetched
	// heads reads the beginnings of items; it is there with the log.
	heads func(numbers []uint32, yield func(number uint32, head []byte)) error
}

// complete is how many items were read to their end.
func (s *sight) complete() int64 { return int64(s.log.Complete) }

// counted tells what the service counted.
func (s *sight) counted() string {
	return fmt.Sprintf("the service counted %d of %d items", s.Total, s.Items)
}

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

// look asks how far a run is, and settles its batch when it is over. What ends a run
// is seen twice before it counts: the service may answer from memory, and the log may
// be a moment behind.
func (p *pulling) look(ctx context.Context, list []providers.Batch, b providers.Batch) error {
	s := sight{Batch: b, spent: spent(list, b.Root)}
	if err := p.ask(ctx, func() (err error) { s.PullRun, err = p.Puller.Run(ctx); return err }); err != nil {
		return err
	}
	if s.PullRun.State == providers.PullUntold {
		return p.finish(ctx, &s, "the service tells nothing of its run")
	}
	if err := p.route.log(&s); err != nil {
		return err
	}
	quiet := p.silent.quiet(s.progress(), p.t.run.Now())
	again := p.doubted
	p.doubted = true
	switch mine, told := p.route.own(s.User, b.ID), s.User != ""; {
	case s.PullRun.State == providers.PullRunning && (mine || !told):
		p.doubted = false
		if quiet >= p.quiet {
			return &diag.Failure{Class: diag.Unavailable, Op: p.t.task.job.Name,
				Detail: fmt.Sprintf("the service says that its run is under way, but nothing shows that it fetched any for %s (%s)", quiet.Round(time.Second), s.soFar()),
				Fix:    "see whether the service reaches the server it fetches from; the next pass looks at the run again"}
		}
		return p.wait("the service fetches: " + s.soFar())
	case !again:
		return p.wait("the service is asked once more how its run ended")
	case s.PullRun.State == providers.PullDone && (mine || !told && s.logged && s.complete() == b.Items):
		return p.route.commit(ctx, &s)
	case s.PullRun.State == providers.PullNone && (mine || !told):
		return p.route.rolledBack(ctx, &s)
	case s.logged && s.log.Begun == 0:
		return p.unbegun(ctx, &s)
	case quiet < p.quiet:
		return p.wait("the service tells of another run than that of isa")
	}
	return p.finish(ctx, &s, "the service tells of another run than that of isa")
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
		if err := s.heads(stay, func(number uint32, head []byte) { titles[number] = title(head) }); err != nil {
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

// lostMost is how often in a row a start may come to nothing.
const lostMost = 3

// unbegun is a run that fetched nothing, or that there never was: it is begun again.
func (p *pulling) unbegun(ctx context.Context, s *sight) error {
	if err := p.batches.Unstart(ctx, s.ID); err != nil {
		return book(err)
	}
	p.anew()
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
