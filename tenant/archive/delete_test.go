package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// twoProvinces returns a database with Nghệ An, archived, and Hồ Chí Minh City, and everything that a living deployment
// has beside their archives: sessions, refresh tokens, jobs, throttles, resets, and a person of both.
func twoProvinces(t *testing.T) (c tenant.Config, db *tenant.DB, dead, alive tenant.Tenant) {
	t.Helper()
	s := provinces(t)
	c, db = empty(t)
	dead, alive = s.tenant(t, "nghe-an"), s.tenant(t, "ho-chi-minh")
	for _, of := range []tenant.Tenant{dead, alive} {
		file, _ := export(t, s.db, of.ID, archive.Options{Credentials: true})
		if _, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	conn := owner(t, c)
	for _, sql := range []string{
		"update tenant.tenant set state = 'archived' where id = $1",
		// A person of both provinces.
		`insert into authz.membership (tenant_id, id, account_id, email, name, role, valid_from)
			select $2, 77, account_id, email, name, 'leader', now() from authz.membership where tenant_id = $1 order by id limit 1`,
		"insert into authz.session (token_hash, account_id, tenant_id, membership_id, membership_version, created_at, expires_at) select sha256(id::text::bytea), account_id, tenant_id, id, 1, now(), now() + interval '1 day' from authz.membership",
		"insert into authz.session (token_hash, account_id, created_at, expires_at) select sha256(('none' || id)::bytea), id, now(), now() + interval '1 day' from authz.account",
		"insert into authz.refresh_token (token_hash, family, account_id, membership_tenant, membership_id, membership_version, created_at, expires_at) select sha256(('r' || id)::bytea), id, account_id, tenant_id, id, 1, now(), now() + interval '1 day' from authz.membership",
		"insert into authz.reset (token_hash, account_id, created_at, expires_at) select sha256(('s' || id)::bytea), id, now(), now() + interval '1 day' from authz.account",
		"insert into authz.throttle (key, tokens, at) select 'account ' || email || ' 10.0.0.1', 5, now() from authz.account",
		"insert into river.river_job (kind, args, max_attempts, state) select 'kpi_refresh', jsonb_build_object('tenant', id), 25, 'available' from tenant.tenant",
		"insert into archive.export (tenant_id, id, state, account_id, requester, requested_at, seen_at) select id, 1, 'waiting', 1, 'Ai', now(), now() from tenant.tenant",
	} {
		args := []any{}
		if strings.Contains(sql, "$1") {
			args = append(args, dead.ID)
		}
		if strings.Contains(sql, "$2") {
			args = append(args, alive.ID)
		}
		if tag, err := conn.Exec(t.Context(), sql, args...); err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
		}
	}
	db.Forget()
	dead.State = tenant.Archived
	return c, db, dead, alive
}

// everything counts the rows of every table.
func everything(t *testing.T, conn *pgx.Conn, where string) map[string]int64 {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select n.nspname || '.' || c.relname
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
		where c.relkind = 'r' and n.nspname !~ '^pg_'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int64{}
	for _, table := range tables {
		count[table] = number(t, conn, "select count(*) from "+table+" where "+where)
	}
	return count
}

func TestDeletedProvinceLeavesNoRowAnywhereAndTheOthersKeepAll(t *testing.T) {
	c, db, dead, alive := twoProvinces(t)
	conn := owner(t, c)
	file, kept := export(t, db, dead.ID, archive.Options{})
	_, other := export(t, db, alive.ID, archive.Options{Credentials: true})
	before := everything(t, conn, fmt.Sprintf("tenant_id = %d", dead.ID))
	for _, table := range []string{"catalog.product", "catalog.photo", "authz.membership", "authz.session", "audit.entry", "kpi.rollup", "archive.export", "stamps.stamp_order", "scan.scan"} {
		if before[table] == 0 {
			t.Errorf("no rows in %s: the test would prove nothing", table)
		}
	}
	otherBefore := everything(t, conn, fmt.Sprintf("tenant_id = %d", alive.ID))
	folder := t.TempDir()
	for _, of := range []tenant.Tenant{dead, alive} {
		if err := os.MkdirAll(archive.Folder(folder, of.ID), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(archive.Folder(folder, of.ID), "1.tar.gz"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Letters to somebody of the province, and to somebody of both, are files where there is no mail server.
	letters := t.TempDir()
	for name, sql := range map[string]string{
		"gone":  "select a.email from authz.account a join authz.membership m on m.account_id = a.id group by a.id having max(m.tenant_id) = $1 and min(m.tenant_id) = $1 limit 1",
		"stays": "select a.email from authz.account a join authz.membership m on m.account_id = a.id group by a.id having count(distinct m.tenant_id) = 2 and $1 > 0 limit 1",
	} {
		var email string
		if err := conn.QueryRow(t.Context(), sql, dead.ID).Scan(&email); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(letters, name+".eml"), []byte("From: a@x.vn\r\nTo: \"Ai\" <"+email+">\r\n\r\nChào"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done, err := archive.Delete(t.Context(), c, archive.Deletion{Slug: dead.Slug, Confirm: dead.Slug, Archive: bytes.NewReader(file), Folder: folder, Letters: letters})
	if err != nil {
		t.Fatalf("delete: %v", err)
	}
	db.Forget()
	tables := 0
	for _, l := range done.Left {
		tables++
		if l.Rows != 0 {
			t.Errorf("%d rows left in %s", l.Rows, l.Table)
		}
	}
	if tables < 40 || done.SHA256 != kept.SHA256 || done.People == 0 || done.Files != 2 {
		t.Errorf("%d tables counted, %d people, %d files, archive %s", tables, done.People, done.Files, done.SHA256)
	}
	t.Logf("%d rows deleted, %d tables counted, %d people", done.Rows, tables, done.People)
	if left, _ := filepath.Glob(filepath.Join(letters, "*")); len(left) != 1 || filepath.Base(left[0]) != "stays.eml" {
		t.Errorf("letters left: %v", left)
	}
	// A second opinion, with nothing of Delete's own.
	for table, n := range everything(t, conn, fmt.Sprintf("tenant_id = %d", dead.ID)) {
		if n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	for sql, want := range map[string]int64{
		fmt.Sprintf("select count(*) from tenant.tenant where id = %d", dead.ID):                                                      0,
		fmt.Sprintf("select count(*) from river.river_job where args::text like '%%%d%%'", dead.ID):                                   0,
		fmt.Sprintf("select count(*) from authz.refresh_token where membership_tenant = %d", dead.ID):                                 0,
		"select count(*) from authz.account a where not exists (select from authz.membership m where m.account_id = a.id)":            0,
		"select count(*) from authz.throttle t where not exists (select from authz.account a where t.key like '%' || a.email || '%')": 0,
		"select count(*) from authz.reset r where not exists (select from authz.account a where a.id = r.account_id)":                 0,
		"select count(*) from authz.session r where not exists (select from authz.account a where a.id = r.account_id)":               0,
		fmt.Sprintf("select count(*) from tenant.spent where id = %d", dead.ID):                                                       1,
	} {
		if n := number(t, conn, sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
	// Nobody else lost anything.
	for table, n := range everything(t, conn, fmt.Sprintf("tenant_id = %d", alive.ID)) {
		if n != otherBefore[table] {
			t.Errorf("%s of another province: %d rows, before %d", table, n, otherBefore[table])
		}
	}
	if _, now := export(t, db, alive.ID, archive.Options{Credentials: true}); fmt.Sprint(now.Manifest.Tables) != fmt.Sprint(other.Manifest.Tables) {
		t.Error("the other province's archive has changed")
	}
	if _, err := os.Stat(filepath.Join(archive.Folder(folder, alive.ID), "1.tar.gz")); err != nil {
		t.Errorf("another province's archive: %v", err)
	}
	if found, err := tenant.Inspect(t.Context(), conn); err != nil || len(found) > 0 {
		t.Errorf("isolation after deletion: %v, %v", found, err)
	}

	// The number is spent for others, and the archive brings its own province back.
	if n := number(t, conn, "insert into tenant.tenant (slug, name, unit, state, created_at) values ('moi', 'Mới', 'moi', 'draft', now()) returning id"); n == int64(dead.ID) {
		t.Error("a new tenant got the number of the deleted one")
	}
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{}); !strings.Contains(fault.Message(err), "--keep-accounts") {
		t.Errorf("import beside a person of both provinces: %v", err)
	}
	back, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{KeepAccounts: true})
	if err != nil || back.Kept != 1 {
		t.Fatalf("import again: %d accounts kept, %v", back.Kept, err)
	}
	if _, again := export(t, db, dead.ID, archive.Options{}); fmt.Sprint(again.Manifest.Tables) != fmt.Sprint(kept.Manifest.Tables) {
		t.Error("the restored province is not the deleted one")
	}
}

func TestDeletionIsRefused(t *testing.T) {
	c, db, dead, alive := twoProvinces(t)
	conn := owner(t, c)
	file, _ := export(t, db, dead.ID, archive.Options{})
	foreign, _ := export(t, db, alive.ID, archive.Options{})
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	before := everything(t, conn, "true")
	id := fmt.Sprint(dead.ID)
	for name, k := range map[string]struct {
		do, undo string
		file     []byte
		confirm  string
		want     string
	}{
		"not confirmed":            {"select 1", "select 1", file, "nghe", "gõ đúng"},
		"active":                   {"update tenant.tenant set state = 'active' where id = " + id, "update tenant.tenant set state = 'archived' where id = " + id, file, "", "chưa ở trạng thái lưu trữ"},
		"gave communes away":       {fmt.Sprintf("insert into tenant.part values (1, %d, %d, '{x}', now(), 'NQ 1', 'A', 0, now())", dead.ID, alive.ID), "delete from tenant.part", file, "", "đang do " + alive.Name + " quản lý"},
		"looks after communes":     {fmt.Sprintf("insert into tenant.part values (1, %d, %d, '{x}', now(), 'NQ 1', 'A', 0, now())", alive.ID, dead.ID), "delete from tenant.part", file, "", "nhận từ " + alive.Name},
		"read by a successor":      {fmt.Sprintf("insert into tenant.lineage values (%d, %d, now(), 'NQ', now())", alive.ID, dead.ID), "delete from tenant.lineage", file, "", "sáp nhập"},
		"archive of another":       {"select 1", "select 1", foreign, "", "không phải của"},
		"archive cut off":          {"select 1", "select 1", file[:len(file)-100], "", "cắt cụt"},
		"archive altered":          {"select 1", "select 1", append(bytes.Clone(file[:2000]), file[2001:]...), "", ""},
		"row added since":          {"insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what) values (" + id + ", 1, now(), 1, 'A', '', 'x', 'y', 1, 'z')", "delete from audit.entry where id = 1", file, "", "audit.entry"},
		"row changed since":        {"update organization.organization set phone = phone || '1' where tenant_id = " + id, "update organization.organization set phone = left(phone, -1) where tenant_id = " + id, file, "", "organization.organization"},
		"leftover in a new table":  {"create table public.note (of_tenant int, text text); insert into public.note values (" + id + ", 'x')", "drop table public.note", file, "", "Còn sót 1 dòng trong bảng public.note"},
		"leftover in a new column": {"alter table authz.platform_role add column note text; insert into authz.account values (1, 'o@x.vn', 'O', '!', null, now()); insert into authz.platform_role (account_id, role, created_at, note) select 1, 'operator', now(), 'Thay cho ' || email from authz.membership where tenant_id = " + id + " order by id desc limit 1", "delete from authz.platform_role; delete from authz.account where id = 1; alter table authz.platform_role drop column note", file, "", "Còn sót"},
		"leftover job":             {"insert into river.river_job (kind, args, max_attempts, state) values ('x', '{\"of\": {\"tenant_id\": " + id + "}}', 1, 'available')", "delete from river.river_job where kind = 'x'", file, "", "river.river_job"},
	} {
		exec(k.do)
		confirm := dead.Slug
		if k.confirm != "" {
			confirm = k.confirm
		}
		_, err := archive.Delete(context.Background(), c, archive.Deletion{Slug: dead.Slug, Confirm: confirm, Archive: bytes.NewReader(k.file)})
		message := fault.Message(err)
		var wrong fault.Invalid
		if errors.As(err, &wrong) {
			message = wrong[0].Message
		}
		if err == nil || message == "" || !strings.Contains(message, k.want) {
			t.Errorf("%s: %q (%v), want %q", name, message, err, k.want)
		}
		exec(k.undo)
		for table, n := range everything(t, conn, "true") {
			if n != before[table] {
				t.Fatalf("%s: %s has %d rows, before %d", name, table, n, before[table])
			}
		}
	}
	if _, err := archive.Delete(t.Context(), c, archive.Deletion{Slug: dead.Slug, Confirm: dead.Slug, Archive: bytes.NewReader(file)}); err != nil {
		t.Errorf("with nothing in the way: %v", err)
	}
}

// TestOwnerWithoutSpecialRightsImportsAndDeletes works as an owner of the schema whom row security holds off, as hosted
// databases give one.
func TestOwnerWithoutSpecialRightsImportsAndDeletes(t *testing.T) {
	s := provinces(t)
	c, _ := empty(t)
	conn := owner(t, c)
	role := fmt.Sprintf("txng_owner_%d", os.Getpid())
	for _, sql := range []string{
		"create role " + role + " login nosuperuser nobypassrls password 'owner'",
		// Everything of the database is given to the plain role.
		`do $$ declare r record; begin
			execute format('alter database %I owner to ` + role + `', current_database());
			for r in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
				execute format('alter schema %I owner to ` + role + `', r.nspname);
			end loop;
			for r in select c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' loop
				execute format('alter table %s owner to ` + role + `', r.name);
			end loop;
		end $$`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, c.URL)
		if err != nil {
			return
		}
		defer conn.Close(ctx)
		conn.Exec(ctx, "reassign owned by "+role+" to current_user")
		conn.Exec(ctx, "drop owned by "+role)
		conn.Exec(ctx, "drop role "+role)
	})
	plain := c
	plain.URL = strings.Replace(c.URL, c.URL[strings.Index(c.URL, "//")+2:strings.Index(c.URL, "@")], role+":owner", 1)
	nghean := s.tenant(t, "nghe-an")
	file, first := export(t, s.db, nghean.ID, archive.Options{})
	if _, err := archive.Import(t.Context(), plain, bytes.NewReader(file), archive.ImportOptions{}); err != nil {
		t.Fatalf("import: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "update tenant.tenant set state = 'archived'"); err != nil {
		t.Fatal(err)
	}
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	file, second := export(t, db, nghean.ID, archive.Options{})
	if first.Manifest.Rows != second.Manifest.Rows {
		t.Errorf("%d rows, then %d", first.Manifest.Rows, second.Manifest.Rows)
	}
	if _, err := archive.Delete(t.Context(), plain, archive.Deletion{Slug: nghean.Slug, Confirm: nghean.Slug, Archive: bytes.NewReader(file)}); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if n := number(t, conn, "select count(*) from catalog.product"); n != 0 {
		t.Errorf("%d products left", n)
	}
	if found, err := tenant.Inspect(t.Context(), conn); err != nil || len(found) > 0 {
		t.Errorf("isolation afterwards: %v, %v", found, err)
	}
}
