package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers/works/api/op"
)

// MaxPhoto is the largest photo in bytes (reference/api/10-users.md, section 2.17).
const MaxPhoto = 10_485_760

// Photo is a picture to upload: JPG or PNG, at most MaxPhoto bytes.
type Photo struct {
	Name    string // without a directory
	Content []byte
}

// SetPhoto gives a member a photo, instead of the one that was there
// (user-photo-create, then the upload). It may be repeated. An upload that breaks off
// begins anew: nothing says that one of a photo could be resumed
// (reference/api/00-auth-and-common.md, section 11).
func (c *Client) SetPhoto(ctx context.Context, id string, p Photo) error {
	up := upload{client: c, ctx: ctx, content: p, begin: func() (string, error) {
		var answer struct {
			UploadURL string `json:"uploadUrl"`
		}
		err := c.Call(ctx, "user-photo-create", Request{Path: userPath(id), Body: Props{"fileName": p.Name, "fileSize": len(p.Content)}}, &answer)
		if err == nil && answer.UploadURL == "" {
			err = &diag.Failure{Class: diag.Unavailable, Op: "user-photo-create", Detail: "the answer has no uploadUrl"}
		}
		return answer.UploadURL, err
	}}
	return up.run()
}

// HasPhoto reports whether a member has a photo (user-photo-get). The picture is not
// fetched.
func (c *Client) HasPhoto(ctx context.Context, id string) (bool, error) {
	_, err := c.call(ctx, "user-photo-get", Request{Path: userPath(id)})
	if diag.ClassOf(err) == diag.NotFound {
		return false, nil
	}
	return err == nil, err
}

// DeletePhoto takes a member's photo away (user-photo-delete). There being none is no
// error.
func (c *Client) DeletePhoto(ctx context.Context, id string) error {
	err := c.Call(ctx, "user-photo-delete", Request{Path: userPath(id)}, nil)
	if diag.ClassOf(err) == diag.NotFound {
		return nil
	}
	return err
}

// The official text of the second request of an upload is not known; two ways are
// described (reference/api/00-auth-and-common.md, section 11). isa tries them in
// this order, and stays with the one that was taken.
const (
	byForm = 1 + iota // POST of a form with the file as Filedata, with the token
	byPut             // PUT of the bytes, without the token
)

// upload is one file on its way.
type upload struct {
	client  *Client
	ctx     context.Context
	content Photo
	begin   func() (string, error) // asks for an address to upload to
}

func (u *upload) run() error {
	ways := []int32{byForm, byPut}
	if known := u.client.uploads.Load(); known != 0 {
		ways = []int32{known, byForm + byPut - known}
	}
	var first error
	for _, way := range ways {
		refused, err := u.by(way)
		if err == nil {
			u.client.uploads.Store(way)
			return nil
		}
		if !refused {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// by uploads in one way, from the start again when it breaks off. refused tells that
// the other way may be taken.
func (u *upload) by(way int32) (refused bool, err error) {
	pauses := newPauses(u.client.first)
	for attempt := 1; ; attempt++ {
		address, err := u.begin()
		if err != nil {
			return false, err
		}
		x, err := u.exchange(address, way, attempt)
		if err != nil {
			return way == byForm && errors.Is(err, errForeign), err
		}
		f := u.send(x)
		if f == nil {
			return false, nil
		}
		if f.Class != diag.Unavailable && f.Class != diag.Limited {
			return otherWay(f), f
		}
		if attempt == maxAttempts || u.ctx.Err() != nil {
			return false, f
		}
		if pause(u.ctx, pauses.NextBackOff()) != nil {
			f.Class = diag.Cancelled
			return false, f
		}
	}
}

// otherWay reports whether a refusal may be about the way and not about the file.
func otherWay(f *diag.Failure) bool {
	return slices.Contains([]int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusLengthRequired, http.StatusUnsupportedMediaType, http.StatusNotImplemented,
	}, StatusOf(f))
}

func (u *upload) send(x *exchange) *diag.Failure {
	reply, err := u.client.carry.do(u.ctx, x)
	switch {
	case err == nil && reply.status >= 200 && reply.status < 300:
		return nil
	case err == nil:
		return classify(x, reply)
	}
	var f *diag.Failure
	if errors.As(err, &f) {
		return f
	}
	f = &diag.Failure{
		Class: diag.Unavailable, Op: x.op.Name, Detail: "the upload broke off",
		Err: errors.New(clean(x.secrets.scrub(err.Error()))),
	}
	if u.ctx.Err() != nil {
		f.Class = diag.Cancelled
	}
	return f
}

// errForeign tells that the token would go to a host that is not the service's.
var errForeign = errors.New("the upload goes to a host to which the token is not sent")

// uploading is the second request; it is no operation of the API and has no budget.
func uploading(method string) op.Operation {
	return op.Operation{Name: "user-photo-upload", Method: method, Scopes: []string{"directory", "user"}, Repeatable: true}
}

// uploadPatience is how long an upload may take: MaxPhoto over a slow line.
const uploadPatience = 5 * time.Minute

// exchange makes the second request. The address may be all that is needed to
// upload, so no text repeats it.
func (u *upload) exchange(address string, way int32, attempt int) (*exchange, error) {
	to, err := url.Parse(address)
	if err != nil || to.Host == "" || to.User != nil || !u.client.protected(to) {
		return nil, &diag.Failure{Class: diag.Invalid, Op: "user-photo-create", Detail: "the service names an address for the upload that is not protected by TLS"}
	}
	x := &exchange{op: uploading(http.MethodPut), url: address, path: "/…upload", secrets: &secrets{}, attempt: attempt, patience: uploadPatience}
	x.secrets.add(address, to.RequestURI())
	if way == byPut {
		x.body, x.contentType, x.bare = u.content.Content, "application/octet-stream", true
		return x, nil
	}
	if !u.client.own(to) {
		return nil, &diag.Failure{Class: diag.Denied, Op: "user-photo-upload", Detail: errForeign.Error() + ": " + clean(to.Hostname()), Err: errForeign}
	}
	x.op = uploading(http.MethodPost)
	if x.body, x.contentType, err = form(u.content); err != nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: x.op.Name, Err: err}
	}
	return x, nil
}

// form is the body of a form with one file.
func form(p Photo) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	name := strings.NewReplacer(`\`, "_", `"`, "_", "\r", "_", "\n", "_").Replace(p.Name)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="Filedata"; filename="%s"`, name)},
		"Content-Type":        {http.DetectContentType(p.Content)},
	})
	if err == nil {
		_, err = part.Write(p.Content)
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), w.FormDataContentType(), err
}

// protected reports whether a host that the service names may be talked to: by TLS,
// or on this machine when the service itself is there.
func (c *Client) protected(to *url.URL) bool {
	if to.Scheme == "https" {
		return true
	}
	base, err := url.Parse(c.base)
	if err != nil || to.Scheme != "http" || base.Scheme != "http" {
		return false
	}
	return loopback(to.Hostname()) || to.Host == base.Host
}

// own reports whether a host is the service's, so that the token may go there:
// that of the API, or one under the names of reference/api/00-auth-and-common.md,
// sections 1 and 11.
func (c *Client) own(to *url.URL) bool {
	if base, err := url.Parse(c.base); err == nil && base.Host == to.Host && base.Scheme == to.Scheme {
		return true
	}
	host := "." + strings.ToLower(to.Hostname())
	return to.Scheme == "https" && slices.ContainsFunc([]string{".worksapis.com", ".worksmobile.com", ".naverworks.com", ".gov-naverworks.com"},
		func(name string) bool { return strings.HasSuffix(host, name) })
}
