package rawmail

import (
	"strings"
	"testing"
)

// FuzzParts cuts anything into parts: each lies within its parent, and the parts of
// a level do not overlap.
func FuzzParts(f *testing.F) {
	f.Add("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\na: b\r\n\r\nc\r\n--b--\r\n")
	f.Add("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\na: b\r\n\n--b--\r\n")
	f.Add("Content-Type: multipart/digest; boundary=b\n\n--b\n--b\n\n--b--")
	f.Add("\r\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, message string) {
		root, err := Parse(strings.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		if root.Header.From != 0 || root.Body.To != int64(len(message)) {
			t.Fatalf("of %d bytes the parts are %v %v", len(message), root.Header, root.Body)
		}
		checkPart(t, root, Span{0, int64(len(message))})
	})
}

func checkPart(t *testing.T, q *Part, in Span) {
	t.Helper()
	if q.Header.From < in.From || q.Header.To < q.Header.From || q.Body.From < q.Header.To || q.Body.To < q.Body.From || q.Body.To > in.To || q.Lines < 0 {
		t.Fatalf("%+v does not lie in %v", q, in)
	}
	at := q.Body.From
	for _, child := range q.Children {
		checkPart(t, child, Span{at, q.Body.To})
		at = child.Body.To
	}
	if q.Message != nil {
		checkPart(t, q.Message, q.Body)
	}
}
