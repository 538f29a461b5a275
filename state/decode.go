package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// decode reads a state object by object. What is wrong is said by explain, which
// reads the whole once more.
func decode(data []byte, s *State) error {
	r := reading{dec: json.NewDecoder(bytes.NewReader(data)), state: s, shared: map[addr.Address]addr.Address{}}
	r.dec.DisallowUnknownFields()
	s.Objects = make([]Object, 0, bytes.Count(data, []byte(`"address":`)))
	err := r.all()
	if err == nil && s.Format != Format {
		err = unknownFormat(s.Format)
	}
	if err != nil {
		if explained := explain(data); explained != nil {
			return explained
		}
		return fmt.Errorf("damaged: %w", err)
	}
	return s.check()
}

func unknownFormat(format int) error {
	return fmt.Errorf("format %d is not known; this isa reads format %d, a newer isa may have written it", format, Format)
}

// explain says what is wrong with a state that could not be read, with the line.
// The format goes first: another one has other names.
func explain(data []byte) error {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return placed(data, err)
	}
	if head.Format != Format {
		return unknownFormat(head.Format)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(new(State)); err != nil {
		return placed(data, err)
	}
	return nil
}

// reading reads the parts of a state one after another, so that no more than one
// object is held twice. Equal addresses, names and texts share their memory.
type reading struct {
	dec    *json.Decoder
	state  *State
	values value.Decoder
	shared map[addr.Address]addr.Address
}

func (r *reading) all() error {
	if err := r.delim('{'); err != nil {
		return err
	}
	for r.dec.More() {
		name, err := r.dec.Token()
		if err != nil {
			return err
		}
		if err := r.part(name); err != nil {
			return err
		}
	}
	if err := r.delim('}'); err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

func (r *reading) delim(want json.Delim) error {
	t, err := r.dec.Token()
	if err == nil && t != want {
		err = fmt.Errorf("%v where %v belongs", t, want)
	}
	return err
}

func (r *reading) part(name json.Token) error {
	s := r.state
	switch name {
	case "format":
		return r.dec.Decode(&s.Format)
	case "lineage":
		return r.dec.Decode(&s.Lineage)
	case "serial":
		return r.dec.Decode(&s.Serial)
	case "tool_version":
		return r.dec.Decode(&s.Tool)
	case "tenant":
		return r.dec.Decode(&s.Tenant)
	case "ledger":
		return r.dec.Decode(&s.Ledger)
	case "objects":
		return r.objects()
	case "waves":
		return r.dec.Decode(&s.Waves)
	case "streams":
		return r.dec.Decode(&s.Streams)
	case "tables":
		return r.dec.Decode(&s.Tables)
	case "audit":
		return r.dec.Decode(&s.Audit)
	}
	return fmt.Errorf("unknown field %v", name)
}

func (r *reading) objects() error {
	if err := r.delim('['); err != nil {
		return err
	}
	for r.dec.More() {
		o, err := r.object()
		if err != nil {
			return err
		}
		r.state.Objects = append(r.state.Objects, o)
	}
	return r.delim(']')
}

func (r *reading) object() (Object, error) {
	var wire struct {
		Object
		Attrs json.RawMessage `json:"attrs"`
	}
	if err := r.dec.Decode(&wire); err != nil {
		return Object{}, err
	}
	o := wire.Object
	if wire.Attrs != nil {
		var err error
		if o.Attrs, err = r.values.Object(wire.Attrs); err != nil {
			return Object{}, err
		}
	}
	if o.Kind == o.Address.Type {
		o.Kind = o.Address.Type // one text in memory
	}
	for i, a := range o.Needs {
		known, ok := r.shared[a]
		if !ok {
			known, r.shared[a] = a, a
		}
		o.Needs[i] = known
	}
	return o, nil
}
