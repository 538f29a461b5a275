package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// decode reads a state. What is wrong is said by explain, which reads it once more.
func decode(data []byte, s *State) error {
	s.Objects = make([]Object, 0, bytes.Count(data, []byte(`"address":`)))
	err := jsonv2.Unmarshal(data, s, jsonv2.RejectUnknownMembers(true), jsonv2.WithUnmarshalers(sharing()))
	switch {
	case err == nil && s.Format != Format:
		err = formatError(s.Format)
	case err == nil && s.Objects == nil:
		err = errors.New("its objects are null")
	}
	if err != nil {
		return explain(data, err)
	}
	return s.check()
}

// sharing lets equal addresses, names and texts share their memory.
func sharing() *jsonv2.Unmarshalers {
	var values value.Decoder
	addresses := map[string]addr.Address{}
	return jsonv2.JoinUnmarshalers(
		jsonv2.UnmarshalFromFunc(func(from *jsontext.Decoder, o *value.Object) (err error) {
			*o, err = values.Object(from)
			return err
		}),
		jsonv2.UnmarshalFromFunc(func(from *jsontext.Decoder, a *addr.Address) error {
			raw, err := from.ReadValue()
			if err != nil {
				return err
			}
			known, ok := addresses[string(raw)]
			if !ok {
				text, err := jsontext.AppendUnquote(nil, raw)
				if err == nil {
					err = known.UnmarshalText(text)
				}
				if err != nil {
					return err
				}
				addresses[string(raw)] = known
			}
			*a = known
			return nil
		}),
	)
}

// formatError is that of a state of another format.
type formatError int

// Error tells who may have written it.
func (f formatError) Error() string {
	if f <= 0 {
		return "it has no format: it is damaged, or no state of isa"
	}
	return fmt.Sprintf("format %d is not known; this isa reads format %d, a newer isa may have written it", int(f), Format)
}

// explain says what is wrong with a state that could not be read for err, with the line
// where it can. The format goes first: another one has other names.
func explain(data []byte, err error) error {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return placed(data, err)
	}
	if head.Format != Format {
		return formatError(head.Format)
	}
	if errors.Is(err, jsonv2.ErrUnknownName) {
		return placed(data, err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(new(State)); err != nil {
		return placed(data, err)
	}
	return placed(data, err)
}
