package api

import (
	"context"
	"iter"
	"net/url"
	"reflect"
	"strconv"

	"github.com/isaworks/isa/internal/diag"
)

// PageSize is the most objects that one page of a list can hold.
const PageSize = 100

// maxListings is how often a listing is begun when its cursors fail.
const maxListings = 3

// ListOptions narrow a listing.
type ListOptions struct {
	DomainID int // company; 0: the token's own
	// HasExternalKey, for lists of external keys: only objects with a key, or only
	// those without. nil: all.
	HasExternalKey *bool
	// Page is called after each page with the number of different objects so far.
	// May be nil.
	Page func(objects int)
}

func (o ListOptions) query() url.Values {
	q := url.Values{"count": {strconv.Itoa(PageSize)}}
	if o.DomainID != 0 {
		q.Set("domainId", strconv.Itoa(o.DomainID))
	}
	if o.HasExternalKey != nil {
		q.Set("hasExternalKey", strconv.FormatBool(*o.HasExternalKey))
	}
	return q
}

// domainQuery is the query of the operations that take only a company.
func domainQuery(domainID int) url.Values {
	if domainID == 0 {
		return nil
	}
	return url.Values{"domainId": {strconv.Itoa(domainID)}}
}

// listing is one paged operation: where its objects are in the answer, and what
// tells two of them apart.
type listing[T any] struct {
	client *Client
	op     string
	path   map[string]string
	key    string // of the array in the answer
	id     func(*T) string
	opts   ListOptions
}

// all yields the objects, each once, page after page. When a cursor expires or
// repeats, the list is begun again; objects that were yielded already are not
// yielded again. After an error the iteration ends.
func (l listing[T]) all(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := map[string]bool{}
		for begun := 1; ; begun++ {
			again, err := l.once(ctx, seen, yield)
			switch {
			case err == nil && !again:
				return
			case again && begun < maxListings:
				continue
			}
			if err == nil {
				err = &diag.Failure{Class: diag.Unavailable, Op: l.op, Detail: "the pages run in a circle", Fix: "try again later"}
			}
			yield(nil, err)
			return
		}
	}
}

// once lists from the first page. again tells that the list must be begun anew,
// err then says why, if anything did.
func (l listing[T]) once(ctx context.Context, seen map[string]bool, yield func(*T, error) bool) (again bool, err error) {
	query := l.opts.query()
	cursors := map[string]bool{}
	for {
		items, next, err := l.page(ctx, query)
		if err != nil {
			class := diag.ClassOf(err)
			expired := query.Has("cursor") && (class == diag.Invalid || class == diag.NotFound)
			return expired, err
		}
		fresh := items[:0]
		for _, item := range items {
			if id := l.id(item); !seen[id] {
				seen[id] = true
				fresh = append(fresh, item)
			}
		}
		if l.opts.Page != nil {
			l.opts.Page(len(seen))
		}
		for _, item := range fresh {
			if !yield(item, nil) {
				return false, nil
			}
		}
		if next == "" {
			return false, nil
		}
		if cursors[next] {
			return true, nil
		}
		cursors[next] = true
		query.Set("cursor", next)
	}
}

func (l listing[T]) page(ctx context.Context, query url.Values) (items []*T, next string, err error) {
	answer := reflect.New(l.shape())
	if err := l.client.Call(ctx, l.op, Request{Path: l.path, Query: query}, answer.Interface()); err != nil {
		return nil, "", err
	}
	list, _ := answer.Elem().Field(0).Interface().(*[]*T)
	meta, _ := answer.Elem().Field(1).Interface().(pageMeta)
	if list == nil { // taken as empty it would say that everything is gone
		return nil, "", l.malformed("the page has no " + l.key)
	}
	for _, item := range *list {
		if item == nil || l.id(item) == "" {
			return nil, "", l.malformed("an object without ID in " + l.key)
		}
		merge(item)
	}
	if meta.Next != nil {
		next = *meta.Next
	}
	return *list, next, nil
}

// pageMeta says where the next page begins.
type pageMeta struct {
	Next *string `json:"nextCursor"`
}

// shape is the type of a page: each operation has another name for its array. With
// a type of its own a page is decoded in one go, without a copy of each part.
func (l listing[T]) shape() reflect.Type {
	return reflect.StructOf([]reflect.StructField{
		{Name: "Items", Type: reflect.TypeFor[*[]*T](), Tag: reflect.StructTag(`json:"` + l.key + `"`)},
		{Name: "Meta", Type: reflect.TypeFor[pageMeta](), Tag: `json:"responseMetaData"`},
	})
}

func (l listing[T]) malformed(what string) error {
	return &diag.Failure{Class: diag.Unavailable, Op: l.op, Detail: what, Fix: "check that nothing between here and the service changes answers (a proxy)"}
}

// Collect gathers a listing; on error it returns what came before it as well.
func Collect[T any](list iter.Seq2[*T, error]) ([]*T, error) {
	var items []*T
	for item, err := range list {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

// Props is a request body by the service's names, exactly as it is sent: an
// absent property is left alone by PATCH and reset by PUT, nil is JSON null and
// clears a nullable property.
type Props = map[string]any

// KeyRow is one row of a list of external keys.
type KeyRow struct {
	DomainID    int     `json:"domainId"`
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Email       string  `json:"email"` // members, org units and groups
	ExternalKey *string `json:"externalKey"`
}

// KeyChange sets or, with a nil Key, removes the external key of one object. ID is
// a resource ID or an ExternalKey form, for members and groups also an address.
type KeyChange struct {
	DomainID int     `json:"domainId,omitzero"` // required for levels and positions only
	ID       string  `json:"id"`
	Key      *string `json:"externalKey"`
}

// MaxKeyChanges is how many external keys one call can change.
const MaxKeyChanges = 50

// I18nName is a name in one of ko_KR, en_US, ja_JP, zh_CN and zh_TW.
type I18nName struct {
	Language string `json:"language"`
	Name     string `json:"name"`
}
