package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// migrationSwitches are the open facts of reference 40 that concern the import of
// mail and forwarding.
func migrationSwitches() []Switch {
	return []Switch{
		{"mail-service-account", []string{"allowed", "403"}, "migration and forwarding with a token of the service account", "40 §0"},
		{"mail-import", []string{"on", "off"}, "the administrator allows the import of external mail, until `/_sandbox/mail-import` says otherwise", "40 §2.4"},
		{"designated-ips", []string{"off", "on"}, "only designated IP addresses are allowed, so that nothing can be imported, until `/_sandbox/designated-ips` says otherwise", "40 §2.4"},
		{"migration-pending", []string{"allowed", "403"}, "import into the mailbox of a member who is pending", "40 §2.1"},
		{"migration-certificate", []string{"verified", "any"}, "the certificate of the source", "40 §2.1"},
		{"migration-logins", []string{"unlimited", "5", "1"}, "runs that are logged in at one host at a time; others wait", "40 §2.4"},
		{"migration-connections", []string{"1", "3"}, "connections of one run", "40 §2.4"},
		{"migration-order", []string{"listed", "name"}, "order of folders", "40 §2.4"},
		{"migration-fetch", []string{"BODY.PEEK[]", "BODY[]", "RFC822", "partial"}, "how a message is asked for", "40 §2.4"},
		{"migration-window", []string{"1", "50"}, "messages asked for with one command", "40 §2.4"},
		{"migration-special-folders", []string{"names", "special-use", "none"}, "how the source's Sent, Drafts, Trash and Junk are known: attributes or names, attributes, not at all", "40 §2.4"},
		{"migration-again", []string{"merge", "new-folders"}, "where a second run puts mail of folders that exist: into them, or into new ones beside them", "40 §2.4"},
		{"migration-flags", []string{"kept", "read", "dropped"}, "flags of copied mail: all, only whether it was read, none", "40 §2.4"},
		{"migration-dates", []string{"kept", "arrival"}, "internal date of copied mail", "40 §2.4"},
		{"migration-total", []string{"offered", "copied"}, "totalMailCount counts mail that is skipped, or not", "40 §2.2"},
		{"migration-total-running", []string{"zero", "counted", "grows"}, "totalMailCount while a run is in progress", "40 §2.2"},
		{"migration-none", []string{"before", "404"}, "status when nothing was ever registered", "40 §2.2"},
		{"migration-rolled-back", []string{"before", "forgotten", "completed"}, "status after a run that failed: Before migration, as if nothing was ever registered, Completed", "40 §2.2"},
		{"migration-rollback", []string{"run", "folders"}, "what a rollback takes away: what its run brought, or also all else in the member's own folders of the run", "40 §2.1"},
		{"migration-busy", []string{"409", "400"}, "a run is asked for while one is in progress", "40 §10"},
		{"migration-cancel", []string{"rolled-back", "kept"}, "mail of a run that is deleted while it is in progress", "40 §2.3"},
		{"pop3-tls", []string{"port", "always", "never"}, "TLS to a POP3 server: with port 995, always, never", "40 §3"},
		{"forwarding-again", []string{"replaced", "409"}, "a forwarding is made where there is one", "40 §7"},
		{"forwarding-outside", []string{"allowed", "403"}, "a forwarding out of the tenant", "40 §7"},
	}
}

// migrationFaults are the faults of migration runs.
type migrationFaults struct {
	fail   int           // messages after which a run fails; 0: never
	poison string        // bytes of a message that make its run fail; "" none
	slow   time.Duration // that each message takes
	stall  int           // messages after which a run reads nothing any more; 0: never
}

// add reads one fault; name is without migration-.
func (m *migrationFaults) add(name, value string) (err error) {
	switch name {
	case "fail":
		m.fail, err = strconv.Atoi(value)
	case "stall":
		m.stall, err = strconv.Atoi(value)
	case "slow":
		m.slow, err = time.ParseDuration(value)
	case "poison":
		m.poison = value
	default:
		return errors.New("it is unknown; use migration-fail, migration-poison, migration-slow, migration-stall")
	}
	if err != nil || m.fail < 0 || m.stall < 0 || m.slow < 0 || value == "" {
		return fmt.Errorf("write %s", map[string]string{"fail": "a number of messages, such as migration-fail=500",
			"stall": "a number of messages, such as migration-stall=500", "slow": "a duration, such as migration-slow=10ms",
			"poison": "bytes of a message, such as migration-poison=CANARY"}[name])
	}
	return nil
}

func (p *faultPlan) migration() migrationFaults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.migration
}
