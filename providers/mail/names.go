package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/providers"
)

// What the service takes as the path of a folder: at most 5 levels are advised
// (guide 0-30), a path has at most 100 characters with / between the levels (40
// §4.1, 41 §4). Which characters are special is published nowhere for folders;
// those of the service's other names (limits 0) are kept.
const (
	MaxDepth  = 5
	MaxPath   = 100
	nameMarks = "!@()-_+[]{},.& "
)

// Reasons for another name, as Mapping.Note tells them.
const (
	whyCharacters = "special characters"
	whyDepth      = "more than 5 levels"
	whyLength     = "more than 100 characters"
	whyTaken      = "another folder has the name"
)

// leastName is how many characters a shortened name keeps at least.
const leastName = 24

// legalName is the name of one level as the service takes it.
func legalName(name string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(name) {
		if unicode.In(r, unicode.L, unicode.N, unicode.M) || strings.ContainsRune(nameMarks, r) {
			b.WriteRune(r)
		} else if unicode.IsSpace(r) {
			b.WriteByte(' ')
		} else if r != utf8.RuneError && !unicode.In(r, unicode.Cf) {
			b.WriteByte('_')
		}
	}
	legal := norm.NFC.String(strings.Trim(strings.Join(strings.Fields(b.String()), " "), ". "))
	if legal == "" {
		return "_"
	}
	return legal
}

// legalPath is a path as the service takes it, with the reasons for what is
// different.
func legalPath(path []string) (legal, why []string) {
	changed := false
	for _, name := range path {
		l := legalName(name)
		changed = changed || l != name
		legal = append(legal, l)
	}
	if changed {
		why = append(why, whyCharacters)
	}
	if len(legal) > MaxDepth {
		legal = append(legal[:MaxDepth-1:MaxDepth-1], strings.Join(legal[MaxDepth-1:], " - "))
		why = append(why, whyDepth)
	}
	if pathLength(legal) > MaxPath {
		legal = shortened(legal, "")
		why = append(why, whyLength)
	}
	return legal, why
}

func pathLength(path []string) int { return utf8.RuneCountInString(strings.Join(path, "/")) }

// shortened cuts the last level, and drops levels above where that leaves too
// little of it, so that the path with mark behind it is short enough.
func shortened(path []string, mark string) []string {
	last := []rune(path[len(path)-1])
	above := path[:len(path)-1]
	need := min(leastName, len(last)+len(mark)) + 1
	for len(above) > 0 && pathLength(above)+need > MaxPath {
		above = above[:len(above)-1]
	}
	room := MaxPath - len(mark)
	if len(above) > 0 {
		room -= pathLength(above) + 1
	}
	if len(last) > room {
		last = last[:room]
	}
	name := strings.TrimRight(string(last), ". ") + mark
	return append(above[:len(above):len(above)], name)
}

// systemUse is the use of a folder of the service's own with this name at the top
// level, in the languages in which members see it (41 §4, limits 7.1); "" for all
// others.
func systemUse(name string) providers.Use {
	switch strings.ToLower(name) {
	case "inbox", "받은메일함", "받은편지함":
		return providers.UseInbox
	case "sent", "sent mail", "보낸메일함":
		return providers.UseSent
	case "drafts", "temporary", "임시보관함":
		return providers.UseDrafts
	case "spam", "junk", "스팸메일함":
		return providers.UseJunk
	case "trash", "휴지통":
		return providers.UseTrash
	}
	return ""
}

// sourcePath is the path of a source folder as its owner sees it: without the
// level that only holds a service's own folders.
func sourcePath(f providers.Folder) []string {
	path := f.Path
	for len(path) > 1 && (path[0] == "[Gmail]" || path[0] == "[Google Mail]") {
		path = path[1:]
	}
	return path
}

// Illegal is why the service does not take a folder under its own name, "" when it
// does: its own migration keeps names, and fails on these (guide 0-29, 0-30).
func Illegal(f providers.Folder) string {
	if f.Use == providers.UseInbox || len(f.Path) == 0 {
		return ""
	}
	_, why := legalPath(f.Path)
	return strings.Join(why, " and ")
}
