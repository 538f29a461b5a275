package executor

import (
	"maps"
	"slices"
	"sync"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// natural finds objects of the snapshot by their natural or external key. An
// index is made for a kind when it is first asked for.
type natural struct {
	snapshot live.Snapshot
	mu       sync.Mutex
	kinds    map[string]map[string][]string // kind → key → IDs
}

func newNatural(s live.Snapshot) *natural {
	return &natural{snapshot: s, kinds: map[string]map[string][]string{}}
}

// known lists the IDs that bear one of the keys of attrs, sorted.
func (n *natural) known(k *schema.Kind, attrs value.Object) []string {
	n.mu.Lock()
	index := n.kinds[k.Type]
	if index == nil {
		index = map[string][]string{}
		for _, o := range n.snapshot.Objects[k.Type] {
			for _, key := range keys(k, o.Attrs) {
				index[key] = append(index[key], o.ID)
			}
		}
		n.kinds[k.Type] = index
	}
	n.mu.Unlock()
	found := map[string]bool{}
	for _, key := range keys(k, attrs) {
		for _, id := range index[key] {
			found[id] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// keys writes the external and the natural key of an object as texts, as far as
// it has them.
func keys(k *schema.Kind, attrs value.Object) []string {
	var out []string
	if key := value.Text(attrs[k.Key]); key != "" {
		a, _ := k.Attr(k.Key)
		out = append(out, "key\x00"+a.Plain(value.String(key)))
	}
	if key := k.NaturalKey(attrs); key != "" {
		out = append(out, "natural\x00"+key)
	}
	return out
}
