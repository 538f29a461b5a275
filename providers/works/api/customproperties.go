package api

import (
	"context"
	"iter"

	"github.com/isaworks/isa/internal/diag"
)

// CustomProperty is a property of members that a company has defined
// (reference/api/10-users.md, section 6). Marshalled, it leaves out what is zero.
type CustomProperty struct {
	DomainID         int              `json:"domainId,omitzero"`         // creation only
	CustomPropertyID string           `json:"customPropertyId,omitzero"` // read-only
	PropertyName     string           `json:"propertyName,omitzero"`     // creation only, as the next two
	PropertyType     string           `json:"propertyType,omitzero"`     // STRING, LINK, INTEGER, DATE
	MultiValued      bool             `json:"multiValued,omitzero"`
	DisplayName      string           `json:"displayName,omitzero"`
	I18nDisplayNames []I18nName       `json:"i18nDisplayNames,omitzero"`
	DisplayOrder     *int             `json:"displayOrder,omitzero"` // from 1; nil: last
	Options          []PropertyOption `json:"options,omitzero"`      // of STRING only
	Mandatory        bool             `json:"mandatory,omitzero"`
	ReadAccessType   string           `json:"readAccessType,omitzero"`  // ALL, ADMIN_AND_SELF
	WriteAccessType  string           `json:"writeAccessType,omitzero"` // ADMIN, ADMIN_AND_SELF
}

// PropertyOption is a value to choose from.
type PropertyOption struct {
	OptionName       string     `json:"optionName"`
	DisplayName      string     `json:"displayName,omitzero"`
	I18nDisplayNames []I18nName `json:"i18nDisplayNames,omitzero"`
}

// CustomProperties lists the custom properties of a company, all in one answer
// (directory-user-custom-property-list).
func (c *Client) CustomProperties(ctx context.Context, o ListOptions) iter.Seq2[*CustomProperty, error] {
	const op = "directory-user-custom-property-list"
	return func(yield func(*CustomProperty, error) bool) {
		var answer struct {
			Items *[]*CustomProperty `json:"customAttributes"` // the wire's name
		}
		err := c.Call(ctx, op, Request{Query: domainQuery(o.DomainID)}, &answer)
		if err == nil && answer.Items == nil { // taken as empty it would say that everything is gone
			err = &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the answer has no customAttributes", Fix: "check that nothing between here and the service changes answers (a proxy)"}
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if o.Page != nil {
			o.Page(len(*answer.Items))
		}
		for _, p := range *answer.Items {
			if p == nil || p.CustomPropertyID == "" {
				yield(nil, &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "an object without ID in customAttributes"})
				return
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// CustomProperty gets a custom property by its ID (directory-user-custom-property-get).
func (c *Client) CustomProperty(ctx context.Context, id string) (*CustomProperty, error) {
	return one[CustomProperty](ctx, c, "directory-user-custom-property-get", Request{Path: customPropertyPath(id)})
}

// CreateCustomProperty defines a custom property from a Props or a *CustomProperty
// (directory-user-custom-property-create).
func (c *Client) CreateCustomProperty(ctx context.Context, body any) (*CustomProperty, error) {
	return created(ctx, c, "directory-user-custom-property-create", Request{Body: body}, func(p *CustomProperty) string { return p.CustomPropertyID })
}

// PatchCustomProperty changes the properties in patch; name, type and multiValued never
// change (directory-user-custom-property-update-patch). There is no full update.
func (c *Client) PatchCustomProperty(ctx context.Context, id string, patch Props) (*CustomProperty, error) {
	return one[CustomProperty](ctx, c, "directory-user-custom-property-update-patch", Request{Path: customPropertyPath(id), Body: patch})
}

// DeleteCustomProperty deletes a custom property; what members have in it is removed
// some time later (directory-user-custom-property-delete).
func (c *Client) DeleteCustomProperty(ctx context.Context, domainID int, id string) error {
	return c.Call(ctx, "directory-user-custom-property-delete", Request{Path: customPropertyPath(id), Query: domainQuery(domainID)}, nil)
}

func customPropertyPath(id string) map[string]string {
	return map[string]string{"customPropertyId": id}
}
