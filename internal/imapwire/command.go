package imapwire

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// command is a command that was sent. Untagged data goes to the oldest command that
// waits for data: servers turn to commands in the order in which they were asked,
// although Dovecot tells the end of a NOOP only after the FETCH behind it.
type command struct {
	tag    string
	verb   string // for messages
	data   func(response) error
	failed error // of data; the rest of the data is then skipped
	answer answer
	done   bool
}

// response is the head of untagged data; the decoder stands behind it.
type response struct {
	number uint32 // 0: none
	name   string // upper case
}

// start writes a command without sending it yet.
func (c *Conn) start(text string) *command {
	cmd := c.open(text)
	c.write("\r\n")
	return cmd
}

// open writes the beginning of a command.
func (c *Conn) open(text string) *command {
	c.tags++
	verb, rest, _ := strings.Cut(text, " ")
	if verb == "UID" {
		of, _, _ := strings.Cut(rest, " ")
		verb += " " + of
	}
	cmd := &command{tag: "A" + strconv.Itoa(c.tags), verb: verb}
	c.pending = append(c.pending, cmd)
	c.write(cmd.tag + " " + text)
	return cmd
}

// write buffers text. Errors stay in the writer and come out at the next flush.
func (c *Conn) write(text string) { _, _ = c.w.WriteString(text) }

// string is text as an astring for a command. 8-bit text goes as a literal where
// that needs no asking; else in quotes, which servers with raw names understand.
func (c *Conn) string(text string) string {
	for i := range len(text) {
		if text[i] >= 0x80 && (c.caps["LITERAL+"] || c.caps["LITERAL-"] && len(text) <= 4096) {
			return fmt.Sprintf("{%d+}\r\n%s", len(text), text)
		}
	}
	return quote(text)
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// run waits for commands to end and returns the first error. All are waited for.
func (c *Conn) run(commands ...*command) error {
	var first error
	for _, cmd := range commands {
		err := c.wait(cmd)
		var refused *Refusal
		var own dial.Own
		if err != nil && !errors.As(err, &refused) && !errors.As(err, &own) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// wait reads until the command is answered.
func (c *Conn) wait(cmd *command) error {
	if err := c.flush(); err != nil {
		return err
	}
	for !cmd.done {
		if err := c.step(); err != nil {
			return err
		}
	}
	if cmd.failed != nil {
		return cmd.failed
	}
	return cmd.refusal()
}

func (cmd *command) refusal() error {
	if cmd.answer.status == "OK" {
		return nil
	}
	return &Refusal{Verb: cmd.verb, Status: cmd.answer.status, Code: cmd.answer.code, Text: cmd.answer.text}
}

// flush sends what is written. When the server has closed the connection, what it
// said before is the better reason.
func (c *Conn) flush() error {
	err := c.w.Flush()
	if err == nil || c.link.Closed() {
		return err
	}
	return c.lastWords(err)
}

// step reads one response and hands it on.
func (c *Conn) step() error {
	if err := c.d.begin(); err != nil {
		return noEOF(err)
	}
	b, err := c.d.byte()
	if err != nil {
		return err
	}
	switch b {
	case '*':
		err = c.untagged()
	case '+':
		c.goOn = true
		err = c.d.skipText()
	default:
		c.d.back()
		err = c.tagged()
	}
	return noEOF(err)
}

func (c *Conn) tagged() error {
	tag, err := c.d.atom()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.pending, func(cmd *command) bool { return cmd.tag == string(tag) })
	if i < 0 {
		return malformed(fmt.Sprintf("an answer to %.20q, which was not asked", tag))
	}
	if err := c.d.spaces(); err != nil {
		return err
	}
	status, err := c.d.atom()
	if err != nil {
		return err
	}
	cmd := c.pending[i]
	if cmd.answer, err = c.answer(strings.ToUpper(string(status))); err != nil {
		return err
	}
	switch cmd.answer.status {
	case "OK", "NO", "BAD":
	default:
		return malformed(fmt.Sprintf("an answer %.20q", cmd.answer.status))
	}
	cmd.done = true
	c.pending = slices.Delete(c.pending, i, i+1)
	return nil
}

func (c *Conn) untagged() error {
	if err := c.d.spaces(); err != nil {
		return err
	}
	var r response
	if b, err := c.d.peek(); err != nil {
		return err
	} else if b >= '0' && b <= '9' {
		n, err := c.d.number()
		if err != nil {
			return err
		}
		r.number = uint32(min(n, 1<<32-1))
		if err := c.d.spaces(); err != nil {
			return err
		}
	}
	name, err := c.d.atom()
	if err != nil {
		return err
	}
	r.name = upper(name)
	switch r.name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		a, err := c.answer(r.name)
		if err != nil {
			return err
		}
		return c.heard(a)
	}
	if err := c.d.spaces(); err != nil {
		return err
	}
	if err := c.hand(r); err != nil {
		return err
	}
	return c.d.skipLine()
}

// heard takes a status that answers no command.
func (c *Conn) heard(a answer) error {
	if c.hello.status == "" {
		c.hello = a
	}
	if a.status == "BYE" {
		return &Refusal{Verb: "BYE", Status: "BYE", Code: a.code, Text: a.text, Bye: true}
	}
	return nil
}

// hand gives data to the connection itself, or to the oldest command that waits for
// data.
func (c *Conn) hand(r response) error {
	switch r.name {
	case "CAPABILITY":
		names, err := c.d.lineWords()
		if err == nil {
			c.offer(names)
		}
		return err
	case "EXISTS":
		c.now.Messages = r.number
		return nil
	case "EXPUNGE":
		c.now.Expunged++
		return nil
	}
	i := slices.IndexFunc(c.pending, func(cmd *command) bool { return cmd.data != nil })
	if i < 0 || c.pending[i].failed != nil {
		return nil
	}
	cmd := c.pending[i]
	err := cmd.data(r)
	var own dial.Own
	if errors.As(err, &own) {
		cmd.failed = own
		return nil
	}
	return err
}

// lineWords reads the words up to the end of line, which stays.
func (d *decoder) lineWords() ([]string, error) {
	var all []string
	for {
		if err := d.spaces(); err != nil {
			return nil, err
		}
		word, err := d.atom()
		if err != nil {
			return nil, err
		}
		if len(word) == 0 {
			if b, err := d.peek(); err != nil || b == '\r' || b == '\n' {
				return all, err
			}
			if err := d.skip(); err != nil {
				return nil, err
			}
			continue
		}
		if len(all) < maxFlags {
			all = append(all, string(word))
		}
	}
}

// skipText takes words for people.
func (d *decoder) skipText() error {
	_, err := d.rest()
	return err
}

// upper is the name of a response in upper case, without an allocation for those
// that come by the thousand.
func upper(name []byte) string {
	for _, known := range [...]string{"FETCH", "OK", "EXISTS", "LIST", "STATUS", "EXPUNGE"} {
		if equalFold(name, known) {
			return known
		}
	}
	return strings.ToUpper(string(name))
}

// literal writes a literal of exactly n bytes from r. The head is written here; where
// the server must be asked, it is, and its refusal is returned with nothing sent.
func (c *Conn) literal(cmd *command, n int64, r io.Reader) error {
	if c.caps["LITERAL+"] || c.caps["LITERAL-"] && n <= 4096 {
		c.write("{" + strconv.FormatInt(n, 10) + "+}\r\n")
	} else {
		c.write("{" + strconv.FormatInt(n, 10) + "}\r\n")
		if err := c.ask(cmd); err != nil {
			return err
		}
	}
	have, err := io.Copy(c.w, io.LimitReader(sourced{r}, n))
	var source sourceError
	switch {
	case errors.As(err, &source):
		return source.failure()
	case err != nil:
		return c.lastWords(err)
	case have < n:
		return (sourceError{fmt.Errorf("a body of %d bytes ended after %d", n, have)}).failure()
	}
	return whole(r, n)
}

// whole makes sure that r ends where it was said to.
func whole(r io.Reader, n int64) error {
	var one [1]byte
	for range 100 {
		have, err := r.Read(one[:])
		switch {
		case have > 0:
			return (sourceError{fmt.Errorf("a body of %d bytes does not end there", n)}).failure()
		case err == io.EOF:
			return nil
		case err != nil:
			return (sourceError{err}).failure()
		}
	}
	return (sourceError{io.ErrNoProgress}).failure()
}

// ask waits until the server wants the literal, or has refused the command.
func (c *Conn) ask(cmd *command) error {
	c.goOn = false
	if err := c.flush(); err != nil {
		return err
	}
	for !c.goOn && !cmd.done {
		if err := c.step(); err != nil {
			return err
		}
	}
	if cmd.done {
		if err := cmd.refusal(); err != nil {
			return err
		}
		return malformed("an answer to a command that is not complete")
	}
	c.goOn = false
	return nil
}

// sourced marks the errors of a reader, which are not those of the connection.
type sourced struct{ r io.Reader }

// Read implements io.Reader.
func (s sourced) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		err = sourceError{err}
	}
	return n, err
}

// sourceError is the failure to read what was to be sent.
type sourceError struct{ error }

// Unwrap returns the error.
func (e sourceError) Unwrap() error { return e.error }

// failure has the class of the reader's error; bytes that cannot be read are Unavailable.
func (e sourceError) failure() error {
	class := diag.Unavailable
	var f *diag.Failure
	if errors.As(e.error, &f) {
		class = f.Class
	}
	return &diag.Failure{Class: class, Detail: "the message could not be read", Err: e.error}
}
