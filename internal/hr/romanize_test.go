package hr_test

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/hr"
)

// TestRomanWord has the examples of the notice, sections 2 and 3, without those that
// need a dictionary.
func TestRomanWord(t *testing.T) {
	for in, want := range map[string]string{
		"구미": "Gumi", "영동": "Yeongdong", "백암": "Baegam", "옥천": "Okcheon", "합덕": "Hapdeok", "호법": "Hobeop", "월곶": "Wolgot", "벚꽃": "Beotkkot", "한밭": "Hanbat",
		"구리": "Guri", "설악": "Seorak", "칠곡": "Chilgok", "임실": "Imsil", "울릉": "Ulleung", "대관령": "Daegwallyeong", "광희문": "Gwanghuimun",
		"백마": "Baengma", "신문로": "Sinmunno", "종로": "Jongno", "왕십리": "Wangsimni", "별내": "Byeollae", "신라": "Silla",
		"해돋이": "Haedoji", "같이": "Gachi", "맞히다": "Machida", "좋고": "Joko", "놓다": "Nota", "낳지": "Nachi", "묵호": "Mukho", "집현전": "Jiphyeonjeon",
		"압구정": "Apgujeong", "낙동강": "Nakdonggang", "죽변": "Jukbyeon", "낙성대": "Nakseongdae", "합정": "Hapjeong", "팔당": "Paldang", "샛별": "Saetbyeol", "울산": "Ulsan",
		"부산": "Busan", "세종": "Sejong", "독립문": "Dongnimmun", "경복궁": "Gyeongbokgung", "무량수전": "Muryangsujeon", "속리산": "Songnisan", "금강": "Geumgang", "독도": "Dokdo",
		"극락전": "Geungnakjeon", "안압지": "Anapji", "남한산성": "Namhansanseong", "화랑대": "Hwarangdae", "불국사": "Bulguksa", "현충사": "Hyeonchungsa", "오죽헌": "Ojukheon", "촉석루": "Chokseongnu", "종묘": "Jongmyo", "다보탑": "Dabotap",
		"영업 1팀": "Yeongeop 1tim", "IT전략실": "ITjeollyaksil", "생산량": "Saengsannyang", "판단력": "Pandannyeok", "닭": "Dak", "값이": "Gapsi", "앉아": "Anja", "많아": "Mana", "좋아": "Joa", "물난리": "Mullalli", "": "",
		"신문로 신문로": "Sinmunno Sinmunno", "營業": "營業",
	} {
		if got := (hr.Roman{}).Word(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestRomanName(t *testing.T) {
	plain, hyphen, rules := hr.Roman{}, hr.Roman{Hyphen: true}, hr.Roman{Rules: true, Family: map[string]string{"유": "Yu"}}
	for _, c := range []struct {
		how      hr.Roman
		in, want string
		sure     bool
	}{
		{plain, "민용하", "Min Yongha", true}, {hyphen, "민용하", "Min Yong-ha", true},
		{plain, "송나리", "Song Nari", true}, {hyphen, "송나리", "Song Na-ri", true},
		{plain, "한복남", "Han Boknam", true}, {hyphen, "한복남", "Han Bok-nam", true},
		{plain, "홍빛나", "Hong Bitna", true}, {hyphen, "홍빛나", "Hong Bit-na", true},
		{plain, "홍길동", "Hong Gildong", true}, {plain, "이석우", "Lee Seogu", true}, {hyphen, "이석우", "Lee Seok-u", true},
		{rules, "이석우", "I Seogu", true}, {rules, "김철수", "Gim Cheolsu", true}, {rules, "유관순", "Yu Gwansun", true},
		{plain, "남궁민수", "Namgung Minsu", true}, {plain, "황보라", "Hwang Bora", false}, {plain, "김 구", "Kim Gu", true},
		{plain, "박신라", "Park Sinra", true}, {plain, "최길례", "Choi Gillye", true}, {plain, "정영아", "Jung Yeonga", true},
		{plain, "John Smith", "John Smith", true}, {plain, "洪吉童", "洪吉童", true}, {plain, "홍길동B", "Hong GildongB", false},
	} {
		got, sure, err := c.how.Name(c.in)
		if err != nil || got != c.want || sure != c.sure {
			t.Errorf("%q: got %q, %v, %v; want %q, %v", c.in, got, sure, err, c.want, c.sure)
		}
	}
	if got := (hr.Roman{Family: map[string]string{"이": "Yi"}}).FamilyName("이"); got != "Yi" {
		t.Errorf("a family name of one's own choice is %q", got)
	}
}

func TestRomanLogin(t *testing.T) {
	for in, want := range map[string]string{
		"홍길동": "gildong.hong", "이석우": "seogu.lee", "남궁민수": "minsu.namgung", "John Smith": "john.smith", "Smith, John": "john.smith", "O'Brien, Mary Ann": "maryann.obrien",
		"홍": "hong", "洪吉童": "! neither Hangul", "Jürgen Groß": "! neither Hangul", "": "! empty", "123": "! not a name",
	} {
		got, _, err := (hr.Roman{}).Login(in)
		check(t, in, want, got, err)
	}
}

// TestRomanEverySyllable writes each syllable alone and before each other initial: only
// Latin letters come out, and what is spelled by syllables reads the same.
func TestRomanEverySyllable(t *testing.T) {
	hyphen := hr.Roman{Hyphen: true}
	for r := '가'; r <= '힣'; r++ {
		alone := strings.ToLower(hyphen.GivenName(string(r)))
		if alone == "" || strings.Trim(alone, "abcdefghijklmnoprstuwy") != "" {
			t.Fatalf("%c: %q", r, alone)
		}
		if int(r-'가')/28%21 != 0 {
			continue // what happens at a boundary does not depend on the vowel before
		}
		for next := '가'; next <= '힣'; next += 28 * 21 {
			pair := string([]rune{r, next})
			if got := strings.ToLower(hyphen.GivenName(pair)); got != alone+"-"+strings.ToLower(hyphen.GivenName(string(next))) {
				t.Fatalf("%s: %q", pair, got)
			}
			for _, got := range []string{hr.Roman{}.GivenName(pair), hr.Roman{}.Word(pair)} {
				if strings.Trim(strings.ToLower(got), "abcdefghijklmnoprstuwy") != "" {
					t.Fatalf("%s: %q", pair, got)
				}
			}
		}
	}
}
