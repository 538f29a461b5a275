package sandbox

import (
	"fmt"
	"sort"
	"strings"
)

// Switches chooses, by name, how the sandbox behaves where the reference is
// unconfirmed. A name that is absent has its default. Catalogue lists all names.
type Switches map[string]string

// Switch is one fact that the reference leaves open.
type Switch struct {
	Name   string
	Values []string // the first is the default: what the reference infers
	About  string
	Source string // file and section of the reference
}

// Catalogue returns all switches in the order of the reference.
func Catalogue() []Switch {
	return append([]Switch{
		{"service-account-me", []string{"403", "404"}, "status of me with a token of the service account", "00 §2.7"},
		{"expires-in", []string{"number", "text"}, "form of expires_in in token answers", "00 §2.2"},
		{"scope-comma", []string{"rejected", "accepted"}, "a comma as separator of scopes in the token request", "00 §2.2"},
		{"read-only", []string{"ignored", "rejected"}, "a read-only property in a body", "00 §4"},
		{"unknown-property", []string{"rejected", "ignored"}, "an undocumented property in a body", "00 §4"},
		{"patch-null", []string{"clears", "rejects"}, "an explicit null on a nullable property in PATCH of members, org units and groups", "00 §4"},
		{"patch-arrays", []string{"replace", "merge"}, "arrays and nested objects in PATCH", "00 §4"},
		{"duplicate-status", []string{"409", "400"}, "status for an address, key or name that is taken (the bulk key calls answer 409 always)", "00 §8, 10 §2.2"},
		{"window", []string{"first-call", "clock"}, "the minute of the rate limit begins with its first call, or with the minute of the clock", "00 §9"},
		{"bulk-keys", []string{"all-or-nothing", "one-by-one"}, "what a wrong item of a bulk key call leaves behind", "10 §3.2"},
		{"user-create-status", []string{"201", "200"}, "status of a created member", "10 §2.2"},
		{"deleted-listed", []string{"yes", "no"}, "members in the deletion period appear in the list", "10 §2.1"},
		{"deleted-get", []string{"200", "404"}, "get of a member in the deletion period", "10 §2.3"},
		{"deleted-reserved", []string{"yes", "no"}, "addresses and key of a member stay taken in the deletion period", "10 §2.6"},
		{"delete-deleted", []string{"400", "404", "410"}, "delete of a member in the deletion period", "10 §2.6"},
		{"forcedelete-active", []string{"accepted", "rejected"}, "forced deletion of a member who was not deleted before", "10 §2.8"},
		{"phone-space", []string{"rejected", "accepted"}, "an ordinary space in a phone number", "10 §9.1"},
		{"password-policy", []string{"inferred", "none"}, "passwords of 8 characters or more with a letter, a digit and a special character", "10 §9.8"},
		{"user-move-status", []string{"200", "204"}, "answer to the move of a member to another domain: the member, or nothing", "10 §2.13"},
		{"user-move-alias", []string{"kept", "dropped"}, "the old login address after a move: an alias of the member, or gone", "10 §2.13"},
		{"move-external-chat", []string{"supported", "refused"}, "whether domains take over members who have external-chat permission", "10 §2.13"},
		{"concurrent-listed", []string{"no", "yes"}, "members with only a concurrent post in a domain appear in its list", "10 §2.1"},
		{"invitation-expired", []string{"rejected", "renews"}, "an invitation for a registration that has expired", "10 §2.20"},
		{"employee-number-unique", []string{"no", "yes"}, "two members may have one employee number", "10 §9.1"},
		{"custom-properties-patch", []string{"merge", "replace"}, "names that customProperties leaves out in PATCH of a member: kept, or emptied", "10 §9.10"},
		{"messenger-name", []string{"X", "TWITTER"}, "name of that messenger in answers", "10 §9.7"},
		{"leave-null", []string{"rejected", "clears"}, "set-leave-of-absence with both times null", "10 §2.11"},
		{"leave-over", []string{"kept", "dropped"}, "a leave of absence that is over, in answers", "10 §9.4"},
		{"photo-upload", []string{"either", "multipart", "raw"}, "the content of a photo is sent by POST of a form with the token, or by PUT of the bytes without it", "00 §11"},
		{"photo-host", []string{"same", "other"}, "the host of `uploadUrl` is that of the API, or another one, to which no token belongs (`localhost`)", "00 §11"},
		{"photo-delete-none", []string{"404", "204"}, "delete of a photo that is not there", "10 §2.19"},
		{"external-chat", []string{"each", "all"}, "who may chat with people outside: each member who is permitted, or all, as the administrator may say", "10 §5"},
		{"external-chat-delay", []string{"0s", "2s"}, "how long a permission to chat with people outside takes; meanwhile others are refused", "10 §5"},
		{"access-restrict-none", []string{"404", "empty"}, "get of a restriction of the org chart that is not there", "20 §4.11"},
		{"access-restrict-again", []string{"409", "replaces"}, "create of a restriction of the org chart where there is one", "20 §4.11"},
		{"orgunit-order", []string{"creation", "random"}, "order of rows in the list of org units", "20 §4.1"},
		{"orgunit-email", []string{"generated", "required"}, "org unit created without an address", "20 §2"},
		{"orgunit-patch-without-email", []string{"accepted", "rejected"}, "PATCH of an org unit without its address", "20 §3"},
		{"orgunit-name-unique", []string{"no", "yes"}, "two siblings may have one name", "20 §2"},
		{"orgunit-delete-counts", []string{"all", "in-use"}, "which members keep a unit from being deleted: all, or without suspended and deleted ones", "20 §4.6"},
		{"orgunit-delete-children", []string{"deleted", "refused"}, "empty units below a deleted unit", "20 §4.6"},
		{"orgunit-delete-status", []string{"400", "403"}, "refusal to delete a unit with members", "20 §4.6"},
		{"move-without-parent", []string{"top", "keep"}, "move without parentOrgUnitId", "20 §4.7"},
		{"orgunit-members", []string{"direct", "subtree"}, "whom the member list of a unit holds", "20 §4.8"},
		{"list-while-off", []string{"403", "empty"}, "list of levels, positions or user types while the feature is off", "21 §1"},
		{"item-in-use-delete", []string{"403", "clears"}, "delete of a level, position or user type that members hold", "21 §1"},
		{"group-empty-members", []string{"accepted", "rejected"}, "an empty members array of a group", "22 §2"},
		{"group-member-key", []string{"accepted", "rejected"}, "externalKey: for org units and groups as group members", "22 §2"},
		{"group-email-without-mail", []string{"rejected", "cleared"}, "groupEmail sent while useMail is false", "22 §2"},
		{"group-sub-switch", []string{"false", "rejected"}, "note, calendar, task or folder switched on while useMessage is false", "22 §8"},
		{"group-unknown-member", []string{"404", "400"}, "a member or administrator of a group who does not exist", "22 §8"},
		{"group-last-administrator", []string{"403", "400"}, "removal of the last administrator", "22 §3.7"},
		{"group-cycles", []string{"rejected", "accepted"}, "a group that contains itself through others", "22 §5"},
	}, append(mailSwitches(), migrationSwitches()...)...)
}

// Markdown returns the catalogue as a table for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| switch | values (first: default) | about | reference |\n| --- | --- | --- | --- |\n")
	for _, s := range Catalogue() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", s.Name, strings.Join(s.Values, "`, `"), s.About, s.Source)
	}
	return b.String()
}

// ParseSwitches reads texts of the form name=value. Unknown names and values are
// errors that tell what is allowed.
func ParseSwitches(texts []string) (Switches, error) {
	out := Switches{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("switch %q: write name=value", text)
		}
		out[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	if _, err := out.complete(); err != nil {
		return nil, err
	}
	return out, nil
}

// complete checks the switches and adds the defaults.
func (w Switches) complete() (Switches, error) {
	out := Switches{}
	known := map[string][]string{}
	for _, s := range Catalogue() {
		out[s.Name], known[s.Name] = s.Values[0], s.Values
	}
	names := make([]string, 0, len(w))
	for name := range w {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		values, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("switch %q: there is no such switch; docs/sandbox.md lists all", name)
		}
		if !contains(values, w[name]) {
			return nil, fmt.Errorf("switch %s=%q: use one of %s", name, w[name], strings.Join(values, ", "))
		}
		out[name] = w[name]
	}
	return out, nil
}

// is tells whether a switch has a value.
func (w Switches) is(name, value string) bool { return w[name] == value }

// status returns a switch whose values are HTTP statuses.
func (w Switches) status(name string) int {
	n := 0
	for _, c := range w[name] {
		n = n*10 + int(c-'0')
	}
	return n
}

func contains(list []string, want string) bool {
	for _, have := range list {
		if have == want {
			return true
		}
	}
	return false
}
