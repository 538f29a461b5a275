package directory

import (
	"context"
	"sync"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// jobGrades are levels on the wire (21 §2).
func (d *directory) jobGrades() *kind[api.Level] {
	c := d.client
	k := &kind[api.Level]{
		directory: d, schema: d.schemas[model.JobGrade],
		off: func() bool { return !d.tenant.Features.JobGrades },
		service: service[api.Level]{
			noun: "directory-level", writer: unwritten, list: c.Levels, get: c.Level,
			create: func(ctx context.Context, _ int, b api.Props) (*api.Level, error) { return c.CreateLevel(ctx, b) },
			patch: func(ctx context.Context, _ int, id string, b api.Props) (*api.Level, error) {
				return c.PatchLevel(ctx, id, b)
			},
			put: func(ctx context.Context, _ int, id string, b api.Props) (*api.Level, error) {
				return c.PutLevel(ctx, id, b)
			},
			fixed:  []string{"levelId", "i18nName"},
			remove: c.DeleteLevel,
		},
		props: append(listProps[api.Level]("level"), plain[api.Level]("executive", "executive")),
		read: func(l *api.Level) live.Object {
			o := listItem(model.JobGrade, l.LevelID, l.DomainID, l.LevelName, l.LevelExternalKey, l.DisplayOrder, l.I18nNames)
			putBool(o.Attrs, "executive", l.Executive)
			return o
		},
	}
	k.defaults = func(_ context.Context, _ providers.Request, b api.Props) error {
		if _, ok := b["executive"]; !ok {
			b["executive"] = false
		}
		return nil
	}
	ranked(k)
	return k
}

// positions (21 §3).
func (d *directory) positions() *kind[api.Position] {
	c := d.client
	k := &kind[api.Position]{
		directory: d, schema: d.schemas[model.Position],
		off: func() bool { return !d.tenant.Features.Positions },
		service: service[api.Position]{
			noun: "directory-position", writer: unwritten, list: c.Positions, get: c.Position,
			create: func(ctx context.Context, _ int, b api.Props) (*api.Position, error) { return c.CreatePosition(ctx, b) },
			patch: func(ctx context.Context, _ int, id string, b api.Props) (*api.Position, error) {
				return c.PatchPosition(ctx, id, b)
			},
			put: func(ctx context.Context, _ int, id string, b api.Props) (*api.Position, error) {
				return c.PutPosition(ctx, id, b)
			},
			fixed:  []string{"positionId", "i18nName"},
			remove: c.DeletePosition,
		},
		props: listProps[api.Position]("position"),
		read: func(p *api.Position) live.Object {
			return listItem(model.Position, p.PositionID, p.DomainID, p.PositionName, p.PositionExternalKey, p.DisplayOrder, p.I18nNames)
		},
	}
	ranked(k)
	return k
}

// userTypes (21 §4).
func (d *directory) userTypes() *kind[api.UserType] {
	c := d.client
	k := &kind[api.UserType]{
		directory: d, schema: d.schemas[model.UserType],
		off: func() bool { return !d.tenant.Features.UserTypes },
		service: service[api.UserType]{
			noun: "directory-user-type", writer: unwritten, list: c.UserTypes,
			get:    func(ctx context.Context, _ int, id string) (*api.UserType, error) { return c.UserType(ctx, id) },
			create: func(ctx context.Context, _ int, b api.Props) (*api.UserType, error) { return c.CreateUserType(ctx, b) },
			patch: func(ctx context.Context, _ int, id string, b api.Props) (*api.UserType, error) {
				return c.PatchUserType(ctx, id, b)
			},
			put: func(ctx context.Context, _ int, id string, b api.Props) (*api.UserType, error) {
				return c.PutUserType(ctx, id, b)
			},
			fixed:  []string{"userTypeId", "domainId", "i18nName"},
			remove: func(ctx context.Context, _ int, id string) error { return c.DeleteUserType(ctx, id) },
		},
		props: append(listProps[api.UserType]("userType"), plain[api.UserType]("userTypeCode", "code")),
		read: func(t *api.UserType) live.Object {
			o := listItem(model.UserType, t.UserTypeID, t.DomainID, t.UserTypeName, t.UserTypeExternalKey, t.DisplayOrder, t.I18nNames)
			putNull(o.Attrs, "code", t.UserTypeCode)
			return o
		},
	}
	ranked(k)
	return k
}

// listProps are the properties that the three lists share, by the prefix of
// their names.
func listProps[T any](prefix string) []prop[T] {
	return []prop[T]{
		plain[T](prefix+"Name", "name"),
		plain[T](prefix+"ExternalKey", "external_key"),
		plain[T]("displayOrder", "order"),
		translated[T]("i18nNames"),
	}
}

func listItem(kind, id string, domainID int, name string, key *string, order int, names []api.I18nName) live.Object {
	attrs := value.Object{"order": value.Int(order)}
	put(attrs, "name", name)
	putNull(attrs, "external_key", key)
	putNames(attrs, names)
	return live.Object{Kind: kind, ID: id, DomainID: domainID, Attrs: attrs, Status: live.InUse}
}

// rankStep is the distance between ranks that isa chooses.
const rankStep = 10

// ranks remembers the highest rank of each company, to put new items whose order
// is unmanaged behind all others: the service wants a number (21 §2).
type ranks struct {
	mu   sync.Mutex
	last map[int]int64
}

// ranked lets a kind choose ranks.
func ranked[T any](k *kind[T]) {
	r := &ranks{last: map[int]int64{}}
	complete := k.defaults
	k.listed = r.listed
	k.defaults = func(ctx context.Context, q providers.Request, b api.Props) error {
		if complete != nil {
			if err := complete(ctx, q, b); err != nil {
				return err
			}
		}
		if _, given := b["displayOrder"]; given {
			return nil
		}
		rank, err := r.next(ctx, q.Company.DomainID, k.listCompany)
		b["displayOrder"] = rank
		return err
	}
}

func (r *ranks) listed(_ context.Context, domainID int, objs []live.Object) error {
	var last int64
	for _, o := range objs {
		order, _ := o.Attrs["order"].(value.Int)
		last = max(last, int64(order))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last[domainID] = last
	return nil
}

// next is a rank behind all others, which are listed first when none is known.
func (r *ranks) next(ctx context.Context, domainID int, list func(context.Context, int) ([]live.Object, error)) (int64, error) {
	r.mu.Lock()
	_, known := r.last[domainID]
	r.mu.Unlock()
	if !known {
		objs, err := list(ctx, domainID)
		if err != nil {
			return 0, err
		}
		if err := r.listed(ctx, domainID, objs); err != nil {
			return 0, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last[domainID] += rankStep
	return r.last[domainID], nil
}
