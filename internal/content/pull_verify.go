package content

import (
	"context"

	"github.com/isaworks/isa/providers"
)

// runsMost is how many runs a comparison lists, the last ones.
const runsMost = 100

// fetched tells what is known instead of a comparison where the service fetches the
// items: the target cannot be read on such a route. The source is counted, and what is
// not moved waits.
func (c *comparison) fetched(ctx context.Context) error {
	list, err := c.stream.Batches().List(ctx)
	if err != nil {
		return book(err)
	}
	c.job.Unread, c.job.Runs = true, nil
	for _, b := range list {
		if !b.Started.IsZero() {
			c.job.Runs = append(c.job.Runs, b)
		}
	}
	if more := len(c.job.Runs) - runsMost; more > 0 {
		c.job.Runs = c.job.Runs[more:]
	}
	waiting, err := c.waiting(ctx)
	if err != nil {
		return err
	}
	c.job.Compared = Compared{}
	for outcome, s := range c.task.report.Sums {
		switch outcome {
		case providers.Copied, providers.Adopted:
			c.job.Source.Items += s.Items
			c.job.Source.Bytes += s.Bytes
		case providers.OnTheWay: // as of the last pass; counted anew below
		default:
			c.job.Outcomes += s.Items
		}
	}
	c.job.Pending = waiting
	return nil
}

// waiting counts what the source holds and the ledger does not know, and what it knows
// as not moved yet. Nothing is written.
func (c *comparison) waiting(ctx context.Context) (n int64, err error) {
	src := c.source()
	defer src.drop()
	p, err := c.survey(ctx, src)
	if err != nil {
		return 0, err
	}
	if err := c.sums(ctx); err != nil {
		return 0, err
	}
	for _, f := range p.folders {
		known := f.known.Sums[providers.OnTheWay].Items
		switch {
		case f.to.Excluded != "":
		case f.Items >= 0 && !f.labelled:
			n += known + max(0, f.Items-total(f.known.Sums).Items-known)
		default:
			n += known + f.known.Left.Items
		}
	}
	return n, nil
}
