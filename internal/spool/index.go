package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/providers"
)

// magic begins an index: a line that names the layout.
const magic = "isa spool index 1\n"

// entrySize is the size of a message in an index.
const entrySize = 36

// index is what a batch consists of. It never changes.
type index struct {
	folders  []imapgate.Folder
	messages [][]imapgate.Message // of each folder, by UID
	offsets  [][]int64            // of each, where its bytes begin
	top      uint32               // the highest number
}

// header is the first part of an index file.
type header struct {
	Folders []headerFolder `json:"folders"`
	Flags   [][]string     `json:"flags,omitempty"`
}

type headerFolder struct {
	Path     []string      `json:"path"`
	Use      providers.Use `json:"use,omitempty"`
	Validity uint32        `json:"uidvalidity"`
	Next     uint32        `json:"uidnext"`
	Messages int           `json:"messages"`
}

// encode writes an index: the magic, a line of JSON, a fixed number of bytes for each
// message, and the hash of all that.
func (x *index) encode() ([]byte, error) {
	var h header
	sets := map[string]uint32{}
	var body []byte
	for i, f := range x.folders {
		h.Folders = append(h.Folders, headerFolder{f.Path, f.Use, f.UIDValidity, f.UIDNext, len(x.messages[i])})
		for n, m := range x.messages[i] {
			name := strings.Join(m.Flags, "\x00")
			set, ok := sets[name]
			if !ok {
				set = uint32(len(sets))
				sets[name] = set
				h.Flags = append(h.Flags, slices.Concat([]string{}, m.Flags))
			}
			_, zone := m.Date.Zone()
			body = binary.BigEndian.AppendUint64(body, uint64(x.offsets[i][n]))
			body = binary.BigEndian.AppendUint64(body, uint64(m.Size))
			body = binary.BigEndian.AppendUint64(body, uint64(m.Date.Unix()))
			body = binary.BigEndian.AppendUint32(body, uint32(int32(zone)))
			body = binary.BigEndian.AppendUint32(body, m.UID)
			body = binary.BigEndian.AppendUint32(body, set)
		}
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return sealed(slices.Concat([]byte(magic), line, []byte{'\n'}, body)), nil
}

// sealed appends the hash of data.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(slices.Clip(data), sum[:]...)
}

// errDamaged is wrapped by what is said of an index that was not written by encode.
var errDamaged = errors.New("the index of the batch is damaged")

// decode reads an index. size is that of the messages.
func decode(data []byte, size int64) (*index, error) {
	x, err := parse(data, size)
	if err != nil {
		return nil, &diag.Failure{Class: diag.Conflict, Op: "read a batch", Err: fmt.Errorf("%w: %w", errDamaged, err)}
	}
	return x, nil
}

func parse(data []byte, size int64) (*index, error) {
	end := len(data) - sha256.Size
	if end < 0 || sha256.Sum256(data[:end]) != [sha256.Size]byte(data[end:]) {
		return nil, errors.New("its hash is another")
	}
	rest, ok := bytes.CutPrefix(data[:end], []byte(magic))
	line, body, cut := bytes.Cut(rest, []byte{'\n'})
	if !ok || !cut {
		return nil, errors.New("another layout")
	}
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, err
	}
	x := &index{}
	for _, f := range h.Folders {
		if f.Messages < 0 || f.Messages > len(body)/entrySize {
			return nil, errors.New("messages are missing")
		}
		x.folders = append(x.folders, imapgate.Folder{Path: f.Path, Use: f.Use, UIDValidity: f.Validity, UIDNext: f.Next})
		messages, offsets, err := x.entries(body[:f.Messages*entrySize], h.Flags, size)
		if err != nil {
			return nil, err
		}
		x.messages, x.offsets = append(x.messages, messages), append(x.offsets, offsets)
		body = body[f.Messages*entrySize:]
	}
	if len(body) > 0 {
		return nil, errors.New("messages of no folder")
	}
	return x, nil
}

// entries reads the messages of a folder.
func (x *index) entries(body []byte, flags [][]string, size int64) ([]imapgate.Message, []int64, error) {
	n := len(body) / entrySize
	messages, offsets := make([]imapgate.Message, n), make([]int64, n)
	zones := map[int32]*time.Location{0: time.UTC}
	for i := range n {
		e := body[i*entrySize:]
		from, length := int64(binary.BigEndian.Uint64(e)), int64(binary.BigEndian.Uint64(e[8:]))
		offset := int32(binary.BigEndian.Uint32(e[24:]))
		uid, set := binary.BigEndian.Uint32(e[28:]), binary.BigEndian.Uint32(e[32:])
		if from < 0 || length < 0 || from > size-length || int64(set) >= int64(len(flags)) || uid == 0 || i > 0 && uid <= messages[i-1].UID {
			return nil, nil, fmt.Errorf("message %d cannot be", uid)
		}
		zone := zones[offset]
		if zone == nil {
			zone = time.FixedZone("", int(offset))
			zones[offset] = zone
		}
		offsets[i] = from
		messages[i] = imapgate.Message{UID: uid, Size: length, Flags: flags[set], Date: time.Unix(int64(binary.BigEndian.Uint64(e[16:])), 0).In(zone)}
		x.top = max(x.top, uid)
	}
	return messages, offsets, nil
}

// find returns the place of a message by its number.
func (x *index) find(number uint32) (folder, n int, ok bool) {
	for folder, messages := range x.messages {
		if n, ok := slices.BinarySearchFunc(messages, number, func(m imapgate.Message, uid uint32) int { return int(int64(m.UID) - int64(uid)) }); ok {
			return folder, n, true
		}
	}
	return 0, 0, false
}

// only is an index of some of the messages, without the folders that hold none.
func only(which func(uint32) bool, from ...*index) *index {
	out := &index{}
	at := map[string]int{}
	for _, x := range from {
		for i, f := range x.folders {
			for n, m := range x.messages[i] {
				if !which(m.UID) {
					continue
				}
				name := strings.Join(f.Path, "\x00")
				k, ok := at[name]
				if !ok {
					k = len(out.folders)
					at[name] = k
					out.folders = append(out.folders, f)
					out.messages, out.offsets = append(out.messages, nil), append(out.offsets, nil)
				}
				out.folders[k].UIDNext = max(out.folders[k].UIDNext, f.UIDNext)
				out.messages[k] = append(out.messages[k], m)
				out.offsets[k] = append(out.offsets[k], x.offsets[i][n])
				out.top = max(out.top, m.UID)
			}
		}
	}
	out.sort()
	return out
}

// sort puts the messages of each folder in the order of their UIDs.
func (x *index) sort() {
	for i := range x.messages {
		both := byUID{x.messages[i], x.offsets[i]}
		both.sort()
	}
}
