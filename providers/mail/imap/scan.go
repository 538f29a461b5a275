package imap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

const (
	scanItems = 1024  // messages asked for at once, about
	scanHeld  = 16384 // messages held to put them in order
)

// progress is how far a folder was told, over calls of Scan that follow each other.
type progress struct {
	folder string
	opened imapwire.Mailbox // as it was at the first of them
	told   uint32           // messages, of those there at the opening or later
	last   uint32           // the highest UID told
	whole  bool             // from the first message on, all of them
}

// scan is a Scan under way.
type scan struct {
	r       *reader
	f       providers.Folder
	what    providers.Scan
	yield   func(providers.Item) error
	from    uint32
	since   uint64
	held    []held
	tries   int
	partial error // why a part of the folder was not told in full
}

type held struct {
	uid  uint32
	mine bool
	item providers.Item
}

// errAgain ends a series so that the rest is asked for again.
var errAgain = errors.New("ask again")

// Scan implements providers.Reader. What the server refuses to tell, or leaves out
// of what it says the folder holds, is a failure after all the rest was yielded.
func (r *reader) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	s := scan{r: r, f: f, what: what, yield: yield, from: 1}
	if what.From != "" {
		uid, err := uidOf(what.From)
		if err != nil {
			return f, err
		}
		s.from = uid
	}
	if r.conn.Has("CONDSTORE") || r.conn.Has("QRESYNC") {
		s.since = modSeqOf(what.Since)
	}
	if r.labels == nil && r.conn.Has("X-GM-EXT-1") {
		if _, err := r.list(ctx, false); err != nil {
			return f, err
		}
	}
	err := s.run(ctx)
	return s.told(), disown(err)
}

// run asks until everything was told, refused for good, or yield has enough.
func (s *scan) run(ctx context.Context) error {
	verb := s.r.verb
	if now := s.r.conn.Selected(); verb == "EXAMINE" && s.what.From != "" && now != nil && now.Name == s.f.ID && s.r.seen.folder == s.f.ID {
		verb = "" // goes on where it was, in the folder as it was
	} else {
		s.r.seen = progress{}
	}
	s.r.seen.whole = s.since == 0 && (s.from == 1 || s.r.seen.whole && s.from <= s.r.seen.last+1)
	for {
		s.held = s.held[:0]
		err := s.r.conn.Fetch(ctx, imapwire.Fetch{
			Verb: verb, Folder: s.f.ID, Opened: s.opened, Sets: s.sets(), Yield: s.take, Answered: s.answered,
			Items: imapwire.Items{Size: true, Fields: s.fields(), Gmail: s.r.labels != nil, Changed: s.since},
		})
		switch {
		case err == nil:
			return s.end()
		case errors.Is(err, errAgain):
			verb = ""
		case s.since > 0 && refusedAs(err, "BAD"):
			s.since = 0 // the folder keeps no mod-sequences after all
		case passing(err) && s.tries < attempts-1:
			s.tries++
		default:
			return err
		}
	}
}

func refusedAs(err error, status string) bool {
	var refused *imapwire.Refusal
	return errors.As(err, &refused) && refused.Status == status
}

func (s *scan) fields() []string {
	if s.what.Prints {
		return providers.HeadFields()
	}
	return nil
}

func (s *scan) opened(now *imapwire.Mailbox) error {
	if now == nil {
		return &diag.Failure{Class: diag.Unavailable, Op: "open folder " + imapwire.ReadName(s.f.ID), Detail: "the server closed it again"}
	}
	if err := fits(s.f, now); err != nil {
		return err
	}
	if s.r.seen.folder == "" {
		s.r.seen.folder, s.r.seen.opened = s.f.ID, *now
	}
	return nil
}

// sets are windows of about scanItems messages, as far as the numbers that are known
// tell; the last is open, for what has come since.
func (s *scan) sets() iter.Seq[imapwire.Set] {
	return func(yield func(imapwire.Set) bool) {
		low := uint64(s.from)
		width := uint64(scanItems)
		if s.f.Items > 0 && s.f.Next > s.f.Items {
			width = scanItems * uint64(s.f.Next) / uint64(s.f.Items)
		}
		for s.since == 0 && low+width < uint64(max(s.f.Next, 0)) {
			if !yield(imapwire.Set{{From: uint32(low), To: uint32(low + width - 1)}}) {
				return
			}
			low += width
		}
		yield(imapwire.Set{{From: uint32(low)}})
	}
}

// take holds what is told of one message.
func (s *scan) take(m *imapwire.Message) error {
	if m.UID < s.from {
		return nil // "n:*" yields the last message although it is before n
	}
	h := held{uid: m.UID, mine: true, item: providers.Item{Key: key(m.UID), Size: m.Size, Date: m.Date, Flags: m.Flags}}
	if s.r.labels != nil {
		h.mine, h.item.Copies = s.r.labels.home(s.f.ID, s.what.Without, m)
		if m.GmailID != 0 {
			h.item.Same = strconv.FormatUint(m.GmailID, 10)
		}
	}
	if s.what.Prints {
		h.item.Print.Head = providers.HeadOf(m.Header, m.Size)
	}
	if s.held = append(s.held, h); len(s.held) >= scanHeld {
		return s.flush()
	}
	return nil
}

// answered yields what was told of a window, in order, or asks for it again.
func (s *scan) answered(set imapwire.Set, err error) error {
	switch {
	case err == nil:
	case s.r.seen.opened.Messages == 0 && len(s.held) == 0:
		// Some servers refuse to look for messages where there are none.
	case s.since > 0 && refusedAs(err, "BAD"):
		return err
	case !passing(err):
		return err
	case s.tries < attempts-1:
		s.tries++
		return errAgain
	default:
		s.partial = err
	}
	s.tries = 0
	if err := s.flush(); err != nil {
		return err
	}
	if to := set[len(set)-1].To; to >= s.from {
		s.from = to + 1
	}
	return nil
}

// flush yields what is held.
func (s *scan) flush() error {
	slices.SortStableFunc(s.held, func(a, b held) int { return cmp.Compare(a.uid, b.uid) })
	for i, h := range s.held {
		if i > 0 && h.uid == s.held[i-1].uid {
			continue
		}
		if h.uid < s.from {
			return &diag.Failure{Class: diag.Unavailable, Op: "read folder " + imapwire.ReadName(s.f.ID),
				Detail: "the server tells of its messages in no order"}
		}
		s.from = h.uid + 1
		if h.uid > s.r.seen.last {
			s.r.seen.last = h.uid
			s.r.seen.told++
		}
		if h.mine {
			if err := s.yield(h.item); err != nil {
				return own{err}
			}
		}
	}
	s.held = s.held[:0]
	return nil
}

// end compares what was told with what the server says the folder holds.
func (s *scan) end() error {
	if s.partial != nil {
		return s.partial
	}
	seen, now := s.r.seen, s.r.conn.Selected()
	if now == nil || !seen.whole || seen.told+now.Expunged >= seen.opened.Messages {
		return nil
	}
	return &diag.Failure{Class: diag.Unavailable, Op: "read folder " + imapwire.ReadName(s.f.ID),
		Detail: fmt.Sprintf("the server says that it holds %d messages, but tells of %d", seen.opened.Messages, seen.told),
		Fix:    "see whether the old server can repair or rebuild the folder"}
}

// told is the folder as it was when it was opened; where the server tells no
// UIDNEXT, the number after the last message.
func (s *scan) told() providers.Folder {
	if s.r.seen.folder != s.f.ID {
		return s.f
	}
	f := asOf(s.f, &s.r.seen.opened)
	if f.Next == 0 && s.r.seen.whole {
		f.Next = int64(s.r.seen.last) + 1
	}
	return f
}
