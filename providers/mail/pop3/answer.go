package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// refusal is what a server said with -ERR.
type refusal struct {
	verb string // the command
	code string // its response code, "IN-USE"; "" none
	text string
}

// Error tells what the server said.
func (r *refusal) Error() string { return fmt.Sprintf("the server answers %s with %q", r.verb, r.text) }

// failure is a refusal with its class (RFC 2449, 8 and RFC 3206).
func (r *refusal) failure(op string) *diag.Failure {
	f := &diag.Failure{Class: diag.Invalid, Op: op, Err: r}
	switch {
	case r.code == "IN-USE" || r.code == "" && inUse(r.text):
		f.Class, f.Fix = diag.Limited, "POP3 lets one program at a time into a mailbox: close the others"
	case r.code == "LOGIN-DELAY":
		f.Class = diag.Limited
	case strings.HasPrefix(r.code, "SYS/TEMP"):
		f.Class = diag.Unavailable
	case r.verb == "the greeting":
		f.Class = diag.Unavailable
	case r.login():
		f.Class = diag.Denied
	}
	return f
}

// login tells the commands that log in, and STLS before them.
func (r *refusal) login() bool {
	return r.verb == "USER" || r.verb == "PASS" || r.verb == "AUTH" || r.verb == "STLS"
}

// inUse tells by the words of servers without response codes that another session has
// the mailbox (RFC 1939, 7: "unable to lock maildrop").
func inUse(text string) bool {
	text = strings.ToLower(text)
	holds := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	return holds("lock") && holds("maildrop", "mailbox", "mail drop", "mail box") || holds("in use", "busy", "another session", "another pop3 session", "already logged in", "already open")
}

// malformed is an answer that makes no sense.
type malformed string

// Error tells what the server said.
func (m malformed) Error() string { return "the server sends " + string(m) }

// command writes a command; flush sends what was written.
func (c *conn) command(text string) error {
	_, err := c.w.WriteString(text + "\r\n")
	return err
}

// ask sends a command and reads its answer.
func (c *conn) ask(text string) (string, error) {
	if err := errors.Join(c.command(text), c.w.Flush()); err != nil {
		return "", err
	}
	verb, _, _ := strings.Cut(text, " ")
	return c.reply(verb)
}

// reply reads the first line of an answer.
func (c *conn) reply(verb string) (string, error) {
	line, err := c.line()
	if err != nil {
		return "", err
	}
	status, text, _ := strings.Cut(line, " ")
	switch strings.ToUpper(status) {
	case "+OK":
		return text, nil
	case "-ERR":
		r := &refusal{verb: verb, text: clean(text)}
		if rest, ok := strings.CutPrefix(text, "["); ok {
			if code, _, ok := strings.Cut(rest, "]"); ok && len(code) <= 100 {
				r.code = strings.ToUpper(code)
			}
		}
		return "", r
	}
	return "", malformed(fmt.Sprintf("%q as its answer to %s", clean(line), verb))
}

// line reads a line that is no part of a message, without its end.
func (c *conn) line() (string, error) {
	line, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", malformed("a line without end")
	}
	if err != nil {
		return "", err
	}
	text, crlf := bytes.CutSuffix(line, []byte("\r\n"))
	if !crlf {
		text = line[:len(line)-1]
	}
	c.lf = !crlf
	return string(text), nil
}

// clean is what a server said, for people.
func clean(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	const most = 200
	if r := []rune(text); len(r) > most {
		text = string(r[:most])
	}
	return text
}

// lines reads the lines of an answer that has several.
func (c *conn) lines(verb string, yield func(line string) error) error {
	for n := 0; ; n++ {
		line, err := c.line()
		switch {
		case err != nil:
			return err
		case line == ".":
			return nil
		case n > mostMessages:
			return malformed("an answer without end to " + verb)
		}
		if err := yield(strings.TrimPrefix(line, ".")); err != nil {
			return err
		}
	}
}

// body reads a message: the lines of an answer without the points put before lines
// that begin with one (RFC 1939, 3). Lines end with CRLF, and with LF alone only on
// servers that end their answers so.
type body struct {
	c    *conn
	out  []byte
	bol  bool // what comes next begins a line
	cr   bool // the last byte was CR
	done bool
}

func (c *conn) body() *body { return &body{c: c, bol: true} }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.done {
			return 0, io.EOF
		}
		if err := b.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *body) more() error {
	line, err := b.c.r.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if b.bol && line[0] == '.' {
		if string(line) == ".\r\n" || b.c.lf && string(line) == ".\n" {
			b.done = true
			return nil
		}
		line = line[1:]
	}
	b.out = line
	if len(line) == 0 {
		b.bol = false
		return nil
	}
	ended := line[len(line)-1] == '\n'
	crlf := bytes.HasSuffix(line, []byte("\r\n")) || b.cr && string(line) == "\n"
	b.bol = ended && (crlf || b.c.lf)
	b.cr = line[len(line)-1] == '\r'
	return nil
}
