package planner

import (
	"encoding/json"
	"testing"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// liveOf is what a listing of a tenant shows that is as wanted; IDs are addresses.
func liveOf(tn *tenant, wanted []*schema.Instance) map[string][]live.Object {
	out := map[string][]live.Object{}
	for i, in := range wanted {
		attrs, _ := value.Map(in.Attrs, func(v value.Value) value.Value {
			switch v := v.(type) {
			case value.Ref:
				return value.String(v.Addr.String())
			case value.Clear:
				return nil
			}
			return v
		}).(value.Object)
		if in.Kind.Placed {
			attrs[in.Kind.Order] = value.Int(i)
		}
		out[in.Kind.Type] = append(out[in.Kind.Type], live.Object{Kind: in.Kind.Type, ID: in.Addr.String(), DomainID: 1, Attrs: attrs, Status: live.InUse})
	}
	return out
}
