package imapwire

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/unicode/norm"
)

// ReadName is the name of a folder, or of one level of it, as people read it: from
// modified UTF-7, UTF-8 or, as old Korean servers write it, EUC-KR with the additions
// of CP949. Bytes that are none of these are written %XX. NFC; for showing and for
// comparing, never for the wire.
func ReadName(wire string) string {
	if text, ok := DecodeUTF7(wire); ok {
		return norm.NFC.String(text)
	}
	if utf8.ValidString(wire) {
		return norm.NFC.String(wire)
	}
	if text, err := korean.EUCKR.NewDecoder().String(wire); err == nil && !strings.ContainsRune(text, utf8.RuneError) {
		return norm.NFC.String(text)
	}
	var out strings.Builder
	for len(wire) > 0 {
		r, size := utf8.DecodeRuneInString(wire)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&out, "%%%02X", wire[0])
		} else {
			out.WriteRune(r)
		}
		wire = wire[size:]
	}
	return norm.NFC.String(out.String())
}

// WriteName is a name for the wire: modified UTF-7, or UTF-8 on a connection that
// agreed on it.
func (c *Conn) WriteName(text string) string {
	if c.utf8 {
		return norm.NFC.String(text)
	}
	return EncodeUTF7(norm.NFC.String(text))
}

// writable tells whether a folder's name can be sent at all.
func writable(wire string) bool { return wire != "" && !strings.ContainsAny(wire, "\r\n\x00") }
