//go:build !race

package content

const (
	killEvery  = 5
	raceFactor = 1
)
