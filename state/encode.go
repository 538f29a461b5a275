package state

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// NewLineage makes the name of a new state: 128 random bits as hexadecimal text.
func NewLineage() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// Empty returns the state of a store that was never written.
func Empty() *State { return &State{Format: Format} }

// Find returns the object at an address, in logarithmic time.
func (s *State) Find(a addr.Address) (Object, bool) {
	i, ok := slices.BinarySearchFunc(s.Objects, a, func(o Object, a addr.Address) int {
		return addr.Compare(o.Address, a)
	})
	if !ok {
		return Object{}, false
	}
	return s.Objects[i], true
}

// Encode writes a state as isa.state.json holds it: indented, objects sorted by
// address, names sorted inside them, a line break at the end. It refuses a state
// that Decode would refuse.
func Encode(s *State) ([]byte, error) {
	sorted := *s
	sorted.Objects = slices.SortedFunc(slices.Values(s.Objects), byAddress)
	if sorted.Objects == nil {
		sorted.Objects = []Object{}
	}
	sorted.Waves = slices.SortedFunc(slices.Values(s.Waves), waveByAddress)
	sorted.Streams = slices.SortedFunc(slices.Values(s.Streams), streamByName)
	if err := sorted.check(); err != nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: "state", Detail: "refusing to write", Err: err}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(&sorted); err != nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: "state", Err: err}
	}
	return out.Bytes(), nil
}

// Decode reads what Encode wrote. It is strict: an unknown format or name, an
// address twice, a damaged file are errors (diag.Invalid) with the way out. name
// is the file's name, for the error.
func Decode(name string, data []byte) (*State, error) {
	s := new(State)
	if err := decode(data, s); err != nil {
		fix := "put the last good copy in its place (" + name + ".backup or your version control), then run isa plan"
		if f := formatError(0); errors.As(err, &f) && f > Format || errors.Is(err, jsonv2.ErrUnknownName) {
			fix = "use the isa that wrote it; if none is newer than this one, " + fix
		}
		return nil, &diag.Failure{Class: diag.Invalid, Op: "state " + name, Err: err, Fix: fix}
	}
	slices.SortFunc(s.Objects, byAddress)
	slices.SortFunc(s.Waves, waveByAddress)
	slices.SortFunc(s.Streams, streamByName)
	return s, nil
}

func byAddress(a, b Object) int { return addr.Compare(a.Address, b.Address) }

func waveByAddress(a, b Wave) int { return addr.Compare(a.Address, b.Address) }

func streamByName(a, b Stream) int { return strings.Compare(a.Name, b.Name) }

// Wave returns what is known of the wave at an address.
func (s *State) Wave(a addr.Address) (Wave, bool) {
	for _, w := range s.Waves {
		if w.Address == a {
			return w, true
		}
	}
	return Wave{}, false
}

// placed adds the line to errors of JSON that know their byte.
func placed(data []byte, err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	var strict *jsontext.SyntacticError
	var semantic *jsonv2.SemanticError
	at := int64(-1)
	switch {
	case errors.Is(err, jsonv2.ErrUnknownName) && errors.As(err, &semantic):
		at, err = semantic.ByteOffset, fmt.Errorf("%w %q", jsonv2.ErrUnknownName, semantic.JSONPointer)
	case errors.As(err, &semantic):
		at, err = semantic.ByteOffset, fmt.Errorf("%s is not what isa writes there", semantic.JSONPointer)
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &strict):
		at, err = strict.ByteOffset, fmt.Errorf("%s stands there twice", strict.JSONPointer)
	case errors.As(err, &strict):
		at, err = strict.ByteOffset, errors.New("not a JSON text") // its own words may quote what is personal
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &typed):
		at, err = typed.Offset, fmt.Errorf("a %s is not what isa writes there", typed.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		at = int64(len(data))
	}
	if at < 0 {
		return fmt.Errorf("damaged: %w", err)
	}
	at = min(at, int64(len(data)))
	return fmt.Errorf("damaged at line %d: %w", 1+bytes.Count(data[:at], []byte("\n")), err)
}

// check tells what is wrong with a state that no isa writes.
func (s *State) check() error {
	if s.Format != Format {
		return fmt.Errorf("format %d is not known", s.Format)
	}
	if s.Serial < 0 || s.Serial > 0 && s.Lineage == "" {
		return fmt.Errorf("serial %d without lineage or below zero", s.Serial)
	}
	seen := make(map[addr.Address]bool, len(s.Objects))
	for i := range s.Objects {
		o := &s.Objects[i]
		if seen[o.Address] {
			return fmt.Errorf("%s occurs twice", o.Address)
		}
		seen[o.Address] = true
		if err := o.check(); err != nil {
			return fmt.Errorf("object %d, %s: %w", i+1, o.Address, err)
		}
	}
	waves := make(map[addr.Address]bool, len(s.Waves))
	for i := range s.Waves {
		w := &s.Waves[i]
		if waves[w.Address] {
			return fmt.Errorf("wave %s occurs twice", w.Address)
		}
		waves[w.Address] = true
		if err := w.check(); err != nil {
			return fmt.Errorf("wave %d, %s: %w", i+1, w.Address, err)
		}
	}
	streams := make(map[string]bool, len(s.Streams))
	for i := range s.Streams {
		m := &s.Streams[i]
		if streams[m.Name] {
			return fmt.Errorf("stream %s occurs twice", m.Name)
		}
		streams[m.Name] = true
		if err := m.check(); err != nil {
			return fmt.Errorf("stream %d, %s: %w", i+1, m.Name, err)
		}
	}
	if s.Ledger != nil {
		return s.Ledger.check()
	}
	return nil
}

func (m *Stream) check() error {
	if m.Name == "" || m.Origin == "" || m.Target == "" || m.Passed.IsZero() && m.Served.IsZero() && m.Batches == 0 || m.Batches < 0 {
		return errors.New("no name, origin, target, time or number of batches")
	}
	return nil
}

func (w *Wave) check() error {
	switch {
	case w.Address.IsZero():
		return errors.New("no address")
	case w.Phase == "":
		return errors.New("no phase")
	}
	return nil
}

func (l *Ledger) check() error {
	if l.ID == "" || l.HighWater < 0 {
		return fmt.Errorf("ledger %q with the high-water mark %d", l.ID, l.HighWater)
	}
	return nil
}

func (o *Object) check() error {
	switch {
	case o.Address.IsZero():
		return errors.New("no address")
	case o.Kind == "":
		return errors.New("no kind")
	case o.Kind != o.Address.Type:
		return fmt.Errorf("kind %q is not that of its address", o.Kind)
	case o.ID == "" && o.Status != Pending:
		return fmt.Errorf("no ID although its status is %q", o.Status)
	}
	switch o.Status {
	case Ready, Pending, Unconfirmed, Retired:
		return nil
	}
	return fmt.Errorf("status %q is not known", o.Status)
}

// Stream returns what is known of the stream of that name.
func (s *State) Stream(name string) (Stream, bool) {
	for _, m := range s.Streams {
		if m.Name == name {
			return m, true
		}
	}
	return Stream{}, false
}
