package spool

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Writer is a batch as a store that takes messages. Each worker has one of its own;
// Close does nothing to the batch. Keys of what was put are numbers in the batch. A
// batch that is not frozen shows nothing of what it holds.
func (b *Batch) Writer() providers.Writer { return &writer{b: b} }

type writer struct{ b *Batch }

// epoch is the Folder.Epoch of all folders: the next batch has the same folders.
const epoch = "spool"

// folderOf is a folder of a batch. Its ID is the same in each batch.
func folderOf(path []string, use providers.Use) providers.Folder {
	path = pathOf(path, use)
	return providers.Folder{ID: "spool:" + string(use) + ":" + strings.Join(path, "\x00"), Path: slices.Clone(path), Use: use, Epoch: epoch, Next: 1}
}

// pathOf is what a folder is called in a batch: the inbox of IMAP is always INBOX.
func pathOf(path []string, use providers.Use) []string {
	if use == providers.UseInbox {
		return []string{"INBOX"}
	}
	return path
}

// Folders implements providers.Reader: those that were made in this batch.
func (w *writer) Folders(context.Context) ([]providers.Folder, error) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	var out []providers.Folder
	for _, f := range w.b.x.folders {
		out = append(out, folderOf(f.Path, f.Use))
	}
	return out, nil
}

// Scan implements providers.Reader: there is nothing to be seen.
func (w *writer) Scan(_ context.Context, f providers.Folder, _ providers.Scan, _ func(providers.Item) error) (providers.Folder, error) {
	return f, nil
}

// Fetch implements providers.Reader: there is nothing to be seen.
func (w *writer) Fetch(context.Context, providers.Folder, []providers.Item, func(providers.Message) error) error {
	return nil
}

// Create implements providers.Writer.
func (w *writer) Create(_ context.Context, path []string, use providers.Use) (providers.Folder, error) {
	w.b.folder(pathOf(path, use), use)
	return folderOf(path, use), nil
}

// Put implements providers.Writer. Errors are ErrBatchFull, one that wraps ErrFull, and
// those of the bodies.
func (w *writer) Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, &diag.Failure{Class: diag.Cancelled, Op: "spool", Err: err}
	}
	numbers, err := w.b.put(w.b.folder(pathOf(f.Path, f.Use), f.Use), messages)
	if err != nil {
		return nil, err
	}
	out := make([]providers.Delivery, len(numbers))
	for i, n := range numbers {
		out[i].ID = fmt.Sprintf("%010d", n)
	}
	return out, nil
}

// Flag implements providers.Writer: what was put into a batch is as it is.
func (w *writer) Flag(context.Context, providers.Folder, []providers.Item) error { return nil }

// Rename implements providers.Writer. What is at the service keeps its place.
func (w *writer) Rename(_ context.Context, f providers.Folder, _ []string) (providers.Folder, error) {
	return f, nil
}

// Move implements providers.Writer; Limits says that it does not work.
func (w *writer) Move(context.Context, providers.Folder, []providers.Item, providers.Folder) ([]providers.Delivery, error) {
	return nil, &diag.Failure{Class: diag.Internal, Op: "spool", Detail: "a batch moves nothing"}
}

// Limits implements providers.Writer: what is more than the share of an empty batch
// never fits.
func (w *writer) Limits() providers.Limits {
	return providers.Limits{Item: w.b.share.Bytes, Batch: min(w.b.share.Items, mostPut), BatchBytes: w.b.share.Bytes}
}

// mostPut is how many messages are put at once: of a batch that is nearly full about
// half as much stays unused.
const mostPut = 25

// Close implements providers.Reader.
func (w *writer) Close() error { return nil }
