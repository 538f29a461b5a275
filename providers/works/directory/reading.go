package directory

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// canonical is a text as attributes hold it: NFC, ends trimmed.
func canonical(text string) string { return norm.NFC.String(strings.TrimSpace(text)) }

// put sets a text; empty ones are absent.
func put(attrs value.Object, name, text string) {
	if text = canonical(text); text != "" {
		attrs[name] = value.String(text)
	}
}

// putNull sets a text that the service may leave out.
func putNull(attrs value.Object, name string, text *string) {
	if text != nil {
		put(attrs, name, *text)
	}
}

func putBool(attrs value.Object, name string, on bool) { attrs[name] = value.Bool(on) }

// putDefault sets a switch that is on unless the service says otherwise.
func putDefault(attrs value.Object, name string, on *bool) {
	attrs[name] = value.Bool(on == nil || *on)
}

func putAddresses(attrs value.Object, name string, addresses []string, company schema.Company) {
	list := make(value.List, 0, len(addresses))
	for _, a := range addresses {
		list = append(list, value.String(model.LocalName(a, company)))
	}
	attrs[name] = list
}

func putNames(attrs value.Object, names []api.I18nName) {
	translated := value.Object{}
	for _, n := range names {
		put(translated, n.Language, n.Name)
	}
	if len(translated) > 0 {
		attrs["names"] = translated
	}
}

// dereference is the text a pointer leads to, "" for nil.
func dereference(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
