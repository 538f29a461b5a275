package view

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestProgressWithoutTerminalIsOneLineAnEvent(t *testing.T) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	var b bytes.Buffer
	p := NewProgress(&b, ProgressOptions{Now: c.Now})
	task := p.Task("listing members", "object", 0)
	task.Set(100)
	c.pass(1200 * time.Millisecond)
	task.Set(298)
	p.Line("created 홍길동\x1b[2J")
	task.Drop()
	task.Drop()
	p.Task("dropped", "object", 3).Drop()
	p.Close()
	p.Close()
	want := "created 홍길동\ufffd[2J\n"
	if b.String() != want {
		t.Errorf("have %q, want %q", b.String(), want)
	}
}

func TestProgressOnATerminalRedrawsAndLeavesNothing(t *testing.T) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	var b bytes.Buffer
	p := NewProgress(&b, ProgressOptions{Terminal: true, Now: c.Now, Width: func() int { return 80 },
		Waits: func() []Wait {
			return []Wait{{What: "user-create", Why: "the minute is used up", Until: c.Now().Add(9 * time.Second)}}
		}})
	task := p.Task("applying", "step", 10)
	for n := range 5 {
		c.pass(time.Second)
		task.Set(n + 1)
	}
	task.Least(20 * time.Second)
	p.Line("one")
	p.Close()
	out := b.String()
	for _, want := range []string{
		"applying      [██████████          ]  5 of 10 steps  1.0/s  15 s left\n",
		"  waiting: user-create: the minute is used up, 9 s\n",
		"\x1b[2A\x1b[J", "one\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
	if !strings.HasSuffix(out, "\x1b[2A\x1b[J") {
		t.Errorf("bars are left behind: %q", out)
	}
}

// TestBarsOfMail: each bar has its own pace and the time left, also where a mailbox goes
// on after others had their turn; Korean names are twice as wide as their letters are many.
func TestBarsOfMail(t *testing.T) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	var b bytes.Buffer
	p := NewProgress(&b, ProgressOptions{Terminal: true, Now: c.Now, Width: func() int { return 120 }})
	all := p.Task("moving", "message", 1000)
	again := p.Task("김철수", "message", 600)
	again.Before(200, 2_000_000)
	long := p.Task("아주긴이름을가진사람의메일함입니다", "message", 400)
	c.pass(10 * time.Second)
	all.Size(6_000_000)
	all.Set(500)
	again.Size(3_000_000)
	again.Set(300)
	long.Set(0)
	c.pass(time.Second / 2)
	p.Line("x")
	p.Close()
	out := b.String()
	for _, want := range []string{
		"moving                    [██████████          ]  500 of 1,000 messages  6.0 MB  47.6/s  571.4 kB/s  11 s left\n",
		"김철수                    [██████████          ]  300 of 600 messages  3.0 MB  9.5/s  95.2 kB/s  32 s left\n",
		"  [                    ]  0 of 400 messages\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if at := strings.Index(line, "["); strings.Contains(line, " of ") && strings.Contains(line, "█") && Width(line[:at]) != 26 && !strings.HasPrefix(line, "\x1b") {
			t.Errorf("the bar begins at column %d: %q", Width(line[:at]), line)
		}
		if Width(strings.TrimSuffix(line, "\n")) > 130 {
			t.Errorf("too wide: %q", line)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestProgressOutlivesItsStream(t *testing.T) {
	p := NewProgress(broken{}, ProgressOptions{Terminal: true, Now: time.Now})
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			task := p.Task("t", "step", 3)
			task.Set(3)
			task.Drop()
		})
	}
	done.Wait()
	p.Close()
}
