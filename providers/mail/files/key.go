package files

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// KeyName is a file's name as part of an Item.Key: NFC, so that a tree keeps its keys
// when it is copied between systems that store names differently, and with %XX for
// bytes that are no text.
func KeyName(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, odd) {
		return norm.NFC.String(name)
	}
	var b strings.Builder
	for len(name) > 0 {
		r, size := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError && size == 1 || odd(r) {
			for i := range size {
				fmt.Fprintf(&b, "%%%02X", name[i])
			}
		} else {
			b.WriteRune(r)
		}
		name = name[size:]
	}
	return norm.NFC.String(b.String())
}

func odd(r rune) bool { return r == '%' || unicode.IsControl(r) }

// halves is a hash of a text in two halves that is the same in every process.
func halves(text string) (a, b uint64) {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
}
