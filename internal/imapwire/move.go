package imapwire

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// Moved tells where messages went: Moved.To[from] is the UID in the other folder.
type Moved struct {
	Validity uint32 // UIDVALIDITY of the other folder; 0: not told
	To       map[uint32]uint32
}

// Move takes messages of the selected folder out of it and puts them into another one
// (UID MOVE, RFC 6851). Messages that are gone are passed over. Servers with UIDPLUS
// (RFC 4315) tell the new UIDs. An error that is not unknown (diag.MayHaveHappened)
// means that nothing was moved.
func (c *Conn) Move(ctx context.Context, uids []uint32, to string) (Moved, error) {
	var out Moved
	err := c.do(ctx, "move messages to folder "+ReadName(to), func() error {
		if !writable(to) {
			return dial.Settled{Failure: &diag.Failure{Class: diag.NotFound, Detail: "the folder's name cannot be sent"}}
		}
		c.copied = ""
		went := c.now.Expunged
		cmd := c.start("UID MOVE " + SetOf(uids).String() + " " + c.string(to))
		err := c.run(cmd)
		if err == nil {
			err = cmd.refusal()
		}
		told := c.copied
		if cmd.answer.code == "COPYUID" {
			told = cmd.answer.args
		}
		if err == nil {
			out = movedOf(told, len(uids))
			return nil
		}
		if passing(err) && told == "" && c.now.Expunged == went {
			return err
		}
		why := explain(ctx, "", err)
		f := &diag.Failure{Class: diag.ClassOf(why), Detail: "some of it may be moved", Err: why, Unknown: true}
		if passing(err) {
			return dial.Settled{Failure: f}
		}
		return f
	})
	return out, err
}

// movedOf reads the arguments of COPYUID, of at most so many messages.
func movedOf(args string, most int) Moved {
	words := strings.Fields(args)
	if len(words) != 3 {
		return Moved{}
	}
	validity := parseUIDs(words[0], 1)
	for n := most; validity != nil && n > 0; n-- {
		from, to := parseUIDs(words[1], n), parseUIDs(words[2], n)
		if from == nil || to == nil {
			continue
		}
		out := Moved{Validity: validity[0], To: make(map[uint32]uint32, n)}
		for i, uid := range from {
			out.To[uid] = to[i]
		}
		return out
	}
	return Moved{}
}
