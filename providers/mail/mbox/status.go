package mbox

import (
	"slices"
	"strconv"
	"strings"
)

// status is what the fields of mbox programs say of a message.
type status struct {
	flags    []string
	expunged bool // shown no more
	pseudo   bool // an X-IMAP field: perhaps no message at all
}

// note takes a header field. It reports whether the field is one that mbox programs
// write, and no part of the message.
func (s *status) note(name, value string) bool {
	switch strings.ToLower(name) {
	case "status":
		s.letters(value, map[rune]string{'R': `\Seen`})
	case "x-status":
		s.letters(value, map[rune]string{'A': `\Answered`, 'F': `\Flagged`, 'T': `\Draft`, 'D': `\Deleted`})
	case "x-keywords", "x-mozilla-keys":
		s.flags = append(s.flags, strings.Fields(value)...)
	case "x-mozilla-status":
		s.mozilla(value)
	case "x-evolution":
		if _, bits, ok := strings.Cut(value, "-"); ok {
			s.bits(bits, map[uint64]string{0x01: `\Answered`, 0x02: `\Deleted`, 0x04: `\Draft`, 0x08: `\Flagged`, 0x10: `\Seen`})
		}
	case "x-imap":
		s.pseudo = true
	case "x-mozilla-status2", "x-uid", "x-imapbase":
	default:
		return false
	}
	return true
}

func (s *status) letters(value string, flags map[rune]string) {
	for _, l := range value {
		if f := flags[l]; f != "" {
			s.flags = append(s.flags, f)
		}
	}
}

// mozilla reads the bits of Thunderbird's nsMsgMessageFlags.
func (s *status) mozilla(value string) {
	bits := s.bits(value, map[uint64]string{0x0001: `\Seen`, 0x0002: `\Answered`, 0x0004: `\Flagged`, 0x1000: "$Forwarded"})
	s.expunged = s.expunged || bits&0x0008 != 0
}

// bits reads a hexadecimal number whose bits are flags.
func (s *status) bits(value string, flags map[uint64]string) uint64 {
	bits, err := strconv.ParseUint(strings.TrimSpace(value), 16, 32)
	if err != nil {
		return 0
	}
	for bit, flag := range flags {
		if bits&bit != 0 {
			s.flags = append(s.flags, flag)
		}
	}
	return bits
}

// sorted are the flags, each once.
func (s *status) sorted() []string {
	slices.Sort(s.flags)
	return slices.Compact(s.flags)
}
