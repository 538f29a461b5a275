package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/diag"
)

// Check is what reports of a validation say besides its diagnostics.
type Check struct {
	Version string            // of isa
	Pages   map[string]string // of codes: what each means and the way out
	Sources map[string][]byte // texts of files, by the names that ranges use
	// Dir is the way from the top of the repository to the configuration, with slashes,
	// "" or "." for the top: readers of reports look for files from there.
	Dir string
}

// SARIF writes diagnostics in the Static Analysis Results Interchange Format 2.1.0
// (OASIS), which GitHub's code scanning and others read: a rule for each code with its
// page, a result for each diagnostic with its place in HCL and in tables.
func SARIF(w io.Writer, list diag.List, c Check) error {
	rules, index := c.rules(list)
	results := make([]sarifResult, len(list))
	for i, d := range list {
		results[i] = c.result(d, index[d.Code])
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:        sarifTool{sarifDriver{Name: "isa", SemanticVersion: c.Version, InformationURI: "https://github.com/isaworks/isa", Rules: rules}},
			Automation:  sarifAutomation{"isa validate/"},
			Invocations: []sarifInvocation{{true}},
			ColumnKind:  "unicodeCodePoints",
			Results:     results,
		}},
	})
}

// The parts of SARIF 2.1.0 that are written, by the names of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool `json:"executionSuccessful"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		InformationURI  string      `json:"informationUri"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string       `json:"id"`
		ShortDescription sarifText    `json:"shortDescription"`
		FullDescription  sarifText    `json:"fullDescription"`
		Help             sarifText    `json:"help"`
		Configuration    sarifDefault `json:"defaultConfiguration"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

// rules are the codes of list, sorted, and where each stands.
func (c Check) rules(list diag.List) ([]sarifRule, map[string]int) {
	first := map[string]diag.Diagnostic{}
	for _, d := range list {
		if known, ok := first[d.Code]; !ok || d.Severity == diag.Error && known.Severity != diag.Error {
			first[d.Code] = d
		}
	}
	rules, index := []sarifRule{}, map[string]int{}
	for _, code := range slices.Sorted(maps.Keys(first)) {
		d := first[code]
		page := c.Pages[code]
		if page == "" {
			page = d.Summary + "."
		}
		index[code] = len(rules)
		rules = append(rules, sarifRule{ID: code, ShortDescription: sarifText{d.Summary}, FullDescription: sarifText{page}, Help: sarifText{page},
			Configuration: sarifDefault{d.Severity.String()}})
	}
	return rules, index
}

func (c Check) result(d diag.Diagnostic, rule int) sarifResult {
	r := sarifResult{RuleID: d.Code, RuleIndex: rule, Level: d.Severity.String(), Message: sarifText{Told(d)}}
	if d.Range != nil {
		r.Locations = append(r.Locations, c.inText(*d.Range))
	}
	if d.Cell != nil {
		cell := c.inTable(*d.Cell)
		if len(r.Locations) > 0 {
			r.Related = append(r.Related, cell)
		} else {
			r.Locations = append(r.Locations, cell)
		}
	}
	if len(r.Locations) == 0 { // of the configuration as a whole
		r.Locations = append(r.Locations, sarifLocation{Physical: sarifPhysical{c.artifact(c.anyFile()), sarifRegion{StartLine: 1}}})
	}
	if s := subject(d); s != "" {
		r.Locations[0].Logical = append(r.Locations[0].Logical, sarifLogical{s})
	}
	r.Fingerprints = map[string]string{"isa/v1": fingerprint(d)}
	return r
}

// Told is a diagnostic as one text: what, where in a table, why, the way out.
func Told(d diag.Diagnostic) string {
	text := d.Summary
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	if d.Cell != nil {
		text += " (" + d.Cell.String() + ")"
	}
	if d.Fix != "" {
		text += "\nTo mend it: " + d.Fix
	}
	if d.Paste != "" {
		text += "\n" + d.Paste
	}
	parts := lines(text)
	return strings.TrimRight(strings.Join(parts, "\n"), "\n")
}

// fingerprint stays when lines move: it is of what a diagnostic is about, not of where
// that stands.
func fingerprint(d diag.Diagnostic) string {
	parts := []string{d.Code, d.Address, d.Attr, d.Detail}
	if d.Range != nil {
		parts = append(parts, d.Range.File)
	}
	if d.Cell != nil {
		parts = append(parts, d.Cell.File, d.Cell.Sheet, d.Cell.Heading, d.Cell.Ref)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func (c Check) anyFile() string {
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		return name
	}
	return "."
}

// artifact names a file from the top of the repository, as a URI.
func (c Check) artifact(file string) sarifArtifact {
	name := filepath.ToSlash(file)
	if !path.IsAbs(name) {
		name = path.Join(filepath.ToSlash(c.Dir), name)
	}
	return sarifArtifact{(&url.URL{Path: name}).EscapedPath()}
}

// inText is a place in a configuration file. SARIF counts columns in code points.
func (c Check) inText(r diag.Range) sarifLocation {
	region := sarifRegion{StartLine: max(r.Start.Line, 1)}
	if src, ok := c.Sources[r.File]; ok && r.End.Line >= r.Start.Line {
		region.StartColumn, region.EndLine, region.EndColumn = column(src, r.Start.Byte), max(r.End.Line, 1), column(src, r.End.Byte)
	}
	return sarifLocation{Physical: sarifPhysical{c.artifact(r.File), region}}
}

// column counts the code points of a line before an offset, from 1.
func column(src []byte, offset int) int {
	offset = min(max(offset, 0), len(src))
	begin := offset
	for begin > 0 && src[begin-1] != '\n' {
		begin--
	}
	return utf8.RuneCount(src[begin:offset]) + 1
}

// inTable is a place in a table: the row where rows are lines, else its file.
func (c Check) inTable(cell diag.Cell) sarifLocation {
	region := sarifRegion{StartLine: 1}
	if slices.Contains([]string{".csv", ".tsv", ".txt"}, strings.ToLower(path.Ext(cell.File))) {
		if row, err := strconv.Atoi(strings.TrimLeft(cell.Ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")); err == nil && row > 0 {
			region.StartLine = row
		}
	}
	return sarifLocation{Physical: sarifPhysical{c.artifact(cell.File), region}, Message: &sarifText{Line(cell.String())}}
}
