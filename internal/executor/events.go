package executor

import "sync"

// feed hands events to an observer in order without ever making the sender wait.
type feed struct {
	observe func(Event)
	mu      sync.Mutex
	queued  []Event
	wake    chan struct{} // holds one token while queued may hold something
	closed  bool
	done    chan struct{}
}

func newFeed(observe func(Event)) *feed {
	f := &feed{observe: observe, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if observe == nil {
		close(f.done)
		return f
	}
	go f.deliver()
	return f
}

func (f *feed) send(e Event) {
	if f.observe == nil {
		return
	}
	f.mu.Lock()
	f.queued = append(f.queued, e)
	f.mu.Unlock()
	f.nudge()
}

func (f *feed) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *feed) deliver() {
	defer close(f.done)
	for range f.wake {
		f.mu.Lock()
		events, closed := f.queued, f.closed
		f.queued = nil
		f.mu.Unlock()
		for _, e := range events {
			f.observe(e)
		}
		if closed {
			return
		}
	}
}

// end waits until everything sent was delivered.
func (f *feed) end() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	if f.observe != nil {
		f.nudge()
	}
	<-f.done
}
