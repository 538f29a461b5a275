package api

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	// What encoding/json does, on the engine of version 2, in half the time.
	json "github.com/go-json-experiment/json/v1"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/api/op"
)

// Client calls the service. It is safe for concurrent use.
type Client struct {
	ops    map[string]op.Operation
	base   string
	tokens *tokens
	chain  handler
	carry  handler       // of uploads: without retry and budget
	first  time.Duration // pause after a failed upload
	scopes []string
	asked  Options

	uploads atomic.Int32 // the way of uploading that was taken, 0: none yet
}

// New returns a client. It makes no call: the first token is fetched by the first
// call.
func New(o Options) (*Client, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, &diag.Failure{Class: diag.Invalid, Op: "client", Err: err}
	}
	c := &Client{ops: map[string]op.Operation{}, base: o.APIBase, scopes: slices.Clone(o.Scopes), first: o.Backoff, asked: o}
	for _, operation := range op.Table() {
		c.ops[operation.Name] = operation
	}
	c.tokens = newTokens(o)
	c.chain, c.carry = layers(o, c.tokens)
	return c, nil
}

// WithScopes returns a client of the same tenant, with the same budgets, that asks
// for other scopes. Its token is fetched by its first call, so that scopes which the
// app does not have fail nothing but the calls that need them.
func (c *Client) WithScopes(scopes ...string) *Client {
	o := c.asked
	o.Scopes = scopes
	out := &Client{ops: c.ops, base: c.base, scopes: slices.Clone(scopes), first: c.first, asked: o}
	out.tokens = newTokens(o)
	out.chain, out.carry = layers(o, out.tokens)
	return out
}

// String names the client without anything secret.
func (c *Client) String() string { return "client of " + c.base }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Request is what one operation is called with.
type Request struct {
	// Path holds the {values} of the operation's path; the client encodes them.
	Path  map[string]string
	Query url.Values
	// Body is sent as JSON; nil sends none.
	Body any
	// Writer is what takes one write at a time: OrgUnitWriter, UserWriter,
	// GroupWriter. Empty: made from the path for users and groups; org-unit writes
	// must name theirs.
	Writer string
}

// OrgUnitWriter is the writer of all org units of a company.
func OrgUnitWriter(domainID int) string { return "orgunits " + strconv.Itoa(domainID) }

// UserWriter is the writer of one member.
func UserWriter(id string) string { return "user " + id }

// GroupWriter is the writer of one group.
func GroupWriter(id string) string { return "group " + id }

// ExternalKey writes an external key in the form that paths and references take
// instead of a resource ID.
func ExternalKey(key string) string { return "externalKey:" + key }

// Call carries out the operation called name and decodes the answer's JSON into
// out, which may be nil. Errors are diag.Failure; those of the service hold a
// ServiceError. A creation that fails with diag.MayHaveHappened may have been
// carried out.
func (c *Client) Call(ctx context.Context, name string, r Request, out any) error {
	reply, err := c.call(ctx, name, r)
	if err != nil || out == nil || reply.status == 204 {
		return err
	}
	if err := json.Unmarshal(reply.body, out); err != nil {
		return &diag.Failure{
			Class: diag.Unavailable, Op: name, Unknown: !c.ops[name].Repeatable,
			Detail: fmt.Sprintf("HTTP %d, but the answer is not the JSON expected", reply.status),
			Fix:    "check that nothing between here and the service changes answers (a proxy)",
		}
	}
	return nil
}

// call carries out an operation and returns its answer as it came.
func (c *Client) call(ctx context.Context, name string, r Request) (*reply, error) {
	x, err := c.exchange(name, r)
	if err != nil {
		return nil, err
	}
	return c.chain.do(ctx, x)
}

// CheckScopes reports, without a call, the first of the named operations that
// the client's scopes do not cover.
func (c *Client) CheckScopes(names ...string) error {
	for _, name := range names {
		operation, ok := c.ops[name]
		if !ok {
			return unknownOperation(name)
		}
		if err := covers(operation, c.tokens.scopes(c.scopes)); err != nil {
			return err
		}
	}
	return nil
}

// covers reports that none of the scopes allows the operation.
func covers(operation op.Operation, scopes []string) error {
	for _, scope := range operation.Scopes {
		if slices.Contains(scopes, scope) {
			return nil
		}
	}
	return &diag.Failure{
		Class: diag.Denied, Op: operation.Name,
		Detail: fmt.Sprintf("needs the scope %s; the app has %s",
			strings.Join(operation.Scopes, " or "), strings.Join(scopes, ", ")),
		Fix: "enable the scope for the app in the Developer Console and ask for it",
	}
}

func unknownOperation(name string) error {
	return &diag.Failure{Class: diag.Internal, Op: name, Detail: "no such operation in the table of operations"}
}

// exchange makes a checked exchange of a request.
func (c *Client) exchange(name string, r Request) (*exchange, error) {
	operation, ok := c.ops[name]
	if !ok {
		return nil, unknownOperation(name)
	}
	if err := covers(operation, c.tokens.scopes(c.scopes)); err != nil {
		return nil, err
	}
	path, err := fillPath(operation.Path, r.Path)
	if err != nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: name, Err: err}
	}
	x := &exchange{op: operation, url: c.base + path, path: path, secrets: &secrets{}}
	if len(r.Query) > 0 {
		query := "?" + r.Query.Encode()
		x.url, x.path = x.url+query, x.path+query
	}
	if x.call, err = counted(operation, r); err != nil {
		return nil, err
	}
	if r.Body == nil {
		return x, nil
	}
	if x.body, err = encode(r.Body); err != nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: name, Detail: "the body cannot be written as JSON", Err: err}
	}
	x.secrets.add(passwords(x.body)...)
	return x, nil
}

// counted is the exchange as budgets see it.
func counted(operation op.Operation, r Request) (lanes.Call, error) {
	writer := r.Writer
	if writer == "" {
		switch {
		case operation.Writer == "orgunits":
			return lanes.Call{}, &diag.Failure{Class: diag.Internal, Op: operation.Name, Detail: "an org-unit write without its writer"}
		case operation.Writer == "user" && r.Path["userId"] != "":
			writer = UserWriter(r.Path["userId"])
		case operation.Writer == "group" && r.Path["groupId"] != "":
			writer = GroupWriter(r.Path["groupId"])
		}
	}
	return lanes.Call{Op: operation.Name, Writer: writer}, nil
}

// encode writes JSON as the service expects it: UTF-8, "<" as it is.
func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// fillPath puts encoded values into a path template. Values that would change
// the shape of the path are refused: an empty ID would name the collection.
func fillPath(template string, values map[string]string) (string, error) {
	parts := strings.Split(template, "/")
	used := 0
	for i, part := range parts {
		name, isValue := strings.CutPrefix(part, "{")
		if !isValue {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		value := values[name]
		if value == "" || value == "." || value == ".." {
			return "", fmt.Errorf("path value %s is %q", name, value)
		}
		used++
		parts[i] = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	}
	if used != len(values) {
		return "", fmt.Errorf("%d path values for %s", len(values), template)
	}
	return strings.Join(parts, "/"), nil
}

// one calls an operation that answers with an object.
func one[T any](ctx context.Context, c *Client, op string, r Request) (*T, error) {
	out := new(T)
	if err := c.Call(ctx, op, r, out); err != nil {
		return nil, err
	}
	merge(out)
	return out, nil
}

// created calls an operation that makes an object. An answer without the new ID
// leaves open what was made.
func created[T any](ctx context.Context, c *Client, op string, r Request, id func(*T) string) (*T, error) {
	out, err := one[T](ctx, c, op, r)
	if err != nil {
		return nil, err
	}
	if id(out) == "" {
		return nil, &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the answer has no ID of the new object", Unknown: true}
	}
	return out, nil
}

// merge brings an object with translated names into one form.
func merge(object any) {
	if o, ok := object.(interface{ mergeNames() }); ok {
		o.mergeNames()
	}
}

func mergeNames[T any](names, older *[]T) {
	if len(*names) == 0 && len(*older) > 0 {
		*names = *older
	}
	*older = nil
}
