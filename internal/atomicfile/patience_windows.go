package atomicfile

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

// patiently repeats the renaming or removal of a file that somebody else has open just
// now: Windows refuses it until a reader, a virus scanner among them, has closed the
// file. After two seconds the refusal counts.
func patiently(act func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := act()
		if err == nil || pause > time.Second || !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		time.Sleep(pause)
	}
}
