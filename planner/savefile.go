package planner

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// The parts of a saved plan, and how large its plan.json may be, unpacked.
const (
	planPart     = "plan.json"
	sumPart      = "plan.json.sha256"
	maxPlanBytes = 512 << 20
	maxSumBytes  = 4 << 10
)

// Write saves a plan: a zip with plan.json and its checksum. Nothing in it is a
// secret; it holds personal data.
func Write(w io.Writer, p *Plan) error {
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	if len(data) > maxPlanBytes {
		return fmt.Errorf("saving the plan: %d bytes are more than the %d that can be read back; plan a part with --target", len(data), maxPlanBytes)
	}
	sum := sha256.Sum256(data)
	z := zip.NewWriter(w)
	for _, part := range []struct {
		name string
		data []byte
	}{{planPart, data}, {sumPart, []byte(hex.EncodeToString(sum[:]) + "\n")}} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: p.Created})
		if err == nil {
			_, err = f.Write(part.data)
		}
		if err != nil {
			return fmt.Errorf("saving the plan: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	return nil
}

// Read reads what Write saved and refuses everything else: other versions, damaged
// or oversized files, steps that need what does not exist.
func Read(r io.ReaderAt, size int64) (*Plan, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, notAPlan(err)
	}
	if len(z.File) != 2 {
		return nil, notAPlan(fmt.Errorf("it holds %d parts, not 2", len(z.File)))
	}
	data, err := readPart(z, planPart, maxPlanBytes)
	if err != nil {
		return nil, notAPlan(err)
	}
	want, err := readPart(z, sumPart, maxSumBytes)
	if err != nil {
		return nil, notAPlan(err)
	}
	sum := sha256.Sum256(data)
	if string(bytes.TrimSpace(want)) != hex.EncodeToString(sum[:]) {
		return nil, notAPlan(errors.New("its checksum is wrong"))
	}
	return decodePlan(data)
}

func notAPlan(err error) error {
	return fmt.Errorf("this is not a whole plan file: %w; make it again with isa plan --out", err)
}

func readPart(z *zip.Reader, name string, limit int64) ([]byte, error) {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		if f.UncompressedSize64 > uint64(limit) {
			return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
		}
		part, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		data, err := io.ReadAll(io.LimitReader(part, limit+1))
		if closed := part.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if int64(len(data)) > limit {
			return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%s is missing", name)
}

func decodePlan(data []byte) (*Plan, error) {
	var version struct {
		FormatVersion string `json:"format_version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, notAPlan(err)
	}
	if version.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("the plan's format is %q, and this isa reads %q; make the plan again with this isa", version.FormatVersion, FormatVersion)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	p := &Plan{}
	if err := dec.Decode(p); err != nil {
		return nil, notAPlan(err)
	}
	if err := check(p); err != nil {
		return nil, notAPlan(err)
	}
	return p, nil
}

// check refuses plans that cannot be carried out.
func check(p *Plan) error {
	var steps []*Step
	ids := map[string]bool{}
	seen := map[addr.Address]bool{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Address.IsZero() || seen[c.Address] {
			return fmt.Errorf("change %d has no address of its own", i+1)
		}
		seen[c.Address] = true
		for j := range c.Steps {
			s := &c.Steps[j]
			if s.ID == "" || ids[s.ID] {
				return fmt.Errorf("%s: step %d has no name of its own", c.Address, j+1)
			}
			if !known(s.Verb) {
				return fmt.Errorf("%s: %q is not a verb", s.ID, s.Verb)
			}
			ids[s.ID] = true
			steps = append(steps, s)
		}
	}
	for _, s := range steps {
		for _, id := range s.Needs {
			if !ids[id] {
				return fmt.Errorf("%s needs %q, which is not in the plan", s.ID, id)
			}
		}
	}
	if len(topological(steps)) != len(steps) {
		return errors.New("steps wait for one another")
	}
	if !p.Diagnostics.HasErrors() && Hash(p) != p.Hash {
		return errors.New("its hash is not that of its steps")
	}
	return nil
}

func known(v Verb) bool {
	switch v {
	case DoCreate, DoPatch, DoRelease, DoPlace, DoRelocate, DoSuspend, DoUnsuspend, DoDelete, DoUndelete, DoRecord:
		return true
	}
	return false
}

// UnmarshalJSON reads a place; null stands for the top level and the first place.
func (p *Place) UnmarshalJSON(data []byte) error {
	var raw struct {
		Parent json.RawMessage `json:"parent"`
		After  json.RawMessage `json:"after"`
		Last   bool            `json:"last"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	var err error
	p.Last = raw.Last
	if p.Parent, err = decodeOptional(raw.Parent); err != nil {
		return err
	}
	p.After, err = decodeOptional(raw.After)
	return err
}

// UnmarshalJSON reads a drift line; null stands for a value that is not there.
func (d *Drift) UnmarshalJSON(data []byte) error {
	type plainDrift struct {
		Address  addr.Address    `json:"address"`
		Title    string          `json:"title"`
		Attr     string          `json:"attr"`
		Applied  json.RawMessage `json:"applied"`
		Live     json.RawMessage `json:"live"`
		Reverted bool            `json:"reverted"`
	}
	var raw plainDrift
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	d.Address, d.Title, d.Attr, d.Reverted = raw.Address, raw.Title, raw.Attr, raw.Reverted
	var err error
	if d.Applied, err = decodeOptional(raw.Applied); err != nil {
		return err
	}
	d.Live, err = decodeOptional(raw.Live)
	return err
}

func decodeOptional(data json.RawMessage) (value.Value, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return value.Decode(data)
}
