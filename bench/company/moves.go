package company

import (
	"cmp"
	"slices"
)

// FewestMoves is how many units have to be moved, one call each, for the tree of one
// company to become that of another: those with another parent, and for each parent
// the children beside the most that already stand in the wanted order among
// themselves. Units that come or go need no move. It is counted here in a plain way,
// quadratic in the children of a parent, so that a plan can be held against it.
func FewestMoves(before, after Company) int {
	was := map[string]Unit{}
	for _, u := range before.Units {
		was[u.Code] = u
	}
	moves := 0
	children := map[string][]Unit{} // that stay below their parent
	for _, u := range after.Units {
		switch old, there := was[u.Code]; {
		case !there:
		case old.Parent != u.Parent:
			moves++
		default:
			children[u.Parent] = append(children[u.Parent], u)
		}
	}
	for _, list := range children {
		slices.SortFunc(list, func(a, b Unit) int { return cmp.Compare(a.Order, b.Order) })
		moves += len(list) - longestInOrder(list, was)
	}
	return moves
}

// longestInOrder is the largest number of units of a list that stood in this order.
func longestInOrder(list []Unit, was map[string]Unit) int {
	best := 0
	upTo := make([]int, len(list))
	for i, u := range list {
		upTo[i] = 1
		for j, left := range list[:i] {
			if was[left.Code].Order < was[u.Code].Order {
				upTo[i] = max(upTo[i], upTo[j]+1)
			}
		}
		best = max(best, upTo[i])
	}
	return best
}
