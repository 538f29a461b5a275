package calibration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
)

// most is the size of a file that is read, in bytes.
const most = 1 << 20

// mode is that of the file: it may be read and handed on.
const mode = 0o644

// document is the file (docs/formats.md).
type document struct {
	FormatVersion string          `json:"format_version"`
	Tenant        string          `json:"tenant"`
	Facts         map[string]Fact `json:"facts"`
}

// Read reads the file at path. One that is missing is an error that wraps
// fs.ErrNotExist; one that is no calibration, is of another version, or holds a fact or
// a value that none of the subjects has, is refused whole, with diag.Invalid: half of
// what was found out is as misleading as none.
func Read(path string, subjects []Subject) (*Calibration, error) {
	data, err := load(path)
	if err != nil {
		return nil, err
	}
	wrong := func(err error, fix string) error {
		return &diag.Failure{Class: diag.Invalid, Op: path, Err: err, Fix: fix}
	}
	const again = "move it away, and run isa doctor --calibrate again"
	var version struct {
		FormatVersion string `json:"format_version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, wrong(fmt.Errorf("it is no calibration: %w", err), again)
	}
	if version.FormatVersion != FormatVersion {
		return nil, wrong(fmt.Errorf("it has format_version %q, and this version of isa reads %q", version.FormatVersion, FormatVersion),
			"use the isa that wrote it, or "+again)
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, wrong(fmt.Errorf("it is no calibration: %w", err), again)
	}
	if d.Tenant == "" {
		return nil, wrong(errors.New("it names no tenant"), again)
	}
	c := New(d.Tenant, subjects)
	for name, f := range d.Facts {
		if err := c.Set(name, f); err != nil {
			return nil, wrong(err, "use the isa that wrote it, or "+again)
		}
	}
	return c, nil
}

func load(path string) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(data) > most {
		err = &diag.Failure{Class: diag.Invalid, Op: path, Detail: fmt.Sprintf("it has more than %d bytes, and is no calibration", most), Fix: "move it away"}
	}
	return data, err
}

// Write replaces the file at path; a reader, and a crash at any moment, finds the old
// one or the new one.
func (c *Calibration) Write(path string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document{FormatVersion, c.tenant, c.facts}); err != nil {
		return err
	}
	return atomicfile.Write(path, mode, b.Bytes())
}
