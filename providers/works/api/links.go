package api

import (
	"context"

	"github.com/isaworks/isa/internal/diag"
)

// Outside is whom a member may chat with outside the tenant.
type Outside string

// The two services (reference/api/10-users.md, section 5).
const (
	OutsideWorks Outside = "works"
	OutsideLINE  Outside = "line"
)

// LinkOutside permits or forbids a member to chat with people outside
// (user-link-to-works-create and -delete, user-link-to-line-create and -delete). The
// service does it in its own time (202), or finds it done (204). It needs the scope
// user.
func (c *Client) LinkOutside(ctx context.Context, id string, with Outside, permit bool) error {
	return c.Call(ctx, LinkOperation(with, permit), Request{Path: userPath(id)}, nil)
}

// LinkOperation is the operation of LinkOutside.
func LinkOperation(with Outside, permit bool) string {
	if permit {
		return "user-link-to-" + string(with) + "-create"
	}
	return "user-link-to-" + string(with) + "-delete"
}

// LinkURL gets the link by which people outside find a member, "" when the member may
// chat with nobody outside (user-link-url-get). It needs the scope user or user.read.
func (c *Client) LinkURL(ctx context.Context, id string) (string, error) {
	var answer linkAnswer
	err := c.Call(ctx, "user-link-url-get", Request{Path: userPath(id)}, &answer)
	if diag.ClassOf(err) == diag.Denied && StatusOf(err) == 403 {
		return "", nil
	}
	return answer.LinkURL, err
}

// ResetLinkURL replaces that link; the old one is dead (user-link-url-reset). Each
// call makes another one. It needs the scope user.
func (c *Client) ResetLinkURL(ctx context.Context, id string) (string, error) {
	var answer linkAnswer
	err := c.Call(ctx, "user-link-url-reset", Request{Path: userPath(id)}, &answer)
	return answer.LinkURL, err
}

type linkAnswer struct {
	LinkURL string `json:"linkUrl"`
}

// SetLeave puts a member on leave between two times, RFC 3339 without fractions of a
// second, instead of the leave that was there (user-set-leave-of-absence).
func (c *Client) SetLeave(ctx context.Context, id, start, end string) error {
	return c.Call(ctx, "user-set-leave-of-absence", Request{Path: userPath(id), Body: Props{"startTime": start, "endTime": end}}, nil)
}

// ClearLeave ends a member's leave, or takes back one that has not begun
// (user-clear-leave-of-absence).
func (c *Client) ClearLeave(ctx context.Context, id string) error {
	return c.Call(ctx, "user-clear-leave-of-absence", Request{Path: userPath(id)}, nil)
}
