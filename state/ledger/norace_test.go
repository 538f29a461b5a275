//go:build !race

package ledger

// How long the ledger is held against its model.
const (
	seeds      = 8
	operations = 300
)
