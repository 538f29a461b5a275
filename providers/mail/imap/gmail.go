package imap

import (
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

// labels tell which of Gmail's folders a message is moved with. Gmail shows one
// message in a folder for each of its labels; X-GM-LABELS names them all, but not
// always the one of the folder that is read. The message is an item of the first of
// its folders, in the order of Folders, that is not left out (Scan.Without); the others
// are its copies. All Mail yields what has no label that is shown as a folder. Whatever
// happens to its labels, X-GM-MSGID stays (Item.Same).
type labels struct {
	order map[string]int    // by Folder.ID
	names []string          // Folder.IDs in order
	ids   map[string]string // label as written by the server, to Folder.ID
	all   string            // All Mail
	alone map[string]bool   // Trash and Spam: what is there is nowhere else
}

func labelsOf(folders []providers.Folder) *labels {
	l := &labels{order: map[string]int{}, ids: map[string]string{}, alone: map[string]bool{}}
	for _, f := range folders {
		if f.Unserved != "" {
			continue
		}
		l.order[f.ID] = len(l.names)
		l.names = append(l.names, f.ID)
		switch f.Use {
		case providers.UseInbox:
			l.ids[`\inbox`] = f.ID
		case providers.UseSent:
			l.ids[`\sent`] = f.ID
		case providers.UseDrafts:
			l.ids[`\draft`], l.ids[`\drafts`] = f.ID, f.ID
		case providers.UseAll:
			l.all = f.ID
		case providers.UseTrash, providers.UseJunk:
			l.alone[f.ID] = true
		default:
			l.ids[f.ID] = f.ID
		}
	}
	return l
}

// home tells whether a message that a folder shows is an item of that folder, and
// which other folders show it. Folders without are those of items that no other shows.
func (l *labels) home(folder string, without []string, m *imapwire.Message) (mine bool, copies []string) {
	if l.alone[folder] {
		return true, nil
	}
	var in []int
	if at, ok := l.order[folder]; ok && folder != l.all {
		in = append(in, at)
	}
	for _, label := range m.Labels {
		id, ok := l.ids[label]
		if !ok && strings.HasPrefix(label, `\`) {
			id, ok = l.ids[strings.ToLower(label)]
		}
		if ok && !slices.Contains(in, l.order[id]) {
			in = append(in, l.order[id])
		}
	}
	if len(in) == 0 {
		return folder == l.all, nil
	}
	slices.Sort(in)
	first := max(0, slices.IndexFunc(in, func(at int) bool { return !slices.Contains(without, l.names[at]) }))
	for i, at := range in {
		if i != first {
			copies = append(copies, l.names[at])
		}
	}
	return l.names[in[first]] == folder, copies
}
