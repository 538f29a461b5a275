package workspace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

// TestWhichMailboxesAreReaddressed: by what they are, never by what a moved block says
// alone.
func TestWhichMailboxesAreReaddressed(t *testing.T) {
	w := &Workspace{Config: &config.Config{}, env: &cli.Env{}}
	w.Config.Tenant.Companies = []schema.Company{{DomainID: 7}}
	source := &mail.Source{Type: mail.TypeIMAP, Host: "old", Port: 143}
	box := func(name, account, member, mailbox string) *mail.Migration {
		return &mail.Migration{Address: addr.New("mail_migration", name), Member: addr.New("member", member), Mail: mailbox, Source: source, Login: mail.Login{User: account}}
	}
	m, err := w.naming(nil)
	if err != nil {
		t.Fatal(err)
	}
	info := func(name, who string, moved bool) providers.StreamInfo {
		one := box(name, who, who, who+"@acme.co.kr")
		return providers.StreamInfo{Name: one.Address.String(), Origin: m.origin(one).Name(), Target: m.target(one).Name(), Moved: moved}
	}
	move := func(from, to string) schema.Move {
		return schema.Move{From: addr.New("mail_migration", from), To: addr.New("mail_migration", to), Place: diag.Place{Range: &diag.Range{File: "moved.hcl"}}}
	}
	remembered := func(name, who, id string) state.Stream {
		s := info(name, who, true)
		return state.Stream{Name: s.Name, Origin: s.Origin, Target: s.Target, Member: id}
	}
	member := state.Object{Address: addr.New("member", "kim"), Kind: "member", ID: "id-kim"}
	kim, lee := info("kim", "kim", true), info("lee", "lee", true)
	for _, c := range []struct {
		what     string
		declared []*mail.Migration
		known    []providers.StreamInfo
		moves    []schema.Move
		st       state.State
		want     string // from → to, or the error
	}{
		{what: "as ever", declared: []*mail.Migration{box("kim", "kim", "kim", "kim@acme.co.kr")}, known: []providers.StreamInfo{kim}},
		{what: "another label", declared: []*mail.Migration{box("k", "kim", "kim", "kim@acme.co.kr")}, known: []providers.StreamInfo{kim, lee}, want: "kim→k"},
		{what: "exchanged", declared: []*mail.Migration{box("kim", "lee", "lee", "lee@acme.co.kr"), box("lee", "kim", "kim", "kim@acme.co.kr")},
			known: []providers.StreamInfo{kim, lee}, want: "lee→kim kim→lee"},
		{what: "a key that somebody else has now", declared: []*mail.Migration{box("kim", "new", "new", "new@acme.co.kr"), box("k", "kim", "kim", "kim@acme.co.kr")},
			known: []providers.StreamInfo{kim}, want: "kim→k"},
		{what: "a name that stays taken", declared: []*mail.Migration{box("lee", "kim", "kim", "kim@acme.co.kr")}, known: []providers.StreamInfo{kim, lee}},
		{what: "one wrong moved block", declared: []*mail.Migration{box("k", "kim", "kim", "kim@acme.co.kr"), box("l", "lee", "lee", "lee@acme.co.kr")},
			known: []providers.StreamInfo{kim, lee}, moves: []schema.Move{move("kim", "l")}, want: "takes one mailbox for another"},
		{what: "crossed moved blocks", declared: []*mail.Migration{box("k", "kim", "kim", "kim@acme.co.kr"), box("l", "lee", "lee", "lee@acme.co.kr")},
			known: []providers.StreamInfo{kim, lee}, moves: []schema.Move{move("kim", "l"), move("lee", "k")}, want: "takes one mailbox for another"},
		{what: "of twins the one that is said", declared: []*mail.Migration{box("k", "kim", "kim", "kim@acme.co.kr")},
			known: []providers.StreamInfo{kim, info("twin", "kim", true)}, moves: []schema.Move{move("twin", "k")}, want: "twin→k"},
		{what: "of twins the one that was moved", declared: []*mail.Migration{box("k", "kim", "kim", "kim@acme.co.kr")},
			known: []providers.StreamInfo{kim, info("twin", "kim", false)}, want: "kim→k"},
		{what: "a new login", declared: []*mail.Migration{box("kim", "kim", "kim", "gdkim@acme.co.kr")}, known: []providers.StreamInfo{kim},
			st: state.State{Objects: []state.Object{member}, Streams: []state.Stream{remembered("kim", "kim", "id-kim")}}, want: "kim→kim/gdkim@acme.co.kr"},
		{what: "a new login and another label", declared: []*mail.Migration{box("k", "kim", "kim", "gdkim@acme.co.kr")}, known: []providers.StreamInfo{kim},
			st: state.State{Objects: []state.Object{member}, Streams: []state.Stream{remembered("kim", "kim", "id-kim")}}, want: "kim→k/gdkim@acme.co.kr"},
		{what: "a new login and new addresses", declared: []*mail.Migration{box("k", "kim", "k", "gdkim@acme.co.kr")}, known: []providers.StreamInfo{kim},
			moves: []schema.Move{{From: addr.New("member", "kim"), To: addr.New("member", "k")}, move("kim", "k")},
			st:    state.State{Objects: []state.Object{member}, Streams: []state.Stream{remembered("kim", "kim", "id-kim")}}, want: "kim→k/gdkim@acme.co.kr"},
		{what: "another member", declared: []*mail.Migration{box("kim", "kim", "kim", "gdkim@acme.co.kr")}, known: []providers.StreamInfo{kim},
			st: state.State{Objects: []state.Object{member}, Streams: []state.Stream{remembered("kim", "kim", "id-other")}}},
		{what: "a member that is not known", declared: []*mail.Migration{box("kim", "kim", "kim", "gdkim@acme.co.kr")}, known: []providers.StreamInfo{kim},
			st: state.State{Streams: []state.Stream{remembered("kim", "kim", "")}}},
	} {
		w.Config.Moves, w.Mail.Migrations = c.moves, c.declared
		got, err := w.readdressed(&c.st, c.known)
		text := ""
		for _, r := range got {
			text = strings.TrimSpace(text + " " + strings.ReplaceAll(r.From+"→"+r.To, "mail_migration.", ""))
			if before := c.known; !strings.HasSuffix(before[indexOf(before, r.From)].Target, r.Target) {
				text += r.Target[strings.LastIndex(r.Target, "/"):]
			}
		}
		if err != nil {
			text = err.Error()
			if d, ok := err.(diag.Diagnostic); !ok || d.Range == nil || d.Range.File != "moved.hcl" {
				t.Errorf("%s: %+v has no place", c.what, err)
			}
		}
		if text != c.want && (err == nil || !strings.Contains(text, c.want)) {
			t.Errorf("%s: %q, want %q", c.what, text, c.want)
		}
	}
}

func indexOf(infos []providers.StreamInfo, name string) int {
	for i, info := range infos {
		if info.Name == name {
			return i
		}
	}
	return 0
}

// TestTheStateFollowsExchangedAddresses: each keeps what is its own, and nothing is
// dropped that was written.
func TestTheStateFollowsExchangedAddresses(t *testing.T) {
	name := func(of string) string { return addr.New("mail_migration", of).String() }
	at := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	st := &state.State{Streams: []state.Stream{
		{Name: name("a"), Origin: "kim", Target: "t/kim", Passed: at(2), Batches: 4, Member: "1"},
		{Name: name("b"), Origin: "lee", Target: "t/lee", Passed: at(3), Batches: 7, Member: "2"},
		{Name: name("c"), Origin: "oh", Target: "t/oh", Passed: at(4), Batches: 9, Member: "3"},
	}}
	after := *st
	for _, e := range passes(st, []providers.StreamInfo{
		{Name: name("a"), Origin: "lee", Target: "t/lee", Passed: at(3)},
		{Name: name("b"), Origin: "kim", Target: "t/kim", Passed: at(1)}, // the ledger is older
		{Name: name("d"), Origin: "oh", Target: "t/oh.new", Passed: at(4)},
	}, nil, map[string]string{name("d"): "3"}) {
		after = *state.Fold(&after, []state.Entry{e})
	}
	want := []state.Stream{
		{Name: name("a"), Origin: "lee", Target: "t/lee", Passed: at(3), Batches: 7, Member: "2"},
		{Name: name("b"), Origin: "kim", Target: "t/kim", Passed: at(2), Batches: 4, Member: "1"},
		{Name: name("d"), Origin: "oh", Target: "t/oh.new", Passed: at(4), Batches: 9, Member: "3"},
	}
	if fmt.Sprint(after.Streams) != fmt.Sprint(want) {
		t.Errorf("%+v\nwant\n%+v", after.Streams, want)
	}
}

// TestWhatWasMovedElsewhereIsNotFetchedAgain: by routes by which nobody can look.
func TestWhatWasMovedElsewhereIsNotFetchedAgain(t *testing.T) {
	known := map[string]providers.StreamInfo{
		"mail_migration.a": {Name: "mail_migration.a", Origin: "kim", Target: "t/kim", Moved: true},
		"mail_migration.b": {Name: "mail_migration.b", Origin: "lee", Target: "t/lee"},
	}
	for _, c := range []struct {
		name, route, origin string
		shared, refused     bool
	}{
		{"a", mail.RouteGateway, "kim", false, false},
		{"c", mail.RouteGateway, "kim", false, true},
		{"c", mail.RouteServer, "kim", false, true},
		{"c", mail.RouteAppend, "kim", false, false},
		{"c", mail.RouteGateway, "kim", true, false},
		{"c", mail.RouteGateway, "lee", false, false},
	} {
		one := &mail.Migration{Address: addr.New("mail_migration", c.name), Route: c.route, Shared: c.shared}
		if why := elsewhere(one, c.origin, known, movedFrom(known)); (why != "") != c.refused {
			t.Errorf("%+v: %q", c, why)
		}
	}
}

// TestRenamingsThatCannotBeAreLeftOut: and those that wait for them.
func TestRenamingsThatCannotBeAreLeftOut(t *testing.T) {
	known := map[string]providers.StreamInfo{"a": {Name: "a"}, "b": {Name: "b"}, "c": {Name: "c"}}
	if got := possible([]ledger.Renaming{{From: "a", To: "b"}, {From: "b", To: "c"}}, known); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := possible([]ledger.Renaming{{From: "a", To: "b"}, {From: "b", To: "d"}}, known); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}
