package ledger

// sqlBatchSchema is what remembers the batches of items that a service fetches. It is
// made when it is missing, so that ledgers of before have it too.
//
// offered are the items of the batches that are not settled, by the item's number; spool
// are the directories in which batches were made.
const sqlBatchSchema = `
CREATE TABLE IF NOT EXISTS batch(
	id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, stream INTEGER NOT NULL, route TEXT NOT NULL, state INTEGER NOT NULL,
	items INTEGER NOT NULL, bytes INTEGER NOT NULL, made INTEGER, started INTEGER, settled INTEGER, total INTEGER NOT NULL, arrived INTEGER NOT NULL,
	note TEXT NOT NULL, root TEXT NOT NULL, bad INTEGER NOT NULL, other TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS batch_stream ON batch(stream);
CREATE TABLE IF NOT EXISTS offered(batch INTEGER NOT NULL, number INTEGER NOT NULL, era INTEGER NOT NULL, key NOT NULL, PRIMARY KEY(batch, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool(dir TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS offered_item ON offered(era, key);
`

// The states of a batch.
const (
	batchFilling = 0
	batchFrozen  = 1
	batchStarted = 2
	batchSettled = 3
)

const (
	batchColumns = `id, name, route, state, items, bytes, made, started, settled, total, arrived, note, root, bad, other`

	sqlHasTable  = `SELECT count(*) FROM sqlite_schema WHERE name=?`
	sqlNoteSpool = `INSERT OR IGNORE INTO spool VALUES(?)`
	sqlSpools    = `SELECT dir FROM spool ORDER BY dir`
	sqlBatches   = `SELECT ` + batchColumns + ` FROM batch WHERE stream=? ORDER BY id`
	sqlBatch     = `SELECT ` + batchColumns + ` FROM batch WHERE stream=? AND name=?`
	sqlNewBatch  = `INSERT INTO batch(name, stream, route, state, items, bytes, made, total, arrived, note, root, bad, other) VALUES(?,?,?,?,?,?,?,0,0,'',?,?,?) RETURNING id`
	sqlSetBatch  = `UPDATE batch SET state=?, started=? WHERE id=?`
	sqlEndBatch  = `UPDATE batch SET state=3, settled=?, total=?, arrived=?, note=? WHERE id=?`
	sqlFill1     = `UPDATE batch SET items=items+?, bytes=bytes+? WHERE id=?`
	sqlMarkBad   = `UPDATE batch SET bad=1 WHERE stream=? AND name=? AND state<3`

	sqlOffer     = `INSERT INTO offered VALUES(?,?,?,?)`
	sqlIsOffered = `SELECT 1 FROM offered WHERE era=? AND key=?`
	sqlUnoffer   = `DELETE FROM offered WHERE batch=?`
	// sqlOfferedMoved lets an offered item have its record at another place.
	sqlOfferedMoved = `UPDATE offered SET era=?, key=? WHERE era=? AND key=?`
	// notOffered leaves out what is in a batch that is not settled.
	notOffered = `NOT EXISTS(SELECT 1 FROM offered o WHERE o.era=item.era AND o.key=item.key)`
	sqlRegroup = `UPDATE offered SET batch=? WHERE batch=? AND number=?`
	// offeredFrom leaves out what got another outcome since: a batch has no say in it.
	offeredFrom = `SELECT o.number, f.name, o.key, i.size, i.tries, o.era, i.outcome, f.id FROM offered o JOIN item i ON i.era=o.era AND i.key=o.key
		JOIN era e ON e.id=o.era JOIN folder f ON f.id=e.folder WHERE i.outcome=` + unprovenNumber + ` AND o.batch=?`
	sqlOffered     = offeredFrom + ` ORDER BY o.number`
	sqlOfferedPage = offeredFrom + ` AND o.number>? ORDER BY o.number LIMIT 500`
	// sqlJudgeAll and sqlJudge leave the size, so that the tallies need no second look.
	sqlJudgeAll = `UPDATE item SET outcome=?1, note=?2, title=?3, tries=tries+?4 WHERE outcome=` + unprovenNumber + ` AND (era, key) IN (SELECT era, key FROM offered WHERE batch=?5)`
	sqlJudge    = `UPDATE item SET outcome=?1, note=?2, title=?3, tries=tries+?4 WHERE era=?5 AND key=?6`
)
