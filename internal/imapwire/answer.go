package imapwire

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// answer is a status response: how a command ended, or something to know.
type answer struct {
	status string // OK NO BAD BYE PREAUTH
	code   string // what stands in brackets, upper case: TRYCREATE
	args   string // what follows it in the brackets
	text   string // for people
}

// answer reads what follows a status, to the end of the line.
func (c *Conn) answer(status string) (answer, error) {
	a := answer{status: status}
	if err := c.d.spaces(); err != nil {
		return a, err
	}
	bracket, err := c.d.take('[')
	if err != nil {
		return a, err
	}
	if bracket {
		inside, err := c.d.bracket()
		if err != nil {
			return a, err
		}
		code, args, _ := strings.Cut(inside, " ")
		a.code, a.args = strings.ToUpper(code), args
		if err := c.d.spaces(); err != nil {
			return a, err
		}
	}
	if a.text, err = c.d.rest(); err != nil {
		return a, err
	}
	return a, c.learn(a)
}

// bracket reads up to the bracket that closes the code, through lists and quotes.
func (d *decoder) bracket() (string, error) {
	d.word = d.word[:0]
	quoted, depth := false, 0
	for {
		b, err := d.byte()
		if err != nil {
			return "", err
		}
		switch {
		case b == '\r' || b == '\n':
			return "", malformed("a bracket without an end")
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '(':
			depth++
		case b == ')':
			depth--
		case b == ']' && depth <= 0:
			return string(d.word), nil
		}
		if len(d.word) >= maxWord {
			return "", malformed("a bracket without an end")
		}
		d.word = append(d.word, b)
	}
}

// learn takes what a code tells about the connection and the selected folder.
func (c *Conn) learn(a answer) error {
	number := func(bits int) uint64 {
		n, err := strconv.ParseUint(a.args, 10, bits)
		if err != nil {
			return 0 // said badly is not said
		}
		return n
	}
	switch a.code {
	case "CAPABILITY":
		c.offer(strings.Fields(a.args))
	case "UIDVALIDITY":
		c.now.Validity = uint32(number(32))
	case "UIDNEXT":
		c.now.Next = uint32(number(32))
	case "HIGHESTMODSEQ":
		c.now.ModSeq = number(63)
	case "NOMODSEQ":
		c.now.ModSeq = 0
	case "READ-ONLY":
		c.now.ReadOnly = true
	case "COPYUID":
		c.copied = a.args
	case "PERMANENTFLAGS":
		c.now.Permanent = strings.Fields(strings.Trim(a.args, "()"))
		c.now.saidPermanent = true
	}
	return nil
}

// Refusal is what the server said when it did not do what it was asked. Text is the
// server's and may hold anything but secrets of ours.
type Refusal struct {
	Verb   string // the command: APPEND, UID MOVE
	Status string // NO, BAD or BYE
	Code   string // in brackets, upper case, without its arguments; "" none
	Text   string
	Bye    bool // the server ended the connection
}

// Error writes the server's words.
func (r *Refusal) Error() string {
	code := ""
	if r.Code != "" {
		code = " [" + r.Code + "]"
	}
	return fmt.Sprintf("the server answered %s%s %s", r.Status, code, r.Text)
}

// RetryAfter is how long the server asks to wait, 0 when it does not tell.
func (r *Refusal) RetryAfter() time.Duration {
	for _, c := range []struct {
		pattern string
		unit    time.Duration
	}{
		{`(?i)back-?off\s*time\D{0,3}(\d{1,9})\s*milliseconds`, time.Millisecond}, // Exchange Online
		{`(?i)(?:retry|try again|wait)[^0-9]{0,20}(\d{1,6})\s*(?:s\b|sec)`, time.Second},
		{`(?i)(?:retry|try again|wait)[^0-9]{0,20}(\d{1,4})\s*min`, time.Minute},
	} {
		if m := regexp.MustCompile(c.pattern).FindStringSubmatch(r.Text); m != nil {
			n, err := strconv.Atoi(m[1])
			if err == nil {
				return time.Duration(n) * c.unit
			}
		}
	}
	return 0
}

// Answered tells that the connection goes on: the server answered, and refused.
func (r *Refusal) Answered() bool { return !r.Bye }

// Full tells that there is no room for what was to be written: by code (RFC 9208), or in
// the words of servers from before it. Of what is read, OVERQUOTA is a pace (Gmail).
func (r *Refusal) Full() bool {
	switch r.Verb {
	case "APPEND", "CREATE", "RENAME", "UID MOVE", "UID STORE":
	default:
		return false
	}
	text := strings.ToLower(r.Text)
	says := func(words string) bool { return strings.Contains(text, words) }
	switch {
	case r.Status != "NO" || strings.HasPrefix(r.Verb, "UID ") && says("bandwidth"):
		return false
	case slices.ContainsFunc([]string{"disk space", "no space left", "out of space"}, says):
		return true
	case r.Code == "OVERQUOTA":
		return true
	}
	return r.Code == "" && slices.ContainsFunc([]string{
		"over quota", "overquota", "quota exceeded", "exceeds quota", "exceed quota", "mailbox is full", "mailbox full", "disk quota",
	}, says)
}

// limited tells that the server wants to be asked less, by code or in its words:
// those of Exchange, Gmail, Dovecot, Courier and Cyrus.
func (r *Refusal) limited() bool {
	switch r.Code {
	case "THROTTLED", "OVERQUOTA":
		return true
	case "LIMIT":
		return r.Verb != "APPEND"
	}
	text := strings.ToLower(r.Text)
	for _, words := range []string{
		"too many connections", "too many simultaneous", "too many concurrent", "too many requests", "too many commands", "too many login", "maximum number of connections", "bandwidth limit", "throttled", "backoff", "back off", "server busy", "rate limit",
		"exceeded command", "connection limit", "simultaneous",
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// Passing tells that the server refused without naming a reason that lasts: asking
// again may help.
func (r *Refusal) Passing() bool {
	switch r.Code {
	case "NONEXISTENT", "NOPERM", "TRYCREATE", "CANNOT":
		return false
	}
	return r.Status == "NO" && !r.Bye && !r.limited() && !r.absent()
}

// absent tells that the folder is not there, from servers that say so in words only.
func (r *Refusal) absent() bool {
	switch r.Verb {
	case "SELECT", "EXAMINE", "STATUS", "RENAME":
	default:
		return false
	}
	text := strings.ToLower(r.Text)
	for _, words := range []string{"doesn't exist", "does not exist", "no such mailbox", "no such folder", "unknown mailbox", "mailbox not found"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// class is the reason of a refusal. APPEND is Invalid where the message is to blame.
func (r *Refusal) class() diag.Class {
	login := r.Verb == "LOGIN" || r.Verb == "AUTHENTICATE"
	switch {
	case r.Code == "TOOBIG":
		return diag.Invalid
	case r.limited(), r.Full():
		return diag.Limited
	}
	switch r.Code {
	case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "NOPERM":
		return diag.Denied
	case "UNAVAILABLE", "INUSE", "SERVERBUG", "CONTACTADMIN", "CORRUPTION":
		return diag.Unavailable
	case "NONEXISTENT", "TRYCREATE":
		return diag.NotFound
	case "ALREADYEXISTS":
		return diag.Exists
	}
	switch {
	case r.Bye:
		return diag.Unavailable
	case r.absent():
		return diag.NotFound
	case login:
		return diag.Denied
	case r.Status == "BAD" && r.Verb != "APPEND":
		return diag.Internal
	}
	return diag.Invalid
}

func (r *Refusal) failure(op string) *diag.Failure {
	f := &diag.Failure{Class: r.class(), Op: op, Err: r}
	switch {
	case f.Class == diag.Denied && (r.Verb == "LOGIN" || r.Verb == "AUTHENTICATE"):
		f.Fix = "check the user and the password, and that IMAP is on for the account"
	case r.Full():
		f.Detail = "there is no room"
		f.Fix = "make room in the mailbox or raise its quota; what is pending is moved by the next pass"
	}
	return f
}

// ended is how a call ends by a refusal: with the connection, when that was ended.
func (r *Refusal) ended() error {
	f := r.failure("")
	if r.Bye {
		return f
	}
	return dial.Settled{Failure: f}
}

// explain gives an error of the connection its class.
func explain(ctx context.Context, op string, err error) error {
	if r, ok := err.(*Refusal); ok {
		err = r.failure(op)
	}
	return dial.Explain(ctx, op, err)
}

// lastWords returns what the server said before it closed the connection, or err.
// The connection is of no use afterwards.
func (c *Conn) lastWords(err error) error {
	defer c.link.Break(explain(context.Background(), "", err))
	c.link.Hurry()
	waiting := slices.Clone(c.pending)
	for {
		stepErr := c.step()
		var refused *Refusal
		if errors.As(stepErr, &refused) {
			return refused
		}
		if stepErr != nil {
			return err
		}
		for _, cmd := range waiting {
			if cmd.done && cmd.answer.status != "OK" {
				return cmd.refusal()
			}
		}
	}
}
