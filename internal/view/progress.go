package view

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress shows how far work is: on a terminal as bars that are redrawn, else as
// one line an event. It is safe for concurrent use and never fails: a stream that
// cannot be written to ends the showing, not the work.
type Progress struct {
	out  io.Writer
	opts ProgressOptions

	mu     sync.Mutex
	tasks  []*Task
	drawn  int // lines on the terminal that belong to the bars
	last   time.Time
	broken bool
	stop   chan struct{}
	ended  sync.WaitGroup
}

// ProgressOptions steer a Progress.
type ProgressOptions struct {
	Terminal bool       // redraw bars; false: lines
	Width    func() int // columns of the terminal now; nil: Style.Width
	Style    Style
	Now      func() time.Time // the clock; required
	Waits    func() []Wait    // why work waits right now; may be nil
}

// Wait is something that holds work up.
type Wait struct {
	What  string // the operation or writer: "user-create"
	Why   string // "the minute's 240 calls are used"
	Until time.Time
}

// redraw is the time between two drawings of the bars.
const redraw = 100 * time.Millisecond

// NewProgress begins showing on w. Close ends it.
func NewProgress(w io.Writer, opts ProgressOptions) *Progress {
	p := &Progress{out: w, opts: opts, stop: make(chan struct{})}
	if opts.Terminal {
		p.ended.Add(1)
		go p.tick()
	}
	return p
}

// tick keeps rates, remaining times and reasons for waiting fresh.
func (p *Progress) tick() {
	defer p.ended.Done()
	ticker := time.NewTicker(5 * redraw)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// Task is one thing that takes time.
type Task struct {
	p        *Progress
	name     string
	unit     string // what is counted: "member"
	total    int    // 0: not known
	done     int
	began    time.Time
	least    time.Duration // the whole cannot take less; 0: not known
	bytes    int64         // done
	before   int           // units and bytes that were done before the task began: no pace of it
	sized    int64
	why      string // it waits; "" while it works
	finished bool
}

// Task adds a task that counts units to total; a total of 0 is not known.
func (p *Progress) Task(name, unit string, total int) *Task {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &Task{p: p, name: Line(name), unit: unit, total: total, began: p.opts.Now()}
	p.tasks = append(p.tasks, t)
	p.drawSoon()
	return t
}

// Set tells how many units are done.
func (t *Task) Set(done int) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.done = done
	t.p.drawSoon()
}

// Total tells how many units there are, when that was not known at the beginning.
func (t *Task) Total(total int) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.total = total
}

// Size tells how many bytes are done; they are shown behind the units.
func (t *Task) Size(bytes int64) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.bytes = bytes
}

// Before tells how much was done when the task began, so that its pace is that of what
// it does itself.
func (t *Task) Before(done int, bytes int64) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.before, t.sized = done, bytes
}

// Wait tells why the task waits, instead of its rate; "" that it works again.
func (t *Task) Wait(why string) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.why = Line(why)
	t.p.drawSoon()
}

// Least tells that the whole task cannot be done in less than d, so that the time
// left is not taken from the rate alone: limits make work go in bursts.
func (t *Task) Least(d time.Duration) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.least = d
}

// Drop removes the bar.
func (t *Task) Drop() {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	if t.finished {
		return
	}
	t.finished = true
	for i, other := range t.p.tasks {
		if other == t {
			t.p.tasks = append(t.p.tasks[:i], t.p.tasks[i+1:]...)
			break
		}
	}
	t.p.draw()
}

// Line shows one line that stays.
func (p *Progress) Line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(Line(text))
}

// Close removes what is left of the bars.
func (p *Progress) Close() {
	p.mu.Lock()
	select {
	case <-p.stop:
		p.mu.Unlock()
		return
	default:
	}
	close(p.stop)
	p.tasks = nil
	p.erase()
	p.mu.Unlock()
	p.ended.Wait()
}

// line writes a line above the bars; on a terminal it is wrapped between words.
// The caller holds the lock.
func (p *Progress) line(text string) {
	p.erase()
	if p.opts.Terminal {
		text = strings.Join(wrap(text, p.width()-2), "\n  ")
	}
	p.write(text + "\n")
	p.draw()
}

// drawSoon draws unless the bars are fresh. The caller holds the lock.
func (p *Progress) drawSoon() {
	if p.opts.Now().Sub(p.last) >= redraw {
		p.draw()
	}
}

// draw replaces the bars. The caller holds the lock.
func (p *Progress) draw() {
	if !p.opts.Terminal {
		return
	}
	p.last = p.opts.Now()
	p.erase()
	var b strings.Builder
	names := leastName
	for _, t := range p.tasks {
		names = max(names, min(Width(t.name), mostName))
	}
	for _, t := range p.tasks {
		b.WriteString(Cut(p.bar(t, names), p.width()-1) + "\n")
		p.drawn++
	}
	if len(p.tasks) > 0 && p.opts.Waits != nil {
		for _, w := range p.opts.Waits() {
			b.WriteString(p.opts.Style.in(dim, Cut(waitLine(w, p.last), p.width()-1)) + "\n")
			p.drawn++
		}
	}
	p.write(b.String())
}

// erase moves to the first bar and clears from there. The caller holds the lock.
func (p *Progress) erase() {
	if p.drawn > 0 {
		p.write(fmt.Sprintf("\x1b[%dA\x1b[J", p.drawn))
		p.drawn = 0
	}
}

func (p *Progress) write(text string) {
	if p.broken || text == "" {
		return
	}
	if _, err := io.WriteString(p.out, text); err != nil {
		p.broken = true
	}
}

func (p *Progress) width() int {
	if p.opts.Width != nil {
		if w := p.opts.Width(); w > 0 {
			return w
		}
	}
	return p.opts.Style.width()
}

// barWidth is the width of a bar in columns; names take between the others.
const (
	barWidth  = 20
	leastName = 12
	mostName  = 24
)

// bar writes "Applying  [██████    ]  120 of 312 steps  3.9/s  50 s left", with bytes
// "… 1.2 MB  3.9/s  40.0 kB/s  50 s left".
func (p *Progress) bar(t *Task, names int) string {
	elapsed := p.opts.Now().Sub(t.began)
	rate, size := 0.0, 0.0
	if seconds := elapsed.Seconds(); seconds > 0 {
		rate, size = float64(t.done-t.before)/seconds, float64(t.bytes-t.sized)/seconds
	}
	text := Pad(Cut(t.name, names), names)
	if t.total <= 0 {
		text += fmt.Sprintf("  %s", Plural(t.done, t.unit))
	} else {
		full := min(barWidth*t.done/t.total, barWidth)
		text += "  [" + strings.Repeat("█", full) + strings.Repeat(" ", barWidth-full) + "]"
		text += fmt.Sprintf("  %s of %s", Number(t.done), Plural(t.total, t.unit))
	}
	if t.bytes > 0 {
		text += "  " + Bytes(t.bytes)
	}
	if t.why != "" {
		return text + "  waiting: " + t.why
	}
	if rate > 0 {
		text += fmt.Sprintf("  %.1f/s", rate)
		if size > 0 {
			text += "  " + Bytes(int64(size)) + "/s"
		}
		if t.total > t.done {
			left := time.Duration(float64(t.total-t.done) / rate * float64(time.Second))
			text += "  " + Duration(max(left, t.least-elapsed)) + " left"
		}
	}
	return text
}

// shown is the shortest wait whose length is told.
const shown = time.Second

func waitLine(w Wait, now time.Time) string {
	text := "  waiting: " + Line(w.What)
	if w.Why != "" {
		text += ": " + Line(w.Why)
	}
	if left := w.Until.Sub(now); !w.Until.IsZero() && left >= shown {
		text += ", " + Duration(left)
	}
	return text
}
