package sandbox

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Rules of single texts. Each returns what is wrong, or "".

const (
	nameSpecials     = "!@&()-_+[]{},./#'^~`" // reference 10 §9.1, nickName
	unitNameSpecials = "!@&()-_+[]{},./"      // reference 20 §2, orgUnitName
)

func namedWith(specials string) func(string) string {
	return func(s string) string {
		for _, r := range s {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != ' ' && r != '\u3000' && !strings.ContainsRune(specials, r) {
				return "contains " + string(r) + ", which is not allowed; allowed special characters: " + specials
			}
		}
		return ""
	}
}

func filled(rule func(string) string) func(string) string {
	return func(s string) string {
		if strings.TrimSpace(s) == "" {
			return "must not be blank"
		}
		return rule(s)
	}
}

func anyText(string) string { return "" }

func keyRule(s string) string {
	if s == "" {
		return "must not be empty; null removes the key"
	}
	if i := strings.IndexAny(s, `%\#/?`); i >= 0 {
		return "contains " + s[i:i+1] + `; % \ # / ? are not allowed`
	}
	return ""
}

func oneOf(values ...string) func(string) string {
	return func(s string) string {
		if contains(values, s) {
			return ""
		}
		return "must be one of " + strings.Join(values, ", ")
	}
}

func dateRule(s string) string {
	if _, err := time.Parse("2006-01-02", s); err != nil {
		return "must be a date YYYY-MM-DD"
	}
	return ""
}

var dateTimeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$`)

func dateTimeRule(s string) string {
	if !dateTimeForm.MatchString(s) {
		return "must be a time YYYY-MM-DDThh:mm:ss+hh:mm"
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return "must be a time YYYY-MM-DDThh:mm:ss+hh:mm"
	}
	return ""
}

var timeZoneForm = regexp.MustCompile(`^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+\-0-9]+)+)$`)

func timeZoneRule(s string) string {
	if !timeZoneForm.MatchString(s) {
		return "must be a time zone such as Asia/Seoul"
	}
	return ""
}

func phoneRule(space bool) func(string) string {
	return func(s string) string {
		digit := false
		for _, r := range s {
			switch {
			case r >= '0' && r <= '9':
				digit = true
			case strings.ContainsRune("+-*#PTpt()\u3000", r), space && r == ' ':
			default:
				return "contains a character that is not allowed in a phone number"
			}
		}
		if !digit {
			return "needs a digit"
		}
		return ""
	}
}

func katakanaRule(s string) string {
	for _, r := range s {
		if !unicode.In(r, unicode.Katakana) && r != 'ー' && r != '・' && r != ' ' && r != '\u3000' {
			return "must be katakana"
		}
	}
	return ""
}

var (
	userLocal = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)
	listLocal = regexp.MustCompile(`^[a-z0-9!#][a-z0-9._!#-]*$`)
	codeForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	hostForm  = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	groupForm = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`) // what names a tenant without mail
)

func codeRule(s string) string {
	if !codeForm.MatchString(s) {
		return "must be letters, digits and _, beginning with a letter"
	}
	return ""
}

// loginRule is the rule of login IDs and aliases: reference 10 §9.1.
func loginRule(s string) string { return localRule(s, userLocal, 40) }

// listAddressRule is the rule of org units and groups: reference 20 §2.
func listAddressRule(s string) string { return localRule(s, listLocal, 64) }

func localRule(s string, form *regexp.Regexp, most int) string {
	local, _, ok := strings.Cut(s, "@")
	switch {
	case !ok:
		return "must be an address local@domain"
	case len(local) < 2 || len(local) > most:
		return "has a local part that is too short or too long"
	case !form.MatchString(local):
		return "has characters in its local part that are not allowed"
	case strings.HasSuffix(local, "."), strings.Contains(local, ".."):
		return "has a dot in its local part where none is allowed"
	}
	return ""
}

func outsideAddressRule(s string) string {
	at := strings.LastIndex(s, "@")
	switch {
	case at < 1 || strings.ContainsAny(s, " \t\r\n"):
		return "must be a mail address"
	case utf8.RuneCountInString(s[:at]) > 64 || len(s[at+1:]) > 253:
		return "has a part that is too long"
	case !hostForm.MatchString(s[at+1:]):
		return "must be a mail address"
	}
	return ""
}

func passwordRule(s string) string {
	letter, digit, special := false, false, false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letter = true
		case unicode.IsDigit(r):
			digit = true
		default:
			special = true
		}
	}
	if utf8.RuneCountInString(s) < 8 || !letter || !digit || !special {
		return "does not meet the password policy: 8 characters or more with a letter, a digit and a special character"
	}
	return ""
}

func languages() []string { return []string{"ja_JP", "ko_KR", "en_US", "zh_CN", "zh_TW"} }
