package rawmail

import (
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Disposition is the value of the Content-Disposition and its parameters; "" when
// there is none.
func (q *Part) Disposition() (string, Params) {
	return readParams(q.Fields.First("Content-Disposition"))
}

// Languages are those of the Content-Language.
func (q *Part) Languages() []string {
	return strings.FieldsFunc(q.Fields.First("Content-Language"), func(r rune) bool { return r == ',' || r == ' ' })
}

// Library describes a part as go-imap has it. A multipart without parts has one empty
// part, since the grammar knows none without.
func (q *Part) Library() imap.BodyStructure {
	disposition := libraryDisposition(q.Disposition())
	language := q.Languages()
	location := q.Fields.First("Content-Location")
	if q.Type == "multipart" {
		out := &imap.BodyStructureMultiPart{Subtype: q.Subtype,
			Extended: &imap.BodyStructureMultiPartExt{Params: q.Params.decoded(), Disposition: disposition, Language: language, Location: location}}
		for _, child := range q.Children {
			out.Children = append(out.Children, child.Library())
		}
		if len(out.Children) == 0 {
			out.Children = []imap.BodyStructure{&imap.BodyStructureSinglePart{Type: "text", Subtype: "plain",
				Text: &imap.BodyStructureText{}, Extended: &imap.BodyStructureSinglePartExt{}}}
		}
		return out
	}
	out := &imap.BodyStructureSinglePart{Type: q.Type, Subtype: q.Subtype, Params: q.Params.decoded(), ID: q.Fields.First("Content-Id"),
		Description: q.Fields.First("Content-Description"), Encoding: q.Fields.First("Content-Transfer-Encoding"), Size: uint32(q.Body.Size()),
		Extended: &imap.BodyStructureSinglePartExt{Disposition: disposition, Language: language, Location: location}}
	switch {
	case q.Message != nil:
		out.MessageRFC822 = &imap.BodyStructureMessageRFC822{Envelope: EnvelopeOf(q.Message.Fields).Library(), BodyStructure: q.Message.Library(), NumLines: q.Lines}
	case q.Type == "text":
		out.Text = &imap.BodyStructureText{NumLines: q.Lines}
	}
	return out
}

func libraryDisposition(value string, params Params) *imap.BodyStructureDisposition {
	if value == "" {
		return nil
	}
	return &imap.BodyStructureDisposition{Value: strings.ToLower(value), Params: params.decoded()}
}
