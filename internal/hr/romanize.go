package hr

import (
	"fmt"
	"strings"
	"unicode"
)

// Roman writes Korean in Latin letters by the Revised Romanization (국어의 로마자
// 표기법, notice 2000-8 of the Ministry of Culture and Tourism, as amended in 2014).
// Letters that are not Hangul stay as they are. The zero Roman writes family names as
// most people who bear them do: 김 Kim, 이 Lee, 박 Park.
type Roman struct {
	Family map[string]string // spellings of family names that win over all others
	Rules  bool              // family names by the rules, too: 김 Gim, 이 I, 박 Bak
	Hyphen bool              // between the syllables of given names: Gil-dong
}

// Name returns a full name, the family name first: 홍길동 is Hong Gildong. It is sure
// where SplitName is; names without Hangul stay as they are and are sure. Between the
// syllables of names no sound changes are written (한복남 Han Boknam), as section 3,
// article 4 wants it. A text without letters is an error.
func (r Roman) Name(text string) (name string, sure bool, err error) {
	if !strings.ContainsFunc(tidy(text), isSyllable) {
		return tidy(text), true, nil
	}
	last, first, sure, err := SplitName(text)
	if err != nil {
		return "", false, err
	}
	return strings.TrimSpace(r.FamilyName(last) + " " + r.GivenName(first)), sure, nil
}

// FamilyName returns a family name.
func (r Roman) FamilyName(text string) string {
	text = tidy(text)
	if own, ok := r.Family[text]; ok {
		return own
	}
	if usual := usualFamily(text); usual != "" && !r.Rules {
		return usual
	}
	return capitals(spelled(text, ""))
}

// GivenName returns a given name.
func (r Roman) GivenName(text string) string {
	hyphen := ""
	if r.Hyphen {
		hyphen = "-"
	}
	return capitals(spelled(tidy(text), hyphen))
}

// Login returns a name as the local part of a login ID: 홍길동 is gildong.hong. It is
// sure where SplitName is. Names with letters other than Hangul and a–z are an error,
// because nobody can say how their bearers write them.
func (r Roman) Login(text string) (login string, sure bool, err error) {
	last, first, sure, err := SplitName(text)
	if err != nil {
		return "", false, err
	}
	var parts []string
	for _, part := range []string{r.GivenName(first), r.FamilyName(last)} {
		var b strings.Builder
		for _, c := range strings.ToLower(part) {
			switch {
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
				b.WriteRune(c)
			case unicode.IsLetter(c) || unicode.IsMark(c):
				return "", false, fmt.Errorf("%q has letters that are neither Hangul nor a–z; write the login ID of this person yourself", shorten(text))
			}
		}
		if b.Len() > 0 {
			parts = append(parts, b.String())
		}
	}
	return strings.Join(parts, "."), sure, nil
}

// Word returns words that are no names of people, such as those of places and teams,
// with the changes of sound between syllables that section 3, article 1 wants: 신라 is
// Silla, 종로 Jongno, 왕십리 Wangsimni. What only a dictionary knows is not written: the
// ㄴ of compounds (학여울 would be Hangnyeoul).
func (Roman) Word(text string) string { return capitals(pronounced(tidy(text))) }

// capitals makes the first letter of each word a capital one.
func capitals(text string) string {
	start := true
	return strings.Map(func(r rune) rune {
		if start && unicode.IsLetter(r) {
			start = false
			return unicode.ToUpper(r)
		}
		start = unicode.IsSpace(r)
		return r
	}, text)
}

// usualFamily returns how a family name is mostly written where that differs from the
// rules, "" otherwise.
func usualFamily(name string) string {
	for _, f := range [...]struct{ hangul, latin string }{
		{"김", "Kim"}, {"이", "Lee"}, {"박", "Park"}, {"최", "Choi"}, {"정", "Jung"}, {"강", "Kang"}, {"조", "Cho"},
		{"윤", "Yoon"}, {"임", "Lim"}, {"오", "Oh"}, {"신", "Shin"}, {"권", "Kwon"}, {"안", "Ahn"}, {"유", "Yoo"},
		{"고", "Ko"}, {"문", "Moon"}, {"심", "Shim"}, {"노", "Noh"}, {"곽", "Kwak"}, {"성", "Sung"}, {"주", "Joo"},
		{"우", "Woo"}, {"구", "Koo"}, {"공", "Kong"}, {"현", "Hyun"}, {"변", "Byun"}, {"명", "Myung"}, {"선우", "Sunwoo"},
	} {
		if f.hangul == name {
			return f.latin
		}
	}
	return ""
}
