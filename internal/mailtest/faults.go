package mailtest

import (
	"bufio"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Faults is what goes wrong on a line to an IMAP server. The zero value is a
// faultless line. A message is one that passes in an APPEND or in the BODY[] of a
// FETCH; messages, bytes and APPENDs are counted over all connections of the line.
// The line speaks plain text: neither STARTTLS nor COMPRESS work through it.
type Faults struct {
	Seed uint64 // for what happens by chance
	// CutMessages: in the middle of each so-manieth message the connection is cut.
	CutMessages int
	// CutBytes: after each so many bytes (both directions) the connection that
	// carried the last of them is cut.
	CutBytes int64
	// LoseAppends: the answer to each so-manieth APPEND is lost, and its connection
	// cut, after the server did it.
	LoseAppends int
	// RefuseOneIn: by chance, one command in so many is answered NO and never reaches
	// the server; CAPABILITY, LOGIN, AUTHENTICATE, NOOP and LOGOUT are spared.
	RefuseOneIn int
	// Refuse tells which commands are answered NO: it gets the command without its tag
	// and literals, in one line: "SELECT Archive".
	Refuse func(command string) bool
	// RefuseMessage tells which messages no APPEND may hold; the whole command is
	// answered NO. CutMessages and StallMessages pass over APPENDs then.
	RefuseMessage func(raw []byte) bool
	// Answer is the text after NO; "[UNAVAILABLE] not now" when empty.
	Answer string
	// Size is what becomes of a size in RFC822.SIZE.
	Size func(int64) int64
	// StallMessages: in the middle of each so-manieth message the connection goes
	// silent, and stays open until the client closes it.
	StallMessages int
}

// Happened counts what a line did.
type Happened struct {
	Messages int // that began to pass, those cut included
	Commands int // of clients
	Appends  int
	Refused  int // commands answered NO by the line
	Lost     int // answers to APPEND
	Cut      int // connections, for other reasons
	Stalled  int
	Lied     int // sizes
}

// Heal ends all that goes wrong, on connections that are open too.
func (l *FaultLine) Heal() { l.healed.Store(true) }

// now is what goes wrong at the moment.
func (l *FaultLine) now() Faults {
	if l.healed.Load() {
		return Faults{}
	}
	return l.faults
}

// FaultLine is a line on which things go wrong.
type FaultLine struct {
	*Proxy
	faults Faults
	healed atomic.Bool

	mu     sync.Mutex
	random *rand.Rand
	bytes  int64
	did    Happened
}

// Faulty is a line to target that ends with the test.
func Faulty(t testing.TB, target string, f Faults) *FaultLine {
	t.Helper()
	l, err := StartFaulty(target, f)
	if err != nil {
		t.Fatal(err)
	}
	ending(t, l.Proxy, nil)
	return l
}

// StartFaulty is a line to target. The caller closes it.
func StartFaulty(target string, f Faults) (*FaultLine, error) {
	if f.Answer == "" {
		f.Answer = "[UNAVAILABLE] not now"
	}
	l := &FaultLine{faults: f, random: rand.New(rand.NewPCG(f.Seed, 7))}
	var err error
	l.Proxy, err = startProxy(target, func(client, server net.Conn) { newTalk(l, client, server).run() })
	return l, err
}

// Happened is what the line did so far.
func (l *FaultLine) Happened() Happened {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.did
}

func (l *FaultLine) count(what func(h *Happened)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what(&l.did)
}

// fate is what happens to a message.
type fate int

const (
	passes fate = iota
	cut
	stalls
)

func (l *FaultLine) message() fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.did.Messages++
	f := l.now()
	switch n := l.did.Messages; {
	case f.CutMessages > 0 && n%f.CutMessages == 0:
		l.did.Cut++
		return cut
	case f.StallMessages > 0 && n%f.StallMessages == 0:
		l.did.Stalled++
		return stalls
	}
	return passes
}

// carried counts bytes and tells whether they were the last ones.
func (l *FaultLine) carried(n int) (cut bool) {
	every := l.now().CutBytes
	if every <= 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.bytes / every
	l.bytes += int64(n)
	if l.bytes/every == before {
		return false
	}
	l.did.Cut++
	return true
}

// command tells what happens to a command of a client.
func (l *FaultLine) command(name, line string) (refuse, lose bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.did.Commands++
	f := l.now()
	switch name {
	case "CAPABILITY", "LOGIN", "AUTHENTICATE", "NOOP", "LOGOUT":
	default:
		refuse = f.RefuseOneIn > 0 && l.random.IntN(f.RefuseOneIn) == 0
	}
	if f.Refuse != nil && f.Refuse(line) {
		refuse = true
	}
	if refuse {
		l.did.Refused++
		return true, false
	}
	if name == "APPEND" {
		l.did.Appends++
		lose = f.LoseAppends > 0 && l.did.Appends%f.LoseAppends == 0
	}
	return false, lose
}

// talk is one connection.
type talk struct {
	line           *FaultLine
	client, server net.Conn
	fromClient     *bufio.Reader
	fromServer     *bufio.Reader

	say sync.Mutex // held while one response is written to the client

	mu      sync.Mutex
	lost    map[string]bool // tags whose answer gets lost
	waiting string          // tag of a command whose literal waits for the server's leave
	leave   chan bool
	silent  bool
	ended   chan struct{} // closed when the client is gone
	deaf    chan struct{} // closed when the server is
}

func newTalk(l *FaultLine, client, server net.Conn) *talk {
	return &talk{
		line: l, client: client, server: server,
		fromClient: bufio.NewReaderSize(client, 64<<10), fromServer: bufio.NewReaderSize(server, 64<<10),
		lost: map[string]bool{}, leave: make(chan bool, 1), ended: make(chan struct{}), deaf: make(chan struct{}),
	}
}

// run ends when both sides are closed.
func (t *talk) run() {
	var both sync.WaitGroup
	both.Go(func() {
		_ = t.requests() // how a connection ends is the matter of those who use it
		close(t.ended)
		t.close()
	})
	both.Go(func() {
		_ = t.responses()
		close(t.deaf)
		t.close()
	})
	both.Wait()
}

func (t *talk) close() {
	_ = t.client.Close() // either may be closed already
	_ = t.server.Close()
}

func (t *talk) toServer(raw []byte) error {
	if t.line.carried(len(raw)) {
		t.close()
	}
	_, err := t.server.Write(raw)
	return err
}

func (t *talk) toClient(raw []byte) error {
	if t.line.carried(len(raw)) {
		t.close()
	}
	_, err := t.client.Write(raw)
	return err
}

// literal reads the size of a literal that a line ends with.
func literal(line string) (size int64, waits, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	i := strings.LastIndexByte(line, '{')
	if i < 0 || !strings.HasSuffix(line, "}") {
		return 0, false, false
	}
	digits, nonSync := strings.CutSuffix(line[i+1:len(line)-1], "+")
	if digits == "" || len(digits) > 15 {
		return 0, false, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false, false
		}
		size = size*10 + int64(d-'0')
	}
	return size, !nonSync, true
}
