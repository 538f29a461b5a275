package mail

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/diag"
)

var ruleUnpromised = breach{"mail.unpromised", "What the route cannot promise here",
	"isa doctor --probe-mail found out at this tenant that the service's migration behaves otherwise than the route gateway relies on. The mail moves all the same; what is named does not come out as it does with route = \"append\". docs/gateway.md lists what is relied on. After a change at the service, probe again."}

// unpromised are, by name of the fact and its value, what the gateway route cannot
// promise (docs/gateway.md, "Foundations that nobody has confirmed").
func unpromised() map[string]map[string]string {
	const unproven = "the service's count does not tell that all has arrived"
	return map[string]map[string]string{
		"migration-again":           {"new-folders": "mail of later runs goes into further folders, of another name, beside those of the first; nothing is missing"},
		"migration-arrival":         {"missing": unproven + ": messages that it had counted were not there. Do not move mail by this route before that is explained", "doubled": "messages arrive more than once"},
		"migration-count":           {"other": unproven + ": batches end as unproven, are listed by isa status --failures, and are not offered again"},
		"migration-dates":           {"arrival": "messages arrive with the date of their run; route = \"append\" keeps that of their receipt"},
		"migration-date-shown":      {"written": "the mailbox shows the date on which a message was written, not that of its receipt; whether that one is kept cannot be seen there", "other": "messages arrive with another date than that of their receipt, and than that of their run; route = \"append\" keeps that of their receipt"},
		"migration-flags":           {"read": "messages arrive without marks other than read; route = \"append\" keeps them", "dropped": "messages arrive unread and without marks; route = \"append\" keeps them"},
		"migration-names":           {"changed": "folders with Korean names arrive under other names"},
		"migration-rollback":        {"folders": "a run that is undone takes other mail of the same folders with it: nobody should work in the mailbox before it is live"},
		"migration-rolled-back":     {"completed": "a run that was undone is told as Completed: a batch that was read to its end, and undone in the last moment, counts as copied and is missing"},
		"migration-special-folders": {"none": "sent mail, drafts, trash and junk arrive in folders of those names beside the service's own"},
		"migration-sent-mail":       {"other": "sent mail arrives neither in the service's own sent mail nor in a folder of that name: look where it is, and tell the members"},
	}
}

// seenSince are, by name of a fact, those in which a person found out later that it does
// not come out as that one says, nor as is relied on.
func seenSince() map[string]string {
	return map[string]string{"migration-dates": "migration-date-shown", "migration-special-folders": "migration-sent-mail"}
}

// Unpromised are what the route by gateway cannot promise where these facts are true, a
// sentence each, in a stable order.
func Unpromised(facts map[string]string) (out []string) {
	rules := unpromised()
	later := seenSince()
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if other := later[name]; rules[other][facts[other]] != "" {
			continue
		}
		if text := rules[name][facts[name]]; text != "" {
			out = append(out, text+" ("+name+" in calibration.json)")
		}
	}
	return out
}

// Unpromised warns of the same, for each gateway that mail goes by.
func (p Plan) Unpromised(facts map[string]string) diag.List {
	used := map[*Gateway]bool{}
	for _, m := range p.Migrations {
		used[m.Gateway] = true
	}
	var out diag.List
	for _, g := range p.Gateways {
		if !used[g] {
			continue
		}
		for _, text := range Unpromised(facts) {
			out = append(out, g.declared.Report(ruleUnpromised.warn(nil, g.Address.String()+": "+text, "docs/gateway.md says what can be done; isa doctor --probe-mail looks again")))
		}
	}
	return out
}
