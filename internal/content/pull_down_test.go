package content

import (
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

// TestNoRunBeginsThatNobodyServes: what was read is kept for a pass that serves it.
func TestNoRunBeginsThatNobodyServes(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	j := gateway(t, from, svc, sp)
	j.Pull.Gateway.Down = func() error { return &diag.Failure{Class: diag.Unavailable, Op: "gateway", Detail: "cannot listen"} }
	r, err := Run(t.Context(), options(l, j))
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Unavailable || svc.starts != 0 {
		t.Fatalf("%d starts, %v, %v", svc.starts, r.Jobs[0].Err, err)
	}
	if ids, err := sp.List(""); err != nil || len(ids) != 1 {
		t.Errorf("the spool has %v, %v", ids, err)
	}
	j.Pull.Gateway.Down = func() error { return nil }
	mustRun(t, options(l, j))
	wantAll(t, from, svc, nil)
	emptySpool(t, sp)
}
