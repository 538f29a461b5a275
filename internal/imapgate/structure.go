package imapgate

import (
	"strings"

	"github.com/isaworks/isa/internal/rawmail"
)

// envelope writes an ENVELOPE: RFC 3501 §7.4.2.
func (o *output) envelope(e *rawmail.Envelope) {
	o.puts("(")
	o.nstr(e.Date)
	o.puts(" ")
	o.nstr(e.Subject)
	for _, list := range [][]rawmail.Address{e.From, e.Sender, e.ReplyTo, e.To, e.Cc, e.Bcc} {
		o.puts(" ")
		o.addresses(list)
	}
	o.puts(" ")
	o.nstr(e.InReplyTo)
	o.puts(" ")
	o.nstr(e.MessageID)
	o.puts(")")
}

func (o *output) addresses(list []rawmail.Address) {
	if len(list) == 0 {
		o.puts("NIL")
		return
	}
	o.puts("(")
	for _, a := range list {
		o.puts("(")
		o.nstr(a.Name)
		o.puts(" NIL ")
		o.nstr(a.Mailbox)
		o.puts(" ")
		if a.Group {
			o.puts("NIL")
		} else {
			o.str(a.Host) // NIL would begin a group
		}
		o.puts(")")
	}
	o.puts(")")
}

// structure writes a BODYSTRUCTURE, or a BODY: without what RFC 3501 calls extension
// data.
func (o *output) structure(q *rawmail.Part, extended bool) {
	o.puts("(")
	if q.Type == "multipart" {
		o.multipart(q, extended)
	} else {
		o.single(q, extended)
	}
	o.puts(")")
}

func (o *output) multipart(q *rawmail.Part, extended bool) {
	for _, child := range q.Children {
		o.structure(child, extended)
	}
	if len(q.Children) == 0 { // the grammar knows none without
		o.structure(&rawmail.Part{Type: "text", Subtype: "plain"}, extended)
	}
	o.puts(" ")
	o.str(q.Subtype)
	if !extended {
		return
	}
	o.puts(" ")
	o.params(q.Params)
	o.tail(q)
}

func (o *output) single(q *rawmail.Part, extended bool) {
	kind, subtype := q.Type, q.Subtype
	if kind == "message" && subtype == "rfc822" && q.Message == nil { // too deep to be looked into
		kind, subtype = "application", "octet-stream"
	}
	o.str(kind)
	o.puts(" ")
	o.str(subtype)
	o.puts(" ")
	o.params(q.Params)
	o.puts(" ")
	o.nstr(q.Fields.First("Content-Id"))
	o.puts(" ")
	o.nstr(q.Fields.First("Content-Description"))
	o.puts(" ")
	coding := q.Fields.First("Content-Transfer-Encoding")
	if coding == "" {
		coding = "7bit"
	}
	o.str(coding)
	o.puts(" ")
	o.number(q.Body.Size())
	switch {
	case q.Message != nil:
		o.puts(" ")
		o.envelope(rawmail.EnvelopeOf(q.Message.Fields))
		o.puts(" ")
		o.structure(q.Message, extended)
		o.puts(" ")
		o.number(q.Lines)
	case kind == "text":
		o.puts(" ")
		o.number(q.Lines)
	}
	if extended {
		o.puts(" ")
		o.nstr(q.Fields.First("Content-Md5"))
		o.tail(q)
	}
}

// tail is what single parts and multiparts end with.
func (o *output) tail(q *rawmail.Part) {
	o.puts(" ")
	if value, params := q.Disposition(); value == "" {
		o.puts("NIL")
	} else {
		o.puts("(")
		o.str(value)
		o.puts(" ")
		o.params(params)
		o.puts(")")
	}
	o.puts(" ")
	if languages := q.Languages(); len(languages) == 0 {
		o.puts("NIL")
	} else {
		o.puts("(")
		for i, l := range languages {
			if i > 0 {
				o.puts(" ")
			}
			o.str(l)
		}
		o.puts(")")
	}
	o.puts(" ")
	o.nstr(strings.TrimSpace(q.Fields.First("Content-Location")))
}

func (o *output) params(list rawmail.Params) {
	if len(list) == 0 {
		o.puts("NIL")
		return
	}
	o.puts("(")
	for i, p := range list {
		if i > 0 {
			o.puts(" ")
		}
		o.str(p.Name)
		o.puts(" ")
		o.str(p.Value)
	}
	o.puts(")")
}
