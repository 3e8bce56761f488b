package archive_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"txng/tenant"
	"txng/tenant/archive"
)

// TestMemoryDoesNotGrowWithTheTable exports and imports 80 MB of rows and 35 MB of pictures.
func TestMemoryDoesNotGrowWithTheTable(t *testing.T) {
	c, db := empty(t)
	conn := owner(t, c)
	id := tenant.ID(number(t, conn, "insert into tenant.tenant (slug, name, unit, state, created_at) values ('nghe-an', 'Nghệ An', '40@0001-01-01', 'active', now()) returning id"))
	const rows, pictures = 100_000, 24
	for _, sql := range []string{
		`insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what)
			select $1, n, now(), n, 'Người ghi', '', 'lot.create', 'lot', n, repeat(md5(n::text), 18) from generate_series(1, $2::int) n`,
		`insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
			select $1, 1, 'household', 'Hộ', '0123456789', '', '1', false, 'approved', now() where $2::int > 0`,
		`insert into catalog.product (tenant_id, id, org_id, gtin, name, origin, state, created_at)
			select $1, n, 1, lpad(n::text, 14, '0'), 'Cam', 'Vinh', 'draft', now() from generate_series(1, $2::int) n where n <= 24`,
		`insert into catalog.photo (tenant_id, product_id, org_id, type, bytes, published, created_at)
			select $1, n, 1, 'image/jpeg', (select string_agg(sha256((n || ' ' || k)::bytea), '') from generate_series(1, 48000) k), false, now() from generate_series(1, $2::int) n where n <= 24`,
	} {
		if _, err := conn.Exec(t.Context(), sql, id, rows); err != nil {
			t.Fatal(err)
		}
	}
	var most, before uint64
	calls := 0
	look := func(int64, int64) {
		if calls++; calls%10_000 == 0 || calls < 2*pictures {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	start := func() {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		most, before, calls = 0, m.HeapAlloc, 0
	}
	const limit = 48 << 20
	name := filepath.Join(t.TempDir(), "x.tar.gz")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	start()
	r, err := archive.Export(t.Context(), db, id, file, archive.Options{Progress: look})
	if err != nil {
		t.Fatal(err)
	}
	if r.Manifest.Rows < rows || r.Manifest.Files != pictures || calls != int(r.Manifest.Rows) {
		t.Errorf("%d rows, %d files, %d calls", r.Manifest.Rows, r.Manifest.Files, calls)
	}
	t.Logf("export of %d rows and %d MB of pictures: file of %d MB, heap grew by %d MB", r.Manifest.Rows, r.Manifest.Bytes>>20, r.Size>>20, int64(most-before)>>20)
	if most > before+limit {
		t.Errorf("the heap grew by %d MB", (most-before)>>20)
	}
	c, _ = empty(t)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	start()
	done, err := archive.Import(t.Context(), c, file, archive.ImportOptions{Progress: look})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("import: heap grew by %d MB", int64(most-before)>>20)
	if most > before+limit || done.Manifest.Rows != r.Manifest.Rows {
		t.Errorf("%d rows; the heap grew by %d MB", done.Manifest.Rows, (most-before)>>20)
	}
}
