package mailtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Account is a way into a mailbox.
type Account struct {
	Addr           string // host:port
	User, Password string
	TLS            *tls.Config // nil: plain text
}

// login opens a connection by a client that is not isa's. Cancelling ctx cuts it off.
func login(ctx context.Context, a Account) (*imapclient.Client, func(), error) {
	dialer := interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	}(&net.Dialer{})
	if a.TLS != nil {
		dialer = &tls.Dialer{Config: a.TLS}
	}
	conn, err := dialer.DialContext(ctx, "tcp", a.Addr)
	if err != nil {
		return nil, nil, err
	}
	c := imapclient.New(conn, nil)
	stop := context.AfterFunc(ctx, func() { _ = c.Close() }) // whoever waits is told
	end := func() {
		stop()
		_ = c.Close() // nothing is lost with it: every command was waited for
	}
	if err := c.Login(a.User, a.Password).Wait(); err != nil {
		end()
		return nil, nil, fmt.Errorf("%s: login of %s: %w", a.Addr, a.User, err)
	}
	if c.Caps().Has(imap.CapIMAP4rev2) { // the client writes names as if that was enabled
		if _, err := c.Enable(imap.CapIMAP4rev2).Wait(); err != nil {
			end()
			return nil, nil, fmt.Errorf("%s: ENABLE: %w", a.Addr, err)
		}
	}
	return c, end, nil
}

// Do runs act on a connection that is logged in as a: what a person would do with
// a mail program of another maker. The connection ends afterwards.
func Do(ctx context.Context, a Account, act func(c *imapclient.Client) error) error {
	c, end, err := login(ctx, a)
	if err != nil {
		return err
	}
	defer end()
	if err := act(c); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return c.Logout().Wait()
}

// Append stores messages, in order, by IMAP; it makes the folders that are missing.
// Any server takes them so, more slowly than Server.Load.
func Append(ctx context.Context, a Account, messages ...Message) error {
	return Do(ctx, a, func(c *imapclient.Client) error {
		f := &appender{client: c, made: map[string]bool{"INBOX": true}}
		for _, m := range messages {
			if err := f.append(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// AppendCorpus is Append for all of c, which it does not hold in memory.
func AppendCorpus(ctx context.Context, a Account, corpus Corpus) error {
	return Do(ctx, a, func(c *imapclient.Client) error {
		f := &appender{client: c, made: map[string]bool{"INBOX": true}}
		for _, name := range corpus.Names() {
			if err := f.make(name); err != nil {
				return err
			}
		}
		return corpus.Each(func(_ int, m Message) error { return f.append(m) })
	})
}

type appender struct {
	client   *imapclient.Client
	made     map[string]bool
	refused  error // the last CREATE that was answered NO: the folder exists, or SELECT fails
	selected string
}

// make creates a folder unless it exists.
func (f *appender) make(name string) error {
	if f.made[name] {
		return nil
	}
	f.made[name] = true
	var refused *imap.Error
	err := f.client.Create(name, nil).Wait()
	if errors.As(err, &refused) {
		f.refused = fmt.Errorf("CREATE %s: %w", name, err)
		return nil
	}
	return err
}

func (f *appender) append(m Message) error {
	if err := f.make(m.Folder); err != nil {
		return err
	}
	if f.selected != m.Folder { // some servers open a folder anew for each APPEND to one that is not selected
		if _, err := f.client.Select(m.Folder, nil).Wait(); err != nil {
			return errors.Join(fmt.Errorf("SELECT %s: %w", m.Folder, err), f.refused)
		}
		f.selected = m.Folder
	}
	var flags []imap.Flag
	for _, flag := range m.Flags {
		flags = append(flags, imap.Flag(flag))
	}
	cmd := f.client.Append(m.Folder, int64(len(m.Raw)), &imap.AppendOptions{Flags: flags, Time: m.Date})
	_, err := cmd.Write(m.Raw)
	err = errors.Join(err, cmd.Close())
	if err != nil {
		return err
	}
	if _, err := cmd.Wait(); err != nil {
		return fmt.Errorf("APPEND to %s: %w", m.Folder, err)
	}
	return nil
}

// folders lists what can be selected, by path with "/" between.
func folders(c *imapclient.Client) (map[string]string, error) {
	list, err := c.List("", "*", nil).Collect()
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, l := range list {
		if slices.Contains(l.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(l.Attrs, imap.MailboxAttrNonExistent) {
			continue
		}
		path := l.Mailbox
		if l.Delim != 0 && l.Delim != '/' {
			path = strings.ReplaceAll(path, string(l.Delim), "/")
		}
		if strings.EqualFold(path, "inbox") {
			path = "INBOX"
		}
		out[path] = l.Mailbox
	}
	return out, nil
}

// each reads all messages of a folder, in pieces of at most 500: their items come
// in any order, the body as a stream.
func each(c *imapclient.Client, mailbox string, yield func(m *imapclient.FetchMessageData) error) error {
	selected, err := c.Select(mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return err
	}
	for from := uint32(1); from <= selected.NumMessages; from += 500 {
		var set imap.SeqSet
		set.AddRange(from, min(from+499, selected.NumMessages))
		cmd := c.Fetch(set, &imap.FetchOptions{
			Flags: true, InternalDate: true, UID: true, RFC822Size: true,
			BodySection: []*imap.FetchItemBodySection{{Peek: true}},
		})
		var failed error
		for {
			m := cmd.Next()
			if m == nil {
				break
			}
			if failed == nil {
				failed = yield(m)
			}
		}
		if err := errors.Join(failed, cmd.Close()); err != nil {
			return err
		}
	}
	return nil
}

// drain reads a literal to its end; a literal may be missing (NIL).
func drain(w io.Writer, literal imap.LiteralReader) (int64, error) {
	if literal == nil {
		return 0, nil
	}
	return io.Copy(w, literal)
}
