package hr

import "strings"

// syllable is a Hangul syllable as indexes of its letters in Unicode's order: 19
// initials, 21 vowels, and 28 finals of which 0 is none.
type syllable struct{ initial, vowel, final int }

// Initials and finals by their indexes in Unicode, as far as rules name them.
const (
	iG, iGG, iN, iD, iR, iM, iB, iS, iSS, iNone, iJ, iCh, iK, iT, iP, iH = 0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18

	fNone, fG, fN, fNH, fD, fL, fLT, fLH, fM, fB, fNG, fJ, fT, fH = 0, 1, 4, 6, 7, 8, 13, 15, 16, 17, 21, 22, 25, 27

	vI = 20
)

func isSyllable(r rune) bool { return r >= '가' && r <= '힣' }

func takeApart(r rune) syllable {
	n := int(r - '가')
	return syllable{n / (21 * 28), n / 28 % 21, n % 28}
}

func initialLetters(i int) string {
	return [...]string{"g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"}[i]
}

func vowelLetters(v int) string {
	return [...]string{"a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"}[v]
}

// spoken returns which of the seven sounds of finals a final is (표준 발음법, articles
// 8 to 11).
func spoken(final int) int {
	return [...]int{fNone, fG, fG, fG, fN, fN, fN, fD, fL, fG, fM, fL, fL, fL, fB, fL, fM, fB, fB, fD, fD, fNG, fD, fD, fG, fD, fB, fD}[final]
}

func finalLetters(final int) string {
	switch spoken(final) {
	case fG:
		return "k"
	case fN:
		return "n"
	case fD:
		return "t"
	case fL:
		return "l"
	case fM:
		return "m"
	case fB:
		return "p"
	case fNG:
		return "ng"
	}
	return ""
}

// divide returns what of a final stays when the next syllable begins with a vowel, and
// the initial that the rest becomes.
func divide(final int) (stays, initial int) {
	switch final {
	case fNone, fNG:
		return final, iNone
	}
	stays = [...]int{0, 0, 0, fG, 0, fN, 0, 0, 0, fL, fL, fL, fL, fL, fL, 0, 0, 0, fB, 0, 0, fNG, 0, 0, 0, 0, 0, 0}[final]
	initial = [...]int{iNone, iG, iGG, iS, iN, iJ, iN, iD, iR, iG, iM, iB, iS, iT, iP, iR, iM, iB, iS, iS, iSS, iNone, iJ, iCh, iK, iT, iP, iNone}[final]
	return stays, initial
}

// spelled writes Hangul without changes of sound, as in names: a final goes over to a
// vowel behind it unless a hyphen parts them.
func spelled(text, hyphen string) string {
	return written(text, hyphen, func(s, next *syllable) {
		if next != nil && hyphen == "" && next.initial == iNone {
			s.final, next.initial = divide(s.final)
		}
	})
}

// pronounced writes Hangul as it sounds.
func pronounced(text string) string {
	letters := []rune(text)
	at := 0
	return written(text, "", func(s, next *syllable) {
		for at < len(letters) && !isSyllable(letters[at]) {
			at++
		}
		start := at
		for start > 0 && isSyllable(letters[start-1]) {
			start--
		}
		at++
		if next != nil {
			last := at+1 >= len(letters) || !isSyllable(letters[at+1])
			meet(s, next, last && at-start >= 2 && suffix(letters[at]))
		}
	})
}

// suffix knows endings of Chinese origin that keep their beginning apart from the ㄴ of
// a word of two and more syllables: 신문로, 생산량 (표준 발음법, article 20).
func suffix(r rune) bool { return strings.ContainsRune("로란력량료론류례", r) }

// meet changes the sounds of two syllables that follow one another. The second is a
// suffix that article 20 excepts.
func meet(s, next *syllable, excepted bool) {
	hish := s.final == fH || s.final == fNH || s.final == fLH
	switch {
	case next.initial == iNone && (s.final == fD || s.final == fT || s.final == fLT) && next.vowel == vI:
		palatal := map[int][2]int{fD: {fNone, iJ}, fT: {fNone, iCh}, fLT: {fL, iCh}}[s.final]
		s.final, next.initial = palatal[0], palatal[1] // 해돋이, 같이
	case next.initial == iNone:
		s.final, next.initial = divide(s.final)
	case hish && (next.initial == iG || next.initial == iD || next.initial == iJ):
		next.initial = map[int]int{iG: iK, iD: iT, iJ: iCh}[next.initial] // 좋고, 놓다, 낳지
		s.final = map[int]int{fH: fNone, fNH: fN, fLH: fL}[s.final]
	case s.final == fJ && next.initial == iH:
		s.final, next.initial = fNone, iCh // 맞히다; ㄱ, ㄷ, ㅂ keep the h of nouns: 묵호
	case s.final == fH && next.initial == iS:
		s.final = fNone
	default:
		assimilate(s, next, excepted)
	}
}

// assimilate makes sounds alike: 백마, 신라, 종로, 왕십리, 별내.
func assimilate(s, next *syllable, excepted bool) {
	s.final = spoken(s.final)
	nasal := map[int]int{fG: fNG, fD: fN, fB: fM}
	switch next.initial {
	case iR:
		switch {
		case s.final == fN && !excepted:
			s.final = fL
		case s.final != fNone && s.final != fL:
			next.initial = iN
		}
	case iN:
		if s.final == fL {
			next.initial = iR
		}
	}
	if to, ok := nasal[s.final]; ok && (next.initial == iN || next.initial == iM) {
		s.final = to
	}
}

// written writes the Hangul of a text, after change has seen each syllable with the one
// that directly follows it, nil at the end of a word. Syllables of one word are parted
// by hyphen.
func written(text, hyphen string, change func(s, next *syllable)) string {
	letters := []rune(text)
	all := make([]syllable, len(letters))
	for i, r := range letters {
		if isSyllable(r) {
			all[i] = takeApart(r)
		}
	}
	var b strings.Builder
	lateral := false // the syllable before ends in ㄹ
	for i, r := range letters {
		if !isSyllable(r) {
			b.WriteRune(r)
			lateral = false
			continue
		}
		follows := i+1 < len(letters) && isSyllable(letters[i+1])
		var next *syllable
		if follows {
			next = &all[i+1]
		}
		s := &all[i]
		change(s, next)
		if s.initial == iR && lateral {
			b.WriteByte('l')
		} else {
			b.WriteString(initialLetters(s.initial))
		}
		b.WriteString(vowelLetters(s.vowel))
		b.WriteString(finalLetters(s.final))
		lateral = spoken(s.final) == fL
		if follows {
			b.WriteString(hyphen)
			lateral = lateral && hyphen == ""
		}
	}
	return b.String()
}
