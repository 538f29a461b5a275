package ledger

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// db is one connection to the file, used by one goroutine at a time. It speaks to
// the driver itself: there is no pool between, and statements are prepared once.
type db struct {
	conn  driver.Conn
	stmts map[string]prepared
	args  []driver.NamedValue
	sets  map[int64][]string // of flags, by ID; bounded
	ids   map[string]int64   // of sets of flags; of the writer only, bounded
}

type prepared interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// most is how many sets of flags a connection remembers.
const most = 4096

// connect opens the file, which must exist, and makes the settings.
func connect(path string, writable bool, settings ...string) (*db, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	slash := filepath.ToSlash(abs)
	if !strings.HasPrefix(slash, "/") { // C:/…
		slash = "/" + slash
	}
	query := "mode=ro"
	if writable {
		query = "mode=rw"
	}
	conn, err := (&sqlite.Driver{}).Open((&url.URL{Scheme: "file", Path: slash, RawQuery: query + "&_error_rc=1"}).String())
	if err != nil {
		return nil, err
	}
	d := &db{conn: conn, stmts: map[string]prepared{}, sets: map[int64][]string{}, ids: map[string]int64{}}
	for _, s := range append([]string{sqlBusy, sqlTemp, sqlCell}, settings...) {
		if _, err := d.one(s); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	return d, nil
}

func (d *db) close() error {
	var errs []error
	for _, s := range d.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, d.conn.Close())...)
}

func (d *db) prepare(query string) (prepared, error) {
	if s, ok := d.stmts[query]; ok {
		return s, nil
	}
	raw, err := d.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	s, ok := raw.(prepared)
	if !ok {
		return nil, errors.New("the driver has no statements with contexts")
	}
	d.stmts[query] = s
	return s, nil
}

func (d *db) bind(args []driver.Value) []driver.NamedValue {
	d.args = d.args[:0]
	for i, a := range args {
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return d.args
}

// exec carries a statement out and returns how many rows it changed.
func (d *db) exec(query string, args ...driver.Value) (int64, error) {
	s, err := d.prepare(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), d.bind(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query yields the rows of a statement. The row is valid during the call. yield must
// not run the same statement.
func (d *db) query(query string, yield func(row []driver.Value) error, args ...driver.Value) (err error) {
	s, err := d.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), d.bind(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := yield(row); err != nil {
			return err
		}
	}
}

// one returns the first row, nil when there is none.
func (d *db) one(query string, args ...driver.Value) ([]driver.Value, error) {
	var first []driver.Value
	err := d.query(query, func(row []driver.Value) error {
		if first == nil {
			first = append(first, row...)
		}
		return nil
	}, args...)
	return first, err
}

// flags returns the set of flags with an ID; 0 is the empty set.
func (d *db) flags(id int64) ([]string, error) {
	if id == 0 {
		return nil, nil
	}
	if set, ok := d.sets[id]; ok {
		return set, nil
	}
	row, err := d.one(sqlFlagset, id)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fmt.Errorf("%w: a set of flags is missing", errDamaged)
	}
	var set []string
	if err := json.Unmarshal([]byte(text(row[0])), &set); err != nil {
		return nil, err
	}
	if len(d.sets) >= most {
		clear(d.sets)
	}
	d.sets[id] = set
	return set, nil
}

// flagsID returns the ID of a set of flags, making one if needed.
func (d *db) flagsID(flags []string) (int64, error) {
	if len(flags) == 0 {
		return 0, nil
	}
	name := strings.Join(flags, "\x00")
	if id, ok := d.ids[name]; ok {
		return id, nil
	}
	data, err := json.Marshal(flags)
	if err != nil {
		return 0, err
	}
	row, err := d.one(sqlFlagsetID, string(data))
	if err == nil && row == nil {
		row, err = d.one(sqlNewFlags, string(data))
	}
	if err != nil {
		return 0, err
	}
	if len(d.ids) >= most {
		clear(d.ids)
	}
	d.ids[name] = number(row[0])
	return d.ids[name], nil
}
