package mail_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
)

// folder makes a folder from "path" or "path \Use"; levels are divided by /, and a
// ⁄ stands for a / inside a name.
func folder(text string) providers.Folder {
	path, use, _ := strings.Cut(text, ` \`)
	f := providers.Folder{ID: path, Use: providers.Use(strings.ToLower(use)), Epoch: "1"}
	for _, level := range strings.Split(path, "/") {
		f.Path = append(f.Path, strings.ReplaceAll(level, "⁄", "/"))
	}
	return f
}

func folders(texts ...string) []providers.Folder {
	var out []providers.Folder
	for _, t := range texts {
		out = append(out, folder(t))
	}
	return out
}

// told writes mappings as "source → target (note)".
func told(all []mail.Mapping) []string {
	var out []string
	for _, m := range all {
		switch {
		case m.Excluded != "":
			out = append(out, fmt.Sprintf("%s excluded: %s", m.Folder.ID, m.Excluded))
			continue
		case m.Use != "":
			out = append(out, fmt.Sprintf("%s → %s as %s", m.Folder.ID, strings.Join(m.Path, "/"), m.Use))
		default:
			out = append(out, fmt.Sprintf("%s → %s", m.Folder.ID, strings.Join(m.Path, "/")))
		}
		if m.Note != "" {
			out[len(out)-1] += " (" + m.Note + ")"
		}
	}
	return out
}

func TestMap(t *testing.T) {
	unserved := folder("공용")
	unserved.Unserved = "cannot be selected"
	long := strings.Repeat("가나다라마바사아자차", 11)
	for _, c := range []struct {
		name  string
		in    []providers.Folder
		rules mail.FolderRules
		want  []string
	}{
		{"as they are", folders(`INBOX \Inbox`, `보낸메일함 \Sent`, "업무/2019", "업무", "R&D [old]"), mail.FolderRules{}, []string{
			"INBOX → INBOX as inbox", "보낸메일함 → 보낸메일함 as sent", "업무/2019 → 업무/2019", "업무 → 업무", "R&D [old] → R&D [old]"}},
		{"gmail", folders(`INBOX \Inbox`, `[Gmail]/All Mail \All`, `[Gmail]/Sent Mail \Sent`, `[Gmail]/Starred \Flagged`, "업무"), mail.FolderRules{}, []string{
			"INBOX → INBOX as inbox", "[Gmail]/All Mail → All Mail", "[Gmail]/Sent Mail → Sent Mail as sent",
			"[Gmail]/Starred excluded: shows what other folders hold", "업무 → 업무"}},
		{"names that the service does not take", folders("견적:2019", "견적⁄2019", "견적_2019", "견적⁄2019/1월", ".", "a  b.", "🚀"), mail.FolderRules{}, []string{
			"견적:2019 → 견적_2019 (c6ee) (special characters, another folder has the name)",
			"견적⁄2019 → 견적_2019 (08dc) (special characters, another folder has the name)",
			"견적_2019 → 견적_2019",
			"견적⁄2019/1월 → 견적_2019 (08dc)/1월",
			". → _ (special characters)", "a  b. → a b (special characters)", "🚀 → _ (ebbc) (special characters, another folder has the name)"}},
		{"case", folders("Work", "work", "WORK/a"), mail.FolderRules{}, []string{
			"Work → Work", "work → work (00e1) (another folder has the name)", "WORK/a → Work/a"}},
		{"depth", folders("1/2/3/4/5", "1/2/3/4/5/6", "1/2/3/4/5/6/7", "1/2/3/4/5 - 6"), mail.FolderRules{}, []string{
			"1/2/3/4/5 → 1/2/3/4/5", "1/2/3/4/5/6 → 1/2/3/4/5 - 6 (fc78) (more than 5 levels, another folder has the name)",
			"1/2/3/4/5/6/7 → 1/2/3/4/5 - 6 (fc78) - 7 (more than 5 levels)", "1/2/3/4/5 - 6 → 1/2/3/4/5 - 6"}},
		{"length", folders(long, long+"/아래"), mail.FolderRules{}, []string{
			long + " → " + long[:300] + " (more than 100 characters)", long + "/아래 → 아래 (more than 100 characters)"}},
		{"excluded", append(folders(`INBOX \Inbox`, `Junk E-mail \Junk`, "Junk E-mail/2019", "Junk E-mail/keep/x", "광고/하나", "광고 모음"), unserved),
			mail.FolderRules{Exclude: []string{`\Junk`, "광고*"}, Include: []string{"junk e-mail/KEEP"}}, []string{
				"INBOX → INBOX as inbox", `Junk E-mail excluded: folders.exclude "\\Junk"`, `Junk E-mail/2019 excluded: folders.exclude "\\Junk"`,
				"Junk E-mail/keep/x → Junk E-mail/keep/x", `광고/하나 excluded: folders.exclude "광고*"`, `광고 모음 excluded: folders.exclude "광고*"`,
				"공용 excluded: cannot be selected"}},
		{"only", folders(`INBOX \Inbox`, "업무/2019", "개인"), mail.FolderRules{Only: []string{`\Inbox`, "업무"}, Exclude: []string{"업무/*8"}}, []string{
			"INBOX → INBOX as inbox", "업무/2019 → 업무/2019", "개인 excluded: not in folders.only"}},
		{"renamed", folders("옛 자료/2019", "옛 자료/2019/1월", "2019", "옛 자료", "지운 편지함", `Deleted \Trash`), mail.FolderRules{
			Rename: map[string]string{"옛 자료/2019": "2019", "옛 자료": "old", "지운 편지함": `\Trash`}}, []string{
			"옛 자료/2019 → 2019 (folders.rename)", "옛 자료/2019/1월 → 2019/1월 (folders.rename)", "2019 → 2019 (023e) (another folder has the name)",
			"옛 자료 → old (folders.rename)", "지운 편지함 → 지운 편지함 as trash (folders.rename)", "Deleted → Deleted"}},
		{"two of one use", folders(`Sent \Sent`, `Sent Items \Sent`, "보낸메일함"), mail.FolderRules{}, []string{
			"Sent → Sent as sent", "Sent Items → Sent Items", "보낸메일함 → 보낸메일함 (eff9) (another folder has the name)"}},
		{"the service's own names", folders("INBOX", "휴지통", "spam"), mail.FolderRules{}, []string{
			"INBOX → INBOX as inbox", "휴지통 → 휴지통 as trash", "spam → spam as junk"}},
		{"no rename reaches the inbox", folders(`INBOX \Inbox`, "INBOX/고객"), mail.FolderRules{Rename: map[string]string{"INBOX": "옛 편지"}}, []string{
			"INBOX → INBOX as inbox", "INBOX/고객 → 옛 편지/고객 (folders.rename)"}},
		{"renamed to a folder of the service", folders("지운", `Trash \Trash`), mail.FolderRules{Rename: map[string]string{"지운": "휴지통"}}, []string{
			"지운 → 휴지통 as trash (folders.rename)", "Trash → Trash (c560) (another folder has the name)"}},
		{"known", folders(`보낸 편지함 \Sent`, "a:b", "a_b", "새"), mail.FolderRules{Known: map[string]providers.Folder{
			"보낸 편지함": {Path: []string{"Sent"}, Use: providers.UseSent}, "a:b": {Path: []string{"a_b"}}, "새": {Path: []string{"옛"}}}, Rename: map[string]string{"새": "새것"}}, []string{
			"보낸 편지함 → Sent as sent", "a:b → a_b", "a_b → a_b (648f) (another folder has the name)", "새 → 새것 (folders.rename)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := told(mail.Map(c.in, c.rules))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPlaced(t *testing.T) {
	record := func(id string, path ...string) providers.FolderRecord {
		return providers.FolderRecord{Folder: providers.Folder{ID: id}, Target: providers.Folder{ID: "t", Path: path}}
	}
	gone := record("c", "C")
	gone.Gone = true
	got := mail.Placed([]providers.FolderRecord{record("a", "A"), record("b"), gone})
	if diff := cmp.Diff(map[string]providers.Folder{"a": {ID: "t", Path: []string{"A"}}}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestUnusedPatternsAreTold(t *testing.T) {
	r := mail.FolderRules{Only: []string{"업무", "없음"}, Exclude: []string{`\Junk`, "업*/20*"}, Rename: map[string]string{"옛": "새", "업무": "일"}}
	want := []string{`folders.exclude "\\Junk"`, `folders.only "없음"`, `folders.rename "옛"`}
	if diff := cmp.Diff(want, r.Unused(folders("업무/2019", "업무"))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// randomFolders makes a store with names that meet: equal but for case, special
// characters, depth, length and use.
func randomFolders(r *rand.Rand, n int) []providers.Folder {
	words := []string{"a", "A", "a:", "a?", "a_", "업무", "업무 ", "Sent", "보낸메일함", "Trash", "휴지통", "INBOX", "[Gmail]", "All Mail", ".", "🚀", "x/y", "R&D", strings.Repeat("긴이름", 14), strings.Repeat("z", 120)}
	uses := []providers.Use{"", "", "", "", "", "", providers.UseInbox, providers.UseSent, providers.UseTrash, providers.UseAll, providers.UseFlagged, providers.UseJunk}
	seen := map[string]bool{}
	var out []providers.Folder
	for len(out) < n {
		f := providers.Folder{Use: uses[r.IntN(len(uses))]}
		for range 1 + r.IntN(7) {
			f.Path = append(f.Path, words[r.IntN(len(words))])
		}
		f.ID = strings.Join(f.Path, "\x01")
		if !seen[f.ID] {
			seen[f.ID] = true
			out = append(out, f)
		}
	}
	return out
}

// place is what two folders never share.
func place(m mail.Mapping) string {
	if m.Use != "" {
		return `\` + string(m.Use)
	}
	return strings.ToLower(strings.Join(m.Path, "/"))
}

// TestNoTwoFoldersShareAPlace, and each place is one that the service takes.
func TestNoTwoFoldersShareAPlace(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		in := randomFolders(r, 2+r.IntN(40))
		rules := mail.FolderRules{}
		if seed%3 == 0 {
			rules.Rename = map[string]string{"업무": "일/하나", "a": "A_", "Trash": `\Trash`, "Sent/a": "Spam"}
		}
		all := mail.Map(in, rules)
		if len(all) != len(in) {
			t.Fatalf("seed %d: %d mappings for %d folders", seed, len(all), len(in))
		}
		taken, paths := map[string]string{}, map[string]string{}
		for i, m := range all {
			if m.Folder.ID != in[i].ID {
				t.Fatalf("seed %d: mapping %d is of another folder", seed, i)
			}
			if m.Excluded != "" {
				if m.Path != nil {
					t.Errorf("seed %d: %q is excluded and goes to %q", seed, m.Folder.ID, m.Path)
				}
				continue
			}
			if other, twice := taken[place(m)]; twice {
				t.Errorf("seed %d: %q and %q go to %s", seed, other, m.Folder.ID, place(m))
			}
			text := strings.Join(m.Path, "/")
			if other, twice := paths[strings.ToLower(text)]; twice {
				t.Errorf("seed %d: %q and %q are called %s", seed, other, m.Folder.ID, text)
			}
			taken[place(m)], paths[strings.ToLower(text)] = m.Folder.ID, m.Folder.ID
			if len(m.Path) == 0 || len(m.Path) > mail.MaxDepth || utf8.RuneCountInString(text) > mail.MaxPath {
				t.Errorf("seed %d: %q has %d levels and %d characters", seed, text, len(m.Path), utf8.RuneCountInString(text))
			}
			for _, level := range m.Path {
				if level == "" || strings.TrimSpace(level) != level || strings.ContainsAny(level, `/\:*?"<>|%`) {
					t.Errorf("seed %d: %q has the level %q", seed, text, level)
				}
			}
		}
	}
}

// TestMapIsStable: the order in which folders are listed says nothing, and folders
// that come later move none that has a place.
func TestMapIsStable(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		in := randomFolders(r, 4+r.IntN(30))
		some := in[:len(in)/2]
		first := map[string]providers.Folder{}
		for _, m := range mail.Map(some, mail.FolderRules{}) {
			if m.Excluded == "" {
				first[m.Folder.ID] = providers.Folder{Path: m.Path, Use: m.Use}
			}
		}
		known := mail.FolderRules{Known: first}
		was := told(mail.Map(in, known))
		for _, m := range mail.Map(in, known) {
			f, ok := first[m.Folder.ID]
			if ok && (strings.Join(f.Path, "/") != strings.Join(m.Path, "/") || f.Use != m.Use) && m.Use != providers.UseInbox && f.Use != providers.UseInbox {
				t.Fatalf("seed %d: %q went to %q as %q, and goes to %q as %q now", seed, m.Folder.ID, f.Path, f.Use, m.Path, m.Use)
			}
		}
		mixed := slices.Clone(in)
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		now := told(mail.Map(mixed, known))
		slices.Sort(was)
		slices.Sort(now)
		if diff := cmp.Diff(was, now); diff != "" {
			t.Fatalf("seed %d: the order of listing counts:\n%s", seed, diff)
		}
	}
}

// TestMapTwiceIsMapOnce: what went through once stays as it is.
func TestMapTwiceIsMapOnce(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		var moved []providers.Folder
		want := map[string]string{}
		for _, m := range mail.Map(randomFolders(r, 2+r.IntN(30)), mail.FolderRules{}) {
			if m.Excluded != "" {
				continue
			}
			f := providers.Folder{ID: m.Folder.ID, Path: m.Path, Use: m.Use}
			moved = append(moved, f)
			want[f.ID] = place(m)
		}
		got := map[string]string{}
		for _, m := range mail.Map(moved, mail.FolderRules{}) {
			got[m.Folder.ID] = place(m)
		}
		if !maps.Equal(want, got) {
			t.Fatalf("seed %d: %s", seed, cmp.Diff(want, got))
		}
	}
}

func FuzzMap(f *testing.F) {
	f.Add("업무/2019", "업무:2019", "\\Sent", "*")
	f.Add("a/b/c/d/e/f/g", "", "..", "[Gmail]/All Mail")
	f.Fuzz(func(t *testing.T, a, b, rename, pattern string) {
		in := []providers.Folder{{ID: "1", Path: strings.Split(a, "/")}, {ID: "2", Path: strings.Split(b, "/")}, {ID: "3", Path: strings.Split(a+"/"+b, "/"), Use: providers.UseSent}}
		rules := mail.FolderRules{Rename: map[string]string{a: rename}, Exclude: []string{pattern}}
		seen := map[string]bool{}
		for _, m := range mail.Map(in, rules) {
			if m.Excluded != "" {
				continue
			}
			text := strings.Join(m.Path, "/")
			if seen[strings.ToLower(text)] || !utf8.ValidString(text) || utf8.RuneCountInString(text) > mail.MaxPath || len(m.Path) > mail.MaxDepth || slices.Contains(m.Path, "") {
				t.Errorf("%q goes to %q", m.Folder.Path, m.Path)
			}
			seen[strings.ToLower(text)] = true
		}
	})
}
