package rawmail

import (
	"net/mail"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Envelope is what IMAP's ENVELOPE tells, each text as it stands in the header, on
// one line: RFC 3501 §7.4.2. Sender and ReplyTo are those of From where the header
// has none.
type Envelope struct {
	Date, Subject                      string
	From, Sender, ReplyTo, To, Cc, Bcc []Address
	InReplyTo, MessageID               string
}

// EnvelopeOf takes an envelope from a header.
func EnvelopeOf(h Fields) *Envelope {
	e := &Envelope{Date: h.First("Date"), Subject: h.First("Subject"), InReplyTo: h.First("In-Reply-To"), MessageID: h.First("Message-Id"),
		From: ReadAddresses(h.First("From")), Sender: ReadAddresses(h.First("Sender")), ReplyTo: ReadAddresses(h.First("Reply-To")),
		To: ReadAddresses(h.First("To")), Cc: ReadAddresses(h.First("Cc")), Bcc: ReadAddresses(h.First("Bcc"))}
	if len(e.Sender) == 0 {
		e.Sender = e.From
	}
	if len(e.ReplyTo) == 0 {
		e.ReplyTo = e.From
	}
	return e
}

// Library is the envelope as go-imap has it, which writes dates and other charsets
// anew.
func (e *Envelope) Library() *imap.Envelope {
	out := &imap.Envelope{Subject: e.Subject, MessageID: messageID(e.MessageID), From: libraryAddresses(e.From), Sender: libraryAddresses(e.Sender),
		ReplyTo: libraryAddresses(e.ReplyTo), To: libraryAddresses(e.To), Cc: libraryAddresses(e.Cc), Bcc: libraryAddresses(e.Bcc)}
	if date, err := mail.ParseDate(e.Date); err == nil {
		out.Date = date
	}
	for _, id := range strings.Fields(e.InReplyTo) {
		if id = messageID(id); id != "" {
			out.InReplyTo = append(out.InReplyTo, id)
		}
	}
	return out
}

func messageID(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
}

func libraryAddresses(list []Address) []imap.Address {
	var out []imap.Address
	for _, a := range list {
		if a.Host == "" && !a.Group { // the library would take it for a group
			continue
		}
		name, err := decoder().DecodeHeader(a.Name)
		if err != nil {
			name = a.Name
		}
		out = append(out, imap.Address{Name: name, Mailbox: a.Mailbox, Host: a.Host})
	}
	return out
}
