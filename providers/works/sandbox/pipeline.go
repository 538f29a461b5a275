package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest request body, in bytes.
const maxBody = 1 << 20

// call is one request on its way through a handler.
type call struct {
	*tenant
	server *Server
	route  *route
	path   map[string]string
	query  url.Values
	body   map[string]any
	who    *token
	now    time.Time // sandbox clock
	status int       // of success
	lag    bool      // this read sees old versions
	patch  bool
}

// answer is what goes over the wire.
type answer struct {
	status int
	header http.Header
	data   []byte
	kind   string
	code   string // of a refusal, for the log
	cut    bool   // drop the connection instead
}

// serveAPI is the life of an API request: route, authority, limits, faults, one
// writer, work, answer. Nothing sleeps or writes to the network under a lock.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	start := s.opt.Now()
	entry := s.log.begin(r.Method, r.URL.Path, start, s.clock.at(start))
	a := s.work(r, path, entry)
	if s.opt.Latency > 0 {
		sleep(r.Context().Done(), s.opt.Latency-s.opt.Now().Sub(start))
	}
	end := s.opt.Now()
	s.log.end(entry, a.status, a.code, end, s.clock.at(end))
	if a.cut {
		cut(w)
		return
	}
	a.write(w)
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close() // the client is to see a broken connection; how it breaks is no matter
			return
		}
	}
	panic(http.ErrAbortHandler)
}

func (a *answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.data != nil {
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.data)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.data) // a client that went away gets nothing; the work is done and logged
}

func jsonAnswer(status int, v any) *answer {
	a := &answer{status: status, header: http.Header{}, kind: "application/json; charset=UTF-8"}
	if to, ok := v.(elsewhere); ok {
		a.header.Set("Location", to.url)
		return a
	}
	if v == nil {
		return a
	}
	data, err := json.Marshal(v)
	if err != nil {
		return &answer{status: 500, header: http.Header{}, kind: a.kind, code: "INTERNAL_SERVER_ERROR", data: []byte(`{"code":"INTERNAL_SERVER_ERROR","description":"the answer cannot be encoded"}`)}
	}
	a.data = data
	return a
}

func errorAnswer(err error) *answer {
	var ref *refusal
	if !errors.As(err, &ref) {
		ref = refuse(500, "INTERNAL_SERVER_ERROR", "%v", err)
	}
	a := jsonAnswer(ref.status, map[string]string{"code": ref.code, "description": ref.text})
	a.code = ref.code
	return a
}

// work does everything but the writing of the answer.
func (s *Server) work(r *http.Request, path string, entry *Entry) *answer {
	ro, values, err := s.routes.find(r.Method, path)
	if err != nil {
		return errorAnswer(err)
	}
	s.log.name(entry, ro.op.Name)
	fault := s.faults.next(ro.op.Name)
	if fault.kind == dropRequest {
		return &answer{cut: true, code: "DROP_REQUEST"}
	}
	who, err := s.authorize(r, ro.op, values)
	if err != nil {
		return errorAnswer(err)
	}
	lane := s.limits.use(ro.op.Name, s.opt.Limits, fault.kind == tooManyRequests, s.opt.Now())
	s.log.lane(entry, lane)
	a := s.admitted(r, ro, values, who, fault, lane)
	if s.opt.Limits || fault.kind == tooManyRequests {
		lane.headers(a.header)
	}
	return a
}

// admitted goes on after the rate limit was asked.
func (s *Server) admitted(r *http.Request, ro *route, values map[string]string, who *token, fault fault, lane laneUse) *answer {
	if lane.over {
		return errorAnswer(refuse(429, "TOO_MANY_REQUESTS", "API rate limit exceeded"))
	}
	if a := fault.answer(); a != nil {
		return a
	}
	if fault.kind == cursorExpired && r.URL.Query().Get("cursor") != "" {
		return errorAnswer(invalid("cursor is expired"))
	}
	c := &call{tenant: s.tenant, server: s, route: ro, path: values, who: who, status: ro.op.Success, lag: fault.lag, patch: r.Method == http.MethodPatch}
	if err := c.read(r); err != nil {
		return errorAnswer(err)
	}
	release, err := s.writers.enter(ro.op, s.writerKey(c), s.opt.Now())
	if err != nil {
		return errorAnswer(err)
	}
	if fault.kind == slow {
		sleep(nil, fault.delay) // the work goes on though the client may leave
	}
	a := s.execute(c)
	release()
	if fault.kind == dropResponse {
		a = &answer{cut: true, code: "DROP_RESPONSE", header: http.Header{}}
	}
	return a
}

// execute runs the handler, under the tenant's lock unless it is unlocked, and makes
// its changes durable.
func (s *Server) execute(c *call) *answer {
	if c.route.unlocked {
		v, err := c.route.handle(c)
		if err != nil {
			return errorAnswer(err)
		}
		return jsonAnswer(c.status, v)
	}
	if c.route.op.Method == http.MethodGet && !s.purgeDue() {
		c.mu.RLock()
		c.now = s.clock.Now()
		v, err := c.route.handle(c)
		c.mu.RUnlock()
		if err != nil {
			return errorAnswer(err)
		}
		return jsonAnswer(c.status, v)
	}
	var v any
	err := s.change(func(now time.Time) (err error) {
		c.now = now
		v, err = c.route.handle(c)
		return err
	})
	if err != nil {
		return errorAnswer(err)
	}
	return jsonAnswer(c.status, v)
}

// change runs a write under the lock and returns when it is on disk. What a refused
// write changed before its refusal (items of a bulk call) stays.
func (s *Server) change(write func(now time.Time) error) error {
	t := s.tenant
	t.mu.Lock()
	now := s.clock.Now()
	t.rec = &record{At: now}
	t.purge(now)
	refused := write(now)
	pos, err := s.keep()
	gone := t.rec.Gone
	t.mu.Unlock()
	if err == nil && s.journal != nil {
		err = s.journal.wait(pos)
	}
	if err == nil {
		err = s.removeMail(gone)
	}
	if err != nil {
		return err
	}
	return refused
}

// keep appends the record of a write to the journal.
func (s *Server) keep() (int64, error) {
	rec := s.tenant.rec
	if s.journal == nil || rec.empty() {
		return 0, nil
	}
	rec.Serial = s.tenant.serial
	pos, err := s.journal.append(rec)
	if err == nil && s.journal.grown() {
		err = s.journal.compact(s.tenant.snapshot(rec.At))
	}
	return pos, err
}

// read takes query and body of a request.
func (c *call) read(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest("the query cannot be read")
	}
	c.query = query
	if r.Method == http.MethodGet || r.Method == http.MethodDelete || bodyless(c.route.op.Name) {
		return nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return badRequest("Content-Type must be application/json")
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return badRequest("the body cannot be read")
	}
	if len(data) > maxBody {
		return badRequest("the body is larger than %d bytes", maxBody)
	}
	c.body, err = decodeObject(data)
	return err
}

// bodyless tells of POSTs that take no body.
func bodyless(name string) bool {
	for _, end := range []string{"clear-leave-of-absence", "-link-to-works-create", "-link-to-works-delete", "-link-to-line-create", "-link-to-line-delete", "-link-url-reset", "-undelete", "-suspend", "-unsuspend", "-enable", "-disable", "alias-email-create"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// sleep waits, unless done comes first; nil done never comes.
func sleep(done <-chan struct{}, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
}

// onlyQuery refuses query parameters that the operation does not have.
func (c *call) onlyQuery(names ...string) error {
	for _, name := range sortedKeys(c.query) {
		if !contains(names, name) {
			return invalid("query parameter %s is not known here", name)
		}
		if len(c.query[name]) > 1 {
			return invalid("query parameter %s is given twice", name)
		}
	}
	return nil
}

// domainID reads the domain of the query; default: the domain of the token.
func (c *call) domainID() (int, error) {
	s := c.query.Get("domainId")
	if s == "" {
		return c.who.Domain, nil
	}
	id, err := strconv.Atoi(s)
	if err != nil || c.domain(id) == nil {
		return 0, invalid("domainId %q is not a domain of this tenant", s)
	}
	return id, nil
}
