package mailbox

import (
	"io"
	"mime"
	"net/mail"
	"strings"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/encoding/htmlindex"
)

// structure describes a part as BODYSTRUCTURE does. A multipart without parts has
// one empty part, since the grammar knows none without.
func (t *text) structure(q *part, level int) (imap.BodyStructure, error) {
	disposition := disposition(q.fields.first("Content-Disposition"))
	language := words(q.fields.first("Content-Language"))
	location := q.fields.first("Content-Location")
	if q.kind == "multipart" {
		out := &imap.BodyStructureMultiPart{Subtype: q.sub,
			Extended: &imap.BodyStructureMultiPartExt{Params: q.params, Disposition: disposition, Language: language, Location: location}}
		for _, child := range q.children {
			c, err := t.structure(child, level+1)
			if err != nil {
				return nil, err
			}
			out.Children = append(out.Children, c)
		}
		if len(out.Children) == 0 {
			out.Children = []imap.BodyStructure{&imap.BodyStructureSinglePart{Type: "text", Subtype: "plain",
				Text: &imap.BodyStructureText{}, Extended: &imap.BodyStructureSinglePartExt{}}}
		}
		return out, nil
	}
	out := &imap.BodyStructureSinglePart{Type: q.kind, Subtype: q.sub, Params: q.params, ID: q.fields.first("Content-Id"),
		Description: q.fields.first("Content-Description"), Encoding: q.fields.first("Content-Transfer-Encoding"), Size: uint32(q.body.size()),
		Extended: &imap.BodyStructureSinglePartExt{Disposition: disposition, Language: language, Location: location}}
	switch {
	case q.message != nil:
		inner, err := t.structure(q.message, level+1)
		if err != nil {
			return nil, err
		}
		out.MessageRFC822 = &imap.BodyStructureMessageRFC822{Envelope: envelope(q.message.fields), BodyStructure: inner, NumLines: q.lines}
	case q.kind == "text":
		out.Text = &imap.BodyStructureText{NumLines: q.lines}
	}
	return out, nil
}

func disposition(value string) *imap.BodyStructureDisposition {
	kind, params, err := mime.ParseMediaType(value)
	if kind == "" || err != nil {
		kind, _, _ = strings.Cut(value, ";")
	}
	if kind = strings.TrimSpace(kind); kind == "" {
		return nil
	}
	return &imap.BodyStructureDisposition{Value: kind, Params: params}
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func (t *text) envelope() (*imap.Envelope, error) {
	header, err := t.header()
	if err != nil {
		return nil, err
	}
	all, err := t.fields(header)
	if err != nil {
		return nil, err
	}
	return envelope(all), nil
}

// envelope takes an ENVELOPE from a header. A subject stays encoded as it is.
func envelope(h fields) *imap.Envelope {
	date, err := mail.ParseDate(h.first("Date"))
	e := &imap.Envelope{Subject: h.first("Subject"), MessageID: messageID(h.first("Message-Id")),
		From: addresses(h.first("From")), Sender: addresses(h.first("Sender")), ReplyTo: addresses(h.first("Reply-To")),
		To: addresses(h.first("To")), Cc: addresses(h.first("Cc")), Bcc: addresses(h.first("Bcc"))}
	if err == nil {
		e.Date = date
	}
	for _, id := range strings.Fields(h.first("In-Reply-To")) {
		if id = messageID(id); id != "" {
			e.InReplyTo = append(e.InReplyTo, id)
		}
	}
	return e
}

func messageID(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
}

// addresses reads a list of addresses; one that cannot be read is empty.
func addresses(value string) []imap.Address {
	if value == "" {
		return nil
	}
	list, err := (&mail.AddressParser{WordDecoder: decoder()}).ParseList(value)
	if err != nil {
		return nil
	}
	var out []imap.Address
	for _, a := range list {
		at := strings.LastIndexByte(a.Address, '@')
		out = append(out, imap.Address{Name: a.Name, Mailbox: a.Address[:max(at, 0)], Host: a.Address[at+1:]})
	}
	return out
}

// decoder decodes encoded words in the charsets of the web's list.
func decoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) { return inCharset(charset, in) }}
}

func inCharset(charset string, in io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return enc.NewDecoder().Reader(in), nil
}
