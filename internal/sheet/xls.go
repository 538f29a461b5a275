package sheet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/richardlehane/mscfb"

	"github.com/isaworks/isa/internal/diag"
)

// cfbMagic begins a compound file ([MS-CFB] 2.2), in which the old Excel kept its
// workbooks and in which today's keeps encrypted ones.
const cfbMagic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

var (
	errOldBIFF = errors.New("it is of an Excel older than Excel 5")
	errNoTable = errors.New("it is an Office document, but no workbook")
)

// protectedError says how a file is protected.
type protectedError string

func (p protectedError) Error() string { return string(p) }

// readXLS reads a worksheet of a binary workbook: BIFF8 (Excel 97 to 2003) or BIFF5
// (Excel 5 and 95), in a compound file or bare ([MS-XLS]).
//
// The public readers of this format panic on files that programs other than Excel
// have written, know no code pages, and hold everything in memory.
func readXLS(src source) (*Table, diag.List) {
	stream, err := workbookStream(src.input)
	if err != nil {
		return nil, diag.List{*unreadable(src, err)}
	}
	w, err := readGlobals(stream, src.opts.Encoding)
	if err != nil {
		return nil, diag.List{*unreadable(src, err)}
	}
	if w.biff8 && src.opts.Encoding != "" {
		return nil, diag.List{*src.problem(CodeOption, "encoding is not for .xls files of Excel 97 and later, which are Unicode.", "Remove encoding.")}
	}
	return readBook(src, w.book, w.readSheet)
}

// workbookStream finds the bytes of the workbook.
func workbookStream(in *input) (io.ReadSeeker, error) {
	head, err := in.head(512)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte(cfbMagic)) {
		return io.NewSectionReader(in.at, 0, in.size), nil
	}
	if err := plausible(head, in.size); err != nil {
		return nil, err
	}
	files, err := mscfb.New(io.NewSectionReader(in.at, 0, in.size))
	if err != nil {
		return nil, err
	}
	var found *mscfb.File
	for _, f := range files.File {
		switch {
		case f.Name == "EncryptedPackage" || strings.HasPrefix(f.Name, "DRM"):
			return nil, protection(files)
		case len(f.Path) > 0: // of a document inside
		case f.Name == "Workbook", f.Name == "Book" && found == nil:
			found = f
		}
	}
	switch {
	case found == nil:
		return nil, errNoTable
	case found.Size > in.size:
		return nil, errEnds
	}
	return found, nil
}

// plausible refuses headers of compound files that promise more than the file can
// hold; the library would make room for it.
func plausible(head []byte, size int64) error {
	if len(head) < 512 {
		return errEnds
	}
	const numDirectory, numFAT, numMiniFAT, numDIFAT = 40, 44, 64, 72
	for _, at := range []int{numDirectory, numFAT, numMiniFAT, numDIFAT} {
		if int64(binary.LittleEndian.Uint32(head[at:]))*512 > size {
			return errEnds
		}
	}
	return nil
}

// protection says how a compound file is protected.
func protection(files *mscfb.Reader) error {
	drm := slices.ContainsFunc(files.File, func(f *mscfb.File) bool { return strings.HasPrefix(f.Name, "DRM") })
	if drm {
		return protectedError("the file is rights-managed (IRM)")
	}
	return protectedError("the file is encrypted with a password")
}

// bareBIFF tells a workbook that is not in a compound file: it begins with a record
// that says where it begins, whose length is 4 to 16.
func bareBIFF(head []byte) bool {
	return len(head) > 8 && head[0] == 9 && bytes.IndexByte([]byte{0, 2, 4, 8}, head[1]) >= 0 && head[2] >= 4 && head[2] <= 16 && head[3] == 0
}
