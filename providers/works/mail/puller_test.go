//go:build unix

package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/mail"
	"github.com/isaworks/isa/providers/works/sandbox"
)

const (
	member  = "admin@acme.co.kr"
	account = "b1@old.example"
	other   = "b2@old.example"
)

// stage is a tenant and an old server.
type stage struct {
	*sandbox.Server
	old    *mailtest.Server
	client *api.Client
	puller providers.Puller
}

func newStage(t *testing.T, old *mailtest.Server, o sandbox.Options) *stage {
	t.Helper()
	o.ImportRoots, o.Speed = old.Roots, 1000
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	env := s.Env()
	c, err := api.New(api.Options{
		APIBase: env["ISA_API_BASE"], AuthBase: env["ISA_AUTH_BASE"], Scopes: []string{"mail"}, Backoff: time.Millisecond,
		Lanes: lanes.New(lanes.Budget{PerMinute: 100000}),
		Credentials: api.Credentials{
			ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: func(context.Context) (string, error) { return env["WORKS_CLIENT_SECRET"], nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{s, old, c, mail.Puller(c, mail.Mailbox{User: member, Name: "imap://new/admin", Host: "api.example", Looking: 300 * time.Millisecond})}
}

func oldServer(t *testing.T) *mailtest.Server {
	t.Helper()
	old := mailtest.Dovecot(t, mailtest.Options{Users: []string{account, other}})
	m := mailtest.Message{Folder: "INBOX", Date: time.Unix(1600000000, 0), Raw: []byte("Subject: a\r\n\r\nb\r\n")}
	for _, user := range []string{account, other} {
		if err := old.LoadMessages(user, m, m, m); err != nil {
			t.Fatal(err)
		}
	}
	return old
}

func (s *stage) pickup(t *testing.T, user string) providers.Pickup {
	t.Helper()
	host, port, err := net.SplitHostPort(s.old.IMAPS)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return providers.Pickup{Host: host, Port: n, TLS: true, User: user, Password: mailtest.Password}
}

// done waits for the end of the run.
func (s *stage) done(t *testing.T) providers.PullRun {
	t.Helper()
	for range 2000 {
		run, err := s.puller.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if run.State != providers.PullRunning {
			return run
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the run does not end")
	return providers.PullRun{}
}

// starts counts the runs that were asked for.
func (s *stage) starts() int {
	n := 0
	for _, e := range s.Requests() {
		if e.Op == "mail-migration-imap-create" {
			n++
		}
	}
	return n
}

func state(run providers.PullRun) string { return fmt.Sprint(run.State, " ", run.User, " ", run.Total) }

// TestPuller: one run for one pickup however often it is started, the next one after
// it, and nothing when it is forgotten.
func TestPuller(t *testing.T) {
	old := oldServer(t)
	for _, w := range []sandbox.Switches{nil, {"migration-none": "404"}} {
		s := newStage(t, old, sandbox.Options{Switches: w})
		if s.puller.Name() != "imap://new/admin" || s.puller.Host() != "api.example" {
			t.Error("the mailbox has another name")
		}
		if run := s.done(t); run != (providers.PullRun{State: providers.PullNone}) {
			t.Errorf("at first %+v", run)
		}
		for range 3 {
			if err := s.puller.Start(t.Context(), s.pickup(t, account)); err != nil {
				t.Fatal(err)
			}
		}
		run := s.done(t)
		if state(run) != "done "+account+" 3" || run.Started.IsZero() || run.Completed.IsZero() {
			t.Errorf("done: %+v", run)
		}
		if err := s.puller.Start(t.Context(), s.pickup(t, account)); err != nil || s.starts() != 1 {
			t.Errorf("%d starts of one pickup, %v", s.starts(), err)
		}
		if err := s.puller.Start(t.Context(), s.pickup(t, other)); err != nil || state(s.done(t)) != "done "+other+" 3" || s.starts() != 2 {
			t.Errorf("the next one: %d starts, %v", s.starts(), err)
		}
		for range 2 {
			if err := s.puller.Forget(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.done(t).State; got != providers.PullNone {
			t.Errorf("forgotten: %s", got)
		}
	}
}

// TestPullerRolledBack: a run that failed is none, and can be started again.
func TestPullerRolledBack(t *testing.T) {
	s := newStage(t, oldServer(t), sandbox.Options{Faults: "migration-fail=2"})
	for n := 1; n <= 2; n++ {
		if err := s.puller.Start(t.Context(), s.pickup(t, account)); err != nil {
			t.Fatal(err)
		}
		if got := state(s.done(t)); got != "none "+account+" 0" || s.starts() != n {
			t.Errorf("rolled back: %s after %d starts", got, s.starts())
		}
	}
}

// TestPullerBesideAnother: while another run is under way, it is told whose.
func TestPullerBesideAnother(t *testing.T) {
	old := oldServer(t)
	for _, busy := range []string{"409", "400"} {
		s := newStage(t, old, sandbox.Options{Faults: "migration-stall=1", Switches: sandbox.Switches{"migration-busy": busy}})
		if err := s.puller.Start(t.Context(), s.pickup(t, other)); err != nil {
			t.Fatal(err)
		}
		err := s.puller.Start(t.Context(), s.pickup(t, account))
		if diag.ClassOf(err) != diag.Conflict || !strings.Contains(err.Error(), other) || diag.MayHaveHappened(err) {
			t.Errorf("beside another run: %v", err)
		}
	}
}

// TestPullerLosesAnswers: a start whose answer is lost is found, and never sent
// twice.
func TestPullerLosesAnswers(t *testing.T) {
	s := newStage(t, oldServer(t), sandbox.Options{})
	if err := s.SetFaults("drop-response=40%"); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for n := range 12 {
		user := []string{account, other}[n%2]
		before := s.starts()
		err := s.puller.Start(t.Context(), s.pickup(t, user))
		if err != nil && !diag.MayHaveHappened(err) && diag.ClassOf(err) != diag.Unavailable {
			t.Fatal(err)
		}
		if err != nil {
			continue
		}
		if s.starts() != before+1 {
			t.Errorf("%d starts instead of one", s.starts()-before)
		}
		for _, e := range s.Requests() {
			if e.Op == "mail-migration-imap-create" && e.Status == 0 {
				lost++
			}
		}
		if run := s.done(t); run.State != providers.PullDone || run.User != user {
			t.Errorf("%+v", run)
		}
	}
	if lost == 0 {
		t.Error("no answer of a start was lost; the test shows nothing")
	}
	if err := s.SetFaults("drop-request=100%"); err != nil {
		t.Fatal(err)
	}
	if err := s.puller.Start(t.Context(), s.pickup(t, account)); diag.ClassOf(err) != diag.Unavailable {
		t.Errorf("no service: %v", err)
	}
}

// TestPullerIsRefused: the way out is told, and never a password.
func TestPullerIsRefused(t *testing.T) {
	s := newStage(t, oldServer(t), sandbox.Options{})
	wrong := s.pickup(t, account)
	wrong.Password = "canary-4711"
	err := s.puller.Start(t.Context(), wrong)
	if diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), wrong.Host) || diag.MayHaveHappened(err) {
		t.Errorf("wrong password: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, errors.Unwrap(err), err); strings.Contains(text, wrong.Password) {
		t.Errorf("the password is shown: %s", text)
	}
	if err := s.SetMailImport(false); err != nil {
		t.Fatal(err)
	}
	if err := s.puller.Start(t.Context(), wrong); diag.ClassOf(err) != diag.Denied || !strings.Contains(err.Error(), "Import external email") {
		t.Errorf("import off: %v", err)
	}
	nobody := mail.Puller(s.client, mail.Mailbox{User: "nobody@acme.co.kr"})
	if err := nobody.Start(t.Context(), wrong); diag.ClassOf(err) != diag.NotFound {
		t.Errorf("nobody's mailbox: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.puller.Start(ctx, wrong); diag.ClassOf(err) != diag.Cancelled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestStartPOP3: the inbox of an account.
func TestStartPOP3(t *testing.T) {
	s := newStage(t, oldServer(t), sandbox.Options{})
	host, port, err := net.SplitHostPort(s.old.POP3)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	from := mail.POP3{Host: host, Port: n, User: account, Password: api.NewSecret("canary-4712"), Folder: "Old"}
	if err := mail.StartPOP3(t.Context(), s.client, member, from); diag.ClassOf(err) != diag.Invalid || strings.Contains(fmt.Sprintf("%+v", err), "canary-4712") {
		t.Errorf("wrong password: %v", err)
	}
	from.Password = api.NewSecret(mailtest.Password)
	if err := mail.StartPOP3(t.Context(), s.client, member, from); err != nil {
		t.Fatal(err)
	}
	made, err := s.AppPassword(member, false)
	if err != nil {
		t.Fatal(err)
	}
	into := mailtest.Account{Addr: strings.TrimPrefix(s.Env()["ISA_IMAP_BASE"], "imap://"), User: member, Password: made.Password}
	for range 400 {
		got, err := mailtest.Read(t.Context(), into)
		if err != nil {
			t.Fatal(err)
		}
		if len(got["Old"]) == 3 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the mail did not come")
}

// TestForwardingSteps: each step may be repeated; a member who is gone has none.
func TestForwardingSteps(t *testing.T) {
	for _, again := range []string{"replaced", "409"} {
		s := newStage(t, &mailtest.Server{}, sandbox.Options{Switches: sandbox.Switches{"forwarding-again": again}})
		k := mail.Kinds(s.client)["mail_forwarding"]
		create := providers.Request{Verb: "create", Attrs: value.Object{"member": value.String(member), "to": value.String("a@old.example")}}
		for range 2 {
			res, err := k.Do(t.Context(), create)
			if err != nil || res.ID != member || res.Attrs["keep_original"] != value.Value(value.Bool(true)) {
				t.Fatalf("%+v, %v", res, err)
			}
		}
		patch := providers.Request{Verb: "patch", ID: member, Attrs: value.Object{"to": value.String("b@old.example"), "keep_original": value.Bool(false)}}
		if _, err := k.Do(t.Context(), patch); err != nil {
			t.Fatal(err)
		}
		if f, there := s.Forwarding(member); !there || f != (sandbox.Forwarding{To: "b@old.example"}) {
			t.Errorf("%+v", f)
		}
		for range 2 {
			if _, err := k.Do(t.Context(), providers.Request{Verb: "delete", ID: member}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := k.Do(t.Context(), providers.Request{Verb: "delete", ID: "nobody"}); err != nil {
			t.Errorf("a member who is gone: %v", err)
		}
		if _, there := s.Forwarding(member); there {
			t.Error("it is still there")
		}
		if _, err := k.Do(t.Context(), providers.Request{Verb: "suspend", ID: member}); diag.ClassOf(err) != diag.Internal {
			t.Errorf("a step that is none: %v", err)
		}
		if calls := k.Calls(create); len(calls) != 1 || calls[0].Op != "mail-setting-forwarding-create" {
			t.Errorf("%+v", calls)
		}
	}
}
