package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	mailspool "github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
)

// ProbeEnd is how a probe ended.
type ProbeEnd string

// The ends of a probe.
const (
	ProbeDone       ProbeEnd = "completed"   // the service says so
	ProbeRolledBack ProbeEnd = "rolled_back" // the service gave its run up
	ProbeSilent     ProbeEnd = "timed_out"   // the service fetched nothing for too long
	ProbeOther      ProbeEnd = "superseded"  // the service tells of a run of somebody else
	ProbeCut        ProbeEnd = "interrupted" // Ctrl-C
)

// ProbeRun is what isa itself saw of a probe.
type ProbeRun struct {
	End     ProbeEnd
	Offered int
	Fetched int   // of these, by the gateway's log
	Counted int64 // by the service
	Facts   []Found
	Stays   string // what is left of it at the service, or in the mailbox; "" nothing that is to be told
	// Suspects are the checks of doctor that tell why nothing is fetched; "" something was.
	Suspects string
}

// Found is a fact as it was found, by the name of what the reference leaves open.
type Found struct{ Name, Value, How string }

// The times of a probe.
const (
	probePoll   = 2 * time.Second
	probeBegins = time.Minute      // in which the service, once it was asked, fetches something
	probeSilent = 30 * time.Minute // without anything fetched
	probeLeaves = 15 * time.Second // for cleaning up after an interrupt
)

// Run sends the messages: it freezes the offer, serves it, unless another process does,
// asks the service to fetch it, waits for the end, and has the service forget the
// password. Meanwhile no pass can move mail. What the service refuses is an error that
// names the checks of doctor that tell why; a run that ends otherwise than completed is
// none.
func (p *Probe) Run(ctx context.Context) (run ProbeRun, err error) {
	l, err := p.w.openLedger(ctx, p.st, "doctor --probe-mail")
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if _, err := p.settled(ctx, l); err != nil {
		return run, err
	}
	gate, err := newGate(p.w.env, p.gateway)
	if err != nil {
		return run, err
	}
	if err := p.sweep(gate.Spool); err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, gate.Spool.Remove(p.id)) }()
	if err := p.offer(ctx, gate.Spool); err != nil {
		return run, err
	}
	seen := &sightings{batch: p.id, conns: map[uint64]*connection{}, forms: map[string]int{}}
	stop, err := gate.during(ctx, seen.note)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return p.fetched(ctx, gate, seen)
}

// fetched has the service fetch the offer.
func (p *Probe) fetched(ctx context.Context, gate *Gate, seen *sightings) (run ProbeRun, err error) {
	puller := p.puller()
	if known, err := puller.Run(ctx); err != nil {
		return run, err
	} else if known.State == providers.PullRunning && p.ours(known.User) { // of a probe that was killed
		if err := puller.Forget(ctx); err != nil {
			return run, err
		}
	}
	password, err := gate.Spool.Secret(p.id)
	if err != nil {
		return run, err
	}
	begun := puller.Start(ctx, providers.Pickup{Host: p.gateway.Host, Port: p.gateway.Port, TLS: true, User: p.id + "@" + loginDomain(p.gateway.Host), Password: password})
	if begun != nil && ctx.Err() == nil && !diag.MayHaveHappened(begun) {
		return run, p.refused(ctx, begun)
	}
	w := &watch{Probe: p, puller: puller, gate: gate, ProbeRun: ProbeRun{Offered: len(p.Messages(time.Time{}))}}
	if begun == nil {
		p.w.env.Tell("NAVER WORKS was asked to fetch the messages of " + p.Gateway() + ".")
		err = w.toItsEnd(ctx)
	} else {
		err = begun
	}
	if ctx.Err() != nil {
		w.End, err = ProbeCut, nil
	}
	w.leave(ctx)
	switch {
	case err != nil && w.Stays != "":
		err = fmt.Errorf("%w; %s", err, w.Stays)
	case err == nil && begun == nil:
		w.Facts = p.facts(w, seen)
	}
	return w.ProbeRun, err
}

// refused adds which checks tell why the service does not come for the messages.
func (p *Probe) refused(ctx context.Context, err error) error {
	if diag.ClassOf(err) != diag.Invalid && diag.ClassOf(err) != diag.Unavailable {
		return err
	}
	return fmt.Errorf("%w\n%s", err, p.suspects(ctx))
}

// suspects names the checks of the gateway that tell why nobody comes.
func (p *Probe) suspects(ctx context.Context) string {
	var wrong, names []string
	for _, c := range p.w.examineGateway(ctx, p.gateway) {
		if strings.HasSuffix(c.Name, " spool") {
			continue
		}
		names = append(names, c.Name)
		if c.Verdict != Fine {
			wrong = append(wrong, fmt.Sprintf("%s: %s (%s)", c.Name, c.What, c.Why))
		}
	}
	if len(wrong) > 0 {
		return "what isa doctor finds: " + strings.Join(wrong, "; ")
	}
	return "from here nothing is wrong with " + strings.Join(names, ", ") + " (isa doctor): look at them from outside"
}

// watch follows a run.
type watch struct {
	*Probe
	ProbeRun
	puller  providers.Puller
	gate    *Gate
	running string // the value of migration-total-running, "" not seen
	last    providers.PullRun
	log     mailspool.Fetched
}

// toItsEnd looks at the run until it is over. An end is seen twice before it counts: the
// service may answer from memory.
func (w *watch) toItsEnd(ctx context.Context) error {
	clock := w.w.env.Now
	moved, asked := clock(), clock()
	var doubted ProbeEnd
	for {
		if err := w.gate.Down(); err != nil {
			return err
		}
		before := w.Fetched
		end, err := w.look(ctx)
		switch {
		case err != nil && !mayPass(err):
			return err
		case err != nil:
			end = "" // the service is asked again
		case w.Fetched > before:
			moved = clock()
			w.w.env.Tell(fmt.Sprintf("NAVER WORKS has fetched %d of %d messages.", w.Fetched, w.Offered))
		}
		if end == ProbeRolledBack && w.log.Begun == 0 && clock().Sub(asked) < w.w.pace.pause(probeBegins) {
			end = "" // it may not have begun
		}
		if end != "" && end == doubted {
			w.End = end
			return nil
		}
		doubted = end
		if clock().Sub(moved) >= w.w.pace.pause(probeSilent) {
			w.End, w.Suspects = ProbeSilent, w.suspects(ctx)
			return nil
		}
		if err := sleep(ctx, w.poll()); err != nil {
			return err
		}
	}
}

// mayPass reports trouble that may be over when the service is asked again.
func mayPass(err error) bool {
	class := diag.ClassOf(err)
	return class == diag.Unavailable || class == diag.Limited
}

// look asks the service once, and tells how its run ended, "" when it has not.
func (w *watch) look(ctx context.Context) (ProbeEnd, error) {
	earlier, err := w.gate.Spool.Fetched(w.id)
	if err != nil {
		return "", err
	}
	run, err := w.puller.Run(ctx)
	if err != nil {
		return "", err
	}
	if w.log, err = w.gate.Spool.Fetched(w.id); err != nil {
		return "", err
	}
	w.last, w.Fetched, w.Counted = run, w.log.Complete, run.Total
	mine := strings.HasPrefix(strings.ToLower(run.User), w.id+"@")
	switch {
	case !mine && run.User != "":
		return ProbeOther, nil
	case run.State == providers.PullRunning:
		w.count(earlier.Complete)
		return "", nil
	case run.State == providers.PullDone && (mine || w.Fetched == w.Offered):
		return ProbeDone, nil
	case run.State == providers.PullNone:
		return ProbeRolledBack, nil
	}
	return "", nil
}

// count tells what the service counts while its run is under way. earlier is how many
// messages had been fetched before it was asked.
func (w *watch) count(earlier int) {
	if w.running != "" {
		return
	}
	switch total, all := w.last.Total, int64(w.Offered); {
	case total == 0 && earlier > 0:
		w.running = "zero"
	case total == all && w.Fetched < w.Offered:
		w.running = "counted"
	case total > 0 && total < all:
		w.running = "grows"
	}
}

// leave has the service forget what it keeps of the run, its password among it, and says
// what stays. A run under way is ended by that. It goes on after an interrupt.
func (w *watch) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeLeaves)
	defer cancel()
	run, err := w.puller.Run(ctx)
	if err == nil && run.User != "" && !strings.HasPrefix(strings.ToLower(run.User), w.id+"@") {
		return // it is another's
	}
	if err == nil {
		err = w.puller.Forget(ctx)
	}
	switch {
	case err != nil:
		w.Stays = "the service could not be told to forget the run: " + view.Line(err.Error()) + "; since nobody serves it any more, it is undone by itself; the next probe ends what is left of it"
	case run.State == providers.PullRunning:
		w.Stays = "the run was ended, and the service takes back what it had brought; should messages with [이사 점검 " + w.Mark + "] be there all the same, delete them"
	case run.State == providers.PullDone && w.End != ProbeDone:
		w.Stays = "the run was over: the messages with [이사 점검 " + w.Mark + "] are in the mailbox; delete them"
	}
}
