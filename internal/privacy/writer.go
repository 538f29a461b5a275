package privacy

import "io"

// writer writes texts without words that are hidden.
type writer struct {
	to    io.Writer
	scrub func(string) string
}

// Writer returns a writer that takes words out of what is written before to gets it. Each
// Write is a text of its own: no word goes on in the next one. scrub is that of Scrubber;
// with nil, to itself is returned.
func Writer(to io.Writer, scrub func(string) string) io.Writer {
	if scrub == nil {
		return to
	}
	return writer{to, scrub}
}

func (w writer) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.scrub(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}
