package imapwire

import (
	"fmt"
	"io"
)

// literal reads a literal's head: {12}, {12+} or ~{12}. Its bytes come from body.
func (d *decoder) literal() (int64, error) {
	if _, err := d.take('~'); err != nil {
		return 0, err
	}
	if err := d.expect('{'); err != nil {
		return 0, err
	}
	n, err := d.number()
	if err != nil {
		return 0, err
	}
	if n > maxLiteral {
		return 0, malformed(fmt.Sprintf("a literal of %d bytes", n))
	}
	if _, err := d.take('+'); err != nil {
		return 0, err
	}
	if err := d.expect('}'); err != nil {
		return 0, err
	}
	if _, err := d.take('\r'); err != nil {
		return 0, err
	}
	if err := d.expect('\n'); err != nil {
		return 0, err
	}
	d.lit = int64(n)
	return d.lit, nil
}

// read reads bytes of the literal whose head was read last.
func (d *decoder) read(p []byte) (int, error) {
	if d.lit == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > d.lit {
		p = p[:d.lit]
	}
	n, err := d.r.Read(p)
	d.lit -= int64(n)
	return n, noEOF(err)
}

// skipLiteral takes what nobody read of the literal.
func (d *decoder) skipLiteral() error {
	for d.lit > 0 {
		n, err := d.r.Discard(int(min(d.lit, 1<<20)))
		d.lit -= int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// atLiteral tells whether a literal comes next.
func (d *decoder) atLiteral() (bool, error) {
	b, err := d.peek()
	if err != nil || b != '~' {
		return b == '{', err
	}
	two, err := d.r.Peek(2)
	return err == nil && two[1] == '{', err
}

// text reads an astring or nstring whole; ok is false for NIL. Of a literal no more
// than limit bytes are kept, and cut tells that there were more.
func (d *decoder) text(limit int64) (text []byte, ok, cut bool, err error) {
	b, err := d.peek()
	if err != nil {
		return nil, false, false, err
	}
	if b == '"' {
		text, err = d.quoted()
		return text, true, false, err
	}
	if literal, err := d.atLiteral(); err != nil {
		return nil, false, false, err
	} else if !literal {
		text, err = d.atom()
		if err == nil && len(text) == 0 {
			err = malformed("nothing where a string has to stand")
		}
		return text, !equalFold(text, "NIL"), false, err
	}
	n, err := d.literal()
	if err != nil {
		return nil, false, false, err
	}
	text, err = d.small(min(n, limit))
	if err == nil {
		err = d.skipLiteral()
	}
	return text, true, n > limit, err
}

// small reads n bytes of the literal into memory, growing only as they arrive.
func (d *decoder) small(n int64) ([]byte, error) {
	d.word = d.word[:0]
	for int64(len(d.word)) < n {
		have, err := d.r.Peek(1)
		if err != nil {
			return nil, noEOF(err)
		}
		chunk := min(int64(d.r.Buffered()), n-int64(len(d.word)))
		if have, err = d.r.Peek(int(chunk)); err != nil {
			return nil, noEOF(err)
		}
		d.word = append(d.word, have...)
		if _, err := d.r.Discard(int(chunk)); err != nil {
			return nil, err
		}
		d.lit -= chunk
	}
	return d.word, nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// name reads a string that has to be whole and there: a folder, a flag's value.
func (d *decoder) name() (string, error) {
	text, ok, cut, err := d.text(maxWord)
	switch {
	case err != nil:
		return "", err
	case cut:
		return "", malformed("a name of more than 64 KiB")
	case !ok:
		return "NIL", nil
	}
	return string(text), nil
}
