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
	switch name {
	case "김":
		return "Kim"
	case "이":
		return "Lee"
	case "박":
		return "Park"
	case "최":
		return "Choi"
	case "정":
		return "Jung"
	case "강":
		return "Kang"
	case "조":
		return "Cho"
	case "윤":
		return "Yoon"
	case "임":
		return "Lim"
	case "오":
		return "Oh"
	case "신":
		return "Shin"
	case "권":
		return "Kwon"
	case "안":
		return "Ahn"
	case "유":
		return "Yoo"
	case "고":
		return "Ko"
	case "문":
		return "Moon"
	case "심":
		return "Shim"
	case "노":
		return "Noh"
	case "곽":
		return "Kwak"
	case "성":
		return "Sung"
	case "주":
		return "Joo"
	case "우":
		return "Woo"
	case "구":
		return "Koo"
	case "공":
		return "Kong"
	case "현":
		return "Hyun"
	case "변":
		return "Byun"
	case "명":
		return "Myung"
	case "선우":
		return "Sunwoo"
	}
	return ""
}
