package directory

import (
	"context"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
)

// outside names the attributes that permit chats with people outside, in the order in
// which they are written.
func outside() []struct {
	attr string
	with api.Outside
} {
	return []struct {
		attr string
		with api.Outside
	}{{"external_chat_works", api.OutsideWorks}, {"external_chat_line", api.OutsideLINE}}
}

// externalChat is the permission to chat with people outside (10 §5). Its calls need
// the scope user, for which people has a token of its own.
func externalChat(people *api.Client) aside {
	var attrs []string
	for _, o := range outside() {
		attrs = append(attrs, o.attr)
	}
	return aside{
		attrs: attrs,
		write: func(ctx context.Context, r providers.Request, want value.Object) error {
			for _, o := range outside() {
				v, written := want[o.attr]
				if !written {
					continue
				}
				if err := linkOutside(ctx, people, r.ID, o.with, value.True(v)); err != nil {
					return err
				}
			}
			return nil
		},
		calls: func(want value.Object) []string {
			var calls []string
			for _, o := range outside() {
				if v, written := want[o.attr]; written {
					calls = append(calls, api.LinkOperation(o.with, value.True(v)))
				}
			}
			return calls
		},
		looks: "user-link-url-get",
		look: func(ctx context.Context, id string, applied value.Object) (value.Object, error) {
			url, err := people.LinkURL(ctx, id)
			if err != nil {
				return nil, err
			}
			return chatting(url != "", applied), nil
		},
	}
}

// chatting reads the permissions from whether a member may chat with anybody outside,
// which is all that the service tells: nobody means both are off; somebody means what
// isa switched on, or, where isa switched off all, that one of them was switched on by
// hand.
func chatting(somebody bool, applied value.Object) value.Object {
	out, off := value.Object{}, true
	for _, o := range outside() {
		off = off && applied[o.attr] == value.Value(value.Bool(false))
	}
	for _, o := range outside() {
		switch {
		case !somebody:
			out[o.attr] = value.Bool(false)
		case off || value.True(applied[o.attr]):
			out[o.attr] = value.Bool(true)
		}
	}
	return out
}

// linkOutside permits or forbids. A refusal is about the one member, whatever its
// status, and tells too little for a way out of its own.
func linkOutside(ctx context.Context, c *api.Client, id string, with api.Outside, permit bool) error {
	err := c.LinkOutside(ctx, id, with, permit)
	status := api.StatusOf(err)
	if status != 400 && status != 403 && status != 409 {
		return err
	}
	if !permit {
		if url, lookErr := c.LinkURL(ctx, id); lookErr == nil && url == "" {
			return nil // nobody outside: it is off
		}
	}
	f := &diag.Failure{Class: diag.Invalid, Op: api.LinkOperation(with, permit), Err: err,
		Detail: "the service refuses to permit this member to chat with users of " + label(with) + " outside",
		Fix:    "look in the admin console: where everybody is permitted, leave the attribute out; where external chat is off, switch it on; where it is being changed just now, apply again in a minute",
	}
	switch {
	case !permit:
		f.Detail = "the service refuses to forbid this member to chat with users of " + label(with) + " outside"
		f.Fix = "look in the admin console: where everybody is permitted, nobody can be left out, so leave the attribute out; where it is being changed just now, apply again in a minute"
	case with == api.OutsideLINE:
		f.Fix += `; and the member's names must hold neither emoji nor the word "line"`
	}
	return f
}

// Link reads the link by which people outside find a member.
func (k *kind[T]) Link(ctx context.Context, id string) (string, error) {
	if k.linked == nil {
		return "", k.fault("link", "nobody of this kind is linked")
	}
	return k.linked.LinkURL(ctx, id)
}

// Relink replaces that link (10 §5).
func (k *kind[T]) Relink(ctx context.Context, id string) (string, error) {
	if k.linked == nil {
		return "", k.fault("link", "nobody of this kind is linked")
	}
	return k.linked.ResetLinkURL(ctx, id)
}

func label(with api.Outside) string {
	if with == api.OutsideLINE {
		return "LINE"
	}
	return "NAVER WORKS"
}
