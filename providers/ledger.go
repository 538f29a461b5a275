package providers

import (
	"context"
	"time"
)

// Ledger remembers what became of every item. There is one process that writes;
// within it all methods are safe for concurrent use. Memory does not grow with
// the number of items. Every error is a *diag.Failure.
//
// What is durable when a method returns survives the death of the process. Begin
// and Identity survive a loss of power too; outcomes settled after the last Begin
// may be lost with the power, which is why a folder that was begun and not ended
// is looked at before anything is put into it again.
type Ledger interface {
	// Identity is the ledger's ID and its high-water mark: a number that grows with
	// every change. The state repeats both, so that a lost or older ledger is noticed.
	Identity(ctx context.Context) (id string, highWater int64, err error)
	// Stream opens what is remembered of one declared stream, by its address.
	Stream(ctx context.Context, about StreamInfo) (Stream, error)
	// Streams lists all streams that were ever opened, by name.
	Streams(ctx context.Context) ([]StreamInfo, error)
	// Spools are the directories in which batches were ever made (Batch.Spool), so that they
	// are known when nothing else names them any more.
	Spools(ctx context.Context) ([]string, error)
	// Close writes what is outstanding.
	Close() error
}

// StreamInfo tells what a stream is. Ledger.Stream refuses (diag.Conflict) when a
// stream of that name is known with another origin or target.
type StreamInfo struct {
	Name   string // the address: mail_migration.staff["1042"]
	Origin string // Origin.Name()
	Target string // Target.Name()
	Wave   string // address of its wave, "" none
	// Moved tells that at least one item was copied or adopted, or may have been fetched by
	// a service.
	Moved bool
	// Closed is when the last pass of the cutover ended without anything left;
	// zero: not yet. Passed is when the last complete pass began.
	Closed, Passed time.Time
	// Surveyed is when folders were counted last.
	Surveyed time.Time
	// Row is what the ledger knows the stream by, whatever its name becomes; 0: it does not
	// know it yet.
	Row int64
}

// Stream is what is remembered of one stream.
type Stream interface {
	Info() StreamInfo
	// Note records Wave, Closed, Passed, Surveyed.
	Note(ctx context.Context, info StreamInfo) error
	// Folders are all folders known, by Path.
	Folders(ctx context.Context) ([]FolderRecord, error)
	// Folder opens the record of a source folder, by Folder.ID, making one if needed.
	Folder(ctx context.Context, f Folder) (FolderLedger, error)
	// Sums counts items and bytes by outcome over all folders (OnTheWay: what the
	// folders hold beyond what is recorded).
	Sums(ctx context.Context) (Sums, error)
	// Claimed tells which keys of a folder of the target a record names as the place of
	// its item, in the folder's present epoch. It changes nothing.
	Claimed(ctx context.Context, target Folder, keys []string) (map[string]bool, error)
	// Missing tells whether there are records for FolderLedger.Follow to find by Print.
	Missing(ctx context.Context) (bool, error)
	// Failures yields what is not Copied or Adopted, by folder and key.
	Failures(ctx context.Context, yield func(folder FolderRecord, r Record) error) error
	// Batches are the items that a Puller fetches.
	Batches() Batches
}

// FolderRecord is what is remembered of a source folder as a whole.
type FolderRecord struct {
	Folder        // as it was when last seen
	Target Folder // where its items go, as it was at the last Begin; zero ID: nowhere yet
	Made   bool   // isa created the target folder
	// Begun: something may have been put into Target since Target.Next, and not
	// everything that was is recorded. Done: a pass was completed at Folder.Mark.
	Begun, Done bool
	Gone        bool // the source does not list it any more
	// Shelved: a Shelve was not ended by Unshelve, perhaps by an earlier process:
	// what looks new may be on the shelf, so Reclaim comes before anything is put.
	Shelved bool
	// Missing is how many of the records are of items that the source did not list any
	// more when Miss was last called for the whole folder.
	Missing int64
	Sums    Sums // of what is recorded, the shelf included
	Left    Sum  // what the folder holds beyond that, as far as it tells; not in Sums
}

// Sums is how many items, and bytes, ended in each outcome.
type Sums map[Outcome]Sum

// Sum is a number of items and their bytes.
type Sum struct{ Items, Bytes int64 }

// Unkeyed is Record.Target of an item that is at the target under a key that cannot be
// told, or in another folder than the others (see Stray).
const Unkeyed = "-"

// Record is what is remembered of an item.
type Record struct {
	Key     string // at the source
	Outcome Outcome
	Size    int64
	Date    time.Time
	Flags   []string // as last written at the target
	Print   Print
	// Sent is the head by the item's own bytes, by which it is found at the target, where
	// the source lists it with another size; zero: it is Print.Head.
	Sent   [16]byte
	Target string // key at the target, "" unknown
	Note   string // the rule, or the server's words; never content
	Title  string // only for what is not Copied or Adopted
	Tries  int    // passes that failed on it
	// Same is Item.Same. It is for Settle, which keeps it for Follow; what the ledger
	// returns does not have it.
	Same string
}

// FolderLedger is what is remembered of a source folder.
type FolderLedger interface {
	Record() FolderRecord
	// Survey records the folder as it is, without touching items. Epoch, Next and Mark
	// stay those of the last End, since what is recorded of items belongs to them. A
	// zero Folder says that the source does not list it any more (Gone).
	Survey(ctx context.Context, f Folder) error
	// Known returns the records of those keys that have one.
	Known(ctx context.Context, keys []string) (map[string]Record, error)
	// Retry yields the records whose outcome is not final, by key.
	Retry(ctx context.Context, yield func(Record) error) error
	// Begin records where items go, and that something may be put there from
	// target.Next on. It survives a loss of power when it returns.
	Begin(ctx context.Context, target Folder, made bool) error
	// Settle records outcomes. Records of the same key are replaced.
	Settle(ctx context.Context, records []Record) error
	// End records that the pass over the folder is complete and all is settled.
	End(ctx context.Context, f Folder) error
	// Moved records that the source folder has another ID and path now.
	Moved(ctx context.Context, f Folder, target Folder) error

	// Shelve sets all records of the folder aside as those of an earlier epoch, for
	// Reclaim; it records the new epoch. A second Shelve before Unshelve adds to what
	// is aside.
	Shelve(ctx context.Context, epoch string) error
	// Reclaim gives each item the record of the one shelved item that has its Print.Head
	// and date, where the head names a Message-ID and no other shelved item has it; that is
	// then no longer on the shelf. What is proven by bodies only is for Follow, after
	// Unshelve. It returns those that found one, by key, with their new key; and those
	// that have a record already, by an earlier Reclaim, with that.
	Reclaim(ctx context.Context, items []Item) (map[string]Record, error)
	// Unshelve ends it. What is left on the shelf and is at the target, or was Gone,
	// keeps its outcome under its old epoch, counted under the outcome but not as part
	// of the folder any more; Follow finds it. All else is dropped: the item, if it is
	// still there, has a new key and gets a new outcome.
	Unshelve(ctx context.Context) error

	// Miss compares the records with what the source lists: of the keys beyond after,
	// up to upTo ("": all that follow), it lists exactly those in listed. Records of
	// items that are at the target and not listed are found by Follow from then on,
	// others not any more. It is called for a folder as a whole, in order, from after
	// "" to upTo "".
	Miss(ctx context.Context, after, upTo string, listed []string) error
	// Follow gives items without a record the record of the same item that was at
	// another place at the source before: of the same Same, or one that Miss or Unshelve
	// set aside, in any folder of the stream, with the same Print.Head. Where the head
	// proves nothing alone (it names no Message-ID, the dates differ, or records with
	// different bodies have it) the answer is Ask, and the item has to come again with
	// its Print.Body. A record of the same Same that is not at the target is dropped.
	// In a stream that has batches Miss, Unshelve and Follow take what is Unproven or
	// Quarantined for what is at the target: nobody can look, and it is not new.
	Follow(ctx context.Context, items []Item) (map[string]Followed, error)
	// Strays yields the items of the folder, by key, that are in another folder of the
	// target than Target, since they were followed here; of those keys, or, for nil, all.
	Strays(ctx context.Context, keys []string, yield func(Stray) error) error
	// Arrive is Settle for what is no stray any more.
	Arrive(ctx context.Context, records []Record) error

	// Lay puts items found at the target on the table (kept in the ledger, not in
	// memory), except those whose key is the Target of a record.
	Lay(ctx context.Context, items []Item) error
	// Take finds on the table, for each item, one with the same Print.Head, takes it
	// off and returns it by the item's key: a multiset, so that true duplicates
	// survive. One of the same date goes first. Alone tells that it is the item;
	// otherwise bodies have to be compared first.
	Take(ctx context.Context, items []Item) (map[string]Taken, error)
	// Return puts back what was taken and turned out to be something else.
	Return(ctx context.Context, items []Item) error
	// Claim gives what is at the target and has no key (Record.Target is "") an item of
	// the table each, by Record.Sent or Print.Head, and takes that off: a multiset, so that
	// nothing on the table is found for two. It is for the records of all folders that go
	// to Target, and for strays that are there; and comes before Take. whole tells that the
	// table holds all of Target: then what folders know of it that have not come to its
	// new epoch yet is taken off too. The folder's records, and the strays, that find
	// nothing end as Unkeyed. Where the head names no Message-ID, and not just one item of
	// the table has the record's date too, nothing tells which is whose: as many are taken
	// off, and the records stay without a key.
	Claim(ctx context.Context, whole bool) error
	// Clear empties the table.
	Clear(ctx context.Context) error
}

// Taken is an item of the target that may be the one looked for.
type Taken struct {
	Item
	// Alone: the head names a Message-ID, no other item on the table has it, and the
	// dates are equal.
	Alone bool
}

// Followed is the record that an item got from another place.
type Followed struct {
	Record      // with the new key
	Ask    bool // nothing was done: the item's body has to be compared
	Here   bool // it was in this folder before, under a key of an earlier epoch
	// Stray tells that the item is in another folder of the target than the others of
	// its folder, as far as is known.
	Stray bool
}

// Stray is an item that is in another folder of the target than the others.
type Stray struct {
	Record
	In  Folder // ID and Epoch
	Key string // its key there, "" not known
	// Stay tells that it belongs there as well: the source showed it in both folders when
	// it was followed. That is not looked at again: when it is taken out of the other
	// folder at the source later, it still stays in that one at the target.
	Stay bool
}
