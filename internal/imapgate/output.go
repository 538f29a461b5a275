package imapgate

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// gathered is how many bytes of answers go out together.
const gathered = 64 << 10

// output writes answers. The first error stays; it is told by flush and by err.
type output struct {
	*bufio.Writer
	wire wireCount
}

// wireCount counts what was handed to the connection, and tells of it.
type wireCount struct {
	w    io.Writer
	sent int64
	told func(sent int64)
}

// Write hands on.
func (c *wireCount) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.sent += int64(n)
	if err == nil {
		c.told(c.sent)
	}
	return n, err
}

// newOutput writes to w; told is called with the number of bytes that were written
// without an error.
func newOutput(w io.Writer, told func(sent int64)) *output {
	o := &output{wire: wireCount{w: w, told: told}}
	o.Writer = bufio.NewWriterSize(&o.wire, gathered)
	return o
}

// queued is how many bytes were written to the output.
func (o *output) queued() int64 { return o.wire.sent + int64(o.Buffered()) }

// puts writes texts as they are. An error is told by the next Flush.
func (o *output) puts(texts ...string) {
	for _, s := range texts {
		_, _ = o.WriteString(s)
	}
}

func (o *output) number(n int64) {
	_, _ = o.Write(strconv.AppendInt(o.AvailableBuffer(), n, 10)) // told by the next Flush
}

// str writes a string: quoted, or as a literal what cannot be quoted.
func (o *output) str(s string) {
	if len(s) > 1000 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		o.puts("{", strconv.Itoa(len(s)), "}\r\n", s)
		return
	}
	if strings.ContainsAny(s, `"\`) {
		s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	}
	o.puts(`"`, s, `"`)
}

// nstr is str, NIL for "".
func (o *output) nstr(s string) {
	if s == "" {
		o.puts("NIL")
		return
	}
	o.str(s)
}

// words writes a list of atoms.
func (o *output) words(list []string) {
	o.puts("(", strings.Join(list, " "), ")")
}
