package workspace

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

// TestFormerSpoolsAreKnownByWhatTheyAre: a directory has many names, and to look at one
// changes nothing of it.
func TestFormerSpoolsAreKnownByWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"now", "before"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("now", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "l"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := l.Stream(t.Context(), providers.StreamInfo{Name: "mail_migration.a", Origin: "o", Target: "t"})
	if err != nil {
		t.Fatal(err)
	}
	for i, spool := range []string{"now", filepath.Join(dir, "link"), dir + "/./now/", "before", filepath.Join(dir, "before"), filepath.Join(dir, "gone")} {
		if err := s.Batches().Make(t.Context(), providers.Batch{ID: fmt.Sprint("batch-", i), Spool: spool}); err != nil {
			t.Fatal(err)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{dir, relative} {
		w := &Workspace{env: &cli.Env{Dir: from}}
		now, err := spoolDir(w.env, "link")
		if err != nil || !filepath.IsAbs(now) {
			t.Fatal(now, err)
		}
		there, absent, err := w.formerSpools(t.Context(), l, now)
		if err != nil || len(there) != 1 || there[0].Dir() != filepath.Join(dir, "before") || fmt.Sprint(absent) != fmt.Sprint([]string{filepath.Join(dir, "gone")}) {
			t.Errorf("from %s: %v, absent %v, %v", from, there, absent, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "before"))
	if err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestTheStateRemembersMailboxesOfOtherAddresses: by what they are, and by moved blocks.
func TestTheStateRemembersMailboxesOfOtherAddresses(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	at := func(name string) addr.Address { return addr.New("mail_migration", name) }
	w := &Workspace{Config: &config.Config{Moves: []schema.Move{{From: at("left"), To: at("right")}}}}
	w.Mail.Migrations = []*mail.Migration{{Address: at("now"), Route: mail.RouteGateway}, {Address: at("right"), Route: mail.RouteGateway}, {Address: at("twin"), Route: mail.RouteAppend}}
	st := &state.State{Streams: []state.Stream{
		{Name: at("before").String(), Origin: "o1", Target: "t1", Passed: day(1), Batches: 3},
		{Name: at("earlier").String(), Origin: "o1", Target: "t1", Served: day(2), Batches: 1},
		{Name: at("left").String(), Origin: "o2", Target: "t2", Passed: day(4), Batches: 5},
		{Name: at("twin").String(), Origin: "o3", Target: "t3", Passed: day(5)},
	}}
	for _, c := range []struct {
		name, origin, target string
		want                 state.Stream
	}{
		{"now", "o1", "t1", state.Stream{Passed: day(1), Served: day(2), Batches: 3}},
		{"right", "o2", "t9", state.Stream{Passed: day(4), Batches: 5}},
		{"twin", "o3", "t3", state.Stream{Passed: day(5)}},
		{"right", "o9", "t9", state.Stream{}},             // another account
		{"now", "o3", "t3", state.Stream{Passed: day(5)}}, // addresses were exchanged
		{"new", "o4", "t4", state.Stream{}},
	} {
		got := w.memory(st).of(at(c.name), c.origin, c.target)
		if !got.Passed.Equal(c.want.Passed) || !got.Served.Equal(c.want.Served) || got.Batches != c.want.Batches {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestAnOlderLedgerOfAnotherAddressIsNotForgotten: the state gets the new name, and keeps
// what the ledger lacks.
func TestAnOlderLedgerOfAnotherAddressIsNotForgotten(t *testing.T) {
	was := state.Stream{Name: addr.New("mail_migration", "before").String(), Origin: "o", Target: "t", Passed: time.Unix(9, 0).UTC(), Batches: 4}
	now := was
	now.Name = addr.New("mail_migration", "now").String()
	got := passes(&state.State{Streams: []state.Stream{was}}, []providers.StreamInfo{{Name: now.Name, Origin: "o", Target: "t"}}, nil, nil)
	if len(got) != 2 || got[0].Stream == nil || *got[0].Stream != now || got[1].Drop == nil || got[1].Drop.Address.String() != was.Name {
		t.Errorf("%+v", got)
	}
}

// TestARunIsInTheStateBeforeItBegins: with what was known before.
func TestARunIsInTheStateBeforeItBegins(t *testing.T) {
	one := &mail.Migration{Address: addr.New("mail_migration", "now"), Route: mail.RouteServer}
	w := &Workspace{Config: &config.Config{}, env: &cli.Env{Now: func() time.Time { return time.Unix(7, 0) }}}
	w.Mail.Migrations = []*mail.Migration{one}
	m := &mover{w: w}
	about := providers.StreamInfo{Name: one.Address.String(), Origin: "o", Target: "t", Passed: time.Unix(5, 0)}
	first := m.asked(&state.State{}, one, about, 1)
	want := state.Stream{Name: about.Name, Origin: "o", Target: "t", Wave: one.Wave.String(), Passed: time.Unix(5, 0).UTC(), Batches: 1, Served: time.Unix(7, 0).UTC()}
	if len(first) != 1 || *first[0].Stream != want {
		t.Fatalf("%+v, want %+v", first[0].Stream, want)
	}
	known := &state.State{Streams: []state.Stream{want}}
	if again := m.asked(known, one, about, 1); again != nil {
		t.Errorf("%+v", again)
	}
	one.Route = mail.RouteGateway
	known.Streams[0].Name = addr.New("mail_migration", "before").String()
	want.Batches = 3
	if moved := m.asked(known, one, about, 3); len(moved) != 2 || *moved[0].Stream != want || moved[1].Drop.Address.String() != known.Streams[0].Name {
		t.Errorf("%+v", moved)
	}
}
