//go:build linux

package mailtest

import "testing"

func TestCyrusKeepsACorpus(t *testing.T) {
	corpus := Corpus{Messages: 300, Seed: 8}
	s := Cyrus(t, Options{})
	if err := AppendCorpus(t.Context(), s.Account("user"), corpus); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), s.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range (Comparison{}).Compare(corpus.Mailbox(), got) {
		t.Error(d)
	}
}
