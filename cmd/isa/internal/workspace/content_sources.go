package workspace

import (
	"context"
	"path/filepath"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/mail/eml"
	"github.com/isaworks/isa/providers/mail/files"
	"github.com/isaworks/isa/providers/mail/imap"
	"github.com/isaworks/isa/providers/mail/maildir"
	"github.com/isaworks/isa/providers/mail/mbox"
	"github.com/isaworks/isa/providers/mail/pop3"
)

// origin is where the mail of a migration is read.
func (m *mover) origin(one *mail.Migration) providers.Origin {
	path := one.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(one.Source.Directory, path)
	}
	at := m.w.env.Path(path)
	switch one.Source.Type {
	case mail.TypeEML:
		return fileOrigin{eml.Origin(at), one.Source, path}
	case mail.TypeMbox:
		return fileOrigin{mbox.Origin(at), one.Source, path}
	case mail.TypeMaildir:
		return fileOrigin{maildir.Origin(at), one.Source, path}
	case mail.TypePOP3:
		return m.pop3(one)
	}
	return m.imap(one)
}

// imap is an account that is read by IMAP.
func (m *mover) imap(one *mail.Migration) providers.Origin {
	s, who := one.Source, m.who(one)
	a := imap.Account{
		Addr: s.Server(), ServerName: s.ServerName, Roots: m.roots[s.CAFile], Security: security(s.TLS),
		Quirks: imap.Quirks{Exchange: s.Quirk == mail.QuirkExchange},
		User:   one.Login.User, Master: who.master, Separator: who.separator, Secret: who.secret, Bearer: who.bearer,
	}
	return guardedOrigin{imap.Origin(a), a.User, a.Secret, func(secret func(context.Context) (string, error)) providers.Origin {
		b := a
		b.Secret = secret
		return imap.Origin(b)
	}, m.refused}
}

// pop3 is an account that is read by POP3.
func (m *mover) pop3(one *mail.Migration) providers.Origin {
	s, who := one.Source, m.who(one)
	a := pop3.Account{
		Addr: s.Server(), ServerName: s.ServerName, Roots: m.roots[s.CAFile], Security: security(s.TLS),
		User: one.Login.User, Master: who.master, Separator: who.separator, Secret: who.secret, Bearer: who.bearer,
	}
	return guardedOrigin{pop3.Origin(a), a.User, a.Secret, func(secret func(context.Context) (string, error)) providers.Origin {
		b := a
		b.Secret = secret
		return pop3.Origin(b)
	}, m.refused}
}

// who is how an account is opened.
type who struct {
	master, separator string
	secret            func(context.Context) (string, error)
	bearer            bool
}

func (m *mover) who(one *mail.Migration) who {
	w := who{secret: m.password(one.Login.Password)}
	switch one.Login.Mode {
	case mail.LoginMaster:
		w.master = one.Login.MasterUser
		if one.Login.Style == mail.StyleStar {
			w.separator = "*"
		}
	case mail.LoginOAuth:
		w.bearer, w.secret = true, m.token(one.Login.Command)
	}
	return w
}

func security(tls string) imap.Security {
	switch tls {
	case mail.TLSStart:
		return imap.StartTLS
	case mail.TLSNone:
		return imap.Plain
	}
	return imap.TLS
}

// fileOrigin is files of this machine, under the name that the configuration gives them,
// wherever that is.
type fileOrigin struct {
	providers.Origin
	source *mail.Source
	path   string
}

// Name implements providers.Origin.
func (l fileOrigin) Name() string { return files.Name(l.source.Type, l.path) }

// Host implements providers.Origin.
func (l fileOrigin) Host() string { return l.source.Server() }
