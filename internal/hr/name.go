package hr

import (
	"fmt"
	"strings"
	"unicode"
)

// SplitName splits a full name into family name and given name. It is sure of
// Korean names of two or three syllables with a common family name of one
// syllable, of four syllables with one of two (남궁민수), and of names with a
// space behind a known family name.
//
// It is not sure, and returns the likelier split, where a family name of two
// syllables may also be one of one syllable with a given name (황보라 is 황 보라
// or 황보 라; 남궁 alone), for family names it does not know, four and more
// syllables after one, namesake marks (홍길동B), names in Chinese characters,
// and foreign names: the word behind a comma, else all but the last word, is the
// given name.
//
// An empty text and one without letters is an error.
func SplitName(text string) (last, first string, sure bool, err error) {
	words := strings.FieldsFunc(tidy(text), blank)
	joined := strings.Join(words, "")
	if joined == "" {
		return "", "", false, fmt.Errorf("the name is empty; write it like 홍길동 or Hong, Gildong")
	}
	if strings.IndexFunc(joined, unicode.IsLetter) < 0 {
		return "", "", false, fmt.Errorf("%q is not a name; write it like 홍길동 or Hong, Gildong", shorten(text))
	}
	if !hangul(joined) {
		last, first = splitForeign(words)
		return last, first, false, nil
	}
	if len(words) == 1 || singleSyllables(words) {
		last, first, sure = splitKorean([]rune(joined))
		return last, first, sure, nil
	}
	last, first, sure = splitWords(words)
	return last, first, sure, nil
}

// NameNormal returns the form in which whole names are compared: equal for one
// name whichever of its parts stands first and wherever it is divided (홍 길동,
// 홍길동, 길동 홍; Hong Gil-dong, Gildong Hong, HONG, GILDONG). It is no name any
// more and is not shown. A text without letters gives "".
func NameNormal(text string) string {
	if words := strings.FieldsFunc(tidy(text), blank); hangul(strings.Join(words, "")) {
		if last, first, _, err := SplitName(text); err == nil {
			return strings.Join(strings.FieldsFunc(last+first, blank), "")
		}
		return ""
	}
	letters := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, tidy(text)))
	at := leastRotation(letters)
	return string(letters[at:]) + string(letters[:at])
}

// leastRotation is where the smallest of the texts begins that come of turning the
// letters round: names that differ in the order of their two parts have the same.
func leastRotation(letters []rune) int {
	n, i, j, k := len(letters), 0, 1, 0
	for i < n && j < n && k < n {
		a, b := letters[(i+k)%n], letters[(j+k)%n]
		switch {
		case a == b:
			k++
			continue
		case a > b:
			i += k + 1
		default:
			j += k + 1
		}
		if i == j {
			j++
		}
		k = 0
	}
	return min(i, j)
}

func hangul(s string) bool {
	for _, r := range s {
		if r < '가' || r > '힣' {
			return false
		}
	}
	return true
}

// singleSyllables recognises 홍 길 동; two words of one syllable, 김 구, are a
// name with a space.
func singleSyllables(words []string) bool {
	for _, w := range words {
		if len([]rune(w)) != 1 {
			return false
		}
	}
	return len(words) > 2
}

// splitWords splits Hangul at its spaces.
func splitWords(words []string) (last, first string, sure bool) {
	end := len(words) - 1
	switch {
	case familyName(words[0]):
		return words[0], strings.Join(words[1:], " "), len(words) == 2
	case familyName(words[end]): // 길동 홍
		return words[end], strings.Join(words[:end], " "), false
	}
	return words[0], strings.Join(words[1:], " "), false
}

func familyName(s string) bool {
	if _, ok := doubleFamily(s); ok {
		return true
	}
	r := []rune(s)
	return len(r) == 1 && singleFamily(r[0])
}

// splitKorean splits Hangul without spaces.
func splitKorean(r []rune) (last, first string, sure bool) {
	one := func(sure bool) (string, string, bool) {
		return string(r[:1]), string(r[1:]), sure && singleFamily(r[0])
	}
	two := func(sure bool) (string, string, bool) { return string(r[:2]), string(r[2:]), sure }
	if len(r) == 1 {
		return string(r), "", false
	}
	double, ok := doubleFamily(string(r[:2]))
	switch {
	case !ok:
		return one(len(r) <= 3)
	case len(r) == 2:
		return one(false)
	case len(r) == 3 && double.rather1:
		return one(false)
	case len(r) == 3:
		return two(!singleFamily(r[0]))
	}
	return two(len(r) == 4 && !double.rare)
}

// splitForeign splits names with letters that are not Hangul.
func splitForeign(words []string) (last, first string) {
	all := strings.Join(words, " ")
	if before, after, ok := strings.Cut(all, ","); ok && strings.TrimSpace(before) != "" {
		return strings.TrimSpace(before), strings.TrimSpace(after)
	}
	r := []rune(all)
	switch {
	case len(words) > 1 && !eastAsian(r[0]):
		return words[len(words)-1], strings.Join(words[:len(words)-1], " ")
	case len(words) > 1:
		return words[0], strings.Join(words[1:], " ")
	case eastAsian(r[0]) && len(r) > 1: // 홍길동B, 洪吉童
		last, first := string(r[:1]), string(r[1:])
		if double, ok := doubleFamily(string(r[:2])); ok && len(r) > 2 && !double.rather1 {
			last, first = string(r[:2]), string(r[2:])
		}
		return last, first
	}
	return all, ""
}

func eastAsian(r rune) bool { return unicode.In(r, unicode.Hangul, unicode.Han) }

// double is a family name of two syllables.
type double struct {
	rather1 bool // a name of three syllables is more likely a family name of one
	rare    bool // borne by so few that even four syllables are not certain
}

// doubleFamily knows the family names of two syllables of the census of 2015.
func doubleFamily(s string) (double, bool) {
	switch s {
	case "남궁", "제갈", "사공", "독고", "동방":
		return double{}, true
	case "황보", "선우", "서문":
		return double{rather1: true}, true
	case "망절", "을지", "공손", "사마", "하후", "영호":
		return double{rare: true}, true
	case "장곡", "강전", "소봉", "어금", "무본":
		return double{rather1: true, rare: true}, true
	}
	return double{}, false
}

// singleFamily knows the family names of one syllable that Koreans bear.
func singleFamily(r rune) bool {
	const names = "가간갈감강개견경계고곡공곽교구국군궁궉권근금기길김나난남낭내노뇌누단담당대도돈동두등라란랑량려렴로뢰류륙리림" +
		"마만매맹명모목묘묵문미민박반방배백범변복봉부비빈빙사삼상서석선설섭성소손송수순승시신심십쌍아안애야양어엄여연염엽영예오옥온옹완왕요용우운원위유육윤은음이인임" +
		"자장저전점정제조종좌주준증지진차창채천초총최추춘탁탄탕태판팽편평포표풍피필하학한함해허현형호홍화환황후흥"
	return strings.ContainsRune(names, r)
}
