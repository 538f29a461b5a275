package mailbox

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
)

// naming is how clients write names.
type naming struct{ delimiter string }

// inner returns a folder's name as the store has it.
func (n naming) inner(name string) string {
	levels := strings.Split(name, n.delimiter)
	if strings.EqualFold(levels[0], inbox) {
		levels[0] = inbox
	}
	return strings.Join(levels, sep)
}

// outer returns a folder's name as clients see it.
func (n naming) outer(name string) string { return strings.ReplaceAll(name, sep, n.delimiter) }

// check refuses names that the service would not take.
func (how *Behaviour) check(name string) error {
	levels := strings.Split(name, sep)
	for _, level := range levels {
		if level == "" {
			return no(imap.ResponseCodeCannot, "A mailbox name has an empty level")
		}
		if strings.ContainsFunc(level, unicode.IsControl) || !utf8.ValidString(level) {
			return no(imap.ResponseCodeCannot, "A mailbox name has characters that are not allowed")
		}
	}
	if how.Depth > 0 && len(levels) > how.Depth {
		return no(imap.ResponseCodeLimit, "Mailboxes have %d levels at most", how.Depth)
	}
	if how.NameLength > 0 && utf8.RuneCountInString(name) > how.NameLength {
		return no(imap.ResponseCodeLimit, "Mailbox names have %d characters at most", how.NameLength)
	}
	return nil
}

// create makes a folder and those above it.
func (b *box) create(name string, use imap.MailboxAttr, how *Behaviour) error {
	if err := how.check(name); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder(name) != nil {
		return no(imap.ResponseCodeAlreadyExists, "The mailbox exists already")
	}
	if err := b.freeUse(use); err != nil {
		return err
	}
	changes := b.missing(name)
	changes[len(changes)-1].Use = string(use)
	if how.Folders > 0 && len(b.folders)+len(changes) > how.Folders {
		return no(imap.ResponseCodeLimit, "There are %d mailboxes at most", how.Folders)
	}
	return b.write(changes)
}

// freeUse refuses a special use that another folder has or that is none.
func (b *box) freeUse(use imap.MailboxAttr) error {
	switch use {
	case "":
		return nil
	case imap.MailboxAttrArchive, imap.MailboxAttrDrafts, imap.MailboxAttrJunk, imap.MailboxAttrSent, imap.MailboxAttrTrash:
	default:
		return no("USEATTR", "The special use %s is not supported", use)
	}
	for _, f := range b.folders {
		if f.use == use {
			return no("USEATTR", "Another mailbox has the special use %s", use)
		}
	}
	return nil
}

// missing are the changes that make a folder and those above it that do not exist.
func (b *box) missing(name string) []change {
	var changes []change
	levels := strings.Split(name, sep)
	epoch := b.newEpoch()
	for i := range levels {
		path := strings.Join(levels[:i+1], sep)
		if b.folder(path) == nil {
			n := uint32(len(changes))
			changes = append(changes, change{Folder: b.lastID + 1 + n, Name: &path, Validity: epoch + n, Next: 1})
		}
	}
	return changes
}

// remove deletes a folder with its messages.
func (b *box) remove(name string, how *Behaviour) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(name)
	switch {
	case f == nil:
		return noFolder(false)
	case f.name == inbox || f.system && how.SystemFixed:
		return no(imap.ResponseCodeCannot, "This mailbox cannot be deleted")
	case len(b.below(name)) > 0:
		return no(imap.ResponseCodeHasChildren, "The mailbox has mailboxes below it")
	}
	return b.write([]change{{Folder: f.id, Gone: true}})
}

// rename moves a folder with all below it. UIDs and UIDVALIDITY stay.
func (b *box) rename(from, to string, how *Behaviour) error {
	if err := how.check(to); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(from)
	switch {
	case f == nil:
		return noFolder(false)
	case f.name == inbox || f.system && how.SystemFixed:
		return no(imap.ResponseCodeCannot, "This mailbox cannot be renamed")
	case b.folder(to) != nil:
		return no(imap.ResponseCodeAlreadyExists, "A mailbox of that name exists already")
	case strings.HasPrefix(to, from+sep):
		return no(imap.ResponseCodeCannot, "A mailbox cannot be moved below itself")
	}
	changes := b.missing(to)
	changes = changes[:len(changes)-1]
	for _, f := range append([]*folder{f}, b.below(from)...) {
		name := to + strings.TrimPrefix(f.name, from)
		if err := how.check(name); err != nil {
			return err
		}
		changes = append(changes, change{Folder: f.id, Name: &name})
	}
	return b.write(changes)
}

// follow changes a subscription.
func (b *box) follow(name string, on bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(name)
	if f == nil {
		return noFolder(false)
	}
	return b.write([]change{{Folder: f.id, Follow: &on}})
}
