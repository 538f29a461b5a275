package content

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// deliver puts what was fetched and settles it.
func (v *visit) deliver(ctx context.Context, p parcel) error {
	if err := v.settle(ctx, p.records); err != nil {
		return err
	}
	v.unsure = v.unsure || v.table && slices.ContainsFunc(p.records, func(r providers.Record) bool { return r.Outcome == providers.Quarantined })
	if p.stream == nil && len(p.entries) == 0 {
		return nil
	}
	if err := v.begin(ctx); err != nil {
		return err
	}
	if p.stream != nil {
		return v.putStream(ctx, p.stream)
	}
	entries, err := v.recognised(ctx, p.entries)
	if err != nil || len(entries) == 0 {
		return err
	}
	return v.put(ctx, entries, p.buffer)
}

// recognised settles what is on the table after all: a source that lies about sizes
// is told from its bytes only.
func (v *visit) recognised(ctx context.Context, entries []entry) ([]entry, error) {
	if !v.table {
		return entries, nil
	}
	ask := make([]providers.Item, 0, len(entries))
	for _, e := range entries {
		if e.print.Head != e.item.Print.Head {
			ask = append(ask, providers.Item{Key: e.item.Key, Size: e.size, Date: e.item.Date, Flags: e.item.Flags, Print: e.print})
		}
	}
	if len(ask) == 0 {
		return entries, nil
	}
	taken, err := v.led.Take(ctx, ask)
	if err != nil {
		return nil, book(err)
	}
	var back []providers.Item
	rest := entries[:0]
	for _, e := range entries {
		t, ok := taken[e.item.Key]
		if !ok {
			rest = append(rest, e)
			continue
		}
		there, err := bodies(ctx, v.dst, v.target, []providers.Item{t.Item})
		if err != nil {
			v.clean = false // some is off the table and not settled
			return nil, err
		}
		if there[t.Key] != e.print.Body {
			back, rest = append(back, t.Item), append(rest, e)
			continue
		}
		r := v.outcome(e, providers.Copied, t.Key)
		if v.adopts(e.item.Key) {
			r.Outcome = providers.Adopted
		}
		r.Flags = t.Flags
		if err := v.settle(ctx, []providers.Record{r}); err != nil {
			return nil, err
		}
		v.differs(e.item, r)
	}
	if len(back) > 0 {
		if err := v.led.Return(ctx, back); err != nil {
			return nil, book(err)
		}
	}
	return rest, nil
}

// recognise does the same for a large item: by its header, and then by all its bytes,
// after which it has to be read again if it is to be put. It reports whether that was
// the end of this reading.
func (v *visit) recognise(ctx context.Context, s *stream, body *tee) (ended bool, err error) {
	head, err := io.ReadAll(io.LimitReader(body, titleBytes))
	if err != nil {
		s.finish(err)
		return true, nil
	}
	it := s.entry.item
	it.Size, it.Print.Head = s.entry.size, providers.HeadOf(head, s.entry.size)
	var taken map[string]providers.Taken
	if it.Print.Head != s.entry.item.Print.Head { // else it was asked for
		if taken, err = v.led.Take(ctx, []providers.Item{it}); err != nil {
			return true, book(err)
		}
	}
	t, ok := taken[it.Key]
	if !ok {
		body.from = io.MultiReader(bytes.NewReader(head), body.from)
		body.printer.Reset()
		body.head = body.head[:0]
		return false, nil
	}
	there, err := bodies(ctx, v.dst, v.target, []providers.Item{t.Item})
	if err != nil {
		v.clean = false
		return true, err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		v.clean = false // off the table and not settled
		return true, v.unread(s, err)
	}
	e := s.entry
	e.print = body.printer.Print()
	e.head = listed(e.item, e.size, e.print, body.head)
	if there[t.Key] != e.print.Body {
		v.strange[it.Key] = true
		s.finish(errRefetch)
		return true, book(v.led.Return(ctx, []providers.Item{t.Item}))
	}
	r := v.outcome(e, providers.Copied, t.Key)
	if v.adopts(e.item.Key) {
		r.Outcome = providers.Adopted
	}
	r.Flags = t.Flags
	if err := v.settle(ctx, []providers.Record{r}); err != nil {
		return true, err
	}
	v.differs(e.item, r)
	s.finish(nil)
	return true, nil
}

// unread ends a turn over a folder because a body that was to be compared could not
// be read to its end.
func (v *visit) unread(s *stream, err error) error {
	s.finish(err)
	return errAgain
}

// outcome is the record of an item whose bytes are known. Its head is of the size
// that the source names, so that it is found again there.
func (v *visit) outcome(e entry, o providers.Outcome, target string) providers.Record {
	r := v.record(e.item, o, "")
	r.Size, r.Target = e.size, target
	if r.Print.Head == [16]byte{} {
		r.Print.Head = e.head
	}
	if e.print.Head != r.Print.Head {
		r.Sent = e.print.Head
	}
	r.Print.Body = e.print.Body
	return r
}

// put puts a batch. One that is refused is divided until what is wrong with it is
// alone.
func (v *visit) put(ctx context.Context, batch []entry, buffer []byte) error {
	messages := make([]providers.Message, len(batch))
	bodies := make([]bytes.Reader, len(batch))
	for again := 0; ; {
		for i, e := range batch {
			bodies[i].Reset(buffer[e.from:e.to])
			messages[i] = providers.Message{Item: e.item, Body: &bodies[i]}
			messages[i].Size = e.size
		}
		var deliveries []providers.Delivery
		answered := false
		err := v.dst.use(ctx, func(w adder) (err error) {
			answered = true
			deliveries, err = w.Put(ctx, v.target, messages)
			return err
		})
		if !answered {
			return err
		}
		if err == nil {
			return v.arrived(ctx, batch, deliveries)
		}
		if ours(err) {
			return err
		}
		if diag.MayHaveHappened(err) {
			switch class := diag.ClassOf(err); {
			case class == diag.Invalid:
				v.suspect(batch)
			case class == diag.Limited, providers.Answered(err): // no item is to blame
			default:
				v.broke(batch)
			}
			for _, e := range batch {
				v.doubts(e, buffer[e.from:e.to])
			}
			return v.lost(err)
		}
		switch class := diag.ClassOf(err); {
		case class == diag.Invalid && len(batch) > 1:
			half := len(batch) / 2
			if err := v.put(ctx, batch[:half], buffer); err != nil {
				return err
			}
			return v.put(ctx, batch[half:], buffer)
		case class == diag.Invalid:
			if again++; again < 2 {
				continue // a server may refuse anything once
			}
			return v.refuse(ctx, batch[0], buffer[batch[0].from:batch[0].to], err)
		case class == diag.NotFound:
			return v.vanishedTarget(err)
		case class == diag.Unavailable && providers.Answered(err):
			means, waited := v.dst.refused(err)
			if waited != nil {
				return waited
			}
			if means {
				return v.unwell(ctx, batch, buffer, err)
			}
		case class == diag.Unavailable:
			v.broke(batch)
			if err := v.dst.bear(err); err != nil {
				return err
			}
			return errAgain // in smaller batches, if it goes on
		case class == diag.Limited:
			if err := v.dst.bear(err); err != nil {
				return err
			}
		default:
			if again++; again > 2 || class == diag.Denied || class == diag.Cancelled {
				return v.dst.bear(err)
			}
			if err := v.dst.pause(v.run.Patience.after(again)); err != nil {
				return err
			}
		}
	}
}

// vanishedTarget looks for the folder of the target again, which somebody removed.
func (v *visit) vanishedTarget(err error) error {
	if b := v.task.trouble.failed(cause{v.dst.place, away}); b.times > v.run.Patience.Reconnects {
		return err
	}
	v.shelf.forget()
	return errAgain
}

// broke notes what was on its way when the connection broke.
func (v *visit) broke(batch []entry) {
	if v.breaks == nil {
		v.breaks, v.lied = map[string]int{}, map[string]bool{}
	}
	for _, e := range batch {
		if e.item.Size >= 0 && e.item.Size != e.size {
			v.lied[e.item.Key] = true
		}
		if n := v.breaks[e.item.Key]; n < 2 || len(batch) == 1 {
			v.breaks[e.item.Key] = n + 1
		}
	}
}

// suspect has items of a batch that was taken in part sent alone.
func (v *visit) suspect(batch []entry) {
	if v.breaks == nil {
		v.breaks, v.lied = map[string]int{}, map[string]bool{}
	}
	for _, e := range batch {
		v.breaks[e.item.Key] = max(v.breaks[e.item.Key], 2)
	}
}

// arrived settles a batch that was put.
func (v *visit) arrived(ctx context.Context, batch []entry, deliveries []providers.Delivery) error {
	if len(deliveries) != len(batch) {
		return impossible(v.task.job.Target.Name(), "the target answers for another number of items than it was given")
	}
	records := make([]providers.Record, len(batch))
	for i, e := range batch {
		id := deliveries[i].ID
		records[i] = v.outcome(e, providers.Copied, id)
		v.blind = v.blind || id == ""
		if !v.table && !v.blind { // else something below may still wait to be recognised
			v.low = max(v.low, after(id))
		}
		if len(v.breaks) > 0 {
			delete(v.breaks, e.item.Key)
		}
	}
	if err := v.handOver(ctx, records); err != nil {
		return err
	}
	if err := v.unlike(ctx); err != nil {
		return err
	}
	v.loose += len(batch)
	if v.loose >= remark && !v.table && !v.blind && v.low > 0 {
		return v.mark(ctx, v.low)
	}
	return nil
}

// refuse settles an item that the target does not take.
func (v *visit) refuse(ctx context.Context, e entry, head []byte, why error) error {
	return v.settle(ctx, []providers.Record{v.refusal(e, head, why)})
}

// refusal is the record of an item that the target does not take.
func (v *visit) refusal(e entry, head []byte, why error) providers.Record {
	r := v.outcome(e, providers.Refused, "")
	r.Note, r.Title, r.Tries = words(why), title(head[:min(len(head), titleBytes)]), v.tries[e.item.Key]+1
	return r
}

// putStream puts a large item while it is read.
func (v *visit) putStream(ctx context.Context, s *stream) error {
	body := &tee{from: s.body, printer: providers.NewPrinter()}
	if v.table && !v.strange[s.entry.item.Key] {
		if known, err := v.recognise(ctx, s, body); err != nil || known {
			return err
		}
	}
	m := providers.Message{Item: s.entry.item, Body: body}
	m.Size = s.entry.size
	var deliveries []providers.Delivery
	answered := false
	err := v.dst.use(ctx, func(w adder) (err error) {
		answered = true
		deliveries, err = w.Put(ctx, v.target, []providers.Message{m})
		return err
	})
	if !answered {
		return err
	}
	e := s.entry
	one := []entry{e}
	switch class := diag.ClassOf(err); {
	case err == nil:
		one[0].print = body.printer.Print()
		one[0].head = listed(e.item, e.size, one[0].print, body.head)
		if err := v.arrived(ctx, one, deliveries); err != nil {
			return err
		}
		s.finish(nil)
		return nil
	case diag.MayHaveHappened(err):
		if body.err == nil && class != diag.Limited {
			v.broke(one)
		}
		v.doubts(e, body.head)
		return v.lost(err)
	case body.err != nil:
		// The source failed. Half a message was begun at the target: the connection is
		// of no use any more.
		v.dst.drop()
		s.finish(body.err)
		return nil
	case class == diag.Invalid:
		if v.invalid[e.item.Key]++; v.invalid[e.item.Key] > 1 {
			if err := v.refuse(ctx, e, body.head, err); err != nil {
				return err
			}
			s.finish(body.rest())
			return nil
		}
	case class == diag.NotFound:
		return v.vanishedTarget(err)
	case class == diag.Unavailable && providers.Answered(err):
		means, waited := v.dst.refused(err)
		switch {
		case waited != nil:
			return waited
		case means:
			if err := v.suspicious(e, body.head, err); err != nil {
				return err
			}
			s.finish(body.rest())
			return nil
		}
	default:
		if class == diag.Unavailable {
			v.broke(one)
		}
		if err := v.dst.bear(err); err != nil {
			return err
		}
		if class == diag.Unavailable {
			return errAgain
		}
	}
	s.finish(errRefetch)
	return nil
}

// tee reads a body, notes what it is, and whether reading failed.
type tee struct {
	from    io.Reader
	printer *providers.Printer
	head    []byte
	err     error
}

// Read reads from the source.
func (t *tee) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	t.printer.Write(p[:n]) //nolint:errcheck // never fails
	if room := titleBytes - len(t.head); room > 0 {
		t.head = append(t.head, p[:min(n, room)]...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// rest reads what nobody wants any more, so that the source can go on.
func (t *tee) rest() error {
	_, err := io.Copy(io.Discard, t.from)
	return err
}
