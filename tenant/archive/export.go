package archive

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// Options say what an export holds.
type Options struct {
	Credentials bool   // hashes of passwords and of API secrets travel, too
	StampKey    string // check value of the deployment's stamp key
	Product     string // version of this program
	// Progress is told how many of all rows have been written; nil tells nobody. It is called for every row.
	Progress func(done, total int64)
}

// Result is what was written.
type Result struct {
	Header   Header
	Manifest Manifest
	Size     int64  // of the file
	SHA256   string // of the file
}

// Export writes everything that the tenant has, as of one moment, to the writer. It reads through the doors, so that the
// rows of no other tenant can come with them, and holds a few megabytes in memory however much there is.
func Export(ctx context.Context, db *tenant.DB, id tenant.ID, to io.Writer, o Options) (Result, error) {
	var r Result
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	err := db.ForArchive(ctx, id, func(rows, platform pgx.Tx) error {
		list, err := parts(ctx, rows, o.Credentials)
		if err != nil {
			return err
		}
		e := export{rows: rows, platform: platform, id: id, o: o}
		if r.Header, err = e.header(ctx, list); err != nil {
			return err
		}
		out := newCounter(to)
		if e.w, err = newWriter(out, r.Header); err != nil {
			return err
		}
		for _, p := range list {
			if err := e.table(ctx, p, r.Header.Total); err != nil {
				return fmt.Errorf("export %s: %w", p.Name, err)
			}
		}
		if err := e.w.close(); err != nil {
			return err
		}
		r.Manifest, r.Size, r.SHA256 = e.w.done, out.n, out.sum()
		return nil
	})
	return r, err
}

// export is an export under way.
type export struct {
	rows, platform pgx.Tx
	id             tenant.ID
	o              Options
	w              *writer
	done           int64
}

func (e *export) header(ctx context.Context, list []part) (Header, error) {
	h := Header{Format: Format, Version: Version, Product: e.o.Product, Credentials: e.o.Credentials, StampKey: e.o.StampKey}
	if err := e.platform.QueryRow(ctx, `
		select t.id, t.slug, t.name, t.unit, now() at time zone 'UTC'
		from tenant.tenant t
		where t.id = $1`, e.id).Scan(&h.Tenant.ID, &h.Tenant.Slug, &h.Tenant.Name, &h.Tenant.Unit, &h.At); err != nil {
		return h, fmt.Errorf("read the tenant: %w", err)
	}
	var err error
	if h.Schema, err = tenant.NewestMigration(); err != nil {
		return h, err
	}
	for _, p := range list {
		t := HeaderTable{Name: p.Name}
		for i, name := range p.names() {
			t.Columns = append(t.Columns, Column{name, p.typeOf(i)})
		}
		if err := e.door(p).QueryRow(ctx, "select count(*) from "+from(p), e.id).Scan(&t.Rows); err != nil {
			return h, fmt.Errorf("count %s: %w", p.Name, err)
		}
		h.Tables = append(h.Tables, t)
		h.Total += t.Rows
	}
	return h, nil
}

// door returns the transaction that may read a table.
func (e *export) door(p part) pgx.Tx {
	if p.owner == "tenant_id" {
		return e.rows
	}
	return e.platform
}

// from returns a table as x, with the condition that makes it the tenant's, whose number is $1.
func from(p part) string {
	switch {
	case p.relation:
		var columns []string
		for _, c := range p.Tenants {
			columns = append(columns, "x."+quote(c))
		}
		return quote(p.Name) + " x where $1::int in (" + strings.Join(columns, ", ") + ")"
	case p.Name == accounts:
		return "authz.account x where exists (select from authz.membership m where m.tenant_id = $1 and m.account_id = x.id)"
	}
	return quote(p.Name) + " x where x." + quote(p.owner) + " = $1"
}

// table writes the rows of a table. They are streamed: the server is not asked faster than the archive is written.
func (e *export) table(ctx context.Context, p part, total int64) error {
	names := p.names()
	selected, kinds, keys := make([]string, len(names)), make([]kind, len(names)), make([][]byte, len(names))
	for i, name := range names {
		column := "x." + quote(name)
		kinds[i] = kindOf(p.typeOf(i))
		selected[i] = expression(column, p.typeOf(i))
		if p.relation && slices.Contains(p.Tenants, name) {
			selected[i] = "(select t.unit from tenant.tenant t where t.id = " + column + ")"
		}
		keys[i] = append(appendString(nil, name), ':')
	}
	// Planned for this tenant alone: what serves a large one reads a small one's rows among those of all.
	rows, err := e.door(p).Query(ctx, "select "+strings.Join(selected, ", ")+" from "+from(p)+" order by "+order(p), pgx.QueryExecModeDescribeExec, e.id)
	if err != nil {
		return err
	}
	defer rows.Close()
	e.w.begin(p.Name)
	var line []byte
	for rows.Next() {
		line = append(line[:0], '{')
		for i, value := range rows.RawValues() {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, keys[i]...)
			line = e.value(line, kinds[i], value)
		}
		if err := e.w.row(append(line, '}', '\n')); err != nil {
			return err
		}
		e.done++
		e.o.Progress(e.done, total)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return e.w.end()
}

// value appends one value as JSON; nil is SQL's null.
func (e *export) value(line []byte, k kind, value []byte) []byte {
	switch {
	case value == nil:
		return append(line, "null"...)
	case k == asBytes && len(value) > inlineSize:
		b, _ := json.Marshal(e.w.file(value)) // a struct of strings and a number always has a form
		return append(line, b...)
	case k == asBytes:
		b, _ := json.Marshal(value) // base64
		return append(line, b...)
	}
	return appendValue(line, k, value)
}

// order returns what puts a table's rows into an order that is the same on every server.
func order(p part) string {
	var list []string
	for _, c := range p.Key {
		by := "x." + quote(c)
		if i := slices.Index(p.Columns, c); i >= 0 && (p.Types[i] == "text" || p.Types[i] == "character varying") {
			by += ` collate "C"`
		}
		list = append(list, by)
	}
	if len(list) == 0 {
		return `x::text collate "C"`
	}
	return strings.Join(list, ", ")
}

// Sum returns the SHA-256 of a file, as Result has it.
func Sum(file io.Reader) (string, error) {
	c := newCounter(io.Discard)
	if _, err := io.Copy(c, file); err != nil {
		return "", fmt.Errorf("read the archive: %w", err)
	}
	return hex.EncodeToString(c.hash.Sum(nil)), nil
}
