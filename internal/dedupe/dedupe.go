// Package dedupe finds messages that a mailbox holds more than once, and moves the
// copies into one folder when asked. It never deletes.
//
// A copy is proven when it lies in the same folder as another message, has all its
// bytes, and the two either name a Message-ID or were received in the same second.
// Of a proven set the message with the lowest key (IMAP: UID) stays where it is: it is
// the one that came first. What is in two folders is told and never moved: the copy of
// a sent message in the inbox is none too many. Messages that somebody marked as
// deleted count for nothing, neither as the one that stays nor as a copy.
//
// Only heads (Message-ID and size) are read of all messages; bytes are read of those
// whose head is there twice. Memory is bounded: a mailbox with more messages than are
// held is gone over several times, each time for another share of the heads.
package dedupe

import (
	"context"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Options say what is done. The zero value looks and changes nothing.
type Options struct {
	// To is the folder that copies are moved into, by its levels; nil: nothing is
	// changed. It is made if it is missing, and neither it nor what is below it is
	// searched.
	To []string
	// Look moves nothing: it only makes sure that To can be moved into.
	Look bool
	// Shown is what was agreed to: the mailbox is left as it is from where a folder has
	// more copies than that. nil: whatever is found.
	Shown *Found
	// Held is how many messages are compared in one go, at about 100 bytes each;
	// 0: 262,144.
	Held int
	// Observe is told how far it is, by the goroutine that called Run. May be nil.
	Observe func(Progress)
	// Sleep waits between attempts; nil: by the clock. It returns the context's error
	// when that ends first.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Progress is what was done so far.
type Progress struct {
	Scanned  int64 // messages whose head was read; each once a time over the mailbox
	Compared int64 // messages whose bytes were read
	Bytes    int64 // of these
	Moved    int64
}

// Found is what a mailbox holds more than once.
type Found struct {
	Folders []Folder // all that were searched, in the store's order
	// Made is the folder that copies were moved to; zero when none were.
	Made providers.Folder
}

// Folder is what a folder holds more than once.
type Folder struct {
	ID        string
	Path      []string
	Messages  int64
	Sets      int64 // messages that are there more than once
	Copies    int64 // proven ones, besides the one of each set that stays
	Bytes     int64 // of the copies
	Moved     int64 // copies that are no longer in the folder, after moving
	Elsewhere int64 // messages that another folder holds too, byte by byte; never moved
	Alike     int64 // messages that look like another one of the folder, and are not proven
	Unread    int64 // messages that look like another one, and whose bytes cannot be had
	Err       error // why the folder could not be searched to its end; nil
}

// Total adds all folders up.
func (f Found) Total() Folder {
	var all Folder
	for _, one := range f.Folders {
		all.add(one)
	}
	return all
}

func (f *Folder) add(o Folder) {
	f.Messages += o.Messages
	f.Sets += o.Sets
	f.Copies += o.Copies
	f.Bytes += o.Bytes
	f.Moved += o.Moved
	f.Elsewhere += o.Elsewhere
	f.Alike += o.Alike
	f.Unread += o.Unread
}

// Run searches a mailbox, and moves the copies when Options.To says where. It may be
// cut off at any moment and repeated: what was moved stays moved, and a MOVE of a
// server takes no message out of one folder without putting it into the other (RFC
// 6851, 3.3). With an error, the result is what was found until then.
//
// It is refused as Invalid where the server cannot move messages, or To is a folder
// that is emptied by itself or has another use.
func Run(ctx context.Context, target providers.Target, o Options) (Found, error) {
	if o.Held <= 0 {
		o.Held = 1 << 18
	}
	r := &run{Options: o, link: link{target: target, sleep: o.Sleep}}
	err := r.all(ctx)
	return r.found, joined(err, r.link.close())
}

// joined is the first error that there is: closing after trouble tells nothing new.
func joined(err, closing error) error {
	if err != nil {
		return err
	}
	return closing
}

// run is a search under way.
type run struct {
	Options
	link    link
	folders []providers.Folder // as searched; in the order of found.Folders
	found   Found
	done    Progress
}

func (r *run) all(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	items := int64(0)
	for _, f := range r.folders {
		items += max(0, f.Items)
	}
	of := uint64(1)
	for items > int64(r.Held)*int64(of) {
		of *= 2
	}
	var todo []share
	for nth := range of {
		todo = append(todo, share{nth, of})
	}
	for len(todo) > 0 {
		now := todo[0]
		todo = todo[1:]
		fits, err := r.share(ctx, now)
		if err != nil {
			return err
		}
		if !fits {
			todo = append([]share{{now.nth, now.of * 2}, {now.nth + now.of, now.of * 2}}, todo...)
		}
	}
	return nil
}

// open lists the folders and makes sure that what is to be done can be.
func (r *run) open(ctx context.Context) error {
	var all []providers.Folder
	err := r.link.do(ctx, func(w providers.Writer) (err error) {
		if r.To != nil && !w.Limits().Moves {
			return &diag.Failure{Class: diag.Invalid, Op: "move copies", Detail: "the server has no MOVE, and copying and deleting instead could lose mail",
				Fix: "leave --move-to out: the report tells which folders hold copies"}
		}
		all, err = w.Folders(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.checkTo(all); err != nil {
		return err
	}
	for _, f := range all {
		if f.Unserved != "" || f.Use == providers.UseAll || f.Use == providers.UseFlagged || r.To != nil && below(f.Path, r.To) {
			continue
		}
		r.folders = append(r.folders, f)
		r.found.Folders = append(r.found.Folders, Folder{ID: f.ID, Path: f.Path})
	}
	return nil
}

// below reports whether a path is the folder at top or in it.
func below(path, top []string) bool {
	return len(path) >= len(top) && slices.Equal(path[:len(top)], top)
}

// checkTo refuses folders that mail must not be moved into.
func (r *run) checkTo(all []providers.Folder) error {
	if r.To == nil {
		return nil
	}
	for _, f := range all {
		if !below(r.To, f.Path) {
			continue
		}
		why := ""
		switch {
		case f.Use == providers.UseTrash || f.Use == providers.UseJunk:
			why = "is emptied by itself"
		case len(f.Path) == len(r.To) && f.Use != "":
			why = "has a use of its own"
		case len(f.Path) == len(r.To) && f.Unserved != "" && f.Unserved != providers.FoldersOnly:
			why = f.Unserved
		default:
			continue
		}
		return &diag.Failure{Class: diag.Invalid, Op: "move copies", Detail: "the folder " + name(f.Path) + " " + why, Fix: "name a folder for copies alone"}
	}
	return nil
}

// tell tells how far it is.
func (r *run) tell() {
	if r.Observe != nil {
		r.Observe(r.done)
	}
}
