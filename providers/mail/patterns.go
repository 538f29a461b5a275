package mail

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
)

// FolderRules say which folders of a source move, and under which names.
type FolderRules struct {
	Only, Exclude, Include []string          // patterns
	Rename                 map[string]string // path or use → path or use
	// Known is where items of a source folder went on earlier passes, by its
	// Folder.ID (providers.FolderRecord.Target). A folder keeps its place, whatever
	// other folders come, unless a rename says otherwise.
	Known map[string]providers.Folder
}

// Placed is where the items of each source folder went, for FolderRules.Known.
func Placed(records []providers.FolderRecord) map[string]providers.Folder {
	out := make(map[string]providers.Folder, len(records))
	for _, r := range records {
		if len(r.Target.Path) > 0 && !r.Gone {
			out[r.ID] = r.Target
		}
	}
	return out
}

// uses are the folders that may be named by their use, by the word behind the
// backslash in lower case.
func uses() map[string]providers.Use {
	out := map[string]providers.Use{}
	for _, u := range []providers.Use{providers.UseInbox, providers.UseSent, providers.UseDrafts, providers.UseTrash, providers.UseJunk,
		providers.UseArchive, providers.UseAll, providers.UseFlagged} {
		out[string(u)] = u
	}
	return out
}

// useWord writes a use as configurations do: \Sent.
func useWord(u providers.Use) string {
	if u == "" {
		return ""
	}
	return `\` + strings.ToUpper(string(u[:1])) + string(u[1:])
}

// useIn reads a use, "" when the text is a path.
func useIn(text string) providers.Use {
	word, ok := strings.CutPrefix(text, `\`)
	if !ok {
		return ""
	}
	return uses()[strings.ToLower(word)]
}

// patternText is the rule of a pattern.
func patternText(text string) string {
	if !strings.HasPrefix(text, `\`) {
		if slices.Contains(strings.Split(text, "/"), "") {
			return fmt.Sprintf("%q is no path of a folder: write the levels with one / between them", text)
		}
		return ""
	}
	if useIn(text) != "" {
		return ""
	}
	best, distance := "", 4
	for _, word := range slices.Sorted(maps.Keys(uses())) {
		if d := levenshtein.Distance(strings.ToLower(text[1:]), word, nil); d < distance {
			best, distance = useWord(uses()[word]), d
		}
	}
	if best != "" {
		return fmt.Sprintf("no folder has the use %s; did you mean %s (%q in HCL)?", text, best, best)
	}
	return fmt.Sprintf("no folder has the use %s; the uses are %s", text, strings.Join(useWords(), ", "))
}

func useWords() []string {
	var out []string
	for _, word := range slices.Sorted(maps.Keys(uses())) {
		out = append(out, useWord(uses()[word]))
	}
	return out
}

// folders checks the folders block of a migration.
func (p *problems) folders(in *schema.Instance) {
	block, _ := in.Attrs["folders"].(value.Object)
	rename, _ := block["rename"].(value.Object)
	at := value.Of("folders", "rename")
	taken := map[string]string{}
	for _, from := range slices.Sorted(maps.Keys(rename)) {
		to := value.Text(rename[from])
		switch fault := renameFault(from, to); {
		case fault != "":
			p.add(ruleRename.at(at.Name(from), fmt.Sprintf("%q to %q: %s", brief(from), brief(to), fault), "choose another name"))
		case taken[foldPath(levels(to))] != "":
			p.add(ruleRename.at(at.Name(from), fmt.Sprintf("%q and %q would both become %q", taken[foldPath(levels(to))], from, to),
				"give each folder a name of its own"))
		default:
			taken[foldPath(levels(to))] = from
		}
	}
}

// renameFault says why a folder cannot be renamed so, "" when it can.
func renameFault(from, to string) string {
	if fault := patternText(from); fault != "" {
		return fault
	}
	if strings.Contains(from, "*") {
		return "a rename names one folder, without *"
	}
	if fault := patternText(to); fault != "" {
		return fault
	}
	inbox := useIn(to) == providers.UseInbox || foldPath(levels(to)) == "inbox"
	switch use := useIn(to); {
	case inbox && useIn(from) != providers.UseInbox && foldPath(levels(from)) != "inbox":
		return "the inbox takes what the old inbox has, nothing else"
	case use == providers.UseAll || use == providers.UseFlagged:
		return "such a folder only shows what others hold"
	case use != "":
		return ""
	}
	path := levels(to)
	if legal, why := legalPath(path); len(why) > 0 || !slices.Equal(path, legal) {
		return fmt.Sprintf("the service would take it as %q (%s)", brief(strings.Join(legal, "/")), strings.Join(why, ", "))
	}
	return ""
}

// brief cuts a long text for a message.
func brief(text string) string {
	const enough = 40
	if r := []rune(text); len(r) > enough {
		return string(r[:enough-1]) + "…"
	}
	return text
}

// levels are the levels of a path as configurations write it.
func levels(path string) []string { return strings.Split(norm.NFC.String(path), "/") }

// foldPath is a path as stores that ignore case compare it.
func foldPath(path []string) string { return strings.ToLower(strings.Join(path, "/")) }

// tree knows the uses of folders by their paths, so that a folder above can be
// recognised by its use.
type tree struct{ use map[string]providers.Use }

func newTree(folders []providers.Folder) tree {
	t := tree{use: map[string]providers.Use{}}
	for _, f := range folders {
		if f.Use != "" {
			t.use[foldPath(sourcePath(f))] = f.Use
		}
	}
	return t
}

// matches reports whether the pattern names the folder or one above it, and how
// many of the folder's levels it names.
func (t tree) matches(pattern string, f providers.Folder) (levelsNamed int, ok bool) {
	path := levels(strings.Join(sourcePath(f), "/"))
	if use := useIn(pattern); use != "" {
		if f.Use == use {
			return len(path), true
		}
		for n := len(path) - 1; n > 0; n-- {
			if t.use[foldPath(path[:n])] == use {
				return n, true
			}
		}
		return 0, false
	}
	want := levels(pattern)
	if len(want) > len(path) {
		return 0, false
	}
	for i, w := range want {
		if !glob(strings.ToLower(w), strings.ToLower(path[i])) {
			return 0, false
		}
	}
	return len(want), true
}

// glob matches a name with a pattern in which * stands for any text.
func glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}

// excluded is the rule that leaves a folder out, "" when it moves.
func (r FolderRules) excluded(t tree, f providers.Folder) string {
	first := func(patterns []string) (string, bool) {
		for _, p := range patterns {
			if _, ok := t.matches(p, f); ok {
				return p, true
			}
		}
		return "", false
	}
	if _, ok := first(r.Include); ok {
		return ""
	}
	if p, ok := first(r.Exclude); ok {
		return fmt.Sprintf("folders.exclude %q", p)
	}
	if len(r.Only) > 0 {
		if _, ok := first(r.Only); !ok {
			return "not in folders.only"
		}
	}
	return ""
}

// renamed finds the rename that names most of the folder's levels. path is the
// new path; use is set when the folder itself is to become one of that use.
func (r FolderRules) renamed(t tree, f providers.Folder) (path []string, use providers.Use, ok bool) {
	most := 0
	own := levels(strings.Join(sourcePath(f), "/"))
	for _, from := range slices.Sorted(maps.Keys(r.Rename)) {
		n, found := t.matches(from, f)
		to := r.Rename[from]
		if !found || n <= most || useIn(to) != "" && n < len(own) {
			continue
		}
		most, ok = n, true
		if use = useIn(to); use != "" {
			path = own
			continue
		}
		path = append(slices.Clone(levels(to)), own[n:]...)
	}
	return path, use, ok
}

// Unused lists the patterns and renames that name none of the folders, each with
// its argument, sorted: most likely misspelt.
func (r FolderRules) Unused(folders []providers.Folder) []string {
	t := newTree(folders)
	var out []string
	add := func(argument string, patterns []string) {
		for _, p := range patterns {
			if !slices.ContainsFunc(folders, func(f providers.Folder) bool { _, ok := t.matches(p, f); return ok }) {
				out = append(out, fmt.Sprintf("folders.%s %q", argument, p))
			}
		}
	}
	add("only", r.Only)
	add("exclude", r.Exclude)
	add("include", r.Include)
	add("rename", slices.Sorted(maps.Keys(r.Rename)))
	slices.Sort(out)
	return out
}
