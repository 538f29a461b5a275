package ledger

// The file is an isa ledger when its application ID says so; its user version is the
// version of the layout below.
const (
	application = 0x69736131 // "isa1"
	layout      = 2
)

// sqlSchema is the layout.
//
// An era is the time during which the keys of a source folder are valid: items belong
// to an era, so that setting aside all records of a folder is one small change. Its
// state is one of the constants below. A tally counts the items of an era by outcome.
// shelf finds items by their print: those of eras that are set aside (seen is how far
// it was filled with them, NULL: not at all), and, of other eras, those that the source
// does not list any more. same finds items by the name that the store has for them in
// whatever folder. A stray is an item that is elsewhere at the target than its folder's
// other items. laid is what lies on the table: items found at a target.
//
// Keys of ten digits are stored as integers, all others as text. A print is the head,
// the head and the body, these and the head at the target, or NULL. The key of a stray
// is ” when it is to be found out, '-' when it cannot be.
const sqlSchema = `
CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK(one=1), id TEXT NOT NULL, high INTEGER NOT NULL);
CREATE TABLE stream(
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, target TEXT NOT NULL,
	wave TEXT NOT NULL, moved INTEGER NOT NULL, closed INTEGER, passed INTEGER, surveyed INTEGER);
CREATE TABLE folder(
	id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, era INTEGER NOT NULL,
	name TEXT NOT NULL, path TEXT NOT NULL, use TEXT NOT NULL, epoch TEXT NOT NULL, next INTEGER NOT NULL,
	mark TEXT NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, unserved TEXT NOT NULL,
	t_name TEXT NOT NULL, t_path TEXT NOT NULL, t_use TEXT NOT NULL, t_epoch TEXT NOT NULL, t_next INTEGER NOT NULL,
	t_mark TEXT NOT NULL, t_items INTEGER NOT NULL, t_bytes INTEGER NOT NULL, t_unserved TEXT NOT NULL,
	made INTEGER NOT NULL, begun INTEGER NOT NULL, done INTEGER NOT NULL, gone INTEGER NOT NULL,
	shelved INTEGER NOT NULL, away_items INTEGER NOT NULL, away_bytes INTEGER NOT NULL, missing INTEGER NOT NULL,
	UNIQUE(stream, name));
CREATE INDEX folder_target ON folder(t_name) WHERE t_name<>'';
CREATE TABLE era(id INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL, epoch TEXT NOT NULL, state INTEGER NOT NULL, seen, filled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX era_folder ON era(folder, state);
CREATE TABLE item(
	era INTEGER NOT NULL, key NOT NULL, outcome INTEGER NOT NULL, size INTEGER NOT NULL, date INTEGER, flags INTEGER NOT NULL,
	print BLOB, target, tries INTEGER NOT NULL, note TEXT, title TEXT,
	PRIMARY KEY(era, key)) WITHOUT ROWID;
CREATE INDEX item_target ON item(era, target) WHERE target IS NOT NULL;
CREATE INDEX item_retry ON item(era) WHERE outcome>4;
CREATE INDEX item_left ON item(era) WHERE outcome>1;
CREATE TABLE tally(era INTEGER NOT NULL, outcome INTEGER NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(era, outcome)) WITHOUT ROWID;
CREATE TABLE flagset(id INTEGER PRIMARY KEY, flags TEXT NOT NULL UNIQUE);
CREATE TABLE shelf(stream INTEGER NOT NULL, head BLOB NOT NULL, era INTEGER NOT NULL, key NOT NULL, PRIMARY KEY(stream, head, era, key)) WITHOUT ROWID;
CREATE TABLE same(stream INTEGER NOT NULL, name TEXT NOT NULL, era INTEGER NOT NULL, key NOT NULL, PRIMARY KEY(stream, name)) WITHOUT ROWID;
CREATE TABLE stray(era INTEGER NOT NULL, key NOT NULL, t_name TEXT NOT NULL, t_epoch TEXT NOT NULL, t_key NOT NULL, stay INTEGER NOT NULL, PRIMARY KEY(era, key)) WITHOUT ROWID;
CREATE INDEX stray_target ON stray(t_name, t_key);
CREATE TABLE laid(
	folder INTEGER NOT NULL, key NOT NULL, head BLOB NOT NULL, body BLOB, size INTEGER NOT NULL, date INTEGER, flags INTEGER NOT NULL,
	taken INTEGER NOT NULL, PRIMARY KEY(folder, key)) WITHOUT ROWID;
CREATE INDEX laid_head ON laid(folder, head, taken);
`

// The states of an era.
const (
	eraCurrent = 0
	eraShelved = 1
	eraPast    = 2
)

// Settings of connections. Each is a statement of its own.
const (
	sqlBusy       = `PRAGMA busy_timeout=10000`
	sqlCell       = `PRAGMA cell_size_check=ON`
	sqlTemp       = `PRAGMA temp_store=FILE`
	sqlWAL        = `PRAGMA journal_mode=WAL`
	sqlCheckpoint = `PRAGMA wal_autocheckpoint=4000`
	sqlJournal    = `PRAGMA journal_size_limit=33554432`
	sqlCacheWrite = `PRAGMA cache_size=-4096`
	sqlCacheRead  = `PRAGMA cache_size=-1024`
	sqlNormal     = `PRAGMA synchronous=NORMAL`
	sqlFull       = `PRAGMA synchronous=FULL`
	sqlQueryOnly  = `PRAGMA query_only=ON`
	sqlAppID      = `PRAGMA application_id`
	sqlSetAppID   = `PRAGMA application_id=1769169201`
	sqlVersion    = `PRAGMA user_version`
	sqlSetVersion = `PRAGMA user_version=2`
	sqlObjects    = `SELECT count(*) FROM sqlite_schema`
	sqlBegin      = `BEGIN IMMEDIATE`
	sqlCommit     = `COMMIT`
	sqlRollback   = `ROLLBACK`
)

const (
	sqlMeta    = `SELECT id, high FROM meta`
	sqlNewMeta = `INSERT INTO meta VALUES(1, ?, 1)`
	sqlSetHigh = `UPDATE meta SET high=?`
	// After a loss the targets may hold what the ledger does not know of.
	sqlSuspect = `UPDATE folder SET begun=1 WHERE t_name<>''`
)

const (
	streamColumns = `id, name, origin, target, wave, moved, closed, passed, surveyed`

	sqlStreams   = `SELECT ` + streamColumns + ` FROM stream WHERE name>? ORDER BY name LIMIT 200`
	sqlStream    = `SELECT ` + streamColumns + ` FROM stream WHERE name=?`
	sqlNewStream = `INSERT INTO stream(name, origin, target, wave, moved) VALUES(?,?,?,?,0) RETURNING id`
	sqlNote      = `UPDATE stream SET wave=?, closed=?, passed=?, surveyed=? WHERE id=?`
	sqlRename    = `UPDATE stream SET name=?, target=? WHERE id=?`
	sqlMoved     = `UPDATE stream SET moved=1 WHERE id=?`
	sqlStreamSum = `SELECT t.outcome, sum(t.items), sum(t.bytes) FROM folder f JOIN era e ON e.folder=f.id JOIN tally t ON t.era=e.id WHERE f.stream=? GROUP BY t.outcome`
)

const (
	folderColumns = `id, stream, era, name, path, use, epoch, next, mark, items, bytes, unserved,
		t_name, t_path, t_use, t_epoch, t_next, t_mark, t_items, t_bytes, t_unserved, made, begun, done, gone, shelved, away_items, away_bytes, missing`

	sqlFolders   = `SELECT ` + folderColumns + ` FROM folder WHERE stream=? ORDER BY path, name`
	sqlFolder    = `SELECT ` + folderColumns + ` FROM folder WHERE stream=? AND name=?`
	sqlEra       = `SELECT era FROM folder WHERE id=?`
	sqlFolderRow = `SELECT ` + folderColumns + ` FROM folder WHERE id=?`
	sqlNewFolder = `INSERT INTO folder VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id`
	sqlSetFolder = `UPDATE folder SET stream=?, era=?, name=?, path=?, use=?, epoch=?, next=?, mark=?, items=?, bytes=?, unserved=?,
		t_name=?, t_path=?, t_use=?, t_epoch=?, t_next=?, t_mark=?, t_items=?, t_bytes=?, t_unserved=?,
		made=?, begun=?, done=?, gone=?, shelved=?, away_items=?, away_bytes=?, missing=? WHERE id=?`
	sqlDropFolder = `DELETE FROM folder WHERE id=?`
	sqlDropEras   = `DELETE FROM era WHERE folder=?`

	sqlNewEra      = `INSERT INTO era(folder, epoch, state) VALUES(?,?,0) RETURNING id`
	sqlEraOf       = `UPDATE era SET folder=? WHERE id=?`
	sqlEraEpoch    = `UPDATE era SET epoch=? WHERE id=?`
	sqlEraState    = `UPDATE era SET state=? WHERE folder=? AND state=?`
	sqlFolderEras  = `SELECT id, epoch, state FROM era WHERE folder=? ORDER BY id`
	sqlFolderSum   = `SELECT t.outcome, sum(t.items), sum(t.bytes) FROM era e JOIN tally t ON t.era=e.id WHERE e.folder=? AND e.state<2 GROUP BY t.outcome`
	sqlEverSettled = `SELECT EXISTS(SELECT 1 FROM era e JOIN item i ON i.era=e.id WHERE e.folder=?)`
	sqlTally       = `INSERT INTO tally VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET items=items+excluded.items, bytes=bytes+excluded.bytes`
)

const (
	itemColumns = `key, outcome, size, date, flags, print, target, tries, note, title`

	sqlNewItem = `INSERT INTO item VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`
	sqlSetItem = `INSERT OR REPLACE INTO item VALUES(?,?,?,?,?,?,?,?,?,?,?)`
	sqlOldItem = `SELECT outcome, size FROM item WHERE era=? AND key=?`
	sqlItem    = `SELECT ` + itemColumns + ` FROM item WHERE era=? AND key=?`
	// sqlItems looks up lookupWidth keys at once.
	sqlItems     = `SELECT ` + itemColumns + ` FROM item WHERE era=? AND key IN (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
	lookupWidth  = 32
	sqlRetry     = `SELECT ` + itemColumns + ` FROM item INDEXED BY item_retry WHERE era=? AND outcome>4 AND key>? AND ` + notOffered + ` ORDER BY key LIMIT 200`
	sqlRetryAll  = `SELECT ` + itemColumns + ` FROM item INDEXED BY item_retry WHERE era=? AND outcome>4 AND ` + notOffered + ` ORDER BY key LIMIT 200`
	sqlLeft      = `SELECT ` + itemColumns + ` FROM item INDEXED BY item_left WHERE era=? AND outcome>1 AND key>? ORDER BY key LIMIT 200`
	sqlLeftAll   = `SELECT ` + itemColumns + ` FROM item INDEXED BY item_left WHERE era=? AND outcome>1 ORDER BY key LIMIT 200`
	sqlFlagset   = `SELECT flags FROM flagset WHERE id=?`
	sqlFlagsetID = `SELECT id FROM flagset WHERE flags=?`
	sqlNewFlags  = `INSERT INTO flagset(flags) VALUES(?) RETURNING id`
	// sqlForget forgets where items are at the target, some at a time.
	sqlForget = `UPDATE item SET target=NULL WHERE (era, key) IN (
		SELECT i.era, i.key FROM era e JOIN item i ON i.era=e.id WHERE e.folder=? AND i.target IS NOT NULL LIMIT 2000)`
)

const (
	sqlUnfilled  = `SELECT id, seen FROM era WHERE folder=? AND state=1 AND filled=0 ORDER BY id LIMIT 1`
	sqlNextKeys  = `SELECT max(key), count(*) FROM (SELECT key FROM item WHERE era=? ORDER BY key LIMIT 2000)`
	sqlNextFrom  = `SELECT max(key), count(*) FROM (SELECT key FROM item WHERE era=? AND key>? ORDER BY key LIMIT 2000)`
	sqlFill      = `INSERT OR IGNORE INTO shelf SELECT ?1, substr(print,1,16), era, key FROM item WHERE era=?2 AND key<=?3 AND print IS NOT NULL AND substr(print,1,16)<>zeroblob(16)`
	sqlFillFrom  = sqlFill + ` AND key>?4`
	sqlSetSeen   = `UPDATE era SET seen=? WHERE id=?`
	sqlSetFilled = `UPDATE era SET filled=1 WHERE id=?`
	sqlOnShelf   = `SELECT s.era, s.key, i.date FROM shelf s JOIN era e ON e.id=s.era AND e.state=1 JOIN item i ON i.era=s.era AND i.key=s.key
		WHERE s.stream=? AND s.head=? AND e.folder=? LIMIT 2`
	sqlReclaim  = `INSERT INTO item SELECT ?1, ?2, outcome, size, date, flags, print, target, tries, note, title FROM item WHERE era=?3 AND key=?4`
	sqlDropItem = `DELETE FROM item WHERE era=? AND key=?`
	sqlUnshelf  = `DELETE FROM shelf WHERE stream=? AND head=? AND era=? AND key=?`
	// sqlNever is what is set aside and is not there, some at a time.
	sqlNever = `SELECT i.era, i.key, i.outcome, i.size, i.print FROM era e JOIN folder f ON f.id=e.folder JOIN item i INDEXED BY item_left ON i.era=e.id
		WHERE e.folder=? AND e.state=1 AND i.outcome>1 AND i.outcome<>4 AND NOT (i.outcome IN (6,7) AND EXISTS(SELECT 1 FROM batch b WHERE b.stream=f.stream)) LIMIT 2000`
)

const (
	// sqlSharing are the eras whose items are in the same folder of the same target.
	sqlSharing = `SELECT e.id FROM folder f JOIN stream s ON s.id=f.stream JOIN era e ON e.folder=f.id
		WHERE f.t_name=? AND f.t_name<>'' AND f.t_epoch=? AND s.target=? AND f.id<>?`
	sqlOwn = `SELECT id FROM era WHERE folder=?`
	// sqlBehind are those of folders that know this one in an earlier epoch.
	sqlBehind = `SELECT e.id FROM folder f JOIN stream s ON s.id=f.stream JOIN era e ON e.folder=f.id
		WHERE f.t_name=? AND f.t_name<>'' AND f.t_epoch<>? AND s.target=? AND f.id<>?`
	// sqlLoose are the records of what is at the target under a key that is not known,
	// some at a time; sqlThere those of all that is at the target.
	sqlThere     = `SELECT key, print, date FROM item WHERE era=? AND key>? AND outcome<2 ORDER BY key LIMIT 1000`
	sqlLoose     = `SELECT key, print, date FROM item WHERE era=? AND key>? AND outcome<2 AND target IS NULL ORDER BY key LIMIT 1000`
	sqlSetLoose  = `UPDATE item SET target=? WHERE era=? AND key=? AND target IS NULL`
	sqlAnyLoose  = `SELECT EXISTS(SELECT 1 FROM stray WHERE t_name=? AND t_key='')`
	sqlLooseAway = `SELECT x.key, i.print, i.date, x.era FROM stray x JOIN era e ON e.id=x.era JOIN folder f ON f.id=e.folder JOIN stream s ON s.id=f.stream
		JOIN item i ON i.era=x.era AND i.key=x.key
		WHERE x.t_name=? AND x.t_key='' AND x.t_epoch=? AND s.target=? AND (x.era, x.key)>(?,?) ORDER BY x.era, x.key LIMIT 1000`
	sqlSetAway = `UPDATE stray SET t_key=? WHERE era=? AND key=?`
	// sqlAwayAnew has the keys of strays found out again, in a folder's new epoch.
	sqlAwayAnew = `UPDATE stray SET t_epoch=?1, t_key='' WHERE t_name=?2 AND t_epoch=?3 AND era IN (
		SELECT e.id FROM stream s JOIN folder f ON f.stream=s.id JOIN era e ON e.folder=f.id WHERE s.target=?4)`
	sqlIsTarget = `SELECT 1 FROM item WHERE era=? AND target=?`
	sqlIsStray  = `SELECT 1 FROM stray x JOIN era e ON e.id=x.era JOIN folder f ON f.id=e.folder JOIN stream s ON s.id=f.stream
		WHERE x.t_name=? AND x.t_key=? AND x.t_epoch=? AND s.target=?`
	sqlAnyStray = `SELECT EXISTS(SELECT 1 FROM stray WHERE t_name=?)`
	sqlLay      = `INSERT OR REPLACE INTO laid VALUES(?,?,?,?,?,?,?,0)`
	sqlLaid     = `SELECT key, body, size, date, flags FROM laid INDEXED BY laid_head WHERE folder=? AND head=? AND taken=0 ORDER BY date IS NOT ?, key LIMIT 1`
	sqlTwo      = `SELECT count(*) FROM (SELECT 1 FROM laid WHERE folder=? AND head=? LIMIT 2)`
	// sqlTwoOfDate counts, up to two, what was laid of a head and a date, taken or not.
	sqlTwoOfDate = `SELECT count(*) FROM (SELECT 1 FROM laid WHERE folder=? AND head=? AND date IS ? LIMIT 2)`
	sqlTake      = `UPDATE laid SET taken=1 WHERE folder=? AND key=?`
	sqlReturn    = `UPDATE laid SET taken=0 WHERE folder=? AND key=?`
	sqlClear     = `DELETE FROM laid WHERE (folder, key) IN (SELECT folder, key FROM laid WHERE folder=? LIMIT 2000)`
)

const (
	sqlMissing = `SELECT EXISTS(SELECT 1 FROM shelf s JOIN era e ON e.id=s.era WHERE s.stream=? AND e.state<>1)`
	// sqlRange are the records between two keys, some at a time.
	sqlRange    = `SELECT key, outcome, substr(print,1,16) FROM item WHERE era=? AND key>? AND key<=? ORDER BY key LIMIT 2000`
	sqlSetAside = `INSERT OR IGNORE INTO shelf VALUES(?,?,?,?)`
	sqlAside    = `SELECT s.era, s.key, i.print, i.date FROM shelf s JOIN era e ON e.id=s.era AND e.state<>1 JOIN item i ON i.era=s.era AND i.key=s.key
		WHERE s.stream=? AND s.head=? ORDER BY i.date IS NOT ?, e.folder<>?, s.era, s.key LIMIT 64`
	sqlSame    = `SELECT era, key FROM same WHERE stream=? AND name=?`
	sqlSetSame = `INSERT OR REPLACE INTO same VALUES(?,?,?,?)`
	// sqlOfferSame does it where the name is not that of a record that is there.
	sqlOfferSame = `INSERT INTO same VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET era=excluded.era, key=excluded.key
		WHERE NOT EXISTS(SELECT 1 FROM item i WHERE i.era=same.era AND i.key=same.key
			AND (i.outcome<2 OR i.outcome IN (6,7) AND EXISTS(SELECT 1 FROM batch b WHERE b.stream=same.stream)))`
	// sqlFetched tells a stream of whose items a service was offered some.
	sqlFetched   = `SELECT EXISTS(SELECT 1 FROM batch WHERE stream=?)`
	sqlFolderOf  = `SELECT folder, state FROM era WHERE id=?`
	sqlSetTarget = `UPDATE item SET target=? WHERE era=? AND key=?`

	strayColumns = `x.t_name, x.t_epoch, x.t_key, x.stay`

	sqlStrayAt    = `SELECT t_name, t_epoch, t_key, stay FROM stray WHERE era=? AND key=?`
	sqlNewStray   = `INSERT OR REPLACE INTO stray VALUES(?,?,?,?,?,?)`
	sqlStrayMoved = `UPDATE OR REPLACE stray SET era=?, key=? WHERE era=? AND key=?`
	sqlDropStray  = `DELETE FROM stray WHERE era=? AND key=?`
	sqlStrays     = `SELECT i.key, i.outcome, i.size, i.date, i.flags, i.print, i.target, i.tries, i.note, i.title, ` + strayColumns + `
		FROM stray x JOIN item i ON i.era=x.era AND i.key=x.key WHERE x.era=? AND x.key>? ORDER BY x.key LIMIT 200`
	sqlStrayOf = `SELECT i.key, i.outcome, i.size, i.date, i.flags, i.print, i.target, i.tries, i.note, i.title, ` + strayColumns + `
		FROM stray x JOIN item i ON i.era=x.era AND i.key=x.key WHERE x.era=? AND x.key=?`
	// sqlStrayName gives strays the name that a folder of their target has now.
	sqlStrayName = `UPDATE stray SET t_name=? WHERE t_name=? AND t_epoch=? AND era IN (SELECT e.id FROM folder f JOIN era e ON e.folder=f.id WHERE f.stream=?)`
)
