package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/providers/works/api/op"
)

// maxPhoto is the largest photo in bytes: reference 10 §2.17.
const maxPhoto = 10_485_760

// photo is what is kept of a member's photo beside its content.
type photo struct {
	Name string `json:"name"`
	Size int    `json:"size"`
	Sum  string `json:"sum"` // SHA-256, hexadecimal; the content's name in the store
}

// photos is the store of the sandbox: what may be uploaded, and what was.
type photos struct {
	dir string // "": in memory

	mu      sync.Mutex
	tickets map[string]ticket
	content map[string][]byte
}

// ticket is the right to upload one file.
type ticket struct {
	user, name string
	size       int
}

const uploadName = "user-photo-upload" // for the log and for faults

func newPhotos(dir string) *photos {
	if dir != "" {
		dir = filepath.Join(dir, "photos")
	}
	return &photos{dir: dir, tickets: map[string]ticket{}, content: map[string][]byte{}}
}

func (p *photos) offer(t ticket) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := rand.Text()
	p.tickets[id] = t
	return id
}

func (p *photos) ticket(id string) (ticket, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.tickets[id]
	return t, ok
}

func (p *photos) used(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tickets, id)
}

// put keeps a content under its digest.
func (p *photos) put(content []byte) (string, error) {
	digest := sha256.Sum256(content)
	sum := hex.EncodeToString(digest[:])
	if p.dir == "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.content[sum] = content
		return sum, nil
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return "", fmt.Errorf("sandbox data: %w", err)
	}
	return sum, atomicfile.Write(filepath.Join(p.dir, sum), 0o600, content)
}

func (p *photos) get(sum string) ([]byte, bool) {
	if p.dir == "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		content, ok := p.content[sum]
		return content, ok
	}
	if len(sum) != 2*sha256.Size || strings.Trim(sum, "0123456789abcdef") != "" {
		return nil, false
	}
	content, err := os.ReadFile(filepath.Join(p.dir, sum))
	return content, err == nil
}

// Photo returns the photo of a member, nil when there is none. user is an ID, a login
// address or externalKey:….
func (s *Server) Photo(user string) []byte {
	s.tenant.mu.RLock()
	u := s.tenant.findUser(user)
	s.tenant.mu.RUnlock()
	if u == nil || u.Photo == nil {
		return nil
	}
	content, _ := s.photos.get(u.Photo.Sum)
	return content
}

// createPhoto gives an address to upload to: reference 10 §2.17.
func createPhoto(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := checker{switches: c.switches}.body([]prop{
		{name: "fileName", kind: text, need: true, min: 1, max: 255},
		{name: "fileSize", kind: number, need: true, min: 1, max: maxPhoto},
	}, c.body)
	if err != nil {
		return nil, err
	}
	if u.DeletedAt != nil {
		return nil, badRequest("the member is deleted")
	}
	name, _ := body["fileName"].(string)
	id := c.server.photos.offer(ticket{u.ID, name, asInt(body["fileSize"])})
	return map[string]any{"uploadUrl": c.server.storage() + "/upload/" + id}, nil
}

// storage is the base of uploads and downloads.
func (s *Server) storage() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	base := s.baseURL()
	if s.switches.is("photo-host", "other") {
		base = strings.Replace(base, "//127.0.0.1:", "//localhost:", 1)
	}
	return base + "/" + s.tenant.name + "/_storage"
}

// elsewhere is an answer that sends the client elsewhere.
type elsewhere struct{ url string }

func getPhoto(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.Photo == nil:
		return nil, notFound("the member has no photo")
	}
	return elsewhere{c.server.storage() + "/file/" + u.Photo.Sum}, nil
}

func deletePhoto(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.Photo == nil && c.switches.is("photo-delete-none", "404"):
		return nil, notFound("the member has no photo")
	case u.Photo != nil:
		bare := *u
		bare.Photo = nil
		c.putUser(&bare)
	}
	return nil, nil
}

// storageControls serve what stands behind the addresses of createPhoto and getPhoto.
func (s *Server) storageControls(mux *http.ServeMux) {
	mux.HandleFunc("/_storage/upload/{ticket}", func(w http.ResponseWriter, r *http.Request) {
		start := s.opt.Now()
		entry := s.log.begin(r.Method, "/_storage/upload", start, s.clock.at(start))
		s.log.name(entry, uploadName)
		a := s.upload(r)
		end := s.opt.Now()
		s.log.end(entry, a.status, a.code, end, s.clock.at(end))
		if a.cut {
			cut(w)
			return
		}
		a.write(w)
	})
	mux.HandleFunc("GET /_storage/file/{sum}", func(w http.ResponseWriter, r *http.Request) {
		content, ok := s.photos.get(r.PathValue("sum"))
		if !ok {
			errorAnswer(notFound("there is no such file")).write(w)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
}

// upload takes the content of a photo, in the way that the switch says; a break is in
// the middle of it.
func (s *Server) upload(r *http.Request) *answer {
	fault := s.faults.next(uploadName)
	if fault.kind == dropRequest {
		_, _ = io.CopyN(io.Discard, r.Body, max(1, r.ContentLength/2)) // how much arrives is no matter
		return &answer{cut: true, code: "DROP_REQUEST"}
	}
	if a := fault.answer(); a != nil {
		return a
	}
	if fault.kind == tooManyRequests {
		return errorAnswer(refuse(429, "TOO_MANY_REQUESTS", "API rate limit exceeded"))
	}
	id := r.PathValue("ticket")
	t, ok := s.photos.ticket(id)
	if !ok {
		return errorAnswer(notFound("there is nothing to be uploaded here"))
	}
	content, err := s.uploaded(r)
	if err == nil && len(content) != t.size {
		err = badRequest("%d bytes arrived, fileSize is %d", len(content), t.size)
	}
	if err == nil {
		err = s.keepPhoto(t, content)
	}
	if err != nil {
		return errorAnswer(err)
	}
	s.photos.used(id)
	if fault.kind == dropResponse {
		return &answer{cut: true, code: "DROP_RESPONSE", header: http.Header{}}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"fileName": t.name, "fileSize": strconv.Itoa(t.size)})
}

// keepPhoto makes a content a member's photo; the content is on disk first.
func (s *Server) keepPhoto(t ticket, content []byte) error {
	sum, err := s.photos.put(content)
	if err != nil {
		return err
	}
	return s.change(func(time.Time) error {
		u := s.tenant.users[t.user]
		if u == nil || u.DeletedAt != nil {
			return notFound("there is no such member")
		}
		with := *u
		with.Photo = &photo{t.name, t.size, sum}
		s.tenant.putUser(&with)
		return nil
	})
}

// uploaded reads the content from a request: a form with the token, or the bytes
// without it (reference 00 §11).
func (s *Server) uploaded(r *http.Request) ([]byte, error) {
	way := s.switches["photo-upload"]
	switch {
	case r.Method == http.MethodPut && way != "multipart":
		if r.Header.Get("Authorization") != "" {
			return nil, badRequest("the token does not belong here")
		}
		return all(r.Body)
	case r.Method != http.MethodPost || way == "raw":
		return nil, refuse(http.StatusMethodNotAllowed, "BAD_REQUEST", "the content is sent in another way (%s)", way)
	}
	if _, err := s.authorize(r, op.Operation{Name: uploadName, Scopes: []string{"directory", "user"}, Tokens: op.Both}, nil); err != nil {
		return nil, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return nil, refuse(http.StatusUnsupportedMediaType, "BAD_REQUEST", "the content is sent as multipart/form-data")
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, badRequest("the form cannot be read")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, missing("Filedata")
		}
		if err != nil {
			return nil, badRequest("the form cannot be read")
		}
		if part.FormName() == "Filedata" {
			return all(part)
		}
	}
}

func all(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxPhoto+1))
	if err != nil {
		return nil, badRequest("the content broke off")
	}
	return content, nil
}
