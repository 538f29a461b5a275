package schema

import (
	"io"
	"strings"
)

// FileRule says which files an attribute of type File takes.
type FileRule struct {
	MaxBytes int64
	// Check tells what is wrong with a file by its content, and what is not wrong but
	// not as advised; "" when nothing is.
	Check func(content io.Reader) (wrong, advice string)
}

// FileOf is the type of files by their path, relative to the directory of the
// configuration.
func FileOf(rule FileRule) Type { return Type{Kind: File, File: &rule} }

// digestMark stands between path and digest.
const digestMark = " sha256:"

// FileText is the value of a File attribute: the path as written and the SHA-256 of
// the content in hexadecimal. Plans and states hold it, never the content.
func FileText(path, sum string) string { return path + digestMark + sum }

// FileParts takes a FileText apart; both are empty when it is none.
func FileParts(text string) (path, sum string) {
	i := strings.LastIndex(text, digestMark)
	if i < 0 {
		return "", ""
	}
	return text[:i], text[i+len(digestMark):]
}

// FileDigest is the normal form of a FileText (Attr.Normalise): a file that was only
// renamed is no change.
func FileDigest(text string) string {
	if _, sum := FileParts(text); sum != "" {
		return sum
	}
	return text
}
