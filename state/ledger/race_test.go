//go:build race

package ledger

// How long the ledger is held against its model, which the race detector makes very slow.
const (
	seeds      = 2
	operations = 100
)
