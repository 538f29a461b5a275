package api

import (
	"context"
	"iter"
)

// Level is a job grade (reference/api/21-levels-positions-employment-types.md,
// section 2). Marshalled, it leaves out what is zero, except order and executive,
// which creation requires.
type Level struct {
	DomainID         int        `json:"domainId,omitzero"`
	LevelID          string     `json:"levelId,omitzero"` // read-only
	DisplayOrder     int        `json:"displayOrder"`
	LevelName        string     `json:"levelName,omitzero"`
	LevelExternalKey *string    `json:"levelExternalKey,omitzero"`
	Executive        bool       `json:"executive"`
	I18nNames        []I18nName `json:"i18nNames,omitzero"`
	I18nName         []I18nName `json:"i18nName,omitzero"` // as some pages of the docs print it; merged into I18nNames
}

// Position is a job title (section 3).
type Position struct {
	DomainID            int        `json:"domainId,omitzero"`
	PositionID          string     `json:"positionId,omitzero"` // read-only
	DisplayOrder        int        `json:"displayOrder"`
	PositionName        string     `json:"positionName,omitzero"`
	PositionExternalKey *string    `json:"positionExternalKey,omitzero"`
	I18nNames           []I18nName `json:"i18nNames,omitzero"`
	I18nName            []I18nName `json:"i18nName,omitzero"` // as some pages of the docs print it; merged into I18nNames
}

// UserType is a kind of employment (section 4).
type UserType struct {
	DomainID            int        `json:"domainId,omitzero"` // creation only
	UserTypeID          string     `json:"userTypeId,omitzero"`
	DisplayOrder        int        `json:"displayOrder"`
	UserTypeName        string     `json:"userTypeName,omitzero"`
	UserTypeExternalKey *string    `json:"userTypeExternalKey,omitzero"`
	UserTypeCode        *string    `json:"userTypeCode,omitzero"`
	I18nNames           []I18nName `json:"i18nNames,omitzero"`
	I18nName            []I18nName `json:"i18nName,omitzero"` // as some pages of the docs print it; merged into I18nNames
}

func (l *Level) mergeNames()    { mergeNames(&l.I18nNames, &l.I18nName) }
func (p *Position) mergeNames() { mergeNames(&p.I18nNames, &p.I18nName) }
func (t *UserType) mergeNames() { mergeNames(&t.I18nNames, &t.I18nName) }

// catalogue is one of the three lists of one shape: levels, positions, user types.
type catalogue[T any] struct {
	client *Client
	op     string // prefix of the operations
	param  string // path value
	key    string // of the array
	domain bool   // single reads and deletions take a company
	id     func(*T) string
}

func (c catalogue[T]) list(ctx context.Context, o ListOptions) iter.Seq2[*T, error] {
	return listing[T]{c.client, c.op + "-list", nil, c.key, c.id, o}.all(ctx)
}

func (c catalogue[T]) request(domainID int, id string) Request {
	r := Request{Path: map[string]string{c.param: id}}
	if c.domain {
		r.Query = domainQuery(domainID)
	}
	return r
}

func (c catalogue[T]) get(ctx context.Context, domainID int, id string) (*T, error) {
	return one[T](ctx, c.client, c.op+"-get", c.request(domainID, id))
}

func (c catalogue[T]) create(ctx context.Context, body any) (*T, error) {
	return created(ctx, c.client, c.op+"-create", Request{Body: body}, c.id)
}

func (c catalogue[T]) write(ctx context.Context, verb, id string, body any) (*T, error) {
	return one[T](ctx, c.client, c.op+verb, Request{Path: map[string]string{c.param: id}, Body: body})
}

func (c catalogue[T]) remove(ctx context.Context, domainID int, id string) error {
	return c.client.Call(ctx, c.op+"-delete", c.request(domainID, id), nil)
}

func (c catalogue[T]) enable(ctx context.Context, domainID int) error {
	return c.client.Call(ctx, c.op+"-enable", Request{Query: domainQuery(domainID)}, nil)
}

func (c catalogue[T]) disable(ctx context.Context, domainID int) error {
	return c.client.Call(ctx, c.op+"-disable", Request{Query: domainQuery(domainID)}, nil)
}

func (c catalogue[T]) keys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return keys(c.client, c.op+"-external-key-list", c.key, o).all(ctx)
}

func (c catalogue[T]) setKeys(ctx context.Context, changes []KeyChange) error {
	return c.client.Call(ctx, c.op+"-external-key-create", Request{Body: Props{c.key: changes}}, nil)
}
