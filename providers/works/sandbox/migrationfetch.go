package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// What an import does not take: reference 40 §2.4.
const (
	importLimit = 50_000_000 // bytes from which on a message is skipped; "50 MB" in its smaller unit
	importDepth = 5          // levels of folders
)

// transfer is a run over IMAP.
type transfer struct {
	run      *migrationRun
	m        *migrations
	into     *mailbox.Import
	switches Switches
	faults   migrationFaults
	now      func() time.Time
}

func (s *Server) newTransfer(run *migrationRun, into *mailbox.Import) *transfer {
	return &transfer{run, s.migrations, into, s.switches, s.faults.migration(), s.clock.Now}
}

// sourceFolder is a folder of the source with what it offers.
type sourceFolder struct {
	name     string
	place    mailbox.Place
	messages []sourceMessage
}

type sourceMessage struct {
	uid   imap.UID
	size  int64
	date  time.Time
	flags []string
}

// all copies everything.
func (t *transfer) all() error {
	var folders []sourceFolder
	err := t.connected(func(c *imapclient.Client) (err error) {
		folders, err = t.survey(c)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range folders {
		if err := t.into.Folder(f.place); err != nil {
			return fmt.Errorf("mailbox %s: %w", f.name, err)
		}
		t.run.total.Add(int64(len(f.messages)))
	}
	return t.share(folders)
}

// connected logs in for one piece of work, when it may.
func (t *transfer) connected(work func(*imapclient.Client) error) error {
	free, err := t.m.slot(t.run.ctx, t.run.from.addr())
	if err != nil {
		return err
	}
	defer free()
	return t.m.network.imap(t.run.ctx, t.run.from, t.switches.is("migration-fetch", "RFC822"), work)
}

// share copies the folders over all connections of the run. The first failure ends
// the others.
func (t *transfer) share(folders []sourceFolder) error {
	queue := make(chan sourceFolder, len(folders))
	for _, f := range folders {
		if len(f.messages) > 0 {
			queue <- f
		}
	}
	close(queue)
	if len(queue) == 0 {
		return nil
	}
	var wait sync.WaitGroup
	errs := make([]error, t.switches.amount("migration-connections"))
	for n := range errs {
		wait.Go(func() {
			errs[n] = t.connected(func(c *imapclient.Client) error {
				for f := range queue {
					if err := t.folder(c, f); err != nil {
						return fmt.Errorf("mailbox %s: %w", f.name, err)
					}
				}
				return nil
			})
			if errs[n] != nil {
				t.run.cancel(errs[n])
			}
		})
	}
	wait.Wait()
	return cmp.Or(context.Cause(t.run.ctx), cmp.Or(errs...))
}

// survey lists the folders of the source and what is in them.
func (t *transfer) survey(c *imapclient.Client) ([]sourceFolder, error) {
	options := &imap.ListOptions{}
	if caps := c.Caps(); caps.Has(imap.CapSpecialUse) && caps.Has(imap.CapListExtended) {
		options.ReturnSpecialUse = true
	}
	list, err := c.List("", "*", options).Collect()
	if err != nil {
		return nil, err
	}
	var out []sourceFolder
	for _, l := range list {
		if slices.Contains(l.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(l.Attrs, imap.MailboxAttrNonExistent) {
			continue
		}
		f := sourceFolder{name: l.Mailbox, place: t.place(l)}
		if why := refusedPath(f.place.Path); why != "" {
			return nil, fmt.Errorf("mailbox %s: %s", f.name, why)
		}
		if f.messages, err = t.heads(c, l.Mailbox); err != nil {
			return nil, fmt.Errorf("mailbox %s: %w", f.name, err)
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return nil, errors.New("the source lists no mailbox")
	}
	if t.switches.is("migration-order", "name") {
		slices.SortFunc(out, func(a, b sourceFolder) int { return strings.Compare(a.name, b.name) })
	}
	return out, nil
}

// refusedPath tells why the service takes no folder with this path.
func refusedPath(path []string) string {
	if len(path) > importDepth {
		return fmt.Sprintf("it has %d levels, %d are allowed", len(path), importDepth)
	}
	for _, name := range path {
		if wrong := namedWith("!@&()-_+[]{},.")(name); wrong != "" {
			return wrong
		}
	}
	return ""
}

// place is where the mail of a folder goes.
func (t *transfer) place(l *imap.ListData) mailbox.Place {
	p := mailbox.Place{Path: []string{l.Mailbox}}
	if l.Delim != 0 {
		p.Path = strings.Split(l.Mailbox, string(l.Delim))
	}
	how := t.switches["migration-special-folders"]
	if how == "none" {
		return p
	}
	for _, use := range []imap.MailboxAttr{imap.MailboxAttrSent, imap.MailboxAttrDrafts, imap.MailboxAttrTrash, imap.MailboxAttrJunk} {
		if slices.ContainsFunc(l.Attrs, func(a imap.MailboxAttr) bool { return strings.EqualFold(string(a), string(use)) }) {
			p.Use = use
			return p
		}
	}
	if how == "names" && len(p.Path) == 1 {
		p.Use = usualNames(p.Path[0])
	}
	return p
}

// usualNames are names under which mail programs keep what has a folder of its own.
func usualNames(name string) imap.MailboxAttr {
	switch strings.ToLower(name) {
	case "sent", "sent items", "sent messages", "sent mail", "보낸메일함", "보낸편지함":
		return imap.MailboxAttrSent
	case "drafts", "임시보관함":
		return imap.MailboxAttrDrafts
	case "trash", "deleted items", "deleted messages", "휴지통", "지운편지함":
		return imap.MailboxAttrTrash
	case "junk", "spam", "junk e-mail", "스팸메일함":
		return imap.MailboxAttrJunk
	}
	return ""
}

// open selects a folder; only BODY[] and RFC822 do so in a way that marks as read.
func (t *transfer) open(c *imapclient.Client, name string) (*imap.SelectData, error) {
	marks := t.switches.is("migration-fetch", "BODY[]") || t.switches.is("migration-fetch", "RFC822")
	return c.Select(name, &imap.SelectOptions{ReadOnly: !marks}).Wait()
}

// heads lists the messages of a folder.
func (t *transfer) heads(c *imapclient.Client, name string) ([]sourceMessage, error) {
	box, err := t.open(c, name)
	if err != nil || box.NumMessages == 0 {
		return nil, err
	}
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	list, err := c.Fetch(all, &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true}).Collect()
	if err != nil {
		return nil, err
	}
	out := make([]sourceMessage, 0, len(list))
	for _, m := range list {
		out = append(out, sourceMessage{m.UID, m.RFC822Size, t.date(m.InternalDate), t.flags(m.Flags)})
	}
	return out, nil
}

func (t *transfer) date(d time.Time) time.Time {
	if d.IsZero() || t.switches.is("migration-dates", "arrival") {
		return t.now()
	}
	return d
}

func (t *transfer) flags(flags []imap.Flag) []string {
	var out []string
	for _, f := range flags {
		switch {
		case strings.EqualFold(string(f), `\Recent`), t.switches.is("migration-flags", "dropped"):
		case t.switches.is("migration-flags", "read") && f != imap.FlagSeen:
		default:
			out = append(out, string(f))
		}
	}
	return out
}

// folder copies the messages of one folder.
func (t *transfer) folder(c *imapclient.Client, f sourceFolder) error {
	if _, err := t.open(c, f.name); err != nil {
		return err
	}
	take := slices.DeleteFunc(slices.Clone(f.messages), func(m sourceMessage) bool { return m.size >= importLimit })
	t.run.skipped.Add(int64(len(f.messages) - len(take)))
	window := int(t.switches.amount("migration-window"))
	if t.switches.is("migration-fetch", "partial") {
		window = 1
	}
	for some := range slices.Chunk(take, window) {
		if err := t.window(c, f.place, some); err != nil {
			return err
		}
	}
	return nil
}

// window copies some messages with one command.
func (t *transfer) window(c *imapclient.Client, place mailbox.Place, some []sourceMessage) error {
	if t.switches.is("migration-fetch", "partial") {
		return t.store(place, some[0], &pieces{client: c, uid: some[0].uid, left: some[0].size})
	}
	var set imap.UIDSet
	known := map[imap.UID]sourceMessage{}
	for _, m := range some {
		set.AddNum(m.uid)
		known[m.uid] = m
	}
	whole := &imap.FetchItemBodySection{Peek: !t.switches.is("migration-fetch", "BODY[]") && !t.switches.is("migration-fetch", "RFC822")}
	cmd := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		if err := t.message(place, msg, known); err != nil {
			t.run.cancel(err) // which cuts the connection
			_ = cmd.Close()   // what it still brings must be taken, or the library waits for ever
			return err
		}
	}
	return cmd.Close()
}

// message stores what a FETCH brings of one message. Its UID comes first, as asked.
func (t *transfer) message(place mailbox.Place, msg *imapclient.FetchMessageData, known map[imap.UID]sourceMessage) error {
	var m sourceMessage
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m = known[item.UID]
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil || m.uid == 0 {
				return errors.New("the source sent a message without its bytes, or without its UID before them")
			}
			m.size = item.Literal.Size()
			if err := t.store(place, m, item.Literal); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *transfer) store(place mailbox.Place, m sourceMessage, body io.Reader) error {
	w := &watcher{in: body, mark: []byte(t.faults.poison)}
	if err := t.into.Add(mailbox.Letter{Place: place, Date: m.date, Flags: m.flags, Size: m.size, Body: w}); err != nil {
		return err
	}
	return t.run.count(t.faults, w.seen, t.m.network.timeout)
}

// pieces reads a message in parts.
type pieces struct {
	client *imapclient.Client
	uid    imap.UID
	at     int64
	left   int64
	have   []byte
}

// pieceSize is how much of a message a partial FETCH asks for.
const pieceSize = 256 << 10

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.have) == 0 {
		if p.left <= 0 {
			return 0, io.EOF
		}
		part := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: p.at, Size: min(p.left, pieceSize)}}
		list, err := p.client.Fetch(imap.UIDSetNum(p.uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{part}}).Collect()
		if err != nil {
			return 0, err
		}
		if len(list) != 1 || len(list[0].BodySection) != 1 || len(list[0].BodySection[0].Bytes) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		p.have = list[0].BodySection[0].Bytes
		p.at += int64(len(p.have))
		p.left -= int64(len(p.have))
	}
	n := copy(b, p.have)
	p.have = p.have[n:]
	return n, nil
}

// watcher looks for bytes in what is read.
type watcher struct {
	in   io.Reader
	mark []byte // empty: for nothing
	tail []byte
	seen bool
}

func (w *watcher) Read(b []byte) (int, error) {
	n, err := w.in.Read(b)
	if len(w.mark) > 0 && !w.seen {
		w.tail = append(w.tail, b[:n]...)
		w.seen = bytes.Contains(w.tail, w.mark)
		w.tail = append([]byte{}, w.tail[max(0, len(w.tail)-len(w.mark)+1):]...)
	}
	return n, err
}
