package directory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
)

// photo is a member's picture (10 §2.17). Reading it back would take a download that
// need not give the same bytes, so only its being there is looked at.
func (d *directory) photo() aside {
	return aside{
		attrs: []string{"photo"},
		write: func(ctx context.Context, r providers.Request, want value.Object) error {
			if _, none := want["photo"].(value.Clear); none {
				return d.client.DeletePhoto(ctx, r.ID)
			}
			content, err := fileOf(r, value.Text(want["photo"]))
			if err != nil {
				return err
			}
			name := "photo.jpg" // the name of the file tells more than the service needs
			if bytes.HasPrefix(content, []byte("\x89PNG")) {
				name = "photo.png"
			}
			return d.client.SetPhoto(ctx, r.ID, api.Photo{Name: name, Content: content})
		},
		calls: func(want value.Object) []string {
			if _, none := want["photo"].(value.Clear); none {
				return []string{"user-photo-delete"}
			}
			return []string{"user-photo-create"}
		},
		looks: "user-photo-get",
		look: func(ctx context.Context, id string, applied value.Object) (value.Object, error) {
			there, err := d.client.HasPhoto(ctx, id)
			_, mine := applied["photo"].(value.String)
			switch {
			case err != nil:
				return nil, err
			case !there:
				return value.Object{"photo": value.Clear{}}, nil
			case mine:
				return nil, nil
			}
			return value.Object{"photo": value.String("a photo that isa did not upload")}, nil
		},
	}
}

// fileOf reads the file of an attribute and makes sure that it is the one that was
// planned.
func fileOf(r providers.Request, text string) (content []byte, err error) {
	path, sum := schema.FileParts(text)
	if path == "" || r.Open == nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: "photo", Detail: "a file without a path, or no way to open it"}
	}
	refuse := func(detail string, err error) error {
		return &diag.Failure{Class: diag.Invalid, Op: "photo", Detail: path + " " + detail, Err: err, Fix: "look at the file, then plan again"}
	}
	f, err := r.Open(path)
	if err != nil {
		return nil, refuse("cannot be opened any more", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	content, err = io.ReadAll(io.LimitReader(f, api.MaxPhoto+1))
	if err != nil {
		return nil, refuse("cannot be read", err)
	}
	if have := sha256.Sum256(content); hex.EncodeToString(have[:]) != sum {
		return nil, refuse("was changed since the plan was made", nil)
	}
	return content, nil
}
