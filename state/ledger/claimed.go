package ledger

import (
	"context"
	"database/sql/driver"

	"github.com/isaworks/isa/providers"
)

// Claimed implements providers.Stream. Records of every stream into the same target
// count.
func (s *stream) Claimed(ctx context.Context, target providers.Folder, keys []string) (map[string]bool, error) {
	out := map[string]bool{}
	err := s.l.read(ctx, func(d *db) error {
		var eras []driver.Value
		add := func(v []driver.Value) error { eras = append(eras, v[0]); return nil }
		if err := d.query(sqlSharing, add, target.ID, target.Epoch, s.Info().Target, noFolder); err != nil {
			return err
		}
		for _, key := range keys {
			for _, era := range eras {
				v, err := d.one(sqlIsTarget, era, keyValue(key))
				if err != nil {
					return err
				}
				if v != nil {
					out[key] = true
					break
				}
			}
			if !out[key] {
				v, err := d.one(sqlIsStray, target.ID, keyValue(key), target.Epoch, s.Info().Target)
				if err != nil {
					return err
				}
				if v != nil {
					out[key] = true
				}
			}
		}
		return nil
	})
	return out, err
}

// noFolder is the ID of no folder.
const noFolder = int64(0)
