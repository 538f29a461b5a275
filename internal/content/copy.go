package content

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// entry is an item on its way with what its bytes told.
type entry struct {
	item     providers.Item // as the source lists it
	size     int64          // bytes, counted
	print    providers.Print
	head     [16]byte // the print's, with the size that the source lists
	from, to int      // in the buffer
}

// parcel is what the fetching side hands to the putting side: a batch in a buffer,
// one large item that is still being read, or outcomes found on the way.
type parcel struct {
	entries []entry
	buffer  []byte
	stream  *stream
	records []providers.Record
}

// stream is a large item, read while it is put. The fetching side waits for done:
// nil, or why Fetch is to end.
type stream struct {
	entry entry
	body  io.Reader
	done  chan error
}

// errRefetch ends a Fetch whose large item has to be read again.
var errRefetch = errors.New("read again")

// breaksMost is how often an item may be on its way, alone, when a connection breaks.
const breaksMost = 4

// poisonMost is how many items in a row may be set aside because connections broke at
// them. More are the server's fault.
const poisonMost = 20

// copy moves items: one goroutine reads them while another puts what was read.
func (v *visit) copy(ctx context.Context, items []providers.Item) error {
	items, err := v.quarantine(ctx, items)
	if err != nil || len(items) == 0 {
		return err
	}
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	parcels := make(chan parcel, 1)
	var fetched error
	go func() {
		defer close(parcels)
		fetched = (&fetch{visit: v, out: parcels, gone: reading.Done(), limit: v.limits, breaks: v.copyBreaks()}).all(ctx, items)
	}()
	v.odd = nil
	var put error
	for p := range parcels {
		if put == nil {
			if put = v.deliver(ctx, p); put != nil {
				cancel()
			}
		}
		if p.stream != nil {
			p.stream.finish(errStopped)
		}
		if p.buffer != nil {
			v.run.pool.give(p.buffer)
		}
	}
	switch {
	case put != nil:
		return put
	case fetched != nil:
		return fetched
	}
	return v.unlike(ctx)
}

// finish ends the wait of the fetching side, unless it was ended before.
func (s *stream) finish(err error) {
	select {
	case s.done <- err:
	default:
	}
}

func (v *visit) copyBreaks() map[string]int {
	out := make(map[string]int, len(v.breaks))
	for k, n := range v.breaks {
		out[k] = n
	}
	return out
}

// quarantine sets items aside that broke connections again and again, alone.
func (v *visit) quarantine(ctx context.Context, items []providers.Item) (rest []providers.Item, err error) {
	if len(v.breaks) == 0 {
		return items, nil
	}
	var bad []providers.Record
	for _, it := range items {
		if v.breaks[it.Key] < breaksMost {
			rest = append(rest, it)
			continue
		}
		delete(v.breaks, it.Key)
		v.unsure = v.unsure || v.table && (v.lied[it.Key] || it.Print.Head == [16]byte{})
		bad = append(bad, v.record(it, providers.Quarantined, "the connection to the target broke whenever it was sent"))
	}
	v.task.trouble.setAside(v.dst.place, len(bad), poisonMost)
	return rest, v.settle(ctx, bad)
}

// fetch is the reading side of a copy.
type fetch struct {
	*visit
	out    chan<- parcel
	gone   <-chan struct{} // the putting side has given up
	limit  providers.Limits
	breaks map[string]int // as the putting side counted them before

	printer *providers.Printer
	batch   parcel
	used    int
	failed  map[string]int // attempts at the source that broke at this item, or left it out
	before  [kinds]burden  // the trouble with the source when it began
}

func (f *fetch) all(ctx context.Context, items []providers.Item) error {
	f.printer, f.failed, f.before = providers.NewPrinter(), map[string]int{}, f.src.trouble()
	defer func() {
		if f.batch.buffer != nil {
			f.run.pool.give(f.batch.buffer)
		}
	}()
	todo := items
	for len(todo) > 0 {
		var err error
		if todo, err = f.some(ctx, todo); err != nil {
			// What was read is put all the same, or it would be read again each time. That
			// nobody takes it any more is told by who put the others.
			_ = f.flush()
			return err
		}
	}
	return f.flush()
}

// some fetches what can be fetched at once, and returns the rest.
func (f *fetch) some(ctx context.Context, todo []providers.Item) (rest []providers.Item, err error) {
	ask := todo
	if f.failed[todo[0].Key] > 0 {
		ask = todo[:1]
	}
	at := make(map[string]int, len(ask))
	for i, it := range ask {
		at[it.Key] = i
	}
	got := make([]bool, len(ask))
	read := 0
	answered := false
	err = f.src.use(ctx, func(r providers.Reader) error {
		answered = true
		return r.Fetch(ctx, f.f.Folder, ask, func(m providers.Message) error {
			i, ok := at[m.Key]
			if !ok || got[i] {
				return nil // nobody asked for it
			}
			if err := f.message(ctx, ask[i], m); err != nil {
				return err
			}
			got[i] = true
			read++
			f.src.goesOn(f.before)
			return nil
		})
	})
	if !answered {
		return nil, err
	}
	for i, it := range ask {
		if !got[i] {
			rest = append(rest, it)
		}
	}
	rest = append(rest, todo[len(ask):]...)
	switch {
	case err == nil:
		left := len(todo) - len(ask)
		return f.leftOut(ctx, rest[:len(rest)-left], rest[len(rest)-left:], len(ask) == 1)
	case errors.Is(err, errRefetch):
		return rest, nil
	case ours(err), diag.ClassOf(err) == diag.NotFound, diag.ClassOf(err) == diag.Denied:
		return nil, err
	}
	if len(rest) == 0 {
		return nil, f.src.bear(err)
	}
	return f.trouble(rest, read, len(ask) == 1, err)
}

// leftOut is what a Fetch that went well did not send. What is listed is asked for
// once more, alone; next is what comes after it.
func (f *fetch) leftOut(ctx context.Context, items, next []providers.Item, alone bool) ([]providers.Item, error) {
	if len(items) == 0 {
		return next, nil
	}
	there, err := f.stillListed(ctx, items)
	if err != nil {
		return nil, err
	}
	var again []providers.Item
	for _, it := range items {
		if there[it.Key] && (!alone || f.failed[it.Key] == 0) {
			f.failed[it.Key]++
			again = append(again, it)
			continue
		}
		f.batch.records = append(f.batch.records, f.omitted(it, there[it.Key]))
	}
	return append(again, next...), nil
}

// trouble is a Fetch that failed. An item that nothing gets past is set aside.
func (f *fetch) trouble(rest []providers.Item, read int, alone bool, err error) ([]providers.Item, error) {
	class := diag.ClassOf(err)
	first := rest[0]
	switch {
	case class == diag.Limited:
		return rest, f.src.bear(err)
	case class == diag.Invalid && !alone:
		// Everything else was read: what is left is asked for one by one.
		f.failed[first.Key]++
		return rest, nil
	case read == 0:
		if f.failed[first.Key]++; f.failed[first.Key] > breaksMost || class == diag.Invalid {
			f.batch.records = append(f.batch.records, f.record(first, providers.Quarantined, "the source fails whenever it is read: "+words(err)))
			f.task.trouble.setAside(f.src.place, 1, poisonMost)
			rest = rest[1:]
		}
	}
	switch class {
	case diag.Invalid:
		return rest, nil
	case diag.Unavailable, diag.Cancelled:
	default:
		f.src.drop()
		err = &diag.Failure{Class: diag.Unavailable, Op: "fetch", Err: err}
	}
	return rest, f.src.bear(err)
}

// message takes one message into the batch, or hands it over as a stream.
func (f *fetch) message(ctx context.Context, it providers.Item, m providers.Message) error {
	if err := f.over(); err != nil {
		return err
	}
	if err := f.pace(f.run.stop, f.places, 1, max(m.Size, 0)); err != nil {
		return err
	}
	switch alone := f.breaks[it.Key] > 1; {
	case m.Size < 0:
		return impossible(f.task.job.Origin.Name(), "the source does not tell the size of what it sends")
	case f.limit.Item > 0 && m.Size > f.limit.Item:
		return f.tooLarge(it, m)
	case m.Size > f.room():
		return f.large(it, m)
	case alone || len(f.batch.entries) >= f.most() || f.used+int(m.Size) > int(f.room()):
		if err := f.flush(); err != nil {
			return err
		}
		if err := f.add(ctx, it, m); err != nil || !alone {
			return err
		}
		return f.flush()
	}
	return f.add(ctx, it, m)
}

// room is how many bytes a batch may have, most how many items.
func (f *fetch) room() int64 {
	if n := f.limit.BatchBytes; n > 0 && n < batchBytes {
		return n
	}
	return batchBytes
}

func (f *fetch) most() int {
	if f.limit.Batch > 0 {
		return f.limit.Batch
	}
	return batchItems
}

// add reads a message into the buffer of the batch.
func (f *fetch) add(ctx context.Context, it providers.Item, m providers.Message) error {
	if f.batch.buffer == nil {
		b, err := f.run.pool.take(ctx)
		if err != nil {
			return errStopped
		}
		f.batch.buffer, f.used = b, 0
	}
	from := f.used
	to := from + int(m.Size)
	if _, err := io.ReadFull(m.Body, f.batch.buffer[from:to]); err != nil {
		return cut(err, m)
	}
	if err := ended(m); err != nil {
		return err
	}
	body := f.batch.buffer[from:to]
	f.printer.Reset()
	f.printer.Write(body) //nolint:errcheck // never fails
	e := entry{item: it, size: m.Size, print: f.printer.Print(), from: from, to: to}
	e.head = listed(it, e.size, e.print, body)
	f.used = to
	f.batch.entries = append(f.batch.entries, e)
	return nil
}

// listed is the head by which an item is found again in the listings of the source,
// some of which tell wrong sizes.
func listed(it providers.Item, size int64, p providers.Print, header []byte) [16]byte {
	if it.Size < 0 || it.Size == size {
		return p.Head
	}
	return providers.HeadOf(header, it.Size)
}

// large hands a message over while it is read.
func (f *fetch) large(it providers.Item, m providers.Message) error {
	if err := f.flush(); err != nil {
		return err
	}
	s := &stream{entry: entry{item: it, size: m.Size}, body: m.Body, done: make(chan error, 1)}
	if err := f.send(parcel{stream: s}); err != nil {
		return err
	}
	return <-s.done
}

func (f *fetch) tooLarge(it providers.Item, m providers.Message) error {
	head, err := io.ReadAll(io.LimitReader(m.Body, titleBytes))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return err
	}
	r := f.record(it, providers.TooLarge, "the target takes no item of this size")
	r.Size, r.Title = m.Size, title(head)
	f.batch.records = append(f.batch.records, r)
	return nil
}

// flush sends what was gathered.
func (f *fetch) flush() error {
	if len(f.batch.entries) == 0 && len(f.batch.records) == 0 {
		return nil
	}
	p := f.batch
	f.batch, f.used = parcel{}, 0
	if err := f.send(p); err != nil {
		if p.buffer != nil {
			f.run.pool.give(p.buffer)
		}
		return err
	}
	return nil
}

func (f *fetch) send(p parcel) error {
	select {
	case f.out <- p:
		return nil
	case <-f.gone:
		return errStopped
	}
}

// cut is the error of a body that ends too early.
func cut(err error, m providers.Message) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && m.Size > 0 {
		return &diag.Failure{Class: diag.Unavailable, Op: "fetch", Detail: fmt.Sprintf("the message ends before its %d bytes", m.Size)}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// ended reads the end of a body: what was announced is all there is.
func ended(m providers.Message) error {
	var one [1]byte
	switch n, err := io.ReadFull(m.Body, one[:]); {
	case n > 0:
		return &diag.Failure{Class: diag.Unavailable, Op: "fetch", Detail: fmt.Sprintf("the message goes on after its %d bytes", m.Size)}
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

// drain reads a whole body into w.
func drain(w io.Writer, m providers.Message) error {
	n, err := io.Copy(w, m.Body)
	if err == nil && m.Size >= 0 && n != m.Size {
		return &diag.Failure{Class: diag.Unavailable, Op: "fetch", Detail: fmt.Sprintf("the message has %d bytes, not %d", n, m.Size)}
	}
	return err
}
