package directory

import (
	"context"
	"errors"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// relocate moves a member to another company of the tenant (10 §2.13). Who is there
// already was moved by a call whose answer was lost.
func relocate(ctx context.Context, k *kind[api.User], r providers.Request) (*api.User, error) {
	was, err := k.client.User(ctx, r.ID)
	if err != nil || was.DomainID == r.Company.DomainID {
		return was, err
	}
	body, err := k.moveBody(ctx, r, was)
	if err != nil {
		return nil, err
	}
	moved, err := k.client.MoveUser(ctx, r.ID, body)
	switch diag.ClassOf(err) {
	case diag.Invalid, diag.Denied, diag.Conflict, diag.NotFound:
	case "":
		if moved.UserID == "" { // an answer without a body
			return k.client.User(ctx, r.ID)
		}
		return moved, nil
	default:
		return nil, err
	}
	if now, lookErr := k.client.User(ctx, r.ID); lookErr == nil && now.DomainID == r.Company.DomainID {
		return now, nil
	}
	return nil, explainMove(err, r.Company)
}

// Whereabouts reads one object wherever it is: members are known in the whole tenant
// (10 §2.3).
func (k *kind[T]) Whereabouts(ctx context.Context, id string) (o live.Object, there bool, err error) {
	found, err := k.found(k.get(ctx, 0, id))
	if err != nil || len(found) == 0 {
		return live.Object{}, false, err
	}
	return found[0], true, nil
}

// explainMove adds the reasons for which the service refuses a move.
func explainMove(err error, to schema.Company) error {
	var f *diag.Failure
	if !errors.As(err, &f) {
		return err
	}
	told := *f
	told.Fix = "the service does not move the super administrator, nor deleted members, nor members with external-chat permission to a company without it; take the permission away (or allow it in " + to.Domain + "), and apply again"
	return &told
}

// moveBody is what the member will be in the new company: the posts, grade, login ID and
// key that are written, and the posts in companies besides the two.
func (k *kind[T]) moveBody(ctx context.Context, r providers.Request, was *api.User) (api.Props, error) {
	w := &writing[api.User]{
		request: &r, was: was, company: k.company,
		unit: func(id string) (int, error) { return k.unitDomain(ctx, r, id) },
	}
	from := k.company(was.DomainID)
	have := k.schema.Relocate.Reframe(k.readMember(was).Attrs, from, r.Company)
	if was := k.readMember(was).Attrs; have["job_grade"] == was["job_grade"] {
		delete(have, "job_grade") // of the company that is left
	}
	w.merged = merge(k.schema.Attrs, have, r.Attrs)
	list, err := organizations(w)
	if err != nil {
		return nil, err
	}
	for _, entry := range list.([]any) {
		if org := entry.(map[string]any); org["primary"] == true {
			org["email"] = newLogin(w, r)
		}
	}
	body := api.Props{"organizations": list, "preserveGroup": value.True(r.Attrs[k.schema.Relocate.Keep])}
	if key := value.Text(w.merged["external_key"]); key != "" {
		body["userExternalKey"] = key
	} else if _, cleared := r.Attrs["external_key"].(value.Clear); cleared {
		body["userExternalKey"] = nil
	}
	return body, nil
}

// newLogin is the login ID in the new company: as written, else the old name there.
func newLogin(w *writing[api.User], r providers.Request) string {
	login := value.Text(w.merged["login_id"])
	if r.Attrs["login_id"] == nil {
		login, _, _ = strings.Cut(login, "@")
	}
	return model.FullAddress(login, r.Company)
}
