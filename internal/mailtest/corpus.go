package mailtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// Corpus is mail as a Korean company has it: folders with Korean, nested and emoji
// names, lognormal sizes, old and new charsets, flags, keywords, dates in several
// zones, true duplicates, messages without a Message-ID and different messages
// with the same one. It is a recipe: message i is made when asked for, always the
// same for the same seed, so that a corpus takes no memory. It is safe for
// concurrent use.
type Corpus struct {
	Messages int
	Folders  int    // 30 when 0
	Seed     uint64 // other mail for another seed
	// Sizes: median of about 7.5 KB and at most about 100 KB when 0.
	MedianBytes, MaxBytes int
	// Prefix stands before each Message-ID, so that two corpora share none.
	Prefix string
}

// Message is one message of a corpus.
type Message struct {
	Folder string // its path, with "/" between: "프로젝트/네이버웍스 이전"
	Raw    []byte
	Flags  []string  // "\Seen", "$Forwarded" …, sorted
	Date   time.Time // INTERNALDATE, with the zone of who received it
}

// Names are the folders, parents before children.
func (c Corpus) Names() []string {
	names := []string{
		"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive", "Archive/2019", "Archive/2020", "Archive/2021", "Archive/2022",
		"받은편지함 보관", "보낸메일함", "프로젝트", "프로젝트/네이버웍스 이전", "프로젝트/네이버웍스 이전/1차",
		"프로젝트/고객사 & 협력사", "인사팀", "인사팀/연말정산", "총무", "계약서 (원본)", "회의록", "회의록/2023년", "회의록/2024년",
		"Entwürfe alt", "経理", "R&D", "R&D/실험 결과", "가나다라마바사아자차카타파하 긴 이름의 메일함", "newsletter", "😀 emoji",
	}
	n := c.Folders
	if n == 0 {
		n = len(names)
	}
	if n > len(names) {
		names = append(names, "분류")
	}
	for i := 1; len(names) < n; i++ {
		names = append(names, "분류/"+pad(i, 3))
	}
	return names[:n]
}

// Each makes one message after the other. An error of yield ends it.
func (c Corpus) Each(yield func(i int, m Message) error) error {
	for i := range c.Messages {
		if err := yield(i, c.Message(i)); err != nil {
			return err
		}
	}
	return nil
}

// Bytes is the size of all messages.
func (c Corpus) Bytes() int64 {
	var sum int64
	for i := range c.Messages {
		sum += int64(len(c.Message(i).Raw))
	}
	return sum
}

// Message makes message i. Every 97th is a true duplicate of the one before it:
// the same bytes, date and folder, flags of its own.
func (c Corpus) Message(i int) Message {
	own := c.random(i, 2)
	source := i
	if i%97 == 96 {
		source = i - 1
	}
	r := c.random(source, 1)
	names := c.Names()
	m := Message{Folder: names[pick(r, len(names))], Date: date(r), Flags: flags(own)}
	m.Raw = c.compose(source, r, c.size(r), m.Date)
	return m
}

func (c Corpus) random(i int, use uint64) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed<<3|use, uint64(i)+1))
}

// pick prefers the first of n: a few folders hold most of the mail.
func pick(r *rand.Rand, n int) int {
	return min(n-1, int(float64(n)*math.Pow(r.Float64(), 2.2)))
}

func (c Corpus) size(r *rand.Rand) int {
	median, most := float64(c.MedianBytes), float64(c.MaxBytes)
	if median == 0 {
		median = 7.5 * 1024
	}
	if most == 0 {
		most = 100 * 1024
	}
	return int(min(most, max(1024, median*math.Exp(1.15*r.NormFloat64()))))
}

func date(r *rand.Rand) time.Time {
	hours := []int{9, 9, 9, 9, 0, 1, -5, -8}
	zone := time.FixedZone("", hours[r.IntN(len(hours))]*3600)
	if r.IntN(50) == 0 {
		zone = time.FixedZone("", 5*3600+1800)
	}
	const from, to = 1_325_376_000, 1_735_689_600 // 2012 to 2025
	return time.Unix(from+r.Int64N(to-from), 0).In(zone)
}

func flags(r *rand.Rand) []string {
	var out []string
	for _, f := range []struct {
		name string
		of   float64
	}{{`\Answered`, .25}, {`\Flagged`, .06}, {`\Draft`, .01}, {`\Seen`, .8}, {"$Label1", .05}, {"$Forwarded", .05}, {"Urgent", .02}} {
		if r.Float64() < f.of {
			out = append(out, f.name)
		}
	}
	slices.Sort(out)
	return out
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}
