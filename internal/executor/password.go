package executor

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
)

// generateAttr is the switch inside an attribute that asks for a generated
// password; the secret beside it takes the password.
const (
	generateAttr    = "generate"
	generatedHandle = "generated:"
)

// prepareSecrets lets a request resolve its secrets. Where the step asks for a
// generated password, one is made and handed out, durably, before anything is
// sent, since it can never be set or read again; the request refers to it by a
// handle as if the user had given it.
func (r *run) prepareSecrets(ctx context.Context, t *task, req *providers.Request) error {
	password := ""
	for _, a := range t.kind.Schema().Attrs {
		inner, ok := req.Attrs[a.Name].(value.Object)
		slot := secretBeside(a.Type)
		if !ok || slot == "" || !value.True(inner[generateAttr]) {
			continue
		}
		var err error
		if password, err = r.handOut(ctx, t); err != nil {
			return err
		}
		given := value.Object{slot: value.Secret(generatedHandle + t.step.ID)}
		for name, v := range inner {
			if name != generateAttr {
				given[name] = v
			}
		}
		req.Attrs[a.Name] = given
	}
	req.Secret = func(s value.Secret) (string, error) {
		switch {
		case password != "" && s == value.Secret(generatedHandle+t.step.ID):
			return password, nil
		case strings.HasPrefix(string(s), generatedHandle) || r.Secret == nil:
			return "", &diag.Failure{Class: diag.Internal, Op: "secret " + string(s), Detail: "cannot be resolved here"}
		}
		return r.Secret(s)
	}
	return nil
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
