package directory

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/value"
)

// A text rule says what is wrong with a text, "" when nothing is.
type rule func(text string) string

// texts makes an Attr.Check of a rule: for a text, or for each text of a list.
func texts(check rule) func(value.Value) string {
	return func(v value.Value) string {
		switch v := v.(type) {
		case value.String:
			return check(string(v))
		case value.List:
			for _, e := range v {
				text, ok := e.(value.String)
				if !ok {
					continue
				}
				if fault := check(string(text)); fault != "" {
					return fmt.Sprintf("%q %s", text, fault)
				}
			}
		}
		return ""
	}
}

// atMost makes an Attr.Check that limits the length of a list and checks its
// texts.
func atMost(n int, check rule) func(value.Value) string {
	each := texts(check)
	return func(v value.Value) string {
		if list, ok := v.(value.List); ok && len(list) > n {
			return fmt.Sprintf("has %d entries; at most %d are allowed", len(list), n)
		}
		return each(v)
	}
}

// length allows 1 to limit characters and no control characters.
func length(limit int) rule {
	return func(text string) string {
		n := utf8.RuneCountInString(text)
		switch {
		case n == 0:
			return "is empty; leave it out, or write clear to empty it at the service where that is allowed"
		case n > limit:
			return fmt.Sprintf("has %d characters; at most %d are allowed", n, limit)
		case strings.ContainsFunc(text, unicode.IsControl):
			return "has control characters such as line breaks"
		}
		return ""
	}
}

// note is length with line breaks allowed.
func note(limit int) rule {
	return func(text string) string {
		return length(limit)(strings.NewReplacer("\r", " ", "\n", " ", "\t", " ").Replace(text))
	}
}

func both(a, b rule) rule {
	return func(text string) string {
		if fault := a(text); fault != "" {
			return fault
		}
		return b(text)
	}
}

// onlySpecials allows letters, digits, marks, spaces and the given characters.
func onlySpecials(allowed string) rule {
	return func(text string) string {
		for _, r := range text {
			if !unicode.In(r, unicode.L, unicode.N, unicode.M) && r != ' ' && !strings.ContainsRune(allowed, r) {
				return fmt.Sprintf("has %q; besides letters, digits and spaces only %s are allowed", r, spaced(allowed))
			}
		}
		return ""
	}
}

func spaced(chars string) string {
	return strings.Join(strings.Split(chars, ""), " ")
}

// The special characters of names of units and grades (20 §2, 21 §1) and of
// people (10 §9.2).
const (
	nameSpecials   = "!@&()-_+[]{},./"
	personSpecials = nameSpecials + "#'^~`"
)

func nameText(text string) string { return both(length(100), onlySpecials(nameSpecials))(text) }

func personText(text string) string { return both(length(80), onlySpecials(personSpecials))(text) }

func translatedText(text string) string {
	return both(length(100), onlySpecials(personSpecials))(text)
}

// keyText is the rule of external keys (10 §9.1, 20 §2, 21 §2).
func keyText(text string) string {
	if fault := length(100)(text); fault != "" {
		return fault
	}
	if i := strings.IndexAny(text, `%\#/?`); i >= 0 {
		return fmt.Sprintf(`has %q; %% \ # / ? are not allowed in external keys`, text[i:i+1])
	}
	return ""
}

// katakana is the rule of phonetic names (10 §9.2).
func katakana(text string) string {
	if fault := length(100)(text); fault != "" {
		return fault
	}
	for _, r := range text {
		if !unicode.Is(unicode.Katakana, r) && !strings.ContainsRune("ー・･ 　", r) {
			return fmt.Sprintf("has %q; phonetic names are written in katakana", r)
		}
	}
	return ""
}

// phoneText is the pattern of 10 §9.1. The documentation's text also allows a
// plain space, its pattern does not; the stricter one is always accepted.
func phoneText(text string) string {
	if fault := length(100)(text); fault != "" {
		return fault
	}
	for _, r := range text {
		if !strings.ContainsRune("0123456789+-*#PTpt()\u3000", r) {
			return fmt.Sprintf("has %q; digits and + - * # P T ( ) are allowed: phone() brings numbers into this form", r)
		}
	}
	if !strings.ContainsAny(text, "0123456789") {
		return "has no digit"
	}
	return ""
}

// codeText is the rule of a user type's code (21 §4.1).
func codeText(text string) string {
	if fault := length(50)(text); fault != "" {
		return fault
	}
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return "must be letters (A–Z), digits and _, and begin with a letter"
		}
	}
	return ""
}

// dateText allows a day that exists, in any way of writing that hr.Date reads.
func dateText(text string) string {
	if _, err := hr.Date(text); err != nil {
		return err.Error()
	}
	return ""
}

// zoneText allows the shape of an IANA time zone. The service's list is its own.
func zoneText(text string) string {
	for _, part := range strings.Split(text, "/") {
		if part == "" || strings.IndexFunc(part, notZone) >= 0 {
			return `is not a time zone such as "Asia/Seoul"`
		}
	}
	return length(100)(text)
}

func notZone(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_+-", r)
}

// loginAddress is the rule of login IDs and of members' aliases (10 §9.1).
func loginAddress(text string) string {
	return address(text, 40, loginFirst, "a-z, 0-9, . - _, beginning with a letter or digit")
}

// listAddress is the rule of the addresses of units and groups (20 §2, 22 §2).
func listAddress(text string) string {
	return address(text, 64, listFirst, "a-z, 0-9, . - _ ! #, beginning with a letter, a digit, ! or #")
}

const (
	small      = "abcdefghijklmnopqrstuvwxyz0123456789"
	loginFirst = small
	listFirst  = small + "!#"
)

// address checks a local part or a full address; capitals are folded elsewhere.
func address(text string, limit int, first, allowed string) string {
	local, domain, full := strings.Cut(strings.ToLower(text), "@")
	n := utf8.RuneCountInString(local)
	switch {
	case n < 2 || n > limit:
		return fmt.Sprintf("has %d characters before @; 2 to %d are allowed", n, limit)
	case !strings.ContainsAny(local[:1], first) || badInside(local, first):
		return "may only have " + allowed
	case strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return "may not have a dot at the end or two dots in a row"
	case full && !domainName(domain):
		return fmt.Sprintf("has %q behind @, which is no mail domain", domain)
	case utf8.RuneCountInString(text) > 90:
		return "is longer than 90 characters"
	}
	return ""
}

func badInside(local, first string) bool {
	return strings.ContainsFunc(local, func(r rune) bool { return !strings.ContainsRune(first+"._-", r) })
}

// domainName allows a mail domain, or the group name of plans without mail.
func domainName(domain string) bool {
	if domain == "" || len(domain) > 253 {
		return false
	}
	return !slices.ContainsFunc(strings.Split(domain, "."), func(label string) bool {
		return label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.ContainsFunc(label, func(r rune) bool { return !strings.ContainsRune(small+"-", r) })
	})
}

// mailLocal is what stands before @ in addresses of other systems (RFC 5321's
// dot-string).
func mailLocal() *regexp.Regexp {
	return regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
}

// outsideAddress makes the rule of addresses outside the tenant: private mail
// (10 §9.1) and outside receivers of a list.
func outsideAddress() rule {
	pattern := mailLocal()
	return func(text string) string {
		local, domain, found := strings.Cut(strings.ToLower(text), "@")
		switch {
		case !found || !pattern.MatchString(local) || !domainName(domain) || !strings.Contains(domain, "."):
			return "is not a mail address"
		case len(local) > 64 || utf8.RuneCountInString(text) > 256:
			return "is too long: 64 characters before @ and 256 in all are allowed"
		}
		return ""
	}
}
