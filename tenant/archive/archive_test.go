package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/authz"
	"txng/modules"
	"txng/modules/demo"
	"txng/modules/journal"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// source is a database with the demonstration's provinces.
type source struct {
	config tenant.Config
	db     *tenant.DB
	keys   *stamps.Keys
	demo   demo.Result
	once   sync.Once
	err    error
}

var theSource source

func provinces(t *testing.T) *source {
	t.Helper()
	s := &theSource
	config := tenanttest.Database(t)
	s.once.Do(func() {
		s.err = func() (err error) {
			s.config = config
			if s.db, err = tenant.Open(context.Background(), config); err != nil {
				return err
			}
			if s.keys, err = stamps.KeysOf(config.Secret); err != nil {
				return err
			}
			signer, err := authz.NewSigner(config.Secret)
			if err != nil {
				return err
			}
			if s.demo, err = demo.Load(context.Background(), s.db, s.keys, signer.Factors(), "http://txng.test", func(int, int) {}); err != nil {
				return err
			}
			return journal.SealAll(context.Background(), s.db)
		}()
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s
}

func (s *source) tenant(t *testing.T, slug string) tenant.Tenant {
	t.Helper()
	found, err := s.db.TenantBySlug(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func export(t *testing.T, db *tenant.DB, id tenant.ID, o archive.Options) ([]byte, archive.Result) {
	t.Helper()
	var b bytes.Buffer
	r, err := archive.Export(t.Context(), db, id, &b, o)
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	return b.Bytes(), r
}

// empty returns a migrated database without a tenant.
func empty(t *testing.T) (tenant.Config, *tenant.DB) {
	t.Helper()
	c := tenanttest.Empty(t)
	if err := tenant.Migrate(t.Context(), c, -1); err != nil {
		t.Fatal(err)
	}
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return c, db
}

func owner(t *testing.T, c tenant.Config) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func number(t *testing.T, conn *pgx.Conn, sql string, args ...any) (n int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestImportedProvinceIsTheSameByteForByte(t *testing.T) {
	s := provinces(t)
	for _, credentials := range []bool{true, false} {
		t.Run(fmt.Sprintf("credentials %v", credentials), func(t *testing.T) {
			nghean := s.tenant(t, "nghe-an")
			options := archive.Options{Credentials: credentials, StampKey: s.keys.Check()}
			file, first := export(t, s.db, nghean.ID, options)
			c, db := empty(t)
			done, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{StampKey: s.keys.Check()})
			if err != nil {
				t.Fatalf("import: %v", err)
			}
			if done.Manifest.Rows != first.Manifest.Rows || done.Manifest.Rows < 100 {
				t.Errorf("imported %d rows, exported %d", done.Manifest.Rows, first.Manifest.Rows)
			}
			_, second := export(t, db, nghean.ID, options)
			for i, m := range first.Manifest.Tables {
				if i >= len(second.Manifest.Tables) || second.Manifest.Tables[i] != m {
					t.Errorf("%s differs: %+v, then %+v", m.Name, m, second.Manifest.Tables[i])
				}
			}
			if first.Manifest.Files == 0 || first.Manifest.Hash != second.Manifest.Hash {
				t.Errorf("files: %d %s, then %d %s", first.Manifest.Files, first.Manifest.Hash, second.Manifest.Files, second.Manifest.Hash)
			}
			at := second.Header.At
			second.Header.At = first.Header.At
			if fmt.Sprint(first.Header) != fmt.Sprint(second.Header) || at.IsZero() {
				t.Errorf("headers differ beside the time:\n%+v\n%+v", first.Header, second.Header)
			}
			t.Logf("%d tables, %d rows, %d files, %d bytes", len(first.Manifest.Tables), first.Manifest.Rows, first.Manifest.Files, first.Size)

			// Not only what Export sees: every table with the tenant's rows has as many as before.
			old, new := owner(t, s.config), owner(t, c)
			for _, m := range first.Manifest.Tables {
				if strings.HasPrefix(m.Name, "tenant.") || m.Name == "authz.account" {
					continue
				}
				sql := "select count(*) from " + m.Name + " where tenant_id = $1"
				if a, b := number(t, old, sql, nghean.ID), number(t, new, sql, nghean.ID); a != b || a != m.Rows {
					t.Errorf("%s: %d rows, then %d; the archive has %d", m.Name, a, b, m.Rows)
				}
			}
			report, err := journal.Verify(t.Context(), db, nghean)
			if err != nil || report.Found != 0 || report.Sealed == 0 {
				t.Errorf("audit after import: %d sealed, %d findings %v, %v", report.Sealed, report.Found, report.Findings, err)
			}
			if err := journal.SealAll(t.Context(), db); err != nil {
				t.Error(err)
			}
			if report, err := journal.Verify(t.Context(), db, nghean); err != nil || report.Found != 0 {
				t.Errorf("audit sealed on after import: %d findings %v, %v", report.Found, report.Findings, err)
			}
			if found, err := tenant.Inspect(t.Context(), new); err != nil || len(found) > 0 {
				t.Errorf("isolation after import: %v, %v", found, err)
			}
			// The next province gets a number of its own.
			if n := number(t, new, "insert into tenant.tenant (slug, name, unit, state, created_at) values ('moi', 'Mới', 'moi', 'draft', now()) returning id"); n <= int64(nghean.ID) {
				t.Errorf("the next tenant has number %d, the imported one %d", n, nghean.ID)
			}
		})
	}
}

func TestStampsOfAnImportedProvinceAreRecognizedWithTheSameSecretOnly(t *testing.T) {
	s := provinces(t)
	nghean := s.tenant(t, "nghe-an")
	file, _ := export(t, s.db, nghean.ID, archive.Options{StampKey: s.keys.Check()})
	c, db := empty(t)
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{StampKey: s.keys.Check()}); err != nil {
		t.Fatal(err)
	}
	other, err := stamps.KeysOf([]byte("another secret of 32 bytes or more"))
	if err != nil {
		t.Fatal(err)
	}
	if other.Check() == s.keys.Check() {
		t.Error("two keys have the same check value")
	}
	verdict := func(db *tenant.DB, keys *stamps.Keys, path string) (int, bool) {
		signer, err := authz.NewSigner(c.Secret)
		if err != nil {
			t.Fatal(err)
		}
		app := modules.New(modules.Config{DB: db, Signer: signer, Base: &url.URL{Scheme: "http", Host: "txng.test"}, Log: slog.New(slog.DiscardHandler)}, keys)
		defer app.Close()
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "txng.test"
		app.Handler().ServeHTTP(answer, r)
		return answer.Code, strings.Contains(answer.Body.String(), "Tem hợp lệ")
	}
	checked := 0
	for _, stamp := range s.demo.Stamps {
		u, err := url.Parse(stamp.URL)
		if err != nil {
			t.Fatal(err)
		}
		gtin := strings.Split(u.Path, "/")[2]
		if n := number(t, owner(t, c), "select count(*) from catalog.product where gtin = $1", gtin); stamp.State != "activated" || n == 0 {
			continue
		}
		checked++
		here, genuine := verdict(db, s.keys, u.Path)
		there, genuineThere := verdict(s.db, s.keys, u.Path)
		_, forged := verdict(db, other, u.Path)
		if here != there || !genuine || !genuineThere || forged {
			t.Errorf("%s: %d %v after import, %d %v before, with another secret %v", u.Path, here, genuine, there, genuineThere, forged)
		}
	}
	if checked == 0 {
		t.Error("no activated stamp: the test has lost its subject")
	}
}

// TestRowsOfAnImportedProvinceAreShutOff asks the imported rows for through the doors.
func TestRowsOfAnImportedProvinceAreShutOff(t *testing.T) {
	c, db, dead, alive := twoProvinces(t)
	for _, of := range []tenant.Tenant{dead, alive} {
		scope, err := db.Scope(t.Context(), of.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := number(t, owner(t, c), "select count(*) from catalog.product where tenant_id = $1", of.ID)
		if err := db.View(t.Context(), scope, func(tx tenant.Tx) error {
			all, err := tenant.Value[int64](t.Context(), tx, "select count(*) from catalog.product where $1::int[] is not null")
			if all != want || want == 0 {
				t.Errorf("%s sees %d products, has %d", of.Slug, all, want)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestArchiveHoldsNoOtherTenantAndNoSecret(t *testing.T) {
	s := provinces(t)
	// Bắc Ninh reads Bắc Giang's rows; its archive has its own only.
	bacninh, bacgiang := s.tenant(t, "bac-ninh"), s.tenant(t, "bac-giang")
	conn := owner(t, s.config)
	if n := number(t, conn, "select count(*) from tenant.lineage where successor = $1 and origin = $2", bacninh.ID, bacgiang.ID); n != 1 {
		t.Fatal("Bắc Ninh is no successor of Bắc Giang: the test has lost its subject")
	}
	_, r := export(t, s.db, bacninh.ID, archive.Options{})
	for _, m := range r.Manifest.Tables {
		if m.Name == "organization.organization" {
			if n := number(t, conn, "select count(*) from organization.organization where tenant_id = $1", bacninh.ID); n != m.Rows || n == 0 {
				t.Errorf("%d organizations in the archive, %d of its own", m.Rows, n)
			}
		}
		if slices.Contains([]string{"authz.session", "authz.refresh_token", "authz.signing_key", "authz.platform_role", "authz.reset", "archive.export"}, m.Name) {
			t.Errorf("the archive holds %s", m.Name)
		}
	}
	var hash string
	if err := conn.QueryRow(t.Context(), "select a.password_hash from authz.account a join authz.membership m on m.account_id = a.id where m.tenant_id = $1 limit 1", bacninh.ID).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	for _, with := range []bool{false, true} {
		file, _ := export(t, s.db, bacninh.ID, archive.Options{Credentials: with})
		text := string(unpacked(t, file, nil))
		if strings.Contains(text, hash) != with {
			t.Errorf("with credentials %v: a password hash is in the archive: %v", with, !with)
		}
		if !strings.Contains(text, `"successor":"`+bacninh.Unit+`"`) {
			t.Errorf("the merger does not stand in the archive")
		}
	}
}

func TestMergerIsRestoredWhereTheOtherProvinceIs(t *testing.T) {
	s := provinces(t)
	bacninh, bacgiang := s.tenant(t, "bac-ninh"), s.tenant(t, "bac-giang")
	one, _ := export(t, s.db, bacgiang.ID, archive.Options{})
	two, _ := export(t, s.db, bacninh.ID, archive.Options{})
	c, db := empty(t)
	first, err := archive.Import(t.Context(), c, bytes.NewReader(one), archive.ImportOptions{})
	if err != nil || len(first.Lineage) != 1 || first.Lineage[0] != bacninh.Unit {
		t.Fatalf("Bắc Giang alone: %v not restored, %v", first.Lineage, err)
	}
	keep := archive.ImportOptions{KeepAccounts: true} // the demonstration has people of both
	// An archive vouches for its own province only: whoever can write one would otherwise read any other's rows.
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(two), keep); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), bacgiang.Name) || !strings.Contains(fault.Message(err), "--mergers") {
		t.Fatalf("Bắc Ninh without consent: %v, want a conflict that names Bắc Giang", err)
	}
	if origins, err := db.Origins(t.Context(), bacninh.ID); err != nil || len(origins) != 0 {
		t.Fatalf("Bắc Ninh was refused and reads %v, %v", origins, err)
	}
	keep.Mergers = true
	second, err := archive.Import(t.Context(), c, bytes.NewReader(two), keep)
	if err != nil || len(second.Lineage) != 0 {
		t.Fatalf("Bắc Ninh: %v not restored, %v", second.Lineage, err)
	}
	db.Forget()
	origins, err := db.Origins(t.Context(), bacninh.ID)
	if err != nil || len(origins) != 1 || origins[0].Origin != bacgiang.ID {
		t.Errorf("origins of Bắc Ninh: %v, %v", origins, err)
	}
}

func TestImportRefusesWhatIsTaken(t *testing.T) {
	s := provinces(t)
	nghean := s.tenant(t, "nghe-an")
	file, _ := export(t, s.db, nghean.ID, archive.Options{StampKey: "right"})
	c, _ := empty(t)
	conn := owner(t, c)
	insert := func(id int, slug, unit string) string {
		return fmt.Sprintf("insert into tenant.tenant (id, slug, name, unit, state, created_at) overriding system value values (%d, '%s', 'Tỉnh khác', '%s', 'draft', now())", id, slug, unit)
	}
	var email string
	if err := owner(t, s.config).QueryRow(t.Context(), "select email from authz.membership where tenant_id = $1 order by id limit 1", nghean.ID).Scan(&email); err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]struct{ sql, undo, key, want string }{
		"number":          {insert(int(nghean.ID), "khac", "khac"), "delete from tenant.tenant", "right", "Số hiệu"},
		"slug":            {insert(1000, nghean.Slug, "khac"), "delete from tenant.tenant", "right", "Tên miền con"},
		"province":        {insert(1000, "khac", nghean.Unit), "delete from tenant.tenant", "right", "đã có trên hệ thống này"},
		"spent number":    {fmt.Sprintf("insert into tenant.spent values (%d, 'khac', repeat('0', 64), now())", nghean.ID), "delete from tenant.spent", "right", "từng thuộc về"},
		"e-mail address":  {"insert into authz.account values (1, '" + email + "', 'Người khác', '!', null, now())", "delete from authz.account", "right", "số hiệu khác"},
		"other stamp key": {"select 1", "select 1", "wrong", "khóa bí mật chính khác"},
	} {
		if _, err := conn.Exec(t.Context(), k.sql); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{StampKey: k.key})
		if got := fault.Message(err); !strings.Contains(got, k.want) {
			t.Errorf("%s: %q (%v), want %q", name, got, err, k.want)
		}
		if _, err := conn.Exec(t.Context(), k.undo); err != nil {
			t.Fatal(err)
		}
		isEmpty(t, name, conn)
	}
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{StampKey: "wrong", OtherKey: true}); err != nil {
		t.Errorf("with another key on purpose: %v", err)
	}
}

// isEmpty fails when there is a row in any table but the migrations' and the queue's own.
func isEmpty(t *testing.T, name string, conn *pgx.Conn) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select n.nspname || '.' || c.relname
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'river', 'public')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if n := number(t, conn, "select count(*) from "+table); n != 0 {
			t.Errorf("%s: %d rows in %s", name, n, table)
		}
	}
}
