package mailbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
)

// change is one thing that happened to a mailbox. A line of the index holds the
// changes of one operation: they happened all or not at all. Which fields are set
// tells what it is: see box.apply.
type change struct {
	// A folder is made or gets other properties.
	Folder   uint32  `json:"f,omitempty"` // every change names the folder, except of Data and Import
	Name     *string `json:"n,omitempty"` // levels divided by sep
	Use      string  `json:"use,omitempty"`
	Validity uint32  `json:"v,omitempty"` // also: a new epoch, UIDs are given anew
	Follow   *bool   `json:"sub,omitempty"`
	Gone     bool    `json:"gone,omitempty"`
	Next     uint32  `json:"next,omitempty"`

	// A message is added.
	UID   uint32   `json:"u,omitempty"`
	At    int64    `json:"at,omitempty"` // offset of its bytes
	Size  int64    `json:"s,omitempty"`
	Date  int64    `json:"d,omitempty"` // seconds since 1970
	Zone  int      `json:"z,omitempty"` // minutes east
	Flags []string `json:"l,omitempty"`

	// Messages, as a set of UIDs, are flagged or expunged.
	Flag    string `json:"flag,omitempty"`
	Expunge string `json:"x,omitempty"`

	// The file of the bytes, in the first line of an index.
	Data string `json:"data,omitempty"`
	// Last is the highest UIDVALIDITY that was given out.
	Last uint32 `json:"last,omitempty"`
	// Import is the last Import that arrived.
	Import *Mark `json:"imp,omitempty"`
}

func encodeLine(changes []change) ([]byte, error) {
	data, err := json.Marshal(changes)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(make([]byte, 0, len(data)+10), "%08x %s\n", crc32.ChecksumIEEE(data), data), nil
}

func decodeLine(line []byte) ([]change, error) {
	sum, data, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if !ok || err != nil || crc32.ChecksumIEEE(data) != uint32(want) {
		return nil, errors.New("the checksum does not match")
	}
	var changes []change
	return changes, json.Unmarshal(data, &changes)
}

// readLines yields the operations of an index and returns where the last whole one
// ends. Only the last line may be damaged: it was never answered.
func readLines(r io.Reader, yield func([]change) error) (int64, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var good int64
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return good, nil
		}
		if err != nil {
			return good, err
		}
		changes, err := decodeLine(line)
		if err != nil {
			if _, more := in.Peek(1); errors.Is(more, io.EOF) {
				return good, nil
			}
			return good, fmt.Errorf("line %d is damaged and lines follow it: %w", n, err)
		}
		if err := yield(changes); err != nil {
			return good, fmt.Errorf("line %d: %w", n, err)
		}
		good += int64(len(line))
	}
}
