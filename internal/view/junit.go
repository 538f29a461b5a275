package view

import (
	"encoding/xml"
	"io"

	"github.com/isaworks/isa/internal/diag"
)

// JUnit writes diagnostics as JUnit XML, which CI servers show as tests: a suite for each
// file, a failed test for each error, and a passed one with output for each warning. A
// configuration without any has one test, which passed.
func JUnit(w io.Writer, list diag.List) error {
	all := junitSuites{Name: "isa validate"}
	at := map[string]int{}
	for _, d := range list {
		file := fileOf(d)
		n, ok := at[file]
		if !ok {
			n = len(all.Suites)
			at[file] = n
			all.Suites = append(all.Suites, junitSuite{Name: file})
		}
		all.Suites[n].add(d, file)
	}
	if len(list) == 0 {
		all.Suites = []junitSuite{{Name: whole, Tests: 1, Cases: []junitCase{{Class: whole, Name: "is valid"}}}}
	}
	for i := range all.Suites {
		all.Tests += all.Suites[i].Tests
		all.Failures += all.Suites[i].Failures
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// whole names what is of no file.
const whole = "configuration"

// The elements of JUnit XML, as CI servers read them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// fileOf is the file that a diagnostic is about: where it is to be mended.
func fileOf(d diag.Diagnostic) string {
	switch {
	case d.Cell != nil:
		return Line(d.Cell.File)
	case d.Range != nil:
		return Line(d.Range.File)
	}
	return whole
}

func (s *junitSuite) add(d diag.Diagnostic, file string) {
	c := junitCase{Class: file, Name: junitName(d)}
	if file != whole {
		c.File = file
	}
	if d.Cell == nil && d.Range != nil {
		c.Line = d.Range.Start.Line
	}
	text := Told(d)
	if d.Range != nil {
		text = Line(d.Range.String()) + "\n" + text
	}
	s.Tests++
	if d.Severity == diag.Error {
		s.Failures++
		c.Failure = &junitFailure{Message: Line(d.Summary), Type: d.Code, Text: text}
	} else {
		c.Out = "Warning: " + text
	}
	s.Cases = append(s.Cases, c)
}

// junitName tells the tests of a file apart.
func junitName(d diag.Diagnostic) string {
	name := d.Code
	if s := subject(d); s != "" {
		name += " " + s
	}
	if p := place(d); p != "" {
		name += " at " + p
	}
	return Line(name)
}
