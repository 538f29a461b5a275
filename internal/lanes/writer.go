package lanes

import "time"

// writerMargin is added to the gap between two calls of a writer. It takes the
// ordinary jitter of the way to the service, which no answer tells apart from the
// service's own work; trips takes the rest. At the real gap of a second it makes a
// run 2 % longer.
const writerMargin = 20 * time.Millisecond

// writer is a thing that takes one write at a time.
type writer struct {
	key   string
	gap   time.Duration
	users int // calls waiting or running
	busy  bool
	next  time.Time // not before
	trips trips
}

func (w *writer) blocked(now time.Time) block {
	switch {
	case w == nil:
		return block{}
	case w.busy:
		return block{WriterBusy, time.Time{}}
	case now.Before(w.next):
		return block{WriterBusy, w.next}
	}
	return block{}
}

// pause holds the next call of a writer back. The service wants arrivals a gap
// apart, and all this side knows is when a request was sent and when its end was
// heard of.
func (w *writer) pause(sent, heard time.Time) {
	w.next = sent.Add(w.gap + writerMargin + w.trips.late(heard.Sub(sent)))
}

// trips tells how much later than usual a request may have arrived at the service:
// a machine under load, a packet sent twice, a connection that stood still. Were
// all that a trip took longer than the shortest one taken for travel, no jitter
// could ever bring two calls too close, but a service whose answers take 50 to 250
// ms would make a run of calls a second apart a tenth longer. So the service is
// given the mean for its work, and only what is above counts as travel; of trips
// more than twice as long as the mean, which are seldom, all that is above the
// shortest. What stays uncounted is at most the mean less the shortest: the margin
// covers it on a way where that is up to 20 ms.
type trips struct {
	seen     int
	shortest time.Duration
	mean     time.Duration // moving
}

// enoughTrips is how many trips must be known before the shortest is taken for one
// without delay.
const enoughTrips = 8

// late takes the next trip into account, and returns by how much the request may
// have been late. Nothing is known before the first: all of it may have been.
func (t *trips) late(trip time.Duration) time.Duration {
	trip = max(0, trip)
	t.seen++
	if t.seen == 1 {
		t.shortest, t.mean = trip, trip
		return trip
	}
	late := max(0, trip-t.mean)
	if trip > 2*t.mean {
		late = trip
		if t.seen > enoughTrips {
			late -= min(trip, t.shortest)
		}
	}
	t.shortest = min(t.shortest, trip)
	t.mean += (min(trip, 2*t.mean) - t.mean) / 8 // one answer that never came tells little of the next
	return late
}
