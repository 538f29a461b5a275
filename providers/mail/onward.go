package mail

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// Onward is how arriving mail of one member is to go from the old server to NAVER
// WORKS: what the administrator of the old server sets up.
type Onward struct {
	Title    string
	Member   addr.Address
	Old, New string // addresses, in lower case
	Mode     string // of the wave: CoexistForwarding, CoexistRouting or CoexistNone
	Since    time.Time
	Wave     addr.Address
}

// Onwards lists where the old server is to pass mail on, in the order of migrations,
// each pair of addresses once, as forwarded where one of several waves says so. domain
// completes login names that are no addresses; "" leaves them out. It refuses
// (diag.Invalid) forwardings that would send mail round in a ring. left are the titles of
// those whose old address nobody knows.
func Onwards(migrations []*Migration, domain string) (list []Onward, left []string, err error) {
	seen := map[[2]string]int{} // in list
	for _, m := range migrations {
		o := Onward{Title: m.Title, Member: m.Member, Old: oldAddress(m, domain), New: strings.ToLower(m.Mail),
			Mode: m.Coexistence.Mode, Since: m.Coexistence.Since, Wave: m.Wave}
		if o.Old == "" {
			left = append(left, m.Title)
			continue
		}
		i, again := seen[[2]string{o.Old, o.New}]
		switch {
		case !again:
			seen[[2]string{o.Old, o.New}] = len(list)
			list = append(list, o)
		case list[i].Mode != CoexistForwarding && o.Mode != CoexistNone:
			list[i] = o
		}
	}
	next := map[string][]string{}
	for _, o := range list {
		if o.Mode == CoexistForwarding {
			next[o.Old] = append(next[o.Old], o.New)
		}
	}
	if ring := ringIn(next); ring != nil {
		fix := "correct the login of the member; where old and new address are equal, write mode = \"routing\" in the wave, since a forwarding would go to itself"
		return nil, nil, &diag.Failure{Class: diag.Invalid, Op: "export mail-forwarding", Detail: fmt.Sprintf("mail would go round in a ring: %s", strings.Join(ring, " → ")), Fix: fix}
	}
	return list, left, nil
}

// oldAddress is the address of an account at the old server, "" when nobody knows.
func oldAddress(m *Migration, domain string) string {
	switch user := strings.ToLower(m.Login.User); {
	case user == "":
		return ""
	case strings.Contains(user, "@"):
		return user
	case domain != "":
		return user + "@" + strings.ToLower(domain)
	}
	return ""
}

// ringIn finds addresses of which each leads to the next and the last to the first.
func ringIn(next map[string][]string) []string {
	const under, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(at string) []string
	visit = func(at string) []string {
		switch state[at] {
		case done:
			return nil
		case under:
			return append(slices.Clone(path[slices.Index(path, at):]), at)
		}
		state[at] = under
		path = append(path, at)
		for _, to := range next[at] {
			if ring := visit(to); ring != nil {
				return ring
			}
		}
		path, state[at] = path[:len(path)-1], done
		return nil
	}
	var from []string
	for at := range next {
		from = append(from, at)
	}
	slices.SortFunc(from, func(a, b string) int { return cmp.Compare(a, b) })
	for _, at := range from {
		if ring := visit(at); ring != nil {
			return ring
		}
	}
	return nil
}
