package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// errCut ends a connection on purpose.
var errCut = errors.New("cut")

// requests carries commands to the server.
func (t *talk) requests() error {
	for {
		line, err := t.fromClient.ReadString('\n')
		if err != nil {
			return err
		}
		tag, rest, isCommand := strings.Cut(line, " ")
		if !isCommand { // "DONE", or an answer within AUTHENTICATE
			if err := t.toServer([]byte(line)); err != nil {
				return err
			}
			continue
		}
		if err := t.request(tag, rest, line); err != nil {
			return err
		}
		if t.isSilent() {
			_, err := io.Copy(io.Discard, t.fromClient)
			return err
		}
	}
}

func (t *talk) request(tag, rest, line string) error {
	rest = strings.TrimRight(rest, "\r\n")
	name, _, _ := strings.Cut(strings.ToUpper(rest), " ")
	refuse, lose := t.line.command(name, rest)
	if refuse {
		if err := t.swallow(line); err != nil {
			return err
		}
		return t.no(tag)
	}
	if lose {
		t.mu.Lock()
		t.lost[tag] = true
		t.mu.Unlock()
	}
	if refused := t.line.now().RefuseMessage; name == "APPEND" && refused != nil {
		return t.inspect(tag, line, refused)
	}
	return t.pass(tag, line, name == "APPEND")
}

// no answers a command in the server's place.
func (t *talk) no(tag string) error {
	t.say.Lock()
	defer t.say.Unlock()
	return t.toClient([]byte(tag + " NO " + t.line.faults.Answer + "\r\n"))
}

// swallow reads the rest of a command. A client that waits for leave to send a
// literal never gets it, and sends nothing more.
func (t *talk) swallow(line string) error {
	for {
		size, waits, ok := literal(line)
		if !ok || waits {
			return nil
		}
		if _, err := io.CopyN(io.Discard, t.fromClient, size); err != nil {
			return err
		}
		var err error
		if line, err = t.fromClient.ReadString('\n'); err != nil {
			return err
		}
	}
}

// pass carries a whole command, as it comes.
func (t *talk) pass(tag, line string, messages bool) error {
	for {
		size, waits, ok := literal(line)
		if ok && waits {
			t.await(tag)
		}
		if err := t.toServer([]byte(line)); err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if waits && !t.granted() {
			return nil
		}
		if err := t.literal(t.fromClient, t.toServer, size, messages); err != nil {
			return err
		}
		if t.isSilent() {
			return nil
		}
		var err error
		if line, err = t.fromClient.ReadString('\n'); err != nil {
			return err
		}
	}
}

// await announces that the next literal of tag waits for the server.
func (t *talk) await(tag string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = tag
	select {
	case <-t.leave: // of a literal that nobody waited for any more
	default:
	}
}

// granted waits for the server's leave, or its refusal, which ends the command.
func (t *talk) granted() bool {
	select {
	case ok := <-t.leave:
		return ok
	case <-t.deaf:
		return false
	}
}

// answer is what the server says to a waiting literal.
func (t *talk) answer(tag string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting != "" && (ok || t.waiting == tag) {
		t.waiting = ""
		t.leave <- ok
	}
}

// literal carries size bytes; when they are a message, it may be cut in the middle.
func (t *talk) literal(from io.Reader, to func([]byte) error, size int64, message bool) error {
	what := passes
	if message {
		what = t.line.message()
	}
	limit := size
	if what != passes {
		limit = size / 2
	}
	buf := make([]byte, 32<<10)
	for left := limit; left > 0; {
		n, err := io.ReadFull(from, buf[:min(left, int64(len(buf)))])
		if err != nil {
			return err
		}
		if err := to(buf[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	switch what {
	case cut:
		t.close()
		return errCut
	case stalls:
		t.mu.Lock()
		t.silent = true
		t.mu.Unlock()
	}
	return nil
}

func (t *talk) isSilent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.silent
}

// inspect collects a whole APPEND before it decides. It gives leave in the server's
// place, and then needs none: servers that offer LITERAL+ take it so, and those that
// do not know it are none to test this with.
func (t *talk) inspect(tag, line string, refuses func(raw []byte) bool) error {
	var whole bytes.Buffer
	refused := false
	for {
		size, waits, ok := literal(line)
		if !ok {
			whole.WriteString(line)
			break
		}
		if waits {
			t.say.Lock()
			err := t.toClient([]byte("+ go on\r\n"))
			t.say.Unlock()
			if err != nil {
				return err
			}
		}
		fmt.Fprintf(&whole, "%s{%d+}\r\n", line[:strings.LastIndexByte(line, '{')], size)
		raw := make([]byte, size)
		if _, err := io.ReadFull(t.fromClient, raw); err != nil {
			return err
		}
		refused = refused || refuses(raw)
		whole.Write(raw)
		var err error
		if line, err = t.fromClient.ReadString('\n'); err != nil {
			return err
		}
	}
	if refused {
		t.line.count(func(h *Happened) { h.Refused++; h.Appends-- })
		return t.no(tag)
	}
	return t.pass(tag, whole.String(), false)
}

// bodyItem is the end of a line before the literal of a whole message.
var bodyItem = regexp.MustCompile(`(?i)(BODY\[\](<\d+>)?|RFC822) ~?\{\d+\+?\}\r?\n$`)

// sizeItem is the size of a message in an answer to FETCH.
var sizeItem = regexp.MustCompile(`(?i)RFC822\.SIZE (\d+)`)

// responses carries answers to the client.
func (t *talk) responses() error {
	for {
		line, err := t.fromServer.ReadString('\n')
		if err != nil {
			return err
		}
		tag, _, _ := strings.Cut(line, " ")
		t.mu.Lock()
		lost := t.lost[tag]
		t.mu.Unlock()
		if lost {
			t.line.count(func(h *Happened) { h.Lost++ })
			t.close()
			return errCut
		}
		if err := t.response(line); err != nil {
			return err
		}
		if tag = strings.TrimRight(tag, "\r\n"); tag == "+" {
			t.answer("", true)
		} else if tag != "*" {
			t.answer(tag, false)
		}
	}
}

// response carries one answer with its literals.
func (t *talk) response(line string) error {
	t.say.Lock()
	defer t.say.Unlock()
	fetch := strings.HasPrefix(line, "* ") && strings.Contains(strings.ToUpper(line), " FETCH (")
	for {
		if t.isSilent() {
			<-t.ended
			return errCut
		}
		size, _, ok := literal(line)
		message := ok && fetch && bodyItem.MatchString(line)
		if fetch {
			line = t.lie(line)
		}
		if err := t.toClient([]byte(line)); err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if err := t.literal(t.fromServer, t.toClient, size, message); err != nil {
			return err
		}
		if t.isSilent() {
			continue
		}
		var err error
		if line, err = t.fromServer.ReadString('\n'); err != nil {
			return err
		}
	}
}

func (t *talk) lie(line string) string {
	size := t.line.now().Size
	if size == nil {
		return line
	}
	return sizeItem.ReplaceAllStringFunc(line, func(item string) string {
		name, digits, _ := strings.Cut(item, " ")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return item
		}
		t.line.count(func(h *Happened) { h.Lied++ })
		return name + " " + strconv.FormatInt(size(n), 10)
	})
}
