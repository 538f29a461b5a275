package workspace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/calibration"
)

// Facts that a probe finds out and no switch of the sandbox stands for.
const (
	arrivalFact = "migration-arrival"
	countFact   = "migration-count"
	namesFact   = "migration-names"
	dateFact    = "migration-date-shown"
	sentFact    = "migration-sent-mail"
)

// probeSubjects are those facts.
func probeSubjects() []calibration.Subject {
	return []calibration.Subject{
		{Name: arrivalFact, Values: []string{"once", "missing", "doubled"}, About: "what the mailbox holds of messages that the service has fetched and counted"},
		{Name: countFact, Values: []string{"offered", "other"}, About: "totalMailCount of a run that is done, where nothing was skipped"},
		{Name: namesFact, Values: []string{"kept", "changed"}, About: "names of the member's own folders, in Korean"},
		{Name: dateFact, Values: []string{"received", "today", "written", "other"}, About: "the date that the mailbox shows of a message that was received long ago: of its receipt, of the run, of its head, another one"},
		{Name: sentFact, Values: []string{"sent", "own", "other"}, About: "where sent mail is: in the service's own sent mail, in a folder of its own, elsewhere"},
	}
}

// Question is one that a person answers by looking into the mailbox.
type Question struct {
	Name           string // of the answer, for machines
	Text, Korean   string
	Answers        []Answer
	WithoutMessage string // the value of "arrived" with which it is not asked; "" always asked
}

// Answer is one of those that a question takes.
type Answer struct {
	Value        string // for machines
	Text, Korean string
}

// Unknown is the answer of who cannot tell. It stands for no fact.
const Unknown = "unknown"

// none is the answer to the first question with which the others are not asked.
const none = "0"

// Questions are what a person is asked, in this order. mark is that of the probe, ""
// when it is not known.
func Questions(mark string) []Question {
	tag := "[" + strings.TrimSpace("이사 점검 "+mark) + "]"
	yesNo := []Answer{{"yes", "yes", "예"}, {"no", "no", "아니요"}}
	read := []Answer{{"read", "as read", "읽음"}, {"unread", "as unread (bold)", "안 읽음(굵게)"}}
	list := []Question{
		{Name: "arrived", Text: "Search the whole mailbox for " + tag + ". How many messages are there? (Open none of them yet.)",
			Korean:  "메일 전체에서 " + tag + " 을(를) 검색하세요. 몇 통입니까? (아직 열지 마세요.)",
			Answers: []Answer{{"0", "none", "없음"}, {"1", "one", "1통"}, {"2", "two", "2통"}, {"3", "three", "3통"}, {"more", "more than three", "4통 이상"}}},
		{Name: "read", Text: "Message 1/3 is in the inbox. How does the list show it?", Korean: "1/3번 메일(받은메일함)은 목록에 어떻게 표시됩니까?", Answers: read},
		{Name: "unread", Text: "How does the list show message 2/3?", Korean: "2/3번 메일은 목록에 어떻게 표시됩니까?", Answers: read},
		{Name: "important", Text: "Is message 3/3 marked as important (star)?", Korean: "3/3번 메일에 중요 표시(별표)가 있습니까?", Answers: yesNo},
		{Name: "date", Text: "Which date does the list show for message 1/3?", Korean: "1/3번 메일의 날짜는 목록에 어떻게 표시됩니까?",
			Answers: []Answer{{"received", "2019-05-01", "2019-05-01"}, {"today", "that of the probe (today)", "점검한 날(오늘)"}, {"written", "2015-03-02", "2015-03-02"}, {"other", "another one", "다른 날짜"}}},
		{Name: "folder", Text: "Message 2/3 was in the folder " + probeFolder + ". Where is it now?", Korean: "2/3번 메일은 '" + probeFolder + "' 폴더에 있었습니다. 지금은 어디에 있습니까?",
			Answers: []Answer{
				{"own", "in a folder of that name, alone", "그 이름의 폴더에 이 메일만 있음"},
				{"beside", "in a folder of that name, beside the message of an earlier probe", "그 이름의 폴더에 이전 점검의 메일과 함께 있음"},
				{"second", "in a second folder, beside that of an earlier probe", "이전 점검의 폴더와 별도로 새로 생긴 폴더에 있음"},
				{"changed", "in a folder of another name", "다른 이름의 폴더에 있음"}}},
		{Name: "sent", Text: "Message 3/3 was sent mail. Where is it now?", Korean: "3/3번 메일은 보낸 메일이었습니다. 지금은 어디에 있습니까?",
			Answers: []Answer{{"sent", "in the sent mail (보낸메일함)", "보낸메일함"}, {"own", "in a folder of its own", "별도의 폴더"}, {"other", "elsewhere", "그 밖의 곳"}}},
	}
	for i := range list {
		list[i].Answers = append(slices.Clip(list[i].Answers), Answer{Unknown, "I cannot tell", "모르겠음"})
		if i > 0 {
			list[i].WithoutMessage = none
		}
	}
	return list
}

// Asked reports whether a question makes sense after the answers before it.
func (q Question) Asked(answers map[string]string) bool {
	return q.WithoutMessage == "" || answers["arrived"] != q.WithoutMessage
}

// Unanswered are the questions that nobody could answer, of those that make sense after
// the others. mark is that of the probe, "" when it is not known.
func Unanswered(mark string, answers map[string]string) (out []Question) {
	for _, q := range Questions(mark) {
		if q.Asked(answers) && known(answers[q.Name]) == "" {
			out = append(out, q)
		}
	}
	return out
}

// CheckAnswers refuses names and values that no question has.
func CheckAnswers(answers map[string]string) error {
	known := map[string]Question{}
	var names []string
	for _, q := range Questions("") {
		known[q.Name] = q
		names = append(names, q.Name)
	}
	for name, value := range answers {
		q, ok := known[name]
		if !ok {
			return fmt.Errorf("there is no question %q; there are %s", name, strings.Join(names, ", "))
		}
		var values []string
		for _, a := range q.Answers {
			values = append(values, a.Value)
		}
		if value != "" && !slices.Contains(values, value) {
			return fmt.Errorf("the answer %q to %q is none of %s", value, name, strings.Join(values, ", "))
		}
	}
	return nil
}

// Judge turns answers into facts. What cannot be told from them is none.
func Judge(a map[string]string) (out []Found) {
	add := func(name, value, how string) {
		if value != "" {
			out = append(out, Found{name, value, "A person looked: " + how + "."})
		}
	}
	switch a["arrived"] {
	case "3":
		add(arrivalFact, "once", "three messages were there of three that had been fetched")
	case "0", "1", "2":
		add(arrivalFact, "missing", a["arrived"]+" messages were there of three that had been fetched")
	case "more":
		add(arrivalFact, "doubled", "more than three messages were there of three that had been fetched")
	}
	if a["arrived"] == none {
		return out
	}
	add("migration-flags", flagsOf(a), "of a read, an unread and an important message "+strings.Join([]string{a["read"], a["unread"], "important: " + a["important"]}, ", "))
	add("migration-dates", map[string]string{"received": "kept", "today": "arrival"}[a["date"]], "which date the list shows of a message that was received long ago")
	add(dateFact, known(a["date"]), "which date the list shows of a message that was received long ago")
	add(namesFact, map[string]string{"own": "kept", "beside": "kept", "second": "kept", "changed": "changed"}[a["folder"]], "the name of a folder that is Korean")
	add("migration-again", map[string]string{"beside": "merge", "second": "new-folders"}[a["folder"]], "where the message of a second probe is")
	add("migration-special-folders", map[string]string{"sent": "names", "own": "none"}[a["sent"]], "where a message of the sent mail is, which had both the name and the attribute")
	add(sentFact, known(a["sent"]), "where a message of the sent mail is, which had both the name and the attribute")
	return out
}

// known is an answer, "" when it is none.
func known(answer string) string {
	if answer == Unknown {
		return ""
	}
	return answer
}

// flagsOf is the value of migration-flags, "" when not all was answered.
func flagsOf(a map[string]string) string {
	for _, name := range []string{"read", "unread", "important"} {
		if known(a[name]) == "" {
			return ""
		}
	}
	switch {
	case a["read"] != "read" || a["unread"] != "unread":
		return "dropped"
	case a["important"] != "yes":
		return "read"
	}
	return "kept"
}

// Keep writes facts of a probe into the calibration, with the time of now.
func (w *Workspace) Keep(found []Found) error {
	if len(found) == 0 {
		return nil
	}
	facts := map[string]calibration.Fact{}
	for _, f := range found {
		facts[f.Name] = calibration.Fact{Value: f.Value, How: f.How, At: w.env.Now().Truncate(time.Second)}
	}
	return w.Learn(facts)
}
