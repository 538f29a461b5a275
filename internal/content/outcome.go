package content

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/korean"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// rule returns what leaves an item out, "" nothing. Without a target its limit is
// not known.
func (v *visit) rule(it providers.Item) (providers.Outcome, string) {
	outcome, note := v.task.job.Rules.apply(v.f.to, it)
	if outcome == "" && v.limits.Item > 0 && it.Size > v.limits.Item {
		return providers.TooLarge, "the target takes no item of this size"
	}
	return outcome, note
}

// apply returns what leaves an item of a folder out, "" nothing.
func (r Rules) apply(m Mapping, it providers.Item) (providers.Outcome, string) {
	switch {
	case m.Excluded != "":
		return providers.Excluded, m.Excluded
	case !r.Since.IsZero() && it.Date.Before(r.Since):
		return providers.Excluded, "older than since"
	case !r.Before.IsZero() && !it.Date.Before(r.Before):
		return providers.Excluded, "not before before"
	case !r.DualSince.IsZero() && !it.Date.Before(r.DualSince) && received(m):
		return providers.Excluded, "dual delivery"
	case r.MaxSize > 0 && it.Size > r.MaxSize:
		return providers.TooLarge, "larger than max_size"
	}
	return "", ""
}

// received tells folders into which mail comes from outside.
func received(m Mapping) bool {
	sent := func(u providers.Use) bool { return u == providers.UseSent || u == providers.UseDrafts }
	return !m.Sent && !sent(m.Use) && !sent(m.Folder.Use)
}

// leaveOut settles what a rule leaves out, and returns the rest.
func (v *visit) leaveOut(ctx context.Context, items []providers.Item) (rest []providers.Item, err error) {
	if v.f.to.Excluded == "" {
		if v.limits, err = v.shelf.limitsOf(ctx, v.dst); err != nil {
			return nil, err
		}
	}
	var out []providers.Record
	var large []providers.Item
	for _, it := range items {
		switch outcome, note := v.rule(it); {
		case v.live() && !v.newer(it) && v.tries[it.Key] == 0:
			out = append(out, v.record(it, providers.Excluded, "not newer than the last pass before the mailbox went live"))
		case outcome == providers.TooLarge:
			large = append(large, it)
		case outcome != "":
			out = append(out, v.record(it, outcome, note))
		default:
			rest = append(rest, it)
		}
	}
	for chunk := range slices.Chunk(out, lookup) {
		if err := v.settle(ctx, chunk); err != nil {
			return nil, err
		}
	}
	return rest, v.large(ctx, large)
}

// tooDear is the size of items that are not read only to learn their title.
const tooDear = 256 << 20

// large settles items that are too large, with their titles, and keeps them
// elsewhere when that is wanted.
func (v *visit) large(ctx context.Context, items []providers.Item) error {
	keep := v.task.job.Rules.Keep
	for _, it := range items {
		_, note := v.rule(it)
		r := v.record(it, providers.TooLarge, note)
		if keep == nil && it.Size > tooDear {
			if err := v.settle(ctx, []providers.Record{r}); err != nil {
				return err
			}
			continue
		}
		found := false
		err := v.src.do(ctx, func(src providers.Reader) error {
			return src.Fetch(ctx, v.f.Folder, []providers.Item{it}, func(m providers.Message) (err error) {
				found = true
				head, err := io.ReadAll(io.LimitReader(m.Body, titleBytes))
				if err != nil {
					return err
				}
				r.Title = title(head)
				m.Flags, m.Date, m.Body = it.Flags, it.Date, io.MultiReader(bytes.NewReader(head), m.Body)
				if keep == nil {
					_, err = io.Copy(io.Discard, m.Body)
					return err
				}
				where, err := keep(ctx, v.f.Folder, m)
				if err != nil {
					return &keepFault{err}
				}
				r.Note = note + "; kept as " + where
				return nil
			})
		})
		var fault *keepFault
		switch {
		case errors.As(err, &fault):
			return fault.err
		case err != nil:
			return err
		case !found:
			there, err := v.stillListed(ctx, []providers.Item{it})
			if err != nil {
				return err
			}
			r = v.omitted(it, there[it.Key])
		}
		if err := v.settle(ctx, []providers.Record{r}); err != nil {
			return err
		}
	}
	return nil
}

// stillListed tells which of the items, which are in the order of their keys, the
// source lists.
func (v *visit) stillListed(ctx context.Context, items []providers.Item) (map[string]bool, error) {
	ask := make(map[string]bool, len(items))
	for _, it := range items {
		ask[it.Key] = true
	}
	there := make(map[string]bool, len(items))
	last := items[len(items)-1].Key
	err := v.src.do(ctx, func(r providers.Reader) error {
		_, err := r.Scan(ctx, v.f.Folder, providers.Scan{From: items[0].Key, Without: v.f.without}, func(it providers.Item) error {
			if v.run.stop.Err() != nil {
				return errStopped
			}
			if ask[it.Key] {
				there[it.Key] = true
			}
			if it.Key >= last {
				return errWindow
			}
			return nil
		})
		return err
	})
	if errors.Is(err, errWindow) {
		err = nil
	}
	return there, err
}

// omitted is the record of an item that the source does not send: only what it does
// not list any more is gone.
func (v *visit) omitted(it providers.Item, listed bool) providers.Record {
	if listed {
		return v.record(it, providers.Quarantined, "the source lists it, but does not send it")
	}
	return v.record(it, providers.Gone, "")
}

// keepFault is an error of Rules.Keep: a matter of this machine, not of the source.
type keepFault struct{ err error }

// Error tells what went wrong.
func (k *keepFault) Error() string { return k.err.Error() }

// Unwrap returns the error of Keep.
func (k *keepFault) Unwrap() error { return k.err }

// title is the subject of a message, as far as it can be read, by the beginning of
// its bytes.
func title(head []byte) string {
	if i := bytes.Index(head, []byte("\r\n\r\n")); i >= 0 {
		head = head[:i]
	} else if i := bytes.Index(head, []byte("\n\n")); i >= 0 {
		head = head[:i]
	}
	m, err := mail.ReadMessage(bytes.NewReader(append(slices.Clone(head), "\r\n\r\n"...)))
	if err != nil {
		return ""
	}
	text := m.Header.Get("Subject")
	decoder := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(in), nil
	}}
	if decoded, err := decoder.DecodeHeader(text); err == nil {
		text = decoded
	}
	if !utf8.ValidString(text) {
		// Old Korean programs wrote the header as it was on their disks.
		if decoded, err := korean.EUCKR.NewDecoder().String(text); err == nil {
			text = decoded
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	const most = 120
	if r := []rune(text); len(r) > most {
		text = string(r[:most])
	}
	return text
}

// words is what a server said, in a line, for Record.Note.
func words(err error) string {
	var f *diag.Failure
	text := err.Error()
	if errors.As(err, &f) && f.Detail != "" {
		text = f.Detail
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	const most = 200
	if r := []rune(text); len(r) > most {
		text = string(r[:most])
	}
	return text
}

// noteSettled keeps what follows from outcomes: patience begins anew when something
// arrived, and what failed is left to the next pass.
func (v *visit) noteSettled(records []providers.Record) {
	for _, r := range records {
		delete(v.doubt, r.Key)
		switch {
		case r.Outcome == providers.Copied, r.Outcome == providers.Adopted:
			v.task.trouble.arrival()
		case !r.Outcome.Final():
			if v.behind == nil {
				v.behind = map[string]bool{}
			}
			v.behind[r.Key] = true
		}
	}
}

// untried are the items that this pass did not settle before it had to look again.
func (v *visit) untried(items []providers.Item) []providers.Item {
	if len(v.behind) == 0 {
		return items
	}
	var rest []providers.Item
	for _, it := range items {
		if v.behind[it.Key] {
			v.settled++
			continue
		}
		rest = append(rest, it)
	}
	return rest
}
