package schema

import (
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/value"
)

// Normal brings a text into the form in which the attribute is compared.
func (a *Attr) Normal(text string) string {
	if a.Normalise != nil {
		text = a.Normalise(text)
	}
	if a.CaseFold {
		text = strings.ToLower(text)
	}
	return text
}

// Plain writes a text, number or switch in its comparable form, its type first: two
// values of the attribute are equal when their texts are. Everything else gives "".
// References must be resolved to IDs.
func (a *Attr) Plain(v value.Value) string {
	switch v := v.(type) {
	case value.String:
		return "s" + a.Normal(string(v))
	case value.Int:
		return "i" + strconv.FormatInt(int64(v), 10)
	case value.Bool:
		return "b" + strconv.FormatBool(bool(v))
	}
	return ""
}

// NaturalKey writes what identifies an object without its external key as one text,
// "" when it has nothing of it. References must be resolved to IDs.
func (k *Kind) NaturalKey(attrs value.Object) string {
	parts, some := make([]string, len(k.Natural)), false
	for i, name := range k.Natural {
		a, _ := k.Attr(name)
		parts[i] = a.Plain(attrs[name])
		some = some || parts[i] != ""
	}
	if !some {
		return ""
	}
	return strings.Join(parts, "\x00")
}
