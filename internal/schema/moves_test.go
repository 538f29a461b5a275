package schema

import (
	"testing"

	"github.com/isaworks/isa/internal/addr"
)

func TestMovesAreFollowed(t *testing.T) {
	parse := func(text string) addr.Address {
		a, err := addr.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var list []Move
	for _, m := range [][2]string{
		{"u.a", "u.b"}, {"u.b", `u.c["1"]`}, // one object, and a chain out of a block
		{"u.x", "u.y"}, {`u.x["special"]`, `u.z["s"]`}, {`u.y["2"]`, "u.two"}, // a block, with exceptions before and behind
		{"u.r", "u.s"}, {`u.s["1"]`, `u.r["1"]`}, // a ring of a block and one of it
	} {
		list = append(list, Move{From: parse(m[0]), To: parse(m[1])})
	}
	moves := NewMoves(list)
	for from, want := range map[string]string{
		"u.a": `u.c["1"]`, "u.b": `u.c["1"]`, `u.a["k"]`: `u.b["k"]`, "u.q": "u.q",
		`u.x["1"]`: `u.y["1"]`, "u.x": "u.y", `u.x["special"]`: `u.z["s"]`, `u.x["2"]`: "u.two",
		`u.r["2"]`: `u.s["2"]`, `u.r["1"]`: `u.r["1"]`,
	} {
		if now := moves.Now(parse(from)); now != parse(want) {
			t.Errorf("%s is now %s, want %s", from, now, want)
		}
	}
	if _, _, circle := moves.Follow(parse(`u.s["1"]`)); !circle {
		t.Error("the ring is none")
	}
	if _, last, _ := moves.Follow(parse("u.a")); last == nil || last.To != parse(`u.c["1"]`) {
		t.Errorf("the last move is %+v", last)
	}
}
