package rawmail

import (
	"io"
	"mime"

	"golang.org/x/text/encoding/htmlindex"
)

// decoder decodes encoded words in the charsets of the web's list.
func decoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) { return inCharset(charset, in) }}
}

func inCharset(charset string, in io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return enc.NewDecoder().Reader(in), nil
}
