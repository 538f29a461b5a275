// Package wiretest plays the server in conversations of IMAP that are written down:
// for servers that cannot be had for a test, and for what no sane server says.
package wiretest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Serve plays a script on a port of 127.0.0.1 and returns its address. The test fails
// when the client says something else, or when it ends before the script does.
//
// Each line of the script is one of
//
//	S: text   the server says text; $ is the tag of the oldest command not answered
//	          by a line that begins with $, \xNN and \r\n stand for those bytes
//	S| text   the same without a line end
//	C: regexp the client sends a command of which the part behind the tag matches;
//	          {n+} and the n bytes behind it belong to the line
//	B: regexp the client sends the n bytes of the {n} that its last line ended with,
//	          and the rest of its line
//	M: regexp the client sends a line without a tag
//	W:        the client says nothing more and ends the connection
//	--        the connection ends; what follows is about another one
//
// Lines that are empty or begin with # mean nothing.
func Serve(t testing.TB, script string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- play(listener, script) }()
	t.Cleanup(func() {
		select {
		case err = <-done:
		case <-time.After(5 * time.Second):
			err = errors.New("the client did not go on")
		}
		if err != nil {
			t.Errorf("script: %v", err)
		}
		_ = listener.Close()
	})
	return listener.Addr().String()
}

func play(listener net.Listener, script string) error {
	for i, part := range strings.Split("\n"+script, "\n--") {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		err = talk(conn, part)
		_ = conn.Close()
		if err != nil {
			return fmt.Errorf("connection %d: %w", i+1, err)
		}
	}
	return nil
}

// partner is the client as the script's server sees it.
type partner struct {
	conn net.Conn
	r    *bufio.Reader
	tags []string
	next int64 // bytes of the literal that was announced last
}

func talk(conn net.Conn, script string) error {
	p := &partner{conn: conn, r: bufio.NewReader(conn)}
	for line := range strings.Lines(script) {
		line = strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		if len(line) < 2 {
			return fmt.Errorf("%q is no line of a script", line)
		}
		if err := p.step(line[:2], strings.TrimPrefix(line[2:], " ")); err != nil {
			return fmt.Errorf("at %q: %w", line, err)
		}
	}
	return nil
}

func (p *partner) step(kind, text string) error {
	switch kind {
	case "S:":
		return p.say(text + `\r\n`)
	case "S|":
		return p.say(text)
	case "C:":
		line, err := p.line()
		if err != nil {
			return err
		}
		tag, rest, _ := strings.Cut(line, " ")
		p.tags = append(p.tags, tag)
		return match(text, rest)
	case "M:":
		line, err := p.line()
		if err != nil {
			return err
		}
		return match(text, line)
	case "W:":
		if b, err := p.r.ReadByte(); err == nil {
			return fmt.Errorf("the client goes on with %q", b)
		}
		return nil
	case "B:":
		body, err := p.body()
		if err != nil {
			return err
		}
		line, err := p.line()
		if err != nil {
			return err
		}
		return match(text, body+line)
	}
	return errors.New("no such kind of line")
}

func match(pattern, text string) error {
	re, err := regexp.Compile(`(?s)^(?:` + pattern + `)$`)
	if err != nil {
		return err
	}
	if !re.MatchString(text) {
		return fmt.Errorf("the client said %q", text)
	}
	return nil
}

func (p *partner) say(text string) error {
	if rest, ok := strings.CutPrefix(text, "$"); ok {
		if len(p.tags) == 0 {
			return errors.New("there is no command to answer")
		}
		text, p.tags = p.tags[0]+rest, p.tags[1:]
	}
	escape := regexp.MustCompile(`\\x[0-9a-fA-F]{2}|\\r|\\n`)
	_, err := io.WriteString(p.conn, escape.ReplaceAllStringFunc(text, func(e string) string {
		switch e {
		case `\r`:
			return "\r"
		case `\n`:
			return "\n"
		}
		n, err := strconv.ParseUint(e[2:], 16, 8)
		if err != nil {
			return e
		}
		return string([]byte{byte(n)})
	}))
	return err
}

// line reads a line with the literals that the client sends unasked.
func (p *partner) line() (string, error) {
	var whole strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("the client ended after %q: %w", whole.String()+line, err)
		}
		line = strings.TrimRight(line, "\r\n")
		whole.WriteString(line)
		n, plus := announced(line)
		if !plus {
			p.next = n
			return whole.String(), nil
		}
		p.next = n
		body, err := p.body()
		if err != nil {
			return "", err
		}
		whole.WriteString(body)
	}
}

func announced(line string) (n int64, plus bool) {
	at := strings.LastIndexByte(line, '{')
	if at < 0 || !strings.HasSuffix(line, "}") {
		return 0, false
	}
	text, plus := strings.CutSuffix(line[at+1:len(line)-1], "+")
	n, err := strconv.ParseInt(text, 10, 64)
	return n, plus && err == nil
}

func (p *partner) body() (string, error) {
	body := make([]byte, p.next)
	_, err := io.ReadFull(p.r, body)
	return string(body), err
}
