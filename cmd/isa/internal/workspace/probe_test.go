package workspace

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers/mail"
)

// TestJudge: what answers tell, and what they do not.
func TestJudge(t *testing.T) {
	all := map[string]string{"arrived": "3", "read": "read", "unread": "unread", "important": "yes", "date": "received", "folder": "own", "sent": "sent"}
	with := func(more ...string) map[string]string {
		out := maps.Clone(all)
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	for name, c := range map[string]struct {
		answers map[string]string
		want    map[string]string // of facts, "" none of that name
	}{
		"as it should be":      {all, map[string]string{arrivalFact: "once", "migration-flags": "kept", "migration-dates": "kept", namesFact: "kept", "migration-special-folders": "names", "migration-again": "", dateFact: "received", sentFact: "sent"}},
		"nothing":              {map[string]string{}, map[string]string{arrivalFact: "", "migration-flags": "", "migration-dates": ""}},
		"nobody can tell":      {with("arrived", Unknown, "read", Unknown, "date", Unknown, "folder", Unknown, "sent", Unknown), map[string]string{arrivalFact: "", "migration-flags": "", "migration-dates": "", namesFact: "", "migration-special-folders": "", dateFact: "", sentFact: ""}},
		"none came":            {with("arrived", "0"), map[string]string{arrivalFact: "missing", "migration-flags": "", namesFact: ""}},
		"one is missing":       {with("arrived", "2"), map[string]string{arrivalFact: "missing", "migration-flags": "kept"}},
		"doubled":              {with("arrived", "more"), map[string]string{arrivalFact: "doubled"}},
		"no star":              {with("important", "no"), map[string]string{"migration-flags": "read"}},
		"unread":               {with("read", "unread"), map[string]string{"migration-flags": "dropped"}},
		"all read":             {with("unread", "read"), map[string]string{"migration-flags": "dropped"}},
		"the star is unknown":  {with("important", Unknown), map[string]string{"migration-flags": ""}},
		"the date of the run":  {with("date", "today"), map[string]string{"migration-dates": "arrival", dateFact: "today"}},
		"the date as written":  {with("date", "written"), map[string]string{"migration-dates": "", dateFact: "written"}},
		"another date":         {with("date", "other"), map[string]string{"migration-dates": "", dateFact: "other"}},
		"beside":               {with("folder", "beside"), map[string]string{"migration-again": "merge", namesFact: "kept"}},
		"a second folder":      {with("folder", "second"), map[string]string{"migration-again": "new-folders", namesFact: "kept"}},
		"another name":         {with("folder", "changed"), map[string]string{"migration-again": "", namesFact: "changed"}},
		"sent mail elsewhere":  {with("sent", "other"), map[string]string{"migration-special-folders": "", sentFact: "other"}},
		"a folder called Sent": {with("sent", "own"), map[string]string{"migration-special-folders": "none", sentFact: "own"}},
	} {
		if err := CheckAnswers(c.answers); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		have := map[string]string{}
		for _, f := range Judge(c.answers) {
			have[f.Name] = f.Value
			if i := slices.IndexFunc(Subjects(), func(s calibration.Subject) bool { return s.Name == f.Name }); i < 0 || !slices.Contains(Subjects()[i].Values, f.Value) {
				t.Errorf("%s: %s=%s cannot be kept", name, f.Name, f.Value)
			}
		}
		for fact, want := range c.want {
			if have[fact] != want {
				t.Errorf("%s: %s is %q, want %q", name, fact, have[fact], want)
			}
		}
	}
	for _, wrong := range []map[string]string{{"arrived": "4"}, {"": "x"}, {"read": "yes"}} {
		if CheckAnswers(wrong) == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

// TestQuestionsAreComplete: each can be answered with a number, in both languages, and be
// left open.
func TestQuestionsAreComplete(t *testing.T) {
	names := map[string]bool{}
	for i, q := range Questions("abcd") {
		if q.Text == "" || q.Korean == "" || names[q.Name] || q.Asked(map[string]string{"arrived": none}) != (i == 0) || !q.Asked(map[string]string{"arrived": "1"}) {
			t.Errorf("question %d: %+v", i, q)
		}
		names[q.Name] = true
		if last := q.Answers[len(q.Answers)-1]; last.Value != Unknown {
			t.Errorf("%s cannot be left open", q.Name)
		}
		for _, a := range q.Answers {
			if a.Value == "" || a.Text == "" || a.Korean == "" {
				t.Errorf("%s: %+v", q.Name, a)
			}
		}
	}
	if first := Questions("abcd")[0]; !strings.Contains(first.Text, "[이사 점검 abcd]") || !strings.Contains(first.Korean, "[이사 점검 abcd]") {
		t.Errorf("the first question does not say what to look for: %+v", first)
	}
}

// TestEachAnswerIsWeighed: an answer is what is relied on, warns of what is not, or stands
// for nothing; no other one passes in silence.
func TestEachAnswerIsWeighed(t *testing.T) {
	relied := map[string][]string{"arrived": {"3"}, "read": {"read"}, "unread": {"unread"}, "important": {"yes"}, "date": {"received"}, "folder": {"own", "beside"}, "sent": {"sent"}}
	for _, q := range Questions("") {
		for _, answer := range q.Answers {
			answers := map[string]string{}
			for name, values := range relied {
				answers[name] = values[0]
			}
			answers[q.Name] = answer.Value
			facts := map[string]string{}
			for _, f := range Judge(answers) {
				facts[f.Name] = f.Value
			}
			warned, open := len(mail.Unpromised(facts)) > 0, len(Unanswered("", answers)) > 0
			if fine := slices.Contains(relied[q.Name], answer.Value); warned == (fine || answer.Value == Unknown) || open != (answer.Value == Unknown) {
				t.Errorf("%s to %s: warned of %t, open %t", answer.Value, q.Name, warned, open)
			}
		}
	}
	if all := Unanswered("", map[string]string{"sent": ""}); len(all) != len(relied) {
		t.Errorf("of no answers %d are open", len(all))
	}
	if all := Unanswered("", map[string]string{"arrived": none}); len(all) > 0 {
		t.Errorf("nothing arrived, and %v is open", all)
	}
}

// TestEachBrokenPromiseCanBeFound: what the route cannot promise hangs on facts that may
// be kept.
func TestEachBrokenPromiseCanBeFound(t *testing.T) {
	var found []string
	for _, s := range Subjects() {
		for i, value := range s.Values {
			if texts := mail.Unpromised(map[string]string{s.Name: value}); i == 0 && len(texts) > 0 {
				t.Errorf("%s=%s is what is relied on: %v", s.Name, value, texts)
			} else if len(texts) > 0 {
				found = append(found, s.Name+"="+value)
			}
		}
	}
	slices.Sort(found)
	if want := []string{"migration-again=new-folders", "migration-arrival=doubled", "migration-arrival=missing", "migration-count=other", "migration-date-shown=other", "migration-date-shown=written", "migration-dates=arrival",
		"migration-flags=dropped", "migration-flags=read", "migration-names=changed", "migration-rollback=folders", "migration-rolled-back=completed",
		"migration-sent-mail=other", "migration-special-folders=none"}; !slices.Equal(found, want) {
		t.Errorf("found are %v, want %v", found, want)
	}
}

// TestSightings: how messages were asked for, and by how many at once.
func TestSightings(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1_000_000, 0).Add(time.Duration(ms) * time.Millisecond) }
	in := func(n uint64, ms int) imapgate.Event {
		return imapgate.Event{Kind: imapgate.LoggedIn, Conn: n, Batch: "b", Time: at(ms)}
	}
	out := func(n uint64, ms int, forms ...string) imapgate.Event {
		e := imapgate.Event{Kind: imapgate.Closed, Conn: n, Batch: "b", Time: at(ms), Commands: map[string]int{"UID FETCH": 2}}
		for _, f := range forms {
			e.Commands["FETCH "+f] = 1
		}
		return e
	}
	for name, c := range map[string]struct {
		events   []imapgate.Event
		asked    string
		together int
	}{
		"nobody":                {nil, "", 0},
		"another batch":         {[]imapgate.Event{{Kind: imapgate.LoggedIn, Conn: 1, Batch: "other", Time: at(0)}}, "", 0},
		"one":                   {[]imapgate.Event{in(1, 0), out(1, 10, "BODY[]")}, "BODY[]", 1},
		"one after another":     {[]imapgate.Event{in(1, 0), out(1, 10), in(2, 10), out(2, 90, "RFC822")}, "RFC822", 1},
		"at once":               {[]imapgate.Event{in(1, 0), in(2, 5), in(3, 9), out(1, 100, "BODY.PEEK[]<>"), out(2, 100, "BODY[]<>"), out(3, 100)}, "partial", 3},
		"still there":           {[]imapgate.Event{in(1, 0), in(2, 5)}, "", 2},
		"not clear":             {[]imapgate.Event{in(1, 0), in(2, 8), out(1, 10), out(2, 90)}, "", 0},
		"in two forms":          {[]imapgate.Event{in(1, 0), out(1, 10, "BODY[]", "BODY.PEEK[]")}, "", 1},
		"in a form of its own":  {[]imapgate.Event{in(1, 0), out(1, 10, "RFC822.PEEK")}, "", 1},
		"at once and then once": {[]imapgate.Event{in(1, 0), in(2, 5), out(1, 100), out(2, 120), in(3, 120), out(3, 200)}, "", 2},
	} {
		s := &sightings{batch: "b", conns: map[uint64]*connection{}, forms: map[string]int{}}
		for _, e := range c.events {
			s.note(e)
		}
		if asked, n := s.asked(), s.together(); asked != c.asked || n != c.together {
			t.Errorf("%s: asked for by %q, %d at once", name, asked, n)
		}
	}
}

// TestPublicName: the name of a gateway leads to where the world gets, except at a
// sandbox.
func TestPublicName(t *testing.T) {
	t.Parallel()
	for host, verdict := range map[string]Verdict{
		"203.0.113.7": Fine, "2001:db8::7": Fine, "127.0.0.1": Failed, "10.0.0.5": Failed, "192.168.1.1": Failed, "169.254.1.1": Failed,
		"100.64.0.1": Failed, "fd00::1": Failed, "localhost": Failed, "gate.isa.invalid": Failed,
	} {
		for base, want := range map[string]Verdict{"": verdict, "http://127.0.0.1:1/name/v1.0": Fine} {
			if host == "gate.isa.invalid" {
				want = Failed // which nobody finds
			}
			w := &Workspace{env: &cli.Env{Now: time.Now}, Config: &config.Config{Access: config.Access{APIBase: base}, Tenant: schema.Tenant{Companies: []schema.Company{{DomainID: 1}}}}}
			c := w.examineName(context.Background(), "name", &mail.Gateway{Host: host})
			if c.Verdict != want || want == Failed && (c.Why == "" || c.Fix == "") {
				t.Errorf("%s with the API at %q: %+v", host, base, c)
			}
		}
	}
}

// TestProbeChoosesAGateway: the one that the member's mail goes through, or the only one.
func TestProbeChoosesAGateway(t *testing.T) {
	a, b := &mail.Gateway{Host: "a"}, &mail.Gateway{Host: "b"}
	kim := []*mail.Migration{{Mail: "lee@acme.co.kr", Gateway: a}, {Mail: "kim@acme.co.kr"}, {Mail: "Kim@acme.co.kr", Gateway: b}}
	for name, c := range map[string]struct {
		plan mail.Plan
		want *mail.Gateway
	}{
		"none":              {mail.Plan{}, nil},
		"the only one":      {mail.Plan{Gateways: []*mail.Gateway{a}}, a},
		"two":               {mail.Plan{Gateways: []*mail.Gateway{a, b}}, nil},
		"the member's":      {mail.Plan{Gateways: []*mail.Gateway{a, b}, Migrations: kim}, b},
		"two of somebody's": {mail.Plan{Gateways: []*mail.Gateway{a, b}, Migrations: kim[:1]}, nil},
	} {
		p := &Probe{w: &Workspace{Mail: c.plan}, Login: "kim@acme.co.kr"}
		if err := p.choose(t.Context(), ""); p.gateway != c.want || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %+v, %v", name, p.gateway, err)
		}
	}
}
