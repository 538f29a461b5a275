package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/isaworks/isa/state"
)

func TestALockNamesItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	if h, ok := Holder(path); ok {
		t.Errorf("nobody's lock is held by %+v", h)
	}
	l, err := Take(t.Context(), path, state.Holder{What: "sync"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Take(t.Context(), path, state.Holder{})
	var locked *state.LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("the second lock: %v", err)
	}
	h, ok := Holder(path)
	if !ok || h != locked.Holder && !h.Since.Equal(locked.Holder.Since) || h.What != "sync" || h.PID != os.Getpid() || h.ID == "" || !strings.Contains(h.Who, "@") {
		t.Errorf("held by %+v, says %+v", h, locked.Holder)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != perm {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if h, ok := Holder(path); ok {
		t.Errorf("after the end it is held by %+v", h)
	}
	if l.Lost() == nil {
		t.Error("a lock that was given up protects")
	}
}

func TestAReplacedLockIsLost(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there a locked file cannot be removed
	}
	path := filepath.Join(t.TempDir(), "x.lock")
	l, err := Take(t.Context(), path, state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Lost(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other, err := Take(t.Context(), path, state.Holder{What: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Lost(); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("%v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if h, ok := Holder(path); !ok || h.What != "other" {
		t.Errorf("the lost lock's end changed %+v", h)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

func TestACancelledTakeLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "x.lock")
	if _, err := Take(ctx, path, state.Holder{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a lock file was made")
	}
}

func TestHeldTellsWhoIsAtWork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	if _, held, err := Held(path); held || err != nil {
		t.Errorf("without a file: held %v, %v", held, err)
	}
	l, err := Take(t.Context(), path, state.Holder{What: "sync"})
	if err != nil {
		t.Fatal(err)
	}
	if h, held, err := Held(path); !held || err != nil || h.What != "sync" {
		t.Errorf("while it is held: %+v, %v, %v", h, held, err)
	}
	if err := l.file.Close(); err != nil { // as when its process is killed: the name stays
		t.Fatal(err)
	}
	if _, ok := Holder(path); !ok {
		t.Error("the name is gone")
	}
	if _, held, err := Held(path); held || err != nil {
		t.Errorf("after the end: held %v, %v", held, err)
	}
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		for range 200 {
			if _, _, err := Held(path); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 50 { // nobody is refused because somebody asks
		l, err := Take(t.Context(), path, state.Holder{What: "sync"})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	<-asking
}
