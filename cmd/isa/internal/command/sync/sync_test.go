package sync

import (
	"errors"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/diag"
)

func TestDeadline(t *testing.T) {
	seoul := time.FixedZone("KST", 9*3600)
	now := time.Date(2026, 3, 1, 22, 30, 0, 0, seoul).In(time.Local)
	local := func(day, hour, minute int) time.Time {
		return time.Date(now.Year(), now.Month(), day, hour, minute, 0, 0, time.Local)
	}
	clock := func(at time.Time) string { return at.Format("15:04") }
	for _, c := range []struct {
		text string
		want time.Time
		bad  bool
	}{
		{text: ""},
		{text: clock(now.Add(2 * time.Minute)), want: now.Add(2 * time.Minute).Truncate(time.Minute)},
		{text: clock(now.Add(-time.Minute)), want: local(now.Add(-time.Minute).Day()+1, now.Add(-time.Minute).Hour(), now.Add(-time.Minute).Minute())},
		{text: clock(now), want: local(now.Day()+1, now.Hour(), now.Minute())},
		{text: "2026-03-02T06:00:00+09:00", want: time.Date(2026, 3, 2, 6, 0, 0, 0, seoul)},
		{text: "2026-03-01T06:00:00+09:00", bad: true},
		{text: "6 o'clock", bad: true},
		{text: "25:00", bad: true},
	} {
		got, err := deadline(c.text, now)
		if (err != nil) != c.bad || !c.bad && !got.Equal(c.want) {
			t.Errorf("--until %q is %v, %v; want %v", c.text, got, err, c.want)
		}
	}
}

// TestWhatEndsANight: what cannot pass ends the first pass; nothing but an interrupt ends
// later ones, and the command ends as the worst of them.
func TestWhatEndsANight(t *testing.T) {
	exit := func(code int) error { return &cli.Exit{Code: code, Err: errors.New("x")} }
	for _, c := range []struct {
		name         string
		err          error
		first, later bool
	}{
		{"nothing", nil, false, false},
		{"mailboxes", exit(cli.CodePartly), false, false},
		{"a configuration", exit(cli.CodeFailed), true, false},
		{"an argument", errors.New("--wave won names none"), true, false},
		{"a phase", &diag.Failure{Class: diag.Conflict, Op: "sync", Detail: "wave.one was never applied"}, true, false},
		{"another's ledger", &diag.Failure{Class: diag.Conflict, Op: "ledger", Detail: "in use by kim (process 1)"}, false, false},
		{"a damaged ledger", &diag.Failure{Class: diag.Conflict, Op: "ledger", Detail: "the file is damaged"}, true, false},
		{"a full disk", &diag.Failure{Class: diag.Unavailable, Op: "ledger"}, false, false},
		{"an interrupt", exit(cli.CodeInterrupted), true, true},
	} {
		if first, later := lasting(c.err, true), lasting(c.err, false); first != c.first || later != c.later {
			t.Errorf("%s: %v first and %v later, want %v and %v", c.name, first, later, c.first, c.later)
		}
	}
	var night error
	for _, c := range []struct{ code, want int }{{3, 3}, {1, 1}, {3, 1}, {130, 130}} {
		if night = worse(worse(night, exit(c.code)), nil); cli.ExitCode(night) != c.want {
			t.Errorf("%d after %d, want %d", cli.ExitCode(night), c.code, c.want)
		}
	}
}
