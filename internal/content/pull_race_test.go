//go:build race

package content

// Under the race detector there is less of everything.
const (
	killEvery  = 37
	raceFactor = 10
)
