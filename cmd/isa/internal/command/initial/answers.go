package initial

import (
	"slices"
	"strings"
)

// words are the ways in which a column says yes and no.
type words struct{ yes, no []string }

// answers are the words of a field.
func answers(f field) words {
	w := words{
		yes: []string{"y", "yes", "o", "예", "네", "true", "1", "t", "여"},
		no:  []string{"n", "no", "x", "아니오", "아니요", "false", "0", "f", "-", "부"},
	}
	if f == primary {
		w.yes = append(w.yes, "주", "본", "주소속", "본소속", "원소속", "주부서")
		w.no = append(w.no, "겸", "겸직", "겸무", "겸임", "부소속", "겸소속", "겸직부서")
	}
	return w
}

// is reports whether a text says yes, or no.
func (w words) is(text string, yes bool) bool {
	of := w.no
	if yes {
		of = w.yes
	}
	return slices.Contains(of, strings.ToLower(text))
}

// flags are the fields that only a column of yes and no fills.
func flags() []field { return []field{head, primary} }

// leaveOutUnclear takes columns out of use that hold something else than yes and no, such as
// a column of the heads' names: what it says about everybody would be no.
func (t *table) leaveOutUnclear() {
	for _, f := range flags() {
		heading := t.fields[f]
		if heading == "" {
			continue
		}
		yes, no := t.answered(f)
		texts, _ := t.values(f)
		if len(yes) == 0 || len(yes)+len(no) < len(texts) {
			delete(t.fields, f)
			t.unclear = append(t.unclear, heading)
		}
	}
}

// answered are the texts of a field that say yes, and those that say no.
func (t *table) answered(f field) (yes, no []string) {
	texts, _ := t.values(f)
	w := answers(f)
	for _, text := range texts {
		if w.is(text, true) {
			yes = append(yes, text)
		} else if w.is(text, false) {
			no = append(no, text)
		}
	}
	return yes, no
}

// yesNo is an expression for a cell of yes and no. Texts that the table does not have
// yet are not managed; an empty cell means no where no other does.
func (t *table) yesNo(f field, cell string) string {
	yes, no := t.answered(f)
	var pairs []string
	for _, text := range yes {
		pairs = append(pairs, quote(text)+" = true")
	}
	for _, text := range no {
		pairs = append(pairs, quote(text)+" = false")
	}
	expression := "lookup({ " + strings.Join(pairs, ", ") + " }, " + cell + ", null)"
	if _, empty := t.values(f); empty > 0 && len(no) == 0 {
		return cell + " == null ? false : " + expression
	}
	return expression
}
