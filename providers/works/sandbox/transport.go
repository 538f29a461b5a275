package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// RoundTripper serves requests in this process, without sockets: for tests and for
// testing/synctest. A cut connection is an error, as it is on the network.
func (s *Server) RoundTripper() http.RoundTripper { return transport{s.Handler()} }

type transport struct{ handler http.Handler }

// errCut is what a client sees of a cut connection.
var errCut = errors.New("the connection was closed before the answer")

// RoundTrip serves one request. Like a server behind a network, the work goes on
// when the client's context ends.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		body = data
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(context.WithoutCancel(r.Context()))
	in.Body, in.RequestURI = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	w := &memoryWriter{header: http.Header{}, status: http.StatusOK}
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		t.handler.ServeHTTP(w, in)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case failed := <-done:
		switch failed {
		case nil:
			return w.response(r), nil
		case http.ErrAbortHandler:
			return nil, errCut
		}
		return nil, fmt.Errorf("sandbox: the handler failed: %v", failed)
	}
}

// memoryWriter keeps an answer. It cannot be hijacked.
type memoryWriter struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// response has header names in the canonical form that a client gets from the
// network.
func (w *memoryWriter) response(r *http.Request) *http.Response {
	h := http.Header{}
	for name, values := range w.header {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(w.body.Bytes())), ContentLength: int64(w.body.Len()), Request: r,
	}
}
