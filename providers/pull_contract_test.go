package providers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// fetcher is a Puller.
type fetcher struct {
	run providers.PullRun
	all int // runs started
}

func (f *fetcher) Name() string { return "imap://new.example/kim" }

func (f *fetcher) Host() string { return "new.example" }

func (f *fetcher) Start(_ context.Context, from providers.Pickup) error {
	switch {
	case f.run.State != providers.PullNone && f.run.User == from.User:
		return nil
	case f.run.State == providers.PullRunning:
		return &diag.Failure{Class: diag.Conflict, Op: "start", Detail: f.run.User}
	}
	f.run = providers.PullRun{State: providers.PullRunning, User: from.User}
	f.all++
	return nil
}

func (f *fetcher) Run(context.Context) (providers.PullRun, error) {
	seen := f.run
	if seen.State == providers.PullRunning {
		f.run.State, f.run.Total = providers.PullDone, 7
	}
	return seen, nil
}

func (f *fetcher) Forget(context.Context) error {
	f.run = providers.PullRun{State: providers.PullNone}
	return nil
}

func TestABatchIsPulledOnce(t *testing.T) {
	ctx := t.Context()
	f := &fetcher{run: providers.PullRun{State: providers.PullNone}}
	var p providers.Puller = f
	from := providers.Pickup{Host: "old.example", Port: 993, TLS: true, User: "b1@old.example", Password: "canary-4711"}
	for range 2 {
		if err := p.Start(ctx, from); err != nil {
			t.Fatal(err)
		}
	}
	other := from
	other.User = "b2@old.example"
	if err := p.Start(ctx, other); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("a second run beside the first: %v", err)
	}
	for polls := 0; ; polls++ {
		run, err := p.Run(ctx)
		if err != nil || polls > 5 {
			t.Fatalf("%+v after %d polls: %v", run, polls, err)
		}
		if run.State == providers.PullDone {
			break
		}
	}
	if err := p.Start(ctx, from); err != nil || f.all != 1 {
		t.Errorf("%d runs of one batch, %v", f.all, err)
	}
	if err := p.Start(ctx, other); err != nil || f.all != 2 {
		t.Errorf("the next batch: %d runs, %v", f.all, err)
	}
	if err := p.Forget(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestAPickupHidesItsPassword(t *testing.T) {
	from := providers.Pickup{Host: "old.example", Port: 993, User: "b1@old.example", Password: "canary-4711"}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", "from", from)
	asJSON, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{from.String(), string(asJSON), fmt.Sprintf("%v %+v %#v %s %q", from, from, from, from, from),
		fmt.Sprintf("%+v", struct{ From providers.Pickup }{from}), logged.String()} {
		if strings.Contains(text, from.Password) {
			t.Errorf("the password is shown: %s", text)
		}
	}
}
