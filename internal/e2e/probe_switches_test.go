//go:build unix

package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// unseen are the switches of the service's migration whose values a probe does not tell
// apart, with the reason.
func unseen() map[string]string {
	return map[string]string{
		"mail-import":           "a setting of the administrator, which may be another one tomorrow",
		"designated-ips":        "a setting of the administrator",
		"migration-certificate": "it would take a certificate that nobody trusts at the public port",
		"migration-logins":      "it would take several members at once",
		"migration-window":      "it would take several messages in one folder",
		"migration-total":       "it would take a message of 50 MB",
		"migration-rollback":    "it would take a run that fails in a folder with other mail",
		"migration-busy":        "were it otherwise, two runs would fill the mailbox",
		"migration-cancel":      "it would take a run that is ended in the middle",
		"pop3-tls":              "a probe does not go by POP3",
		"forwarding-again":      "it would redirect somebody's mail",
		"forwarding-outside":    "it would redirect somebody's mail",
	}
}

// probeCase is a tenant with switches and what a probe of it tells.
type probeCase struct {
	name     string
	switches sandbox.Switches
	faults   string
	end      string
	code     int
	twice    bool
	same     map[string]string // facts that are not called like the switch
}

func probeCases() []probeCase {
	return []probeCase{
		{name: "another client", switches: sandbox.Switches{"migration-order": "name", "migration-fetch": "BODY[]", "migration-none": "404", "migration-flags": "read", "migration-special-folders": "special-use"},
			same: map[string]string{"migration-special-folders": "names"}},
		{name: "another mailbox", twice: true, switches: sandbox.Switches{"migration-fetch": "RFC822", "migration-flags": "dropped", "migration-dates": "arrival", "migration-special-folders": "none", "migration-again": "new-folders"}},
		{name: "several connections", faults: "migration-slow=300ms", switches: sandbox.Switches{"migration-fetch": "partial", "migration-connections": "3"}},
		{name: "a count from the beginning", faults: "migration-slow=300ms", switches: sandbox.Switches{"migration-total-running": "counted"}},
		{name: "a growing count", faults: "migration-slow=300ms", switches: sandbox.Switches{"migration-total-running": "grows"}},
		{name: "no count", faults: "migration-slow=300ms", switches: sandbox.Switches{"migration-total-running": "zero"}},
		{name: "rolled back", faults: "migration-fail=2", end: "rolled_back", code: 1, switches: sandbox.Switches{"migration-rolled-back": "before"}},
		{name: "rolled back and forgotten", faults: "migration-fail=2", end: "rolled_back", code: 1, switches: sandbox.Switches{"migration-rolled-back": "forgotten"}},
		{name: "rolled back and completed", faults: "migration-fail=2", switches: sandbox.Switches{"migration-rolled-back": "completed"}},
	}
}

// TestProbeMailInEachSwitch: what isa and a person can see of each thing that nobody has
// confirmed is kept as it is. A new switch is seen by a case, or has its reason.
func TestProbeMailInEachSwitch(t *testing.T) {
	t.Parallel()
	server := mailtest.Dovecot(t, mailtest.Options{Users: []string{"kim"}})
	tried := sandbox.Switches{"mail-service-account": "", "migration-pending": ""} // in TestProbeMailIsRefused
	for _, c := range probeCases() {
		maps.Copy(tried, c.switches)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newGateway(t, gatewayOptions{server: server, sandbox: sandbox.Options{Switches: c.switches}})
			if err := m.SetFaults(c.faults); err != nil {
				t.Fatal(err)
			}
			r, text := m.probe(c.code)
			if want := c.end; r.End != want && (want != "" || r.End != "completed") {
				t.Errorf("ended %s after %d messages", r.End, r.Fetched)
			}
			if c.twice {
				m.handIn(0, text, m.look(r.Mark))
				r, text = m.probe(c.code)
			}
			if r.End == "completed" {
				m.handIn(0, text, m.look(r.Mark))
			} else if got, _ := m.probed(r.Mark); len(got) > 0 || len(r.Questions) > 0 {
				t.Errorf("of a run that was given up %v is there, and %d questions are asked", got, len(r.Questions))
			}
			want := maps.Clone(map[string]string(c.switches))
			maps.Copy(want, c.same)
			m.wantFacts(want)
			if n := m.spooled(); n != 0 {
				t.Errorf("%d batches are left in the spool", n)
			}
		})
	}
	for _, s := range sandbox.Catalogue() {
		_, seen := tried[s.Name]
		_, excused := unseen()[s.Name]
		if strings.HasPrefix(s.Source, "40 ") && seen == excused {
			t.Errorf("the switch %s is tried: %v, has a reason: %v", s.Name, seen, excused)
		}
		if seen && len(s.Values) > 3 && !slices.Contains([]string{"migration-fetch"}, s.Name) {
			t.Errorf("%s has values that are not tried", s.Name)
		}
	}
}
