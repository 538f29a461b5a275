package sandbox

import "sort"

// sequence is a set of creation numbers in ascending order.
type sequence []uint64

func (s sequence) find(n uint64) int {
	return sort.Search(len(s), func(i int) bool { return s[i] >= n })
}

func (s sequence) with(n uint64) sequence {
	i := s.find(n)
	if i < len(s) && s[i] == n {
		return s
	}
	s = append(s, 0)
	copy(s[i+1:], s[i:])
	s[i] = n
	return s
}

func (s sequence) without(n uint64) sequence {
	i := s.find(n)
	if i == len(s) || s[i] != n {
		return s
	}
	return append(s[:i], s[i+1:]...)
}

// counts counts how often something is referred to.
type counts map[string]int

func (c counts) add(id *string, by int) {
	if id == nil || *id == "" {
		return
	}
	if c[*id] += by; c[*id] == 0 {
		delete(c, *id)
	}
}

// holders tells which objects refer to an ID.
type holders map[string]map[string]bool

func (h holders) add(id, holder string) {
	if h[id] == nil {
		h[id] = map[string]bool{}
	}
	h[id][holder] = true
}

func (h holders) remove(id, holder string) {
	delete(h[id], holder)
	if len(h[id]) == 0 {
		delete(h, id)
	}
}

// of returns the holders in a fixed order.
func (h holders) of(id string) []string { return sortedKeys(h[id]) }
