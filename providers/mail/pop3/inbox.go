package pop3

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// mostMessages is how many messages a mailbox may have, so that a server cannot fill
// the memory.
const mostMessages = 2_000_000

// inbox is what a mailbox holds in one session.
type inbox struct {
	messages []message // by key
	numbers  []int     // indexes into messages, by number: the order of arrival
	bytes    int64
}

// message is one of them.
type message struct {
	key    string
	number int
	size   int64 // as LIST says; -1 when it does not
}

// list asks for the unique-ids and sizes.
func (c *conn) list() (*inbox, error) {
	var refused *refusal
	switch _, err := c.ask("UIDL"); {
	case errors.As(err, &refused) && refused.failure("").Class == diag.Invalid:
		return nil, dial.Settled{Failure: &diag.Failure{Class: diag.Invalid, Op: "list messages", Detail: "the server has no unique-ids (UIDL), so that nothing tells which messages were moved before", Err: refused,
			Fix: "read the account by IMAP, or its files"}}
	case err != nil:
		return nil, err
	}
	var all []message
	if err := c.lines("UIDL", func(line string) error {
		number, id, err := numbered(line)
		if err == nil {
			all = append(all, message{uid(id), number, -1})
		}
		return err
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b message) int { return cmp.Compare(a.number, b.number) })
	if _, err := c.ask("LIST"); err != nil {
		return nil, err
	}
	if err := c.lines("LIST", func(line string) error {
		number, rest, err := numbered(line)
		if err != nil {
			return err
		}
		text, _, _ := strings.Cut(rest, " ")
		size, err := strconv.ParseInt(text, 10, 64)
		if i, ok := slices.BinarySearchFunc(all, number, func(m message, n int) int { return cmp.Compare(m.number, n) }); ok && err == nil && size >= 0 {
			all[i].size = size
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return arrange(all), nil
}

// numbered cuts a line of a list into the number of a message and what is told of it.
func numbered(line string) (int, string, error) {
	number, rest, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
	n, err := strconv.Atoi(number)
	rest = strings.Trim(rest, " \t")
	if err != nil || n <= 0 || rest == "" {
		return 0, "", malformed(fmt.Sprintf("%q in a list of messages", clean(line)))
	}
	return n, rest, nil
}

// uid is a unique-id as key: itself when it is as RFC 1939, 7 wants it, 1 to 70 visible
// characters, else a hash of it.
func uid(id string) string {
	if len(id) <= 70 && strings.IndexFunc(id, func(r rune) bool { return r <= 0x20 || r > 0x7e }) < 0 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "~" + hex.EncodeToString(sum[:16])
}

// arrange makes keys of unique-ids, given in the order of arrival.
func arrange(all []message) *inbox {
	all = slices.CompactFunc(all, func(a, b message) bool { return a.number == b.number })
	slices.SortFunc(all, func(a, b message) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.number, b.number))
	})
	box := &inbox{messages: all, numbers: make([]int, len(all))}
	times, last := 0, ""
	for i := range all {
		if times++; i == 0 || all[i].key != last {
			times, last = 1, all[i].key
		}
		if times > 1 {
			all[i].key = fmt.Sprintf("%s %07d", last, times) // a space comes before all that ids hold
		}
		box.numbers[i] = i
		box.bytes += max(0, all[i].size)
	}
	slices.SortFunc(box.numbers, func(a, b int) int { return cmp.Compare(all[a].number, all[b].number) })
	return box
}

// mark names the first n messages in the order of arrival: "n;hash".
func (b *inbox) mark(n int) string {
	sum := sha256.New()
	for _, i := range b.numbers[:n] {
		sum.Write([]byte(b.messages[i].key + "\n")) //nolint:errcheck // never fails
	}
	return strconv.Itoa(n) + ";" + hex.EncodeToString(sum.Sum(nil)[:12])
}

// since is the number from which on messages came after a mark: 0 when it is not one of
// this mailbox.
func (b *inbox) since(mark string) int {
	text, _, _ := strings.Cut(mark, ";")
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 || n > len(b.numbers) || b.mark(n) != mark {
		return 0
	}
	return b.messages[b.numbers[n-1]].number + 1
}

// find is the index of a key, or of the one that would come after it.
func (b *inbox) find(key string) (int, bool) {
	return slices.BinarySearchFunc(b.messages, key, func(m message, key string) int { return cmp.Compare(m.key, key) })
}
