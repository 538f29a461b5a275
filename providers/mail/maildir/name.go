package maildir

import (
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/providers/mail/files"
)

// split cuts a file's name into the unique part and the letters of its flags.
func split(name string) (base, letters string) {
	for _, mark := range [...]string{":2,", ";2,", "!2,"} {
		if i := strings.LastIndex(name, mark); i >= 0 {
			return name[:i], name[i+len(mark):]
		}
	}
	return name, ""
}

// key is the Item.Key of a file, "" for what is no message.
func key(name string) string {
	base, _ := split(name)
	if base == "" || strings.HasPrefix(name, ".") {
		return ""
	}
	return files.KeyName(base)
}

// flags are the flags of a file by its name. keywords are those of the folder, by
// letter from a on.
func flags(name string, keywords []string) []string {
	_, letters := split(name)
	var out []string
	for _, l := range []byte(letters) {
		switch {
		case l == 'D':
			out = append(out, `\Draft`)
		case l == 'F':
			out = append(out, `\Flagged`)
		case l == 'P':
			out = append(out, "$Forwarded")
		case l == 'R':
			out = append(out, `\Answered`)
		case l == 'S':
			out = append(out, `\Seen`)
		case l == 'T':
			out = append(out, `\Deleted`)
		case 'a' <= l && l <= 'z' && int(l-'a') < len(keywords) && keywords[l-'a'] != "":
			out = append(out, keywords[l-'a'])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sizes are what a name says of the size in bytes: on disk (S=), and with CRLF at the
// end of each line (W=); -1 where it says nothing.
func sizes(name string) (disk, wire int64) {
	disk, wire = -1, -1
	base, _ := split(name)
	for field := range strings.SplitSeq(base, ",") {
		at := &disk
		text, ok := strings.CutPrefix(field, "S=")
		if !ok {
			at = &wire
			if text, ok = strings.CutPrefix(field, "W="); !ok {
				continue
			}
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
			*at = n
		}
	}
	return disk, wire
}

// keywordsOf reads dovecot-keywords: lines of a number and a keyword.
func keywordsOf(text string) []string {
	out := make([]string, 'z'-'a'+1)
	for line := range strings.Lines(text) {
		number, keyword, ok := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(number); ok && err == nil && n >= 0 && n < len(out) {
			out[n] = keyword
		}
	}
	return out
}
