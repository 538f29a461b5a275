// Package addr names declared objects: `member.staff["1042"]`, `org_unit.hq`.
//
// An address is the one name under which configuration, plan, state and reports
// speak of an object. It never changes because an object moved in the org tree.
package addr

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Address names one declared object: block type, label and, for an instance of
// for_each, its key. The zero Address names nothing. Addresses are comparable
// and may be map keys.
type Address struct {
	Type  string // block type: "member", "org_unit" …
	Label string // block label
	Key   string // for_each key in NFC, as the language has its texts; meaningful only when Keyed
	Keyed bool   // the block has for_each
}

// MostGuesses is for how many addresses of one report a similar one is looked for, which
// takes its time among thousands.
const MostGuesses = 10

// New returns the address of a block without for_each.
func New(typ, label string) Address { return Address{Type: typ, Label: label} }

// Instance returns the address of one instance of a block with for_each.
func Instance(typ, label, key string) Address {
	return Address{Type: typ, Label: label, Key: key, Keyed: true}
}

// IsZero reports whether a names nothing.
func (a Address) IsZero() bool { return a == Address{} }

// Block returns the address of the block that declares a, without a key.
func (a Address) Block() Address { return Address{Type: a.Type, Label: a.Label} }

// String writes the address as users write it; Parse reads it back exactly.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	if !a.Keyed {
		return a.Type + "." + a.Label
	}
	return a.Type + "." + a.Label + "[" + quote(a.Key) + "]"
}

// MarshalText lets addresses be JSON strings and JSON object keys.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote. Empty text is the zero Address.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Compare orders addresses by type, label, unkeyed before keyed, and key. It is
// the order of state files and of plans within a kind.
func Compare(a, b Address) int {
	if c := cmp.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Label, b.Label); c != 0 {
		return c
	}
	if a.Keyed != b.Keyed {
		if a.Keyed {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.Key, b.Key)
}

// Parse reads an address as String writes it. The key comes in NFC, however it was
// typed: a terminal may decompose letters. The error says at which byte the text stops
// being an address.
func Parse(text string) (Address, error) {
	typ, rest, ok := identifier(text)
	if !ok {
		return Address{}, malformed(text, 0, "a block type such as member")
	}
	if !strings.HasPrefix(rest, ".") {
		return Address{}, malformed(text, len(text)-len(rest), "a dot")
	}
	label, rest, ok := identifier(rest[1:])
	if !ok {
		return Address{}, malformed(text, len(typ)+1, "a block label")
	}
	if rest == "" {
		return New(typ, label), nil
	}
	at := len(text) - len(rest)
	if !strings.HasPrefix(rest, `["`) {
		return Address{}, malformed(text, at, `["key"] or the end`)
	}
	key, used, err := unquote(rest[1:])
	if err != nil {
		return Address{}, malformed(text, at+1+used, err.Error())
	}
	if rest[1+used:] != "]" {
		return Address{}, malformed(text, at+1+used, "a closing bracket and the end")
	}
	return Instance(typ, label, norm.NFC.String(key)), nil
}

func malformed(text string, at int, want string) error {
	return fmt.Errorf("%q is not an address: byte %d should begin %s", text, at, want)
}

// identifier splits a leading HCL identifier (letters, digits, _ and -, any
// script, not beginning with a digit or a dash) from text.
func identifier(text string) (name, rest string, ok bool) {
	for i, r := range text {
		switch {
		case r == utf8.RuneError:
			return "", text, false
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r > 127:
		case i > 0 && (r == '-' || r >= '0' && r <= '9'):
		default:
			return text[:i], text[i:], i > 0
		}
	}
	return text, "", text != ""
}

// quote writes a key as an HCL quoted string: template openings are doubled, so
// that an address can be pasted into a configuration.
func quote(key string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range key {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		case (r == '$' || r == '%') && strings.HasPrefix(key[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// unquote reads a quoted string at the start of text and returns it with the
// number of bytes it took; on error used is where the fault is.
func unquote(text string) (key string, used int, err error) {
	var b strings.Builder
	for i := 1; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			return b.String(), i + 1, nil
		case c == '\\':
			r, n, ok := escape(text[i:])
			if !ok {
				return "", i, fmt.Errorf(`an escape \" \\ \n \r \t or \uXXXX`)
			}
			b.WriteRune(r)
			i += n
		case (c == '$' || c == '%') && strings.HasPrefix(text[i+1:], string(c)+"{"):
			b.WriteByte(c)
			i += 2
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && n == 1 {
				return "", i, fmt.Errorf("valid UTF-8")
			}
			b.WriteString(text[i : i+n])
			i += n
		}
	}
	return "", len(text), fmt.Errorf("a closing quote")
}

func escape(text string) (r rune, used int, ok bool) {
	if len(text) < 2 {
		return 0, 0, false
	}
	switch text[1] {
	case '"', '\\':
		return rune(text[1]), 2, true
	case 'n':
		return '\n', 2, true
	case 'r':
		return '\r', 2, true
	case 't':
		return '\t', 2, true
	case 'u':
		if len(text) < 6 {
			return 0, 0, false
		}
		var n rune
		for _, c := range []byte(text[2:6]) {
			switch {
			case c >= '0' && c <= '9':
				n = n<<4 | rune(c-'0')
			case c >= 'a' && c <= 'f':
				n = n<<4 | rune(c-'a'+10)
			case c >= 'A' && c <= 'F':
				n = n<<4 | rune(c-'A'+10)
			default:
				return 0, 0, false
			}
		}
		return n, 6, utf8.ValidRune(n)
	}
	return 0, 0, false
}
