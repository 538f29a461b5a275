package content

import "context"

// pool lends buffers of batchBytes: all that is held of bodies, however many jobs
// there are.
type pool struct {
	free   chan []byte
	unmade chan struct{} // one for each buffer that was never needed so far
}

func newPool() pool {
	p := pool{free: make(chan []byte, arenas), unmade: make(chan struct{}, arenas)}
	for range arenas {
		p.unmade <- struct{}{}
	}
	return p
}

// take waits for a buffer.
func (p pool) take(ctx context.Context) ([]byte, error) {
	select {
	case b := <-p.free:
		return b, nil
	default:
	}
	select {
	case b := <-p.free:
		return b, nil
	case <-p.unmade:
		return make([]byte, batchBytes), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p pool) give(b []byte) { p.free <- b }
