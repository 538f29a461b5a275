//go:build unix

// Package story tells one story of failure: a mailbox is copied by passes that are
// killed, while its servers are killed too, answers get lost, and its owner goes on
// using it. In the end everything must be there once, as it is at the source. Tell
// copies from one server to another, TellGateway through isa's gateway.
package story

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// Options say how a story goes.
type Options struct {
	// User owns the mailbox at both servers; mailtest.Password is the password.
	User string
	// Move makes ready the copy from source to target, host:port each, in plain text.
	// It is asked once.
	Move     func(from, to string) (Move, error)
	Seed     uint64 // the moments of the kills, and what happens, follow from it
	Messages int    // at first; 0: 400
	Kills    int    // 0: 6
}

// Move is a copy of a mailbox that takes as many passes as it needs.
type Move struct {
	// Pass is one pass. It keeps what it remembers from one to the next, and exits with
	// 0 when the pass was complete, with 3 when another one has to go on. Everything
	// else, a signal that was not the story's included, is a failure.
	Pass func(ctx context.Context) *exec.Cmd
	// Places tells where the folders of the source have gone; nil: where they were.
	Places func(ctx context.Context) (func(path string) string, error)
}

// Outcome is what a story took.
type Outcome struct {
	Passes   int // begun
	Finished int // of these, with a complete pass
	Isa      int // killed
	Source   int // killed
	Target   int // killed
	Lost     int // answers to APPEND
	Cut      int // connections
	Messages int // in the end
}

// Add sums outcomes up.
func (o *Outcome) Add(other Outcome) {
	o.Passes += other.Passes
	o.Finished += other.Finished
	o.Isa += other.Isa
	o.Source += other.Source
	o.Target += other.Target
	o.Lost += other.Lost
	o.Cut += other.Cut
	o.Messages += other.Messages
}

// teller is a story under way.
type teller struct {
	Options
	passes
	target *mailtest.Server
	line   *mailtest.FaultLine // to the target
	move   Move
}

// Tell runs a story. The error says what was lost, doubled or changed.
func Tell(ctx context.Context, o Options) (out Outcome, err error) {
	if o.Messages == 0 {
		o.Messages = 400
	}
	if o.Kills == 0 {
		o.Kills = 6
	}
	t := &teller{Options: o, passes: passes{owner: owner{user: o.User, seed: o.Seed, random: rand.New(rand.NewPCG(o.Seed, 3))}, out: &out}}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.start(ctx); err != nil {
		return out, err
	}
	for range o.Kills {
		if err := t.disturbed(ctx); err != nil {
			return out, err
		}
		for range t.random.IntN(3) {
			if err := t.use(ctx); err != nil {
				return out, fmt.Errorf("using the source: %w", err)
			}
		}
	}
	if err := t.use(ctx); err != nil {
		return out, fmt.Errorf("using the source: %w", err)
	}
	return out, t.end(ctx)
}

func (t *teller) start(ctx context.Context) (err error) {
	if t.source, err = mailtest.StartDovecot(ctx, mailtest.Options{Users: []string{t.User}}); err != nil {
		return err
	}
	if t.target, err = mailtest.StartDovecot(ctx, mailtest.Options{Users: []string{t.User}}); err != nil {
		return err
	}
	f := mailtest.Faults{Seed: t.Seed}
	switch t.Seed % 3 { // every third story loses answers, every third has its connections cut
	case 0:
		f.LoseAppends = 4
	case 1:
		f.CutMessages = 150
	}
	if t.line, err = mailtest.StartFaulty(t.target.IMAP, f); err != nil {
		return err
	}
	if t.move, err = t.Move(t.source.IMAP, t.line.Addr); err != nil {
		return err
	}
	t.command = t.move.Pass
	return t.source.Load(t.User, mailtest.Corpus{Messages: t.Messages, Seed: t.Seed, Folders: 12, MedianBytes: 3000})
}

func (t *teller) close() error {
	var err error
	if t.line != nil {
		did := t.line.Happened()
		t.out.Lost, t.out.Cut = did.Lost, did.Cut
		err = t.line.Close()
	}
	for _, s := range []*mailtest.Server{t.source, t.target} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// disturbed is a pass in the middle of which something is killed.
func (t *teller) disturbed(ctx context.Context) error {
	p, err := t.pass(ctx)
	if err != nil {
		return err
	}
	if ended, err := t.moment(p); ended { // before anything happened
		_, err = t.over(p, err, false)
		return err
	}
	killed := false
	switch what := t.random.IntN(4); what {
	case 2:
		t.out.Source++
		err = t.restart(ctx, t.source)
	case 3:
		t.out.Target++
		err = t.restart(ctx, t.target)
	default:
		t.out.Isa++
		killed = true
		if err = p.cmd.Process.Kill(); errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
	}
	if err != nil {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		return errors.Join(err, <-p.ended)
	}
	if _, err := t.over(p, <-p.ended, killed); err != nil {
		return err
	}
	return ctx.Err()
}

// moment waits until the pass under way has said a random number of things to the
// target, and a little longer. over tells that the pass ended first, err how.
func (t *teller) moment(p *pass) (over bool, err error) {
	events := func() int { did := t.line.Happened(); return did.Commands + did.Messages }
	until := events() + t.random.IntN(150)
	last := time.After(time.Duration(t.random.IntN(20)) * time.Millisecond)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for events() < until || last != nil {
		select {
		case err := <-p.ended:
			return true, err
		case <-last:
			last = nil
		case <-tick.C:
		}
	}
	return false, nil
}

// end lets passes run undisturbed until nothing is left to do, and compares.
func (t *teller) end(ctx context.Context) error {
	t.line.Heal()
	if err := t.finish(ctx); err != nil {
		return err
	}
	var c mailtest.Comparison
	if t.move.Places != nil {
		places, err := t.move.Places(ctx)
		if err != nil {
			return err
		}
		c.Rename = places
	}
	source, err := mailtest.Read(ctx, t.source.Account(t.User))
	if err != nil {
		return err
	}
	target, err := mailtest.Read(ctx, t.target.Account(t.User))
	if err != nil {
		return err
	}
	t.out.Messages = source.Items()
	var wrong []string
	kinds := map[mailtest.Kind]int{}
	for _, d := range c.Compare(source, target) {
		if kinds[d.Kind]++; kinds[d.Kind] <= 3 {
			wrong = append(wrong, d.String())
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("differences, %v:\n%s", kinds, strings.Join(wrong, "\n"))
	}
	return t.idle(ctx)
}

// idle makes one more pass, which must put nothing anywhere.
func (t *teller) idle(ctx context.Context) error {
	before, err := next(ctx, t.target.Account(t.User))
	if err != nil {
		return err
	}
	if err := t.nothingLeft(ctx); err != nil {
		return err
	}
	after, err := next(ctx, t.target.Account(t.User))
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("a pass with nothing to do put %d messages", after-before)
	}
	return nil
}
