package sheettest

import (
	"encoding/binary"
	"slices"
)

// CFB puts streams into a compound file of version 3 ([MS-CFB]): name, content, name,
// content … Contents are filled up to 4096 bytes, so that no small sectors are needed.
func CFB(name string, content []byte, more ...any) []byte {
	const (
		sector = 512
		end    = 0xFFFFFFFE
		free   = 0xFFFFFFFF
		isFAT  = 0xFFFFFFFD
	)
	names, contents := []string{name}, [][]byte{content}
	for i := 0; i+1 < len(more); i += 2 {
		n, _ := more[i].(string)
		c, _ := more[i+1].([]byte)
		names, contents = append(names, n), append(contents, c)
	}
	var fat []uint32
	var body []byte
	chain := func(data []byte) (first uint32) {
		first = uint32(len(fat))
		for at := 0; at < len(data); at += sector {
			fat = append(fat, uint32(len(fat)+1))
			piece := make([]byte, sector)
			copy(piece, data[at:])
			body = append(body, piece...)
		}
		fat[len(fat)-1] = end
		return first
	}
	entries := [][]byte{entry("Root Entry", 5, end, 0, 1)}
	for i, c := range contents {
		c = append(slices.Clone(c), make([]byte, max(0, 4096-len(c)))...)
		right := uint32(i + 2)
		if i == len(contents)-1 {
			right = free
		}
		e := entry(names[i], 2, chain(c), len(c), free)
		binary.LittleEndian.PutUint32(e[72:], right)
		entries = append(entries, e)
	}
	for len(entries)%4 != 0 {
		entries = append(entries, entry("", 0, 0, 0, free))
	}
	directory := chain(slices.Concat(entries...))
	// The FAT lists its own sectors, and those that list it beyond the header's 109.
	sectors, lists := 0, 0
	for need := -1; need != sectors+lists; {
		need = sectors + lists
		sectors = (len(fat) + need + sector/4 - 1) / (sector / 4)
		lists = max(0, (sectors-109+126)/127)
	}
	first := len(fat)
	for range sectors {
		fat = append(fat, isFAT)
	}
	for range lists {
		fat = append(fat, isFAT-1)
	}
	for len(fat) < sectors*sector/4 {
		fat = append(fat, free)
	}
	for _, f := range fat {
		body = binary.LittleEndian.AppendUint32(body, f)
	}
	head := header(sectors, directory, lists, first+sectors)
	for i := range 109 {
		at := uint32(free)
		if i < sectors {
			at = uint32(first + i)
		}
		head = binary.LittleEndian.AppendUint32(head, at)
	}
	for l := range lists {
		for i := range 127 {
			at := uint32(free)
			if n := 109 + l*127 + i; n < sectors {
				at = uint32(first + n)
			}
			body = binary.LittleEndian.AppendUint32(body, at)
		}
		next := uint32(end)
		if l+1 < lists {
			next = uint32(first + sectors + l + 1)
		}
		body = binary.LittleEndian.AppendUint32(body, next)
	}
	return append(head, body...)
}

// header is the file's first 76 bytes.
func header(sectors int, directory uint32, lists, firstList int) []byte {
	head := make([]byte, 76)
	copy(head, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	put16, put32 := binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32
	put16(head[24:], 0x3E)
	put16(head[26:], 3)
	put16(head[28:], 0xFFFE)
	put16(head[30:], 9)
	put16(head[32:], 6)
	put32(head[44:], uint32(sectors))
	put32(head[48:], directory)
	put32(head[56:], 4096)
	put32(head[60:], 0xFFFFFFFE)
	put32(head[68:], 0xFFFFFFFE)
	if lists > 0 {
		put32(head[68:], uint32(firstList))
		put32(head[72:], uint32(lists))
	}
	return head
}

// entry is one of the directory.
func entry(name string, kind byte, first uint32, size int, child uint32) []byte {
	e := make([]byte, 128)
	letters, chars := Wide(name)
	copy(e, letters)
	if name != "" {
		binary.LittleEndian.PutUint16(e[64:], uint16(2*chars+2))
	}
	e[66], e[67] = kind, 1
	for _, at := range []int{68, 72, 76} {
		binary.LittleEndian.PutUint32(e[at:], 0xFFFFFFFF)
	}
	if kind == 5 {
		binary.LittleEndian.PutUint32(e[76:], child)
	}
	binary.LittleEndian.PutUint32(e[116:], first)
	binary.LittleEndian.PutUint32(e[120:], uint32(size))
	return e
}
