package executor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
)

// generateAttr is the switch inside an attribute that asks for a generated
// password; the secret beside it takes the password.
const (
	generateAttr    = "generate"
	generatedHandle = "generated:"
)

// generates reports whether the attributes ask for a generated password.
func generates(k *schema.Kind, attrs value.Object) bool {
	return slices.ContainsFunc(k.Attrs, func(a schema.Attr) bool {
		inner, ok := attrs[a.Name].(value.Object)
		return ok && secretBeside(a.Type) != "" && value.True(inner[generateAttr])
	})
}

// MakesPasswords reports whether carrying the plan out makes a password.
func MakesPasswords(kinds []*schema.Kind, p *planner.Plan) bool {
	byType := make(map[string]*schema.Kind, len(kinds))
	for _, k := range kinds {
		byType[k.Type] = k
	}
	return slices.ContainsFunc(p.Changes, func(c planner.Change) bool {
		return slices.ContainsFunc(c.Steps, func(s planner.Step) bool {
			return s.Verb == planner.DoCreate && byType[c.Kind] != nil && generates(byType[c.Kind], s.Attrs)
		})
	})
}

// generate makes the passwords that a request asks for and hands them out,
// durably, before anything is sent, since they can never be set or read again.
// The request refers to each by a handle as if the user had given it.
func (r *run) generate(ctx context.Context, t *task, req *providers.Request) error {
	for _, a := range t.kind.Schema().Attrs {
		inner, ok := req.Attrs[a.Name].(value.Object)
		slot := secretBeside(a.Type)
		if !ok || slot == "" || !value.True(inner[generateAttr]) {
			continue
		}
		password, err := r.handOut(ctx, t)
		if err != nil {
			return err
		}
		handle := value.Secret(generatedHandle + t.step.ID)
		given := value.Object{slot: handle}
		for name, v := range inner {
			if name != generateAttr {
				given[name] = v
			}
		}
		req.Attrs = maps.Clone(req.Attrs)
		req.Attrs[a.Name] = given
		resolve := req.Secret
		req.Secret = func(s value.Secret) (string, error) {
			if s == handle {
				return password, nil
			}
			return resolve(s)
		}
	}
	return nil
}

// resolveSecret is how requests resolve the handles that the user gave.
func (r *run) resolveSecret(s value.Secret) (string, error) {
	if strings.HasPrefix(string(s), generatedHandle) || r.Secret == nil {
		return "", &diag.Failure{Class: diag.Internal, Op: "secret " + string(s), Detail: "cannot be resolved here"}
	}
	return r.Secret(s)
}

// secretBeside names the secret attribute of an object type that also has the
// switch, or "".
func secretBeside(t schema.Type) string {
	slot, found := "", false
	for _, a := range t.Attrs {
		if a.Type.Kind == schema.SecretText {
			slot = a.Name
		}
		found = found || a.Name == generateAttr && a.Type.Kind == schema.Bool
	}
	if t.Kind != schema.Object || !found {
		return ""
	}
	return slot
}

func (r *run) handOut(ctx context.Context, t *task) (string, error) {
	if r.Handout == nil {
		return "", &diag.Failure{Class: diag.Invalid, Op: "password", Detail: "generate = true, and nobody to hand the password to",
			Fix: "name age public keys in isa { handout { recipients = [...] } }"}
	}
	password, err := r.Generate()
	if err == nil && password == "" {
		err = &diag.Failure{Class: diag.Internal, Op: "password", Detail: "the generated password is empty"}
	}
	if err != nil {
		return "", err
	}
	if err := r.Handout(ctx, t.change.Address, password); err != nil {
		return "", err
	}
	return password, nil
}
