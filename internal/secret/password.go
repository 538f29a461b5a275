package secret

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
)

// The characters of generated passwords: those that look alike in common fonts
// (I l 1, O o 0, and their like) are left out, and of the special ones those that
// shells, spreadsheets and mail programs change.
const (
	upper   = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	lower   = "abcdefghijkmnpqrstuvwxyz"
	digits  = "23456789"
	special = "!#%*+?@_"
)

// The lengths that Generate takes. The service's own limits are not documented
// (reference/api/10-users.md, section 9.8).
const (
	MinPassword = 8
	MaxPassword = 64
)

// Generate returns a random password of n characters with at least one capital,
// small letter, digit and special character. It begins with a letter, since a
// spreadsheet takes a leading "+" for a formula.
func Generate(n int) (string, error) {
	if n < MinPassword || n > MaxPassword {
		return "", fmt.Errorf("a password has %d to %d characters, not %d", MinPassword, MaxPassword, n)
	}
	for {
		text := make([]byte, n)
		for i := range text {
			from := upper + lower + digits + special
			if i == 0 {
				from = upper + lower
			}
			at, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
			if err != nil {
				return "", fmt.Errorf("the system's random numbers failed: %w", err)
			}
			text[i] = from[at.Int64()]
		}
		// Trying again keeps every allowed password equally likely.
		if mixed(string(text)) {
			return string(text), nil
		}
	}
}

// mixed reports whether text has a character of each set.
func mixed(text string) bool {
	for _, set := range []string{upper, lower, digits, special} {
		if !strings.ContainsAny(text, set) {
			return false
		}
	}
	return true
}
