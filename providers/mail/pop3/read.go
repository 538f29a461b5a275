package pop3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

const (
	ahead      = 16      // commands that are sent before their answers came, at most
	aheadBytes = 4 << 20 // of messages that were asked for so
)

// reader is an open account. It is for one goroutine; Close may come from another.
type reader struct {
	conn    *conn
	account Account
	opened  time.Time
	inbox   *inbox
	noTop   bool // the server knows no TOP
}

// Close implements providers.Reader.
func (r *reader) Close() error { return r.conn.Close() }

// Folders implements providers.Reader: the inbox.
func (r *reader) Folders(ctx context.Context) ([]providers.Folder, error) {
	if err := r.conn.do(ctx, "list messages", r.list); err != nil {
		return nil, err
	}
	return []providers.Folder{r.folder()}, nil
}

// list asks for what the mailbox holds. It stays the same in a session.
func (r *reader) list() (err error) {
	if r.inbox == nil {
		r.inbox, err = r.conn.list()
	}
	return err
}

func (r *reader) folder() providers.Folder {
	n := len(r.inbox.messages)
	return providers.Folder{ID: "INBOX", Path: []string{"INBOX"}, Use: providers.UseInbox, Mark: r.inbox.mark(n), Items: int64(n), Bytes: r.inbox.bytes}
}

// Scan implements providers.Reader. It reads the header of each message.
func (r *reader) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	err := r.conn.do(ctx, "read headers", func() error {
		if err := r.list(); err != nil {
			return err
		}
		f = r.folder()
		first := r.inbox.since(what.Since)
		from, _ := r.inbox.find(what.From)
		var some []message
		for _, m := range r.inbox.messages[from:] {
			if m.number >= first {
				some = append(some, m)
			}
		}
		return r.scan(ctx, some, yield)
	})
	return f, err
}

func (r *reader) scan(ctx context.Context, all []message, yield func(providers.Item) error) error {
	header := newSpill("", headerBytes)
	defer header.close()
	command := func(m message) string {
		if r.noTop {
			return fmt.Sprintf("RETR %d", m.number)
		}
		return fmt.Sprintf("TOP %d 0", m.number)
	}
	ask := func(m message, err error) error {
		var refused *refusal
		it := providers.Item{Key: m.key, Size: m.size, Date: r.opened}
		switch {
		case err == nil:
			if err := header.head(r.conn.message()); err != nil {
				return err
			}
			it.Date = files.Received(header.header(), r.opened)
			it.Print.Head = providers.HeadOf(header.header(), m.size)
			if m.size < 0 {
				it.Print.Head = [16]byte{}
			}
		case !errors.As(err, &refused):
			return err
		case !r.noTop:
			return errNoTop
		}
		if err := yield(it); err != nil {
			return dial.Own{Err: err}
		}
		return nil
	}
	for len(all) > 0 {
		done, err := r.pipeline(ctx, all, 0, command, ask)
		if all = all[done:]; !errors.Is(err, errNoTop) {
			return err
		}
		// TOP is optional (RFC 1939, 7): then the whole message is read. A server that
		// refuses it for one message is asked for that one so.
		r.noTop = true
		if done, err = r.pipeline(ctx, all[:1], 0, command, ask); err != nil {
			return err
		}
		all = all[done:]
		r.noTop = !r.conn.has("TOP")
	}
	return nil
}

// errNoTop is a TOP that was refused.
var errNoTop = errors.New("no TOP")

// pipeline sends a command for each message, as many before their answers as the server
// can bear, and calls each with the first line of each answer; each reads the rest of
// it. It returns how many were answered and dealt with. After an error of each, what is
// still to come is read and forgotten.
func (r *reader) pipeline(ctx context.Context, all []message, most int64, command func(message) string, each func(message, error) error) (done int, err error) {
	width := 1
	if r.conn.has("PIPELINING") {
		width = ahead
	}
	sent, bytes := 0, int64(0)
	for done < len(all) {
		for sent < len(all) && sent-done < width {
			if size := max(0, all[sent].size); sent > done && most > 0 && bytes+size > most {
				break
			}
			if err := r.conn.command(command(all[sent])); err != nil {
				return done, err
			}
			bytes += max(0, all[sent].size)
			sent++
		}
		if err := errors.Join(r.conn.w.Flush(), ctx.Err()); err != nil {
			return done, err
		}
		_, answered := r.conn.reply(verbOf(command(all[done])))
		if err := each(all[done], answered); err != nil {
			if lost := r.forget(sent - done - 1); lost != nil {
				r.conn.link.Cut() // what err is does not change by that
			}
			return done, err
		}
		bytes -= max(0, all[done].size)
		done++
	}
	return done, nil
}

func verbOf(command string) string {
	verb, _, _ := strings.Cut(command, " ")
	return verb
}

// forget reads answers that nobody wants any more.
func (r *reader) forget(n int) error {
	var refused *refusal
	for range n {
		switch _, err := r.conn.reply("a command"); {
		case errors.As(err, &refused):
			continue
		case err != nil:
			return err
		}
		if _, err := io.Copy(io.Discard, r.conn.body()); err != nil {
			return err
		}
	}
	return nil
}

// message is the body of an answer, with CRLF at the end of each line.
func (c *conn) message() io.Reader {
	if c.lf {
		return files.NewLines(c.body())
	}
	return c.body()
}

// Fetch implements providers.Reader. Messages that the server refuses to send end in a
// failure of class Invalid after all others were yielded.
func (r *reader) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	if len(items) == 0 {
		return nil
	}
	var bad error
	err := r.conn.do(ctx, "read messages", func() error {
		if err := r.list(); err != nil {
			return err
		}
		var all []message
		for _, it := range items {
			if i, ok := r.inbox.find(it.Key); ok {
				all = append(all, r.inbox.messages[i])
			}
		}
		slices.SortFunc(all, func(a, b message) int { return a.number - b.number })
		all = slices.Compact(all)
		whole := newSpill(r.account.Temp, memoryBytes)
		defer whole.close()
		_, err := r.pipeline(ctx, all, aheadBytes, func(m message) string { return fmt.Sprintf("RETR %d", m.number) }, func(m message, err error) error {
			return r.fetched(m, err, whole, &bad, yield)
		})
		return err
	})
	if err != nil {
		return err
	}
	return bad
}

// fetched takes one message.
func (r *reader) fetched(m message, err error, whole *spill, bad *error, yield func(providers.Message) error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		failure := refused.failure(fmt.Sprintf("read message %d", m.number))
		if failure.Class != diag.Invalid {
			return refused
		}
		failure.Detail = "the server does not hand it over: " + refused.text
		failure.Err = nil
		if *bad == nil {
			*bad = failure
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := whole.all(r.conn.message()); err != nil {
		return err
	}
	body, err := whole.body()
	if err != nil {
		return err
	}
	it := providers.Item{Key: m.key, Size: whole.size, Date: files.Received(whole.header(), r.opened)}
	it.Print.Head = providers.HeadOf(whole.header(), whole.size)
	if err := yield(providers.Message{Item: it, Body: body}); err != nil {
		return dial.Own{Err: err}
	}
	return nil
}
