package mail

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/isaworks/isa/providers"
)

// Mapping is where the items of a source folder go.
type Mapping struct {
	Folder providers.Folder // of the source
	Path   []string         // at the target; nil when excluded
	// Use is set when the folder goes into the target's own folder of that use,
	// whatever it is called there; Path is then the name for a target without one.
	Use      providers.Use
	Excluded string // why nothing of the folder moves, "" when it does
	Note     string // why the name is another one, "" when it is the same
	Sent     bool   // holds what its owner wrote, by its use, its name, or a folder above
}

// Map finds a place at the target for each folder, in the order of folders. It is
// pure. No two folders share a place, names that the service takes stay as they
// are, folders below one follow it, and a folder that is in r.Known stays where it
// was unless a rename names it.
func Map(folders []providers.Folder, r FolderRules) []Mapping {
	m := mapper{rules: r, tree: newTree(folders), out: make([]Mapping, len(folders)), taken: map[string]bool{}, place: map[string][]string{}}
	var moving []candidate
	for i, f := range folders {
		m.out[i].Folder, m.out[i].Sent = f, m.tree.holdsSent(f)
		if m.out[i].Excluded = m.excluded(f); m.out[i].Excluded == "" {
			moving = append(moving, m.candidate(i, f))
		}
	}
	m.bestOfUse(moving)
	slices.SortFunc(moving, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), cmp.Compare(len(a.source), len(b.source)), cmp.Compare(a.folder.ID, b.folder.ID))
	})
	// Certain places first; then from the top down, since folders follow those above.
	for _, c := range moving {
		if c.class() < byName {
			m.settle(c)
		}
	}
	rest := slices.DeleteFunc(moving, func(c candidate) bool { return c.class() < byName })
	slices.SortStableFunc(rest, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(len(a.source), len(b.source)), cmp.Compare(m.altered(a), m.altered(b)), cmp.Compare(a.folder.ID, b.folder.ID))
	})
	for _, c := range rest {
		m.settle(c)
	}
	return m.out
}

// The classes of candidates: what is more certain chooses its place first.
const (
	isInbox = iota
	isRenamed
	isKnown
	isUse
	byName
)

// candidate is a folder that needs a place.
type candidate struct {
	at      int // index of the mapping
	folder  providers.Folder
	source  []string // as its owner sees it
	use     providers.Use
	renamed []string // by a rule; nil: none
	exactly bool     // a rename gives the folder a use
	known   *providers.Folder
}

func (c candidate) class() int {
	switch {
	case c.use == providers.UseInbox:
		return isInbox
	case c.renamed != nil:
		return isRenamed
	case c.known != nil:
		return isKnown
	case c.use != "":
		return isUse
	}
	return byName
}

type mapper struct {
	rules FolderRules
	tree  tree
	out   []Mapping
	taken map[string]bool     // places, as stores that ignore case compare them
	place map[string][]string // by source path, for the folders below
}

func (m *mapper) excluded(f providers.Folder) string {
	switch {
	case f.Unserved != "":
		return f.Unserved
	case f.Use == providers.UseFlagged:
		return "shows what other folders hold"
	}
	return m.rules.excluded(m.tree, f)
}

func (m *mapper) candidate(i int, f providers.Folder) candidate {
	c := candidate{at: i, folder: f, source: sourcePath(f), use: f.Use}
	if c.use == providers.UseAll { // what has no label: an ordinary folder at the target
		c.use = ""
	}
	if c.use == "" && len(c.source) == 1 {
		c.use = systemUse(c.source[0])
	}
	known, isKnown := m.rules.Known[f.ID]
	isKnown = isKnown && len(known.Path) > 0
	if c.use == providers.UseInbox && (!isKnown || known.Use == providers.UseInbox || foldPath(known.Path) == "inbox") {
		return c
	}
	if path, use, ok := m.rules.renamed(m.tree, f); ok {
		if use == "" && len(path) == 1 {
			use = systemUse(path[0])
		}
		c.renamed, c.use, c.exactly = path, use, use != ""
		return c
	}
	if isKnown {
		c.known, c.use = &known, known.Use
	}
	return c
}

// bestOfUse leaves each use to one folder: to the one that a rename gives it to,
// that had it on an earlier pass, that the source says has it, the first.
func (m *mapper) bestOfUse(all []candidate) {
	rank := func(c candidate) int {
		switch {
		case c.exactly:
			return 0
		case c.known != nil:
			return 1
		case c.folder.Use == c.use:
			return 2
		}
		return 3
	}
	best := map[providers.Use]int{}
	for i, c := range all {
		if c.use == "" {
			continue
		}
		b, found := best[c.use]
		if !found || cmp.Or(cmp.Compare(rank(c), rank(all[b])), cmp.Compare(len(c.source), len(all[b].source)), cmp.Compare(c.folder.ID, all[b].folder.ID)) < 0 {
			best[c.use] = i
		}
	}
	for i := range all {
		if use := all[i].use; use != "" && best[use] != i {
			all[i].use = ""
		}
	}
}

// wanted is where a folder would go if nobody else did.
func (m *mapper) wanted(c candidate) (path, why []string) {
	switch {
	case c.use == providers.UseInbox: // every store has one, under this name
		return []string{"INBOX"}, nil
	case c.renamed != nil:
		return legalPath(c.renamed)
	case c.known != nil:
		return c.known.Path, nil
	}
	for n := len(c.source) - 1; n > 0; n-- {
		if above, ok := m.place[foldPath(c.source[:n])]; ok {
			return legalPath(append(slices.Clone(above), c.source[n:]...))
		}
	}
	return legalPath(c.source)
}

// altered tells that a folder cannot keep its name; those that can choose first.
func (m *mapper) altered(c candidate) int {
	if _, why := legalPath(c.source); len(why) > 0 {
		return 1
	}
	return 0
}

// settle gives a folder its place.
func (m *mapper) settle(c candidate) {
	path, why := m.wanted(c)
	if m.taken[foldPath(path)] || c.known == nil && reserved(path, c.use) {
		path = m.free(path, c.folder.ID)
		why = append(why, whyTaken)
	}
	m.taken[foldPath(path)] = true
	if _, twice := m.place[foldPath(c.source)]; !twice {
		m.place[foldPath(c.source)] = path
	}
	out := &m.out[c.at]
	out.Path, out.Use, out.Note = path, c.use, strings.Join(why, ", ")
	if c.renamed != nil && len(why) == 0 {
		out.Note = "folders.rename"
	}
}

// reserved reports whether a place is a folder of the service's own: free only for
// what goes into it.
func reserved(path []string, use providers.Use) bool {
	if len(path) != 1 {
		return false
	}
	system := systemUse(path[0])
	return system != "" && system != use
}

// free is a place beside a taken one, marked by the folder's own ID, so that it
// does not depend on which other folders there are.
func (m *mapper) free(path []string, id string) []string {
	sum := sha256.Sum256([]byte(id))
	text := hex.EncodeToString(sum[:])
	for n := 4; ; n += 4 {
		mark := " (" + text[:min(n, len(text))] + ")"
		marked := append(slices.Clone(path[:len(path)-1]), path[len(path)-1]+mark)
		if pathLength(marked) > MaxPath {
			marked = shortened(path, mark)
		}
		if !m.taken[foldPath(marked)] || n >= len(text) {
			return marked
		}
	}
}
