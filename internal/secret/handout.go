package secret

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/isaworks/isa/internal/atomicfile"
)

// Handout is a file of generated passwords for those who hand them out. It grows
// by one block an entry; each block is a complete armored age file:
//
//	-----BEGIN AGE ENCRYPTED FILE-----
//	…
//	-----END AGE ENCRYPTED FILE-----
//
// whose content is one line of JSON: {"who":"…","password":"…","at":"…"}. A block
// without its END line is what a crash left of an entry and counts as not there.
// Nobody can read the file without the identity of a recipient, isa included.
//
// It is safe for concurrent use.
type Handout struct {
	recipients []age.Recipient

	mu   sync.Mutex
	file *os.File
	torn bool // the file may end in the middle of a block
}

// Entry is one entry of a handout.
type Entry struct {
	Who      string    `json:"who"`
	Password string    `json:"password"`
	At       time.Time `json:"at"`
}

// String names the entry without its password.
func (e Entry) String() string { return e.Who }

// GoString is String.
func (e Entry) GoString() string { return e.Who }

// OpenHandout opens or makes the handout at path, mode 0600, for age recipients
// ("age1…"). Existing entries stay.
func OpenHandout(path string, recipients []string) (*Handout, error) {
	h := &Handout{}
	for _, text := range recipients {
		parsed, err := recipientsIn(text)
		if err != nil {
			return nil, fmt.Errorf("handout %s: %w", path, err)
		}
		h.recipients = append(h.recipients, parsed...)
	}
	if len(h.recipients) == 0 {
		return nil, fmt.Errorf("handout %s: there are no recipients; name an age public key", path)
	}
	var err error
	if h.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		return nil, fmt.Errorf("handout: %w", err)
	}
	if err := h.prepare(path); err != nil {
		return nil, errors.Join(fmt.Errorf("handout: %w", err), h.file.Close())
	}
	return h, nil
}

// CheckRecipient reports whether text is an age public key ("age1…"), and if not,
// what to write.
func CheckRecipient(text string) error {
	_, err := recipientsIn(text)
	return err
}

func recipientsIn(text string) ([]age.Recipient, error) {
	parsed, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(parsed) == 0 {
		return nil, fmt.Errorf("recipient %.80q is not an age public key; use what age-keygen prints after \"Public key:\"", text)
	}
	return parsed, nil
}

// prepare makes the file private and its name durable.
func (h *Handout) prepare(path string) error {
	if err := h.file.Chmod(0o600); err != nil {
		return err
	}
	info, err := h.file.Stat()
	if err != nil {
		return err
	}
	h.torn = info.Size() > 0 // a line break more does no harm
	return atomicfile.SyncDir(filepath.Dir(path))
}

// Put adds an entry. It is durable when Put returns; on error it may or may not
// be there, and must be put again before the password is used.
func (h *Handout) Put(ctx context.Context, who, password string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	block, err := h.encrypt(Entry{Who: who, Password: password, At: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("handout: the entry of %s cannot be encrypted: %w", who, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.torn {
		block = append([]byte("\n"), block...)
	}
	h.torn = true
	if _, err := h.file.Write(block); err != nil {
		return fmt.Errorf("handout: the entry of %s cannot be written: %w", who, err)
	}
	if err := h.file.Sync(); err != nil {
		return fmt.Errorf("handout: the entry of %s cannot be made durable: %w", who, err)
	}
	h.torn = false
	return nil
}

// Close closes the file.
func (h *Handout) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.file.Close()
}

func (h *Handout) encrypt(e Entry) ([]byte, error) {
	line, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var block bytes.Buffer
	armored := armor.NewWriter(&block)
	w, err := age.Encrypt(armored, h.recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := armored.Close(); err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(block.Bytes(), []byte("\n")) {
		block.WriteByte('\n')
	}
	return block.Bytes(), nil
}

// ReadHandout reads the entries that one of the identities can decrypt, in order.
// others tells how many whole blocks are for somebody else; torn blocks are
// skipped.
func ReadHandout(r io.Reader, identities ...age.Identity) (entries []Entry, others int, err error) {
	lines := bufio.NewScanner(r)
	var block strings.Builder
	inside := false
	for lines.Scan() {
		line := lines.Text()
		if line == armor.Header {
			block.Reset()
			inside = true
		}
		if !inside {
			continue
		}
		block.WriteString(line + "\n")
		if line != armor.Footer {
			continue
		}
		inside = false
		entry, mine, err := decryptEntry(block.String(), identities)
		switch {
		case err != nil:
			return entries, others, fmt.Errorf("handout: entry %d: %w", len(entries)+others+1, err)
		case mine:
			entries = append(entries, entry)
		default:
			others++
		}
	}
	return entries, others, lines.Err()
}

func decryptEntry(block string, identities []age.Identity) (e Entry, mine bool, err error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(block)), identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return e, false, nil
	}
	if err != nil {
		return e, false, errors.New("the block is damaged")
	}
	line, err := io.ReadAll(io.LimitReader(plain, maxFile))
	if err != nil || json.Unmarshal(line, &e) != nil {
		return Entry{}, false, errors.New("the block is damaged")
	}
	return e, true, nil
}
