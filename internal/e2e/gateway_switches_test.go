//go:build unix

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestGatewayInEachSwitch moves mail in two passes for each thing that nobody has
// confirmed of the service's migration. What arrives is the same wherever isa has a hand
// in it; where it has none, all messages arrive once all the same, and docs/gateway.md
// says what is not kept.
func TestGatewayInEachSwitch(t *testing.T) {
	t.Parallel()
	server := mailtest.Dovecot(t, mailtest.Options{Users: []string{"kim"}})
	corpus := mailtest.Corpus{Messages: 90, Folders: 9}
	if err := server.Load("kim", corpus); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		switches string
		lost     string // what is not kept: flags, dates, folders; "" nothing
	}{
		{"default", "", ""},
		{"another client", "migration-connections=3,migration-order=name,migration-fetch=partial,migration-window=50,migration-special-folders=special-use,migration-logins=1", ""},
		{"RFC822", "migration-fetch=RFC822,migration-certificate=any,migration-cancel=kept,migration-rollback=folders,migration-total-running=counted", ""},
		{"other answers", "migration-fetch=BODY[],migration-logins=5,migration-total=copied,migration-total-running=grows,migration-none=404,migration-busy=400,migration-rolled-back=forgotten", ""},
		{"read marks only", "migration-flags=read", "flags"},
		{"no flags", "migration-flags=dropped", "flags"},
		{"no dates", "migration-dates=arrival", "dates"},
		{"no special folders", "migration-special-folders=none", "folders"},
		{"new folders", "migration-again=new-folders", "folders"},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := sandbox.Switches{}
			for _, one := range strings.Split(c.switches, ",") {
				if name, value, ok := strings.Cut(one, "="); ok {
					on[name] = value
				}
			}
			m := newGateway(t, gatewayOptions{server: server, sandbox: sandbox.Options{Switches: on}, batch: "    messages = 50\n    interval = \"0s\"\n    smallest = 1"})
			m.sync(0).says(t, "90 copied")
			m.sync(0).says(t, ": nothing new.")
			m.notices("kim")
			got, err := mailtest.Read(t.Context(), m.target("kim"))
			if err != nil {
				t.Fatal(err)
			}
			if w, g := linesOf(corpus.Mailbox(), c.lost), linesOf(got, c.lost); !slices.Equal(w, g) {
				t.Errorf("%d arrived\n%s\nwant %d\n%s", len(g), strings.Join(g, "\n"), len(w), strings.Join(w, "\n"))
			}
		})
	}
}

// linesOf is a mailbox as lines, without what a service does not keep.
func linesOf(m mailtest.Mailbox, lost string) (lines []string) {
	own := map[string]string{"보낸메일함": "Sent", "임시보관함": "Drafts", "스팸메일함": "Junk", "휴지통": "Trash"}
	for folder, messages := range m {
		if name := own[folder]; name != "" {
			folder = name
		}
		for _, s := range messages {
			line := fmt.Sprintf("%x", s.Sum[:8])
			for _, part := range []struct{ name, text string }{{"folders", folder}, {"dates", fmt.Sprint(s.Date)}, {"flags", s.Flags}} {
				if part.name != lost {
					line += " " + part.text
				}
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// TestGatewayIsRefused: what the tenant does not allow is said with the way out, nothing
// is lost, and the next pass goes on when it is allowed.
func TestGatewayIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"mail-import": "Import external email", "designated-ips": "designated IP addresses", "mail-service-account": "403"} {
		value := map[string]string{"mail-import": "off", "designated-ips": "on", "mail-service-account": "403"}[name]
		t.Run(name, func(t *testing.T) {
			m := newGateway(t, gatewayOptions{sandbox: sandbox.Options{Switches: sandbox.Switches{name: value}}})
			m.load("kim", mailtest.Corpus{Messages: 40, Folders: 6})
			r := m.sync(3)
			if text != "403" {
				r.says(t, text)
			}
			if s := m.status(); s.Total["copied"].Items != 0 || s.Total["unproven"].Items+s.Total["pending"].Items != 40 {
				t.Errorf("the sums are %s", s.Total.text())
			}
		})
	}
}
