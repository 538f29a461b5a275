package mailtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// copied is a mailbox that nobody shares.
func copied(m Mailbox) Mailbox {
	out := Mailbox{}
	for path, seen := range m {
		out[path] = slices.Clone(seen)
	}
	return out
}

func TestCompareFindsWhatDiffers(t *testing.T) {
	source := Corpus{Messages: 300, Seed: 3}.Mailbox()
	first := func(m Mailbox) *Seen { return &m["INBOX"][0] }
	for _, test := range []struct {
		name  string
		plant func(target Mailbox)
		with  Comparison
		want  map[Kind]int
	}{
		{name: "nothing", plant: func(Mailbox) {}},
		{name: "order", plant: func(m Mailbox) { slices.Reverse(m["INBOX"]) }},
		{name: "lost", plant: func(m Mailbox) { m["INBOX"] = m["INBOX"][1:] }, want: map[Kind]int{Missing: 1}},
		{name: "doubled", plant: func(m Mailbox) { m["INBOX"] = append(m["INBOX"], m["INBOX"][5]) }, want: map[Kind]int{Doubled: 1}},
		{name: "a byte", plant: func(m Mailbox) { first(m).Sum[7]++ }, want: map[Kind]int{Missing: 1, Extra: 1}},
		{name: "flags", plant: func(m Mailbox) { first(m).Flags += ` \deleted` }, want: map[Kind]int{FlagsDiffer: 1}},
		{name: "keywords", plant: func(m Mailbox) { first(m).Flags += " Private" }, want: map[Kind]int{KeywordsDiff: 1}},
		{name: "all of it", plant: func(m Mailbox) { first(m).Flags, first(m).Date = `x \y`, 1 },
			want: map[Kind]int{KeywordsDiff: 1, FlagsDiffer: 1, DateDiffers: 1}},
		{name: "date", plant: func(m Mailbox) { first(m).Date-- }, want: map[Kind]int{DateDiffers: 1}},
		{name: "folder lost", plant: func(m Mailbox) { delete(m, "R&D/실험 결과") },
			want: map[Kind]int{FolderMissing: 1, Missing: len(source["R&D/실험 결과"])}},
		{name: "elsewhere", plant: func(m Mailbox) { m["Sent"], m["INBOX"] = append(m["Sent"], m["INBOX"][0]), m["INBOX"][1:] },
			want: map[Kind]int{Missing: 1, Extra: 1}},
		{name: "folder too many", plant: func(m Mailbox) { m["New"] = []Seen{{Size: 1}} }, want: map[Kind]int{FolderExtra: 1, Extra: 1}},
		{name: "folder too many, not ours", plant: func(m Mailbox) { m["New"] = []Seen{{Size: 1}} },
			with: Comparison{Ours: func(path string) bool { return path != "New" }}},
		{name: "empty folder too many", plant: func(m Mailbox) { m["New"] = nil }},
		{name: "renamed", plant: func(m Mailbox) { m["보낸편지함"] = m["Sent"]; delete(m, "Sent") },
			with: Comparison{Rename: func(path string) string { return strings.Replace(path, "Sent", "보낸편지함", 1) }}},
		{name: "left out", plant: func(m Mailbox) { delete(m, "Trash") },
			with: Comparison{Rename: func(path string) string { return strings.TrimPrefix(path, "Trash") }}},
		{name: "flag that the target cannot hold", plant: func(m Mailbox) { first(m).Flags += " Private" },
			with: Comparison{Without: []string{"Private"}}},
		{name: "case of keywords", plant: func(m Mailbox) {
			for path := range m {
				for i := range m[path] {
					m[path][i].Flags = strings.ToLower(m[path][i].Flags)
				}
			}
		}, with: Comparison{AnyCase: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			target := copied(source)
			test.plant(target)
			got := map[Kind]int{}
			for _, d := range test.with.Compare(source, target) {
				got[d.Kind]++
			}
			if test.want == nil {
				test.want = map[Kind]int{}
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestCorpusIsWhatItSays(t *testing.T) {
	c := Corpus{Messages: 970, Seed: 5}
	sums, ids := map[string]int{}, map[string]int{}
	var bytes int
	var withoutID, shared int
	charsets := map[string]int{}
	for i := range c.Messages {
		m := c.Message(i)
		bytes += len(m.Raw)
		sums[fmt.Sprint(m.Folder, m.Date.Unix(), m.Seen().Sum)]++
		head, _, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
		_, id, ok := strings.Cut(head, "Message-ID: ")
		id, _, _ = strings.Cut(id, "\r\n")
		if !ok {
			withoutID++
		} else if ids[id]++; strings.Contains(id, "shared") {
			shared++
		}
		for _, charset := range []string{"utf-8", "euc-kr", "ks_c_5601-1987", "iso-2022-kr"} {
			if strings.Contains(string(m.Raw), "charset="+charset) {
				charsets[charset]++
			}
		}
		if strings.Contains(strings.ReplaceAll(string(m.Raw), "\r\n", ""), "\n") {
			t.Fatalf("message %d has a bare LF", i)
		}
		if again := c.Message(i); again.Seen() != m.Seen() || !slices.Equal(again.Flags, m.Flags) {
			t.Fatalf("message %d is not the same twice", i)
		}
	}
	doubles := 0
	for _, n := range sums {
		doubles += n - 1
	}
	if doubles != 10 || withoutID < 10 || shared < 3 || len(charsets) != 4 || bytes < 7_000_000 || bytes > 22_000_000 {
		t.Errorf("%d duplicates, %d without Message-ID, %d with a shared one, charsets %v, %d bytes", doubles, withoutID, shared, charsets, bytes)
	}
	if got := len(c.Names()); got != 30 {
		t.Errorf("%d folders", got)
	}
	if got := len((Corpus{Folders: 100}).Names()); got != 100 {
		t.Errorf("%d folders", got)
	}
	if other := (Corpus{Messages: 1, Seed: 6}).Message(0); other.Seen() == c.Message(0).Seen() {
		t.Error("another seed makes the same mail")
	}
}

func TestModifiedUTF7(t *testing.T) {
	for name, want := range map[string]string{
		"INBOX": "INBOX", "R&D": "R&-D", "받은편지함": "&vBvHQNO4ycDVaA-", "😀 emoji": "&2D3eAA- emoji", "Entwürfe": "Entw&APw-rfe",
	} {
		if got := ModifiedUTF7(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
