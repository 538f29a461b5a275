package hr_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/hr"
)

// refused stands for an error whose text holds the words behind it.
const refused = "! "

func check(t *testing.T, in, want, got string, err error) {
	t.Helper()
	if words, ok := strings.CutPrefix(want, refused); ok {
		if err == nil {
			t.Errorf("%q: got %q, want an error", in, got)
		} else if !strings.Contains(err.Error(), words) {
			t.Errorf("%q: error %q lacks %q", in, err, words)
		}
		return
	}
	if err != nil || got != want {
		t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
	}
}

func TestDate(t *testing.T) {
	for in, want := range map[string]string{
		"2024-03-02": "2024-03-02", "2024.03.02": "2024-03-02", "2024. 3. 2.": "2024-03-02", "2024.3.2": "2024-03-02",
		"'24-3-2": "2024-03-02", "’24.3.2": "2024-03-02", "24.3.2": "2024-03-02", "24-3-2": "2024-03-02", "05.3.2": "2005-03-02",
		"'05-03-02": "2005-03-02", "49.1.1": "2049-01-01", "50.1.1": "1950-01-01", "99.12.31": "1999-12-31",
		"20240302": "2024-03-02", "2024년 3월 2일": "2024-03-02", "2024년3월2일": "2024-03-02", "24년 3월 2일": "2024-03-02",
		"2024/3/2": "2024-03-02", "2024-03-02T00:00:00": "2024-03-02", "2024-03-02 09:30": "2024-03-02",
		"2024-03-02T00:00:00Z": "2024-03-02", "2024-03-02 09:30:15.5": "2024-03-02", "2024. 3. 2. 오전 9:30": "2024-03-02",
		"2024-03-02(토)": "2024-03-02", "2024.3.2.(토요일)": "2024-03-02", " 2024-03-02　": "2024-03-02",
		"45353": "2024-03-02", "45353.75": "2024-03-02", "45353.0": "2024-03-02", "10000": "1927-05-18", "73000": "2099-11-11",
		"2024-02-29": "2024-02-29",

		"": "! empty", "  ": "! empty", "9999-12-31": "! 9999", "99991231": "! 9999", "0001-01-01": "! year 1",
		"2023-02-29": "! calendar", "2024-13-01": "! calendar", "2024.4.31": "! calendar", "20240230": "! calendar", "2024-00-10": "! calendar",
		"9999": "! serial", "73001": "! serial", "240302": "! serial", "03-02-24": "! four digits", "3/2/24": "! begin with the year",
		"12/31/24": "! four digits", "03/02/2024": "! four digits", "2024-3": "! not a date", "2024.3/2": "! not a date", "내일": "! not a date",
		"2024-03-02T15:00:00Z": "! time zone", "2024-03-02T15:00:00+09:00": "! time zone", "2024-03-02 25:00": "! not a date",
		"2024-003-2": "! not a date", "224-3-2": "! 3 digits", "2024-03-02(X)": "! not a date", "-45353": "! not a date",
	} {
		got, err := hr.Date(in)
		check(t, in, want, got, err)
	}
}

func TestDateSerial1904(t *testing.T) {
	for in, want := range map[string]string{
		"43891": "2024-03-02", "8538": "1927-05-18", "71538": "2099-11-11", "2024.3.2": "2024-03-02", "71539": "! 8538–71538", "8537": "! serial",
	} {
		got, err := hr.DateSerial1904(in)
		check(t, in, want, got, err)
	}
}

// TestDateEveryDay writes each day of the serial numbers in several ways.
func TestDateEveryDay(t *testing.T) {
	for day, serial := time.Date(1927, 5, 18, 0, 0, 0, 0, time.UTC), 10000; serial <= 73000; day, serial = day.AddDate(0, 0, 1), serial+1 {
		want := day.Format(time.DateOnly)
		for _, in := range []string{want, fmt.Sprint(serial), day.Format("20060102"), day.Format("2006. 1. 2."), day.Format("2006년 1월 2일")} {
			if got, err := hr.Date(in); err != nil || got != want {
				t.Fatalf("%q: got %q, %v, want %q", in, got, err, want)
			}
		}
	}
}

func TestPhone(t *testing.T) {
	for in, want := range map[string]string{
		"1012345678": "010-1234-5678", "01012345678": "010-1234-5678", "010.1234.5678": "010-1234-5678", "010 1234 5678": "010-1234-5678",
		"+82 10-1234-5678": "010-1234-5678", "+82 (0)10 1234 5678": "010-1234-5678", "82-10-1234-5678": "010-1234-5678", "00821012345678": "010-1234-5678",
		"1012345678.0": "010-1234-5678", "'01012345678": "010-1234-5678", "010–1234–5678": "010-1234-5678", "011-123-4567": "011-123-4567",
		"(02) 123-4567": "02-123-4567", "02-1234-5678": "02-1234-5678", "+82-2-123-4567": "02-123-4567", "212345678": "02-1234-5678",
		"031-123-4567": "031-123-4567", "0311234567": "031-123-4567", "070-1234-5678": "070-1234-5678", "080-123-4567": "080-123-4567",
		"1588-1234": "1588-1234", "15881234": "1588-1234", "+82 1588-1234": "1588-1234", "0505-123-4567": "0505-123-4567", "050412345678": "0504-1234-5678",
		"1234": "1234", "12345": "12345", "21": "21", "112": "112",
		"+1 650-253-0000": "+1 650-253-0000", "+81  3 1234 5678": "+81 3 1234 5678", "00 1 650 253 0000": "+1 650 253 0000", "+6562505000": "+6562505000",

		"": "! empty", "없음": "! not a phone", "010": "! too short", "02": "! too short", "07": "! too short", "7": "! too short", "0": "! too short", "010.0": "! too short", "+82": "! not a phone", "+82 10 12": "! not a phone", "+82 1234": "! not a phone", "010-123-4567": "! not a phone", "010-1234-56789": "! not a phone", "123-4567": "! not a phone",
		"2123-4567": "! not a phone", "010-1234-5678 / 02-123-4567": "! not a phone", "02-123-4567 (내선 12)": "! not a phone",
		"020-1234-5678": "! not a phone", "+1 23": "! not a phone", "+": "! not a phone", "1.01E+10": "! not a phone", "099-123-4567": "! not a phone",
	} {
		got, err := hr.Phone(in)
		check(t, in, want, got, err)
	}
}

func TestPhoneNormal(t *testing.T) {
	for in, want := range map[string]string{
		"+82 10 1234 5678": "01012345678", "010-1234-5678": "01012345678", "1012345678": "01012345678", "+82 2 123 4567": "021234567",
		"1588-1234": "15881234", "+82 1588 1234": "15881234", "1234": "1234", "+1 (650) 253-0000": "+16502530000", "001 650 253 0000": "+16502530000",
		"02-123-4567 내선 12": "02-123-4567내선12", "": "", "123-4567": "1234567",
	} {
		if got := hr.PhoneNormal(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDigits(t *testing.T) {
	for in, want := range map[string]string{
		"1042": "001042", "1042.0": "001042", "1042.00": "001042", "001042": "001042", " 7 ": "000007", "'42": "000042", "0": "000000",
		"": "! empty", "1234567": "! has 7 digits", "0001042": "! has 7 digits", "A42": "! 0–9 only", "1042.5": "! 0–9 only", "-5": "! 0–9 only",
		"1,042": "! 0–9 only", "１２": "000012", "１２．０": "000012", "①": "! 0–9 only", "١٢": "! 0–9 only", ".0": "! 0–9 only", "1042.": "! 0–9 only",
	} {
		got, err := hr.Digits(in, 6)
		check(t, in, want, got, err)
	}
	for _, width := range []int{-1, 0, 65} {
		if got, err := hr.Digits("1", width); err == nil {
			t.Errorf("width %d: got %q", width, got)
		}
	}
}

func TestSplitName(t *testing.T) {
	const sure, unsure = true, false
	for _, c := range []struct {
		in, last, first string
		sure            bool
	}{
		{"홍길동", "홍", "길동", sure}, {"김구", "김", "구", sure}, {"이 순신", "이", "순신", sure}, {"홍 길 동", "홍", "길동", sure}, {"김 구", "김", "구", sure},
		{"남궁민수", "남궁", "민수", sure}, {"제갈공명", "제갈", "공명", sure}, {"선우재덕", "선우", "재덕", sure}, {"황보 라", "황보", "라", sure},
		{"독고탁", "독고", "탁", sure}, {"남궁 민", "남궁", "민", sure}, {"사공 훈", "사공", "훈", sure}, {"서문탁수", "서문", "탁수", sure},
		{"남궁", "남", "궁", unsure}, {"선우진", "선", "우진", unsure}, {"황보라", "황", "보라", unsure}, {"남궁민", "남궁", "민", unsure},
		{"김하늘빛", "김", "하늘빛", unsure}, {"마이클잭슨", "마", "이클잭슨", unsure}, {"뷁길동", "뷁", "길동", unsure}, {"홍", "홍", "", unsure},
		{"길동 홍", "홍", "길동", unsure}, {"강전민수", "강전", "민수", unsure},
		{"홍길동B", "홍", "길동B", unsure}, {"남궁민수2", "남궁", "민수2", unsure}, {"洪吉童", "洪", "吉童", unsure},
		{"Gil Dong Hong", "Hong", "Gil Dong", unsure}, {"Hong, Gildong", "Hong", "Gildong", unsure}, {"Madonna", "Madonna", "", unsure},
		{"\u1112\u1169\u11BC\u1100\u1175\u11AF\u1103\u1169\u11BC", "홍", "길동", sure}, {"　홍길동 ", "홍", "길동", sure},
	} {
		last, first, isSure, err := hr.SplitName(c.in)
		if err != nil || last != c.last || first != c.first || isSure != c.sure {
			t.Errorf("%q: got %q, %q, %v, %v", c.in, last, first, isSure, err)
		}
	}
	for _, in := range []string{"", " ", "1042", "-"} {
		if last, first, _, err := hr.SplitName(in); err == nil {
			t.Errorf("%q: got %q, %q", in, last, first)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2024.3.2", "'24-3-2", "45353", "2024년 3월 2일", "2024-03-02T00:00:00", "03-02-24", "2024-03-02(토)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := hr.Date(s)
		if err != nil {
			return
		}
		if _, err := time.Parse(time.DateOnly, got); err != nil {
			t.Fatalf("%q: %q: %v", s, got, err)
		}
		if again, err := hr.Date(got); err != nil || again != got {
			t.Fatalf("%q: %q, then %q, %v", s, got, again, err)
		}
	})
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"1012345678", "+82 10-1234-5678", "(02) 123-4567", "1588-1234", "+1 650-253-0000", "00 1 650 253 0000", "12", "내선"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		normal := hr.PhoneNormal(s)
		if again := hr.PhoneNormal(normal); again != normal {
			t.Fatalf("%q: normal form %q, then %q", s, normal, again)
		}
		got, err := hr.Phone(s)
		if err != nil {
			return
		}
		if again, err := hr.Phone(got); err != nil || again != got {
			t.Fatalf("%q: %q, then %q, %v", s, got, again, err)
		}
		if hr.PhoneNormal(got) != normal {
			t.Fatalf("%q: normal form %q, of %q %q", s, normal, got, hr.PhoneNormal(got))
		}
	})
}

func FuzzSplitName(f *testing.F) {
	for _, s := range []string{"홍길동", "남궁 민수", "Hong, Gildong", "홍길동B", "Gil Dong Hong", "길동 홍"} {
		f.Add(s)
	}
	letters := func(s string) int {
		return len([]rune(strings.Map(func(r rune) rune {
			if r >= '가' && r <= '힣' {
				return r
			}
			return -1
		}, s)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		last, first, sure, err := hr.SplitName(s)
		if err != nil {
			return
		}
		if last == "" {
			t.Fatalf("%q: no family name, %q", s, first)
		}
		if sure && (first == "" || letters(last)+letters(first) != len([]rune(last+first))) {
			t.Fatalf("%q: sure of %q, %q", s, last, first)
		}
	})
}

func FuzzDigits(f *testing.F) {
	f.Add("1042.0", 6)
	f.Fuzz(func(t *testing.T, s string, width int) {
		got, err := hr.Digits(s, width)
		if err != nil {
			return
		}
		if again, err := hr.Digits(got, width); err != nil || again != got || len(got) != width {
			t.Fatalf("%q: %q, then %q, %v", s, got, again, err)
		}
	})
}

// One name has one normal form however it is written; two names have two.
func TestNameNormal(t *testing.T) {
	groups := [][]string{
		{"홍길동", "홍 길동", "길동 홍", " 홍  길동 ", "홍 길 동"},
		{"남궁민수", "남궁 민수", "민수 남궁"},
		{"김민수"}, {"김수민"}, {"이수정"}, {"정이수"},
		{"Hong Gildong", "Gildong Hong", "HONG, Gil-dong", "gil dong hong", "Hong Gil Dong"},
		{"Kim Minsu"}, {"Kim Sumin"},
		{"John Fitzgerald Kennedy", "Kennedy, John Fitzgerald"},
		{"山田 太郎", "太郎 山田", "山田太郎"},
		{"홍길동B", "홍길동 b"}, {"Aa"}, {"a"}, {"", "-", "  "},
	}
	seen := map[string]int{}
	for i, names := range groups {
		for _, name := range names {
			n := hr.NameNormal(name)
			if other, ok := seen[n]; ok && other != i {
				t.Errorf("%q has the form of %q: %q", name, groups[other][0], n)
			}
			seen[n] = i
			if first := hr.NameNormal(names[0]); n != first {
				t.Errorf("%q is %q, %q is %q", name, n, names[0], first)
			}
			if again := hr.NameNormal(n); again != n {
				t.Errorf("the form of %q is %q, and of that %q", name, n, again)
			}
		}
	}
}
