package workspace

import (
	"testing"
	"time"

	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/providers"
)

// TestPace: the pace is that of the last minute, and the time left follows from it; of
// what is over it is that of the whole.
func TestPace(t *testing.T) {
	now := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	m := &meter{began: now, known: 2_000, expect: 2_000}
	if p := m.pace(now); p.Rate != 0 || p.Left != 0 || p.Expected != 2_000 {
		t.Errorf("at the beginning: %+v", p)
	}
	items := int64(0)
	for second := range 301 { // two a second, and four from the third minute on
		if second > 0 {
			items += 2
		}
		if second > 180 {
			items += 2
		}
		m.take(now.Add(time.Duration(second)*time.Second), content.Counts{Sums: providers.Sums{providers.Copied: {Items: items, Bytes: items * 1000}, providers.OnTheWay: {Items: 7}}})
	}
	at := now.Add(300 * time.Second)
	p := m.pace(at)
	if p.Items != items || p.Rate < 3.9 || p.Rate > 4.1 || p.ByteRate < 3900 || p.ByteRate > 4100 || p.Remaining().Round(10*time.Second) != 290*time.Second {
		t.Errorf("under way: %+v, %v", p, p.Remaining())
	}
	if n := len(m.samples); n > 40 {
		t.Errorf("%d samples are kept", n)
	}
	if p = m.pace(at.Add(10 * time.Minute)); p.Rate > 0.1 {
		t.Errorf("it stands still, at %f/s", p.Rate)
	}
	m.ended = at
	if p = m.pace(at.Add(time.Hour)); p.Rate < 2.7 || p.Rate > 2.9 || p.Left != 0 {
		t.Errorf("when it is over: %+v", p)
	}
	want := "840 of 2,000 messages, 840.0 kB, 2.8/s, 2.8 kB/s"
	if text := p.Text(); text != want {
		t.Errorf("%q, want %q", text, want)
	}
}

// TestPaceOfWhatNeedNotMove: what turns out to have been moved already is not waited for.
func TestPaceOfWhatNeedNotMove(t *testing.T) {
	now := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	m := &meter{began: now}
	m.take(now, content.Counts{Expect: providers.Sum{Items: 5}})
	if p := m.pace(now); p.Expected != 5 {
		t.Errorf("at the beginning: %+v", p)
	}
	m.take(now.Add(time.Second), content.Counts{Expect: providers.Sum{Items: 2}, Sums: providers.Sums{providers.Copied: {Items: 2, Bytes: 2000}}})
	m.ended = now.Add(time.Second)
	if p := m.pace(m.ended); p.Expected != 2 || p.Text() != "2 messages, 2.0 kB, 2.0/s, 2.0 kB/s" {
		t.Errorf("at the end: %+v %q", p, p.Text())
	}
}
