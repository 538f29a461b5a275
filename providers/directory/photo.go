package directory

import (
	"fmt"
	"image"
	_ "image/jpeg" // the two formats of photos
	_ "image/png"
	"io"

	"github.com/isaworks/isa/internal/schema"
)

// maxPhoto is the largest photo in bytes, photoSide the width and height that the
// product advises in pixels (10 §2.17, limits).
const (
	maxPhoto  = 10_485_760
	photoSide = 640
)

// photoAttr is the profile photo. What was replaced by hand by another one is not
// noticed: the service tells only whether there is a photo.
func photoAttr() schema.Attr {
	return schema.Attr{
		Name: "photo", Type: schema.FileOf(schema.FileRule{MaxBytes: maxPhoto, Check: checkPhoto}), Normalise: schema.FileDigest,
		Clearable: true, Aside: true, Unreadable: true, Personal: true,
		Doc: "The profile photo: the path of a JPG or PNG of up to 10,485,760 bytes, relative to the directory of the configuration; 640 × 640 pixels are advised. It is uploaded when its content is another one than was applied last; what somebody uploads by hand is not noticed.",
	}
}

// checkPhoto looks at the beginning of a picture.
func checkPhoto(content io.Reader) (wrong, advice string) {
	c, format, err := image.DecodeConfig(content)
	switch {
	case err != nil, format != "jpeg" && format != "png":
		return "is no JPG or PNG picture", ""
	case c.Width != photoSide || c.Height != photoSide:
		return "", fmt.Sprintf("is a %s of %d × %d pixels; %d × %d are advised", format, c.Width, c.Height, photoSide, photoSide)
	}
	return "", ""
}
