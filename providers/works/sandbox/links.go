package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// chat is a member's permission to chat with people outside: reference 10 §5.
type chat struct {
	Works bool      `json:"works,omitempty"`
	LINE  bool      `json:"line,omitempty"`
	Links int       `json:"links,omitempty"` // how often the link was reset
	At    time.Time `json:"at,omitzero"`     // of the last change, which is under way for a while
}

// linkTo is a permission; on tells whether it is given or taken.
type linkTo struct {
	line, on bool
}

// change gives or takes the permission: 202 when it begins, 204 when it is so already.
func (l linkTo) change(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	switch {
	case u.DeletedAt != nil:
		return nil, denied("the member is deleted")
	case c.switches.is("external-chat", "all"):
		return nil, denied("external chat is permitted to all members")
	case c.linking(u):
		return nil, denied("the permission is being given or taken")
	case l.on && l.line && !lineName(u):
		return nil, badRequest("names with emoji or the word line are not allowed for LINE")
	}
	now := &u.Chat.Works
	if l.line {
		now = &u.Chat.LINE
	}
	if *now == l.on {
		c.status = http.StatusNoContent
		return nil, nil
	}
	changed := *u
	if changed.Chat.At = c.now; l.line {
		changed.Chat.LINE = l.on
	} else {
		changed.Chat.Works = l.on
	}
	c.putUser(&changed)
	return nil, nil
}

// linking reports whether a change is under way: reference 00 §10.
func (c *call) linking(u *user) bool {
	d, err := time.ParseDuration(c.switches["external-chat-delay"])
	return err == nil && !u.Chat.At.IsZero() && c.now.Before(u.Chat.At.Add(d))
}

func lineName(u *user) bool {
	for _, name := range []string{deref(u.Props.Name.LastName), deref(u.Props.Name.FirstName), deref(u.Props.NickName)} {
		if strings.Contains(strings.ToLower(name), "line") || strings.IndexFunc(name, func(r rune) bool { return unicode.Is(unicode.So, r) }) >= 0 {
			return false
		}
	}
	return true
}

type linkAnswer struct {
	UserID  string `json:"userId"`
	LinkURL string `json:"linkUrl"`
}

// link is the member of the path, who must have a link.
func (c *call) link() (*user, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.DeletedAt != nil, !c.switches.is("external-chat", "all") && (!u.Chat.Works && !u.Chat.LINE || c.linking(u)):
		return nil, denied("the member has no permission to chat with people outside")
	}
	return u, nil
}

// wireLink renders a link that is another one after each reset.
func wireLink(u *user) linkAnswer {
	sum := sha256.Sum256(fmt.Append(nil, u.ID, " link ", u.Chat.Links))
	return linkAnswer{u.ID, "https://works.do/" + hex.EncodeToString(sum[:4])}
}

func getLink(c *call) (any, error) {
	u, err := c.link()
	if err != nil {
		return nil, err
	}
	return wireLink(u), nil
}

func resetLink(c *call) (any, error) {
	u, err := c.link()
	if err != nil {
		return nil, err
	}
	other := *u
	other.Chat.Links++
	c.putUser(&other)
	return wireLink(&other), nil
}
