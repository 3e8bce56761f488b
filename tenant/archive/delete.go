package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/fault"
)

// Deletion says which tenant is to be deleted, and what for certain is kept of it.
type Deletion struct {
	Slug    string
	Confirm string    // the slug once more, typed by a person
	Archive io.Reader // the file that is kept
	Name    string    // where it lies, "" for nowhere: it must not be among those that are removed
	// Folder is where archives that people asked for lie, "" for nowhere; the tenant's are removed.
	Folder string
	// Letters is the folder where letters become files while there is no mail server, "" for none; those to the people
	// who are deleted are removed.
	Letters string
	// LateScans allows that scans which came after the archive was made, and are not in it, go with the rest.
	LateScans bool
}

// Deleted is what was done.
type Deleted struct {
	Header Header  // of the archive
	SHA256 string  // of the archive
	Rows   int64   // that were deleted, of all tables
	People int     // accounts that were deleted: of those who had roles nowhere else
	Files  int     // archives in the folder
	Left   []Count // every table with 0
	Late   int64   // scans among the rows that are not in the archive, because they came after it was made

	expected []ManifestTable // rows that must be deleted
}

// Delete removes an archived tenant: its rows in all tables, its jobs, its people who have roles nowhere else, and the
// archives in the folder. What remains is its number, in tenant.spent, so that nobody else gets it.
//
// It refuses (fault.Conflict, fault.Invalid) unless the tenant is archived, nobody reads its rows as a successor, and the
// archive is whole and holds exactly the rows that are there: every table's hash is compared with a new export's. Shoppers
// scan stamps of an archived tenant, too (tenant.DB.Visit): what came after the archive was made stands in its way, unless
// Deletion.LateScans lets it go; then it is counted. While Delete works, scans of the tenant wait. It signs in as
// the owner of the schema, because no door may delete. Call DB.Forget of a deployment that runs.
func Delete(ctx context.Context, c tenant.Config, d Deletion) (Deleted, error) {
	var done Deleted
	if d.Confirm != d.Slug {
		return done, fault.Invalid{{Name: "confirm", Message: "Hãy gõ đúng tên miền con của tỉnh, thành phố để xác nhận xóa."}}
	}
	if d.Name != "" && d.Folder != "" && inside(d.Name, d.Folder) {
		return done, fault.Invalid{{Name: "archive", Message: "Tệp lưu trữ này nằm trong thư mục của hệ thống và sẽ bị xóa cùng tỉnh. Hãy chép nó ra nơi khác trước."}}
	}
	t, err := compare(ctx, c, d, &done)
	if err != nil {
		return done, err
	}
	var traces Traces
	err = asOwner(ctx, c, func(tx pgx.Tx) (err error) {
		if traces, err = tracesOf(ctx, tx, t.ID); err != nil {
			return err
		}
		if err := holdVisitors(ctx, tx, t.ID); err != nil {
			return err
		}
		deleted, err := erase(ctx, tx, traces)
		if err != nil {
			return err
		}
		for _, m := range done.expected {
			late := deleted[m.Name] - m.Rows
			switch {
			case late == 0:
			case late > 0 && m.Name == scans:
				done.Late = late
			case late > 0 && slices.Contains(tenant.Visited, m.Name): // what such scans brought with them
			default:
				return fault.Say(fault.Conflict, "Dữ liệu vừa thay đổi trong lúc xóa (bảng %s). Chưa xóa gì; hãy xuất lại tệp lưu trữ rồi làm lại.", m.Name)
			}
		}
		if done.Late > 0 && !d.LateScans {
			return errLate(done.Late)
		}
		for _, n := range deleted {
			done.Rows += n
		}
		if err := nothingLeft(ctx, tx, traces, &done); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `
			insert into tenant.spent (id, unit, archive, deleted_at)
			values ($1, $2, $3, now())
			on conflict (id) do update
			set archive = excluded.archive, deleted_at = excluded.deleted_at`, t.ID, t.Unit, done.SHA256); err != nil {
			return err
		}
		// Not after the rows are gone: a deletion that is stopped here is done once more, files and all.
		return done.removeFiles(d, traces)
	})
	if err != nil {
		return done, err
	}
	done.People = len(traces.Accounts)
	// Whoever wrote at the same moment has committed by now, or can no longer.
	if err := asOwner(ctx, c, func(tx pgx.Tx) error {
		if err := nothingLeft(ctx, tx, traces, &done); err == nil {
			return nil
		}
		if _, err := erase(ctx, tx, traces); err != nil {
			return err
		}
		return nothingLeft(ctx, tx, traces, &done)
	}); err != nil {
		return done, err
	}
	return done, done.removeFiles(d, traces) // what came meanwhile
}

// removeFiles removes the tenant's archives, and the letters to its people.
func (done *Deleted) removeFiles(d Deletion, t Traces) error {
	archives, err := removeFiles(d.Folder, t.Tenant)
	if err != nil {
		return err
	}
	letters, err := removeLetters(d.Letters, t.lower())
	done.Files += archives + letters
	return err
}

// nothingLeft counts, and refuses when there is something.
func nothingLeft(ctx context.Context, tx pgx.Tx, t Traces, done *Deleted) (err error) {
	if done.Left, err = Leftovers(ctx, tx, t); err != nil {
		return err
	}
	for _, c := range done.Left {
		if c.Rows > 0 {
			return fault.Say(fault.Conflict, "Còn sót %d dòng trong bảng %s mà chương trình chưa biết cách xóa. Chưa xóa gì.", c.Rows, c.Table)
		}
	}
	return nil
}

// compare reads the archive and holds it against what is there.
func compare(ctx context.Context, c tenant.Config, d Deletion, done *Deleted) (tenant.Tenant, error) {
	db, err := tenant.Open(ctx, c)
	if err != nil {
		return tenant.Tenant{}, err
	}
	defer db.Close()
	t, err := db.TenantBySlug(ctx, d.Slug)
	if err != nil {
		return t, err
	}
	if t.State != tenant.Archived {
		return t, fault.Say(fault.Conflict, "%s chưa ở trạng thái lưu trữ. Hãy chuyển sang lưu trữ trước khi xóa.", t.Name)
	}
	if err := unread(ctx, db, t); err != nil {
		return t, err
	}
	file := newCounter(io.Discard)
	var kept Manifest
	if done.Header, kept, err = Check(io.TeeReader(d.Archive, file)); err != nil {
		return t, err
	}
	if !sameTenant(done.Header, t) {
		return t, bad("Tệp lưu trữ này là của %s, không phải của %s.", done.Header.Tenant.Name, t.Name)
	}
	now, err := Export(ctx, db, t.ID, io.Discard, Options{Credentials: done.Header.Credentials})
	if err != nil {
		return t, err
	}
	if changed := differences(done.Header, kept, now); len(changed) > 0 {
		late, only := lateScans(changed, kept, now)
		switch {
		case !only:
			if len(changed) > 5 {
				changed = append(changed[:5], "…")
			}
			return t, fault.Say(fault.Conflict, "Dữ liệu đang có khác với tệp lưu trữ ở: %s. Hãy xuất lại tệp lưu trữ rồi xóa.", strings.Join(changed, ", "))
		case !d.LateScans:
			return t, errLate(late)
		}
	}
	done.SHA256 = file.sum()
	for _, m := range kept.Tables {
		if m.Name != accounts {
			done.expected = append(done.expected, m)
		}
	}
	return t, nil
}

// unread refuses a tenant whose rows another one reads, or will, as its successor or because communes went there; and one
// that looks after communes of another.
func unread(ctx context.Context, db *tenant.DB, t tenant.Tenant) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		for _, c := range []struct{ sql, said string }{
			{`
				select s.name
				from tenant.lineage l
				join tenant.tenant s on s.id = l.successor
				where l.origin = $1`, "Dữ liệu của %s đang thuộc về %s theo việc sáp nhập nên không xóa được."},
			{`
				select distinct s.name
				from tenant.part p
				join tenant.tenant s on s.id = p.successor
				where p.origin = $1 and p.undone_at is null
				order by s.name`, "Một phần dữ liệu của %s đang do %s quản lý theo việc chuyển xã, phường nên không xóa được. Hãy hủy việc chuyển trước."},
			{`
				select distinct o.name
				from tenant.part p
				join tenant.tenant o on o.id = p.origin
				where p.successor = $1 and p.undone_at is null
				order by o.name`, "%s đang quản lý xã, phường nhận từ %s nên không xóa được. Hãy hủy việc chuyển trước."},
		} {
			others, err := tenant.Column[string](ctx, tx, c.sql, t.ID)
			if err != nil {
				return fmt.Errorf("look for who reads or is read: %w", err)
			}
			if len(others) > 0 {
				return fault.Say(fault.Conflict, c.said, t.Name, strings.Join(others, ", "))
			}
		}
		return nil
	})
}

// differences names the tables that are not the same in an archive and in a new export.
func differences(head Header, kept Manifest, now Result) []string {
	var list []string
	for i, m := range now.Manifest.Tables {
		if i >= len(kept.Tables) || kept.Tables[i] != m || !slices.Equal(head.Tables[i].Columns, now.Header.Tables[i].Columns) {
			list = append(list, m.Name)
		}
	}
	if len(kept.Tables) > len(now.Manifest.Tables) {
		list = append(list, kept.Tables[len(now.Manifest.Tables)].Name)
	}
	return list
}

// scans is the table of single scans. Doors may only add to it, so what it has beyond an archive came later.
const scans = "scan.scan"

// lateScans returns how many scans came after the archive was made, and whether nothing else has changed since.
func lateScans(changed []string, kept Manifest, now Result) (late int64, only bool) {
	if slices.ContainsFunc(changed, func(name string) bool { return !slices.Contains(tenant.Visited, name) }) {
		return 0, false
	}
	for i, m := range now.Manifest.Tables {
		if m.Name == scans {
			late = m.Rows - kept.Tables[i].Rows
		}
	}
	return late, late > 0
}

func errLate(n int64) error {
	return fault.Say(fault.Conflict, "Từ lúc lập tệp lưu trữ đã có thêm %d lượt quét tem, không có trong tệp. Chưa xóa gì. Hãy xuất lại tệp lưu trữ rồi xóa; nếu tem vẫn được quét liên tục, thêm --late-scans để xóa cả các lượt quét đến sau.", n)
}

// holdVisitors lets nobody leave anything behind in the tenant until the transaction ends: it waits for scans that are
// under way, and holds the rows that later ones would refer to.
func holdVisitors(ctx context.Context, tx pgx.Tx, id tenant.ID) error {
	references, err := referencesOf(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range references {
		if slices.Contains(tenant.Visited, r.Child) && r.Parent != tenants {
			if _, err := tx.Exec(ctx, "select 1 from "+quote(r.Parent)+" where tenant_id = $1 for update", id); err != nil {
				return fmt.Errorf("wait for scans: %w", err)
			}
		}
	}
	return nil
}

// reference is a foreign key.
type reference struct {
	Child   string
	Columns []string
	Parent  string
	Keys    []string // columns of the parent
}

func referencesOf(ctx context.Context, q querier) ([]reference, error) {
	rows, err := q.Query(ctx, `
		select cn.nspname || '.' || c.relname as child, pn.nspname || '.' || p.relname as parent,
			array(
				select a.attname::text
				from unnest(f.conkey) with ordinality k (num, place)
				join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.num
				order by k.place) as columns,
			array(
				select a.attname::text
				from unnest(f.confkey) with ordinality k (num, place)
				join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.num
				order by k.place) as keys
		from pg_constraint f
		join pg_class c on c.oid = f.conrelid
		join pg_namespace cn on cn.oid = c.relnamespace
		join pg_class p on p.oid = f.confrelid
		join pg_namespace pn on pn.oid = p.relnamespace
		where f.contype = 'f' and cn.nspname <> 'river' and not c.relispartition
		order by 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("read the foreign keys: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[reference])
	if err != nil {
		return nil, fmt.Errorf("read the foreign keys: %w", err)
	}
	return list, nil
}

// tracesOf locks the tenant's row and returns what it is known by. Its people are those with a role in it and none
// elsewhere, whom no row of another tenant refers to.
func tracesOf(ctx context.Context, tx pgx.Tx, id tenant.ID) (Traces, error) {
	t := Traces{Tenant: id}
	var state tenant.State
	if err := tx.QueryRow(ctx, "select state from tenant.tenant where id = $1 for update", id).Scan(&state); errors.Is(err, pgx.ErrNoRows) || err == nil && state != tenant.Archived {
		return t, fault.Say(fault.Conflict, "Tỉnh, thành phố vừa đổi trạng thái. Chưa xóa gì.")
	} else if err != nil {
		return t, fmt.Errorf("lock the tenant: %w", err)
	}
	references, err := referencesOf(ctx, tx)
	if err != nil {
		return t, err
	}
	tables, err := tablesOf(ctx, tx)
	if err != nil {
		return t, err
	}
	elsewhere := []string{
		"exists (select from authz.membership o where o.account_id = a.id and o.tenant_id <> $1)",
		"exists (select from authz.platform_role o where o.account_id = a.id)",
	}
	for _, r := range references {
		i := slices.IndexFunc(tables, func(t table) bool { return t.Name == r.Child })
		if r.Parent == accounts && i >= 0 && len(r.Columns) == 1 && slices.Contains(tables[i].Columns, "tenant_id") && leftOut[r.Child] == "" {
			elsewhere = append(elsewhere, "exists (select from "+quote(r.Child)+" o where o."+quote(r.Columns[0])+" = a.id and o.tenant_id <> $1)")
		}
	}
	rows, err := tx.Query(ctx, `
		select a.id, a.email
		from authz.account a
		where exists (select from authz.membership m where m.tenant_id = $1 and m.account_id = a.id)
		and not (`+strings.Join(elsewhere, " or ")+`)
		order by 1
		for update`, id)
	if err != nil {
		return t, fmt.Errorf("find the tenant's people: %w", err)
	}
	var person int64
	var email string
	if _, err := pgx.ForEachRow(rows, []any{&person, &email}, func() error {
		t.Accounts, t.Emails = append(t.Accounts, person), append(t.Emails, email)
		return nil
	}); err != nil {
		return t, fmt.Errorf("find the tenant's people: %w", err)
	}
	return t, nil
}

// erase deletes every row of the tenant, children before parents, and returns how many of each table.
func erase(ctx context.Context, tx pgx.Tx, t Traces) (map[string]int64, error) {
	tables, err := tablesOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	references, err := referencesOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	// Children go before parents anyway. Where the owner may, nobody looks it up for each row: few foreign keys have an
	// index of their own, and the table of scans is long. What would be left behind, Leftovers finds.
	var may bool
	if err := tx.QueryRow(ctx, "select has_parameter_privilege(current_user, 'session_replication_role', 'set')").Scan(&may); err != nil {
		return nil, fmt.Errorf("ask for rights: %w", err)
	}
	if may {
		if _, err := tx.Exec(ctx, "set local session_replication_role = replica"); err != nil {
			return nil, fmt.Errorf("switch foreign keys off: %w", err)
		}
	}
	deleted := map[string]int64{}
	for _, table := range slices.Backward(tables) {
		condition := belongs(table, references, t)
		if condition == "" {
			continue
		}
		tag, err := tx.Exec(ctx, "delete from "+quote(table.Name)+" where "+condition)
		if err != nil {
			return nil, fmt.Errorf("delete from %s: %w", table.Name, err)
		}
		deleted[table.Name] = tag.RowsAffected()
	}
	for name, sql := range map[string]string{
		"river.river_job": "delete from river.river_job where $1::text[] is not null and jsonb_path_exists(args, '$.** ? (@.tenant == " + strconv.Itoa(int(t.Tenant)) + ")')",
		"authz.throttle":  "delete from authz.throttle where exists (select from regexp_matches(lower(key), '[a-z0-9._%+-]+@[a-z0-9.-]*[a-z0-9]', 'g') m where m[1] = any ($1))",
	} {
		tag, err := tx.Exec(ctx, sql, t.lower())
		if err != nil {
			return nil, fmt.Errorf("delete from %s: %w", name, err)
		}
		deleted[name] = tag.RowsAffected()
	}
	if may {
		if _, err := tx.Exec(ctx, "set local session_replication_role = origin"); err != nil {
			return nil, fmt.Errorf("switch foreign keys on: %w", err)
		}
	}
	return deleted, nil
}

// belongs returns the condition for a table's rows to be the tenant's, or "" when none can be. A table of the tenants is
// asked by tenant_id alone, so that no other tenant's row can ever meet it.
func belongs(of table, references []reference, t Traces) string {
	id := strconv.Itoa(int(t.Tenant))
	var list []string
	add := func(condition string) {
		if !slices.Contains(list, condition) {
			list = append(list, condition)
		}
	}
	switch {
	case of.Name == tenants:
		return "id = " + id
	case of.Name == accounts:
		return "id = any (" + numbers(t.Accounts) + ")"
	case slices.Contains(of.Columns, "tenant_id"):
		add("tenant_id = " + id)
		if of.Name != sessions {
			return list[0]
		}
	case remembers[of.Name] != "":
		return ""
	}
	for _, r := range references {
		if r.Child != of.Name {
			continue
		}
		for i, c := range r.Columns {
			switch {
			case r.Keys[i] == "tenant_id", r.Parent == tenants && r.Keys[i] == "id":
				add(quote(c) + " = " + id)
			case r.Parent == accounts && r.Keys[i] == "id":
				add(quote(c) + " = any (" + numbers(t.Accounts) + ")")
			}
		}
	}
	return strings.Join(list, " or ")
}

// sessions may belong to no tenant: to a person who has not chosen one.
const sessions = "authz.session"
