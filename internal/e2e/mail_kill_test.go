//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// mailKills is how many seeded stories of kills CI tells.
const mailKills = 20

// TestMailSurvivesKills kills isa, the old server or the new one at random moments of a
// pass, and loses answers to APPEND: at the end nothing is lost, nothing doubled, and
// the next pass has nothing to do.
func TestMailSurvivesKills(t *testing.T) {
	t.Parallel()
	var who []string
	for i := range mailKills {
		who = append(who, fmt.Sprintf("k%02d", i))
	}
	var target *mailtest.Server
	var line *mailtest.FaultLine
	m := newMove(t, moveOptions{who: who, target: func(t testing.TB, o mailtest.Options) *mailtest.Server {
		target = mailtest.Dovecot(t, o)
		return target
	}})
	line = mailtest.Faulty(t, target.IMAP, mailtest.Faults{LoseAppends: 5})
	direct, faulty := m.env["ISA_IMAP_BASE"], "imap://"+line.Addr
	kills := map[string]int{}
	for i, who := range who {
		t.Run(fmt.Sprintf("seed %d", i), func(t *testing.T) {
			m.t = t
			r := rand.New(rand.NewPCG(uint64(i), 3))
			corpus := mailtest.Corpus{Messages: 400, Folders: 8, Seed: uint64(i), MedianBytes: 20_000}
			if err := m.source.Load(who, corpus); err != nil {
				t.Fatal(err)
			}
			m.env["ISA_IMAP_BASE"] = direct
			if i%4 == 3 {
				m.env["ISA_IMAP_BASE"] = faulty
			}
			for range 1 + r.IntN(3) {
				victim := []string{"isa", "source", "target"}[r.IntN(3)]
				if m.killDuring(who, victim, target, time.Duration(50+r.IntN(600))*time.Millisecond) {
					kills[victim]++
				}
			}
			m.sync(0, m.address(who))
			m.same(who, mailtest.Comparison{})
			if s := m.status(m.address(who)); !s.Balanced || s.Total["copied"].Items+s.Total["adopted"].Items != 400 {
				t.Errorf("the sums are %s", s.Total.text())
			}
			m.sync(0, m.address(who)).says(t, ": nothing new.")
		})
	}
	m.t = t
	if lost := line.Happened().Lost; lost == 0 || kills["isa"] == 0 || kills["source"] == 0 || kills["target"] == 0 {
		t.Errorf("%d answers were lost, and killed were %v: this test proves too little", lost, kills)
	} else {
		t.Logf("%d answers were lost, killed were %v", lost, kills)
	}
	m.sync(0)
}

// killDuring starts a pass and kills isa or a server when it has worked for a while. It
// reports whether the pass was still under way.
func (m *move) killDuring(who, victim string, target *mailtest.Server, after time.Duration) bool {
	m.t.Helper()
	cmd := m.command(m.dir, "sync", m.address(who))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case <-exited:
		return false
	case <-time.After(after):
	}
	switch victim {
	case "isa":
		if err := cmd.Process.Kill(); err != nil {
			m.t.Log("killed too late:", err)
		}
		<-exited
		return true
	case "source":
		target = m.source
	}
	if err := target.Restart(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	if err := <-exited; err != nil {
		m.t.Errorf("%s was killed and started again, and the pass failed: %v\n%s", victim, err, strings.TrimSpace(out.String()))
	}
	return true
}
