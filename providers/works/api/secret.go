package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
)

// hidden stands for a secret wherever a value is printed.
const hidden = "[secret]"

// Secret is a text that is sent to the service and never printed. Only JSON, the
// wire, reveals it. The zero Secret is empty.
type Secret struct{ text *string } // behind a pointer: no way of printing follows it

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// IsZero reports whether there is no text, so that omitzero leaves it out.
func (s Secret) IsZero() bool { return s.text == nil || *s.text == "" }

// String hides the text.
func (s Secret) String() string { return hidden }

// GoString hides the text.
func (s Secret) GoString() string { return hidden }

// LogValue hides the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON writes the text itself: a request's body is its only use.
func (s Secret) MarshalJSON() ([]byte, error) {
	if s.text == nil {
		return []byte("null"), nil
	}
	return json.Marshal(*s.text)
}

// passwords finds the texts under "password" and "pop3Password" anywhere in a JSON
// body.
func passwords(body []byte) []string {
	if !bytes.Contains(body, []byte(`assword"`)) {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil // cannot happen: body was just written
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, item := range v {
				if text, ok := item.(string); ok && (name == "password" || name == "pop3Password") {
					found = append(found, text)
				}
				walk(item)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(v)
	return found
}

// secrets are the texts that one exchange sends and that nothing may repeat. It
// belongs to one goroutine.
type secrets struct{ texts []string }

func (s *secrets) add(texts ...string) { s.texts = append(s.texts, texts...) }

// scrub hides the secrets that came back in a foreign text.
func (s *secrets) scrub(text string) string {
	for _, secret := range s.texts {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}

// quote makes foreign text fit to be shown: no secret, one line, limit characters.
// It is scrubbed again when cleaned, since cleaning can join what was split.
func (s *secrets) quote(text string, limit int) string {
	return shorten(s.scrub(clean(s.scrub(text))), limit)
}
