package ledger

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/isaworks/isa/providers"
)

// outcomes are the numbers of outcomes in the file. From 2 on they are what is told
// of failures, from 5 on what a later pass tries again; sql.go relies on both.
func outcomes() [9]providers.Outcome {
	return [9]providers.Outcome{
		providers.Copied, providers.Adopted,
		providers.Excluded, providers.TooLarge, providers.Gone,
		providers.Refused, providers.Quarantined, providers.Unproven, providers.OnTheWay,
	}
}

// outcomeNumber returns the number of an outcome.
func outcomeNumber(o providers.Outcome) (int64, bool) {
	all := outcomes()
	i := slices.Index(all[:], o)
	return int64(i), i >= 0
}

// onTheWay is the number of that outcome.
const onTheWay = 8

// unprovenNumber is the number of that outcome, for SQL.
const unprovenNumber = `7`

// arrived tells of an outcome's number that the item is at the target.
func arrived(outcome int64) bool { return outcome <= 1 }

// text reads a column that may be NULL.
func text(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// number reads a column that may be NULL.
func number(v driver.Value) int64 {
	n, ok := v.(int64)
	if !ok {
		return 0
	}
	return n
}

// keyValue is how a key is stored; it is never NULL.
func keyValue(key string) driver.Value {
	if len(key) != 10 {
		return key
	}
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return key
		}
	}
	n, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return key
	}
	return n
}

func keyText(v driver.Value) string {
	n, ok := v.(int64)
	if !ok {
		return text(v)
	}
	digits := strconv.FormatInt(n, 10)
	return "0000000000"[:max(0, 10-len(digits))] + digits
}

// targetValue is how the key at the target is stored: NULL when it is not known.
func targetValue(key string) driver.Value {
	if key == "" {
		return nil
	}
	return keyValue(key)
}

func dateValue(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

func dateTime(v driver.Value) time.Time {
	n, ok := v.(int64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// momentValue keeps a moment to the nanosecond.
func momentValue(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func momentTime(v driver.Value) time.Time {
	n, ok := v.(int64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func half(h [16]byte) driver.Value {
	if h == ([16]byte{}) {
		return nil
	}
	return h[:]
}

func unhalf(v driver.Value) (h [16]byte) {
	b, _ := v.([]byte)
	copy(h[:], b)
	return h
}

func printValue(p providers.Print, sent [16]byte) driver.Value {
	none := [16]byte{}
	switch {
	case sent != none:
		return slices.Concat(p.Head[:], p.Body[:], sent[:])
	case p.Body != none:
		return slices.Concat(p.Head[:], p.Body[:])
	}
	return half(p.Head)
}

// readSent is the head by which an item is found at the target, unless it is the
// print's; readAtTarget is that head in any case.
func readSent(v driver.Value) (h [16]byte) {
	if b, _ := v.([]byte); len(b) > 32 {
		copy(h[:], b[32:])
	}
	return h
}

func readAtTarget(v driver.Value) [16]byte {
	if sent := readSent(v); sent != ([16]byte{}) {
		return sent
	}
	return readPrint(v).Head
}

func readPrint(v driver.Value) (p providers.Print) {
	b, _ := v.([]byte)
	copy(p.Head[:], b)
	if len(b) > 16 {
		copy(p.Body[:], b[16:])
	}
	return p
}

// Bounds of texts about an item, in bytes.
const (
	mostNote  = 500
	mostTitle = 300
)

// bounded returns s as valid UTF-8 of at most n bytes, NULL when it is empty.
func bounded(s string, n int) driver.Value {
	if s == "" {
		return nil
	}
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= n {
		return s
	}
	const more = "…"
	s = s[:n-len(more)]
	for len(s) > 0 {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s + more
}

func flag(b bool) driver.Value {
	if b {
		return int64(1)
	}
	return int64(0)
}

// folderValues are the columns of a folder, of either end.
func folderValues(f providers.Folder) ([]driver.Value, error) {
	path, err := json.Marshal(slices.Concat([]string{}, f.Path))
	if err != nil {
		return nil, err
	}
	return []driver.Value{f.ID, string(path), string(f.Use), f.Epoch, f.Next, f.Mark, f.Items, f.Bytes, f.Unserved}, nil
}

// readFolder reads the columns that folderValues made.
func readFolder(row []driver.Value) (providers.Folder, error) {
	f := providers.Folder{
		ID: text(row[0]), Use: providers.Use(text(row[2])), Epoch: text(row[3]), Next: number(row[4]),
		Mark: text(row[5]), Items: number(row[6]), Bytes: number(row[7]), Unserved: text(row[8]),
	}
	if err := json.Unmarshal([]byte(text(row[1])), &f.Path); err != nil {
		return f, fmt.Errorf("%w: the path of a folder: %w", errDamaged, err)
	}
	if len(f.Path) == 0 {
		f.Path = nil
	}
	return f, nil
}

// recordValues are the columns of a record with outcome o.
func (d *db) recordValues(era, o int64, r providers.Record) ([]driver.Value, error) {
	flags, err := d.flagsID(r.Flags)
	if err != nil {
		return nil, err
	}
	title := bounded(r.Title, mostTitle)
	if arrived(o) {
		title = nil
	}
	return []driver.Value{era, keyValue(r.Key), o, r.Size, dateValue(r.Date), flags, printValue(r.Print, r.Sent), targetValue(r.Target),
		int64(r.Tries), bounded(r.Note, mostNote), title}, nil
}

// readRecord reads itemColumns.
func (d *db) readRecord(row []driver.Value) (providers.Record, error) {
	o := number(row[1])
	all := outcomes()
	if o < 0 || o >= int64(len(all)) {
		return providers.Record{}, fmt.Errorf("%w: outcome %d", errDamaged, o)
	}
	flags, err := d.flags(number(row[4]))
	if err != nil {
		return providers.Record{}, err
	}
	return providers.Record{
		Key: keyText(row[0]), Outcome: all[o], Size: number(row[2]), Date: dateTime(row[3]), Flags: slices.Clone(flags),
		Print: readPrint(row[5]), Sent: readSent(row[5]), Target: keyText(row[6]), Tries: int(number(row[7])), Note: text(row[8]), Title: text(row[9]),
	}, nil
}

// sums are Sums by the number of the outcome.
type sums [9]providers.Sum

func (s *sums) add(outcome int64, sum providers.Sum) {
	s[outcome].Items += sum.Items
	s[outcome].Bytes += sum.Bytes
}

// total is the sum over all outcomes.
func (s *sums) total() (t providers.Sum) {
	for _, sum := range s {
		t.Items += sum.Items
		t.Bytes += sum.Bytes
	}
	return t
}

func (s *sums) public() providers.Sums {
	out := providers.Sums{}
	for i, o := range outcomes() {
		if s[i].Items != 0 {
			out[o] = s[i]
		}
	}
	return out
}

// weigh is an item as part of a sum. A size that is not known counts nothing.
func weigh(size int64) providers.Sum { return providers.Sum{Items: 1, Bytes: max(0, size)} }
