package imapwire

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// utf7Base64 is the base64 of modified UTF-7 (RFC 3501, 5.1.3): "," for "/", no padding.
func utf7Base64() *base64.Encoding {
	return base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding).Strict()
}

// EncodeUTF7 writes a name in modified UTF-7 (RFC 3501, 5.1.3).
func EncodeUTF7(text string) string {
	var out strings.Builder
	var run []rune
	flush := func() {
		if len(run) == 0 {
			return
		}
		var b []byte
		for _, u := range utf16.Encode(run) {
			b = append(b, byte(u>>8), byte(u))
		}
		out.WriteString("&" + utf7Base64().EncodeToString(b) + "-")
		run = run[:0]
	}
	for _, r := range text {
		switch {
		case r == '&':
			flush()
			out.WriteString("&-")
		case r >= 0x20 && r <= 0x7e:
			flush()
			out.WriteRune(r)
		default:
			run = append(run, r)
		}
	}
	flush()
	return out.String()
}

// DecodeUTF7 reads a name in modified UTF-7. ok is false when wire is none, or when
// writing the text again would not give wire: such a name is kept as it is.
func DecodeUTF7(wire string) (text string, ok bool) {
	var out strings.Builder
	rest := wire
	for rest != "" {
		plain, shifted, found := strings.Cut(rest, "&")
		for i := range len(plain) {
			if plain[i] < 0x20 || plain[i] > 0x7e {
				return "", false
			}
		}
		out.WriteString(plain)
		if !found {
			break
		}
		code, after, closed := strings.Cut(shifted, "-")
		if !closed {
			return "", false
		}
		if rest = after; code == "" {
			out.WriteByte('&')
			continue
		}
		text, ok := decodeRun(code)
		if !ok {
			return "", false
		}
		out.WriteString(text)
	}
	text = out.String()
	return text, EncodeUTF7(text) == wire
}

func decodeRun(code string) (string, bool) {
	b, err := utf7Base64().DecodeString(code)
	if err != nil || len(b)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	text := string(utf16.Decode(units))
	return text, !strings.ContainsRune(text, utf8.RuneError)
}
