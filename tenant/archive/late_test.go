package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// shop leaves a scan of a stamp of a province's first order behind; done is called before its commit.
func shop(t *testing.T, db *tenant.DB, of tenant.ID, index int, done func()) error {
	t.Helper()
	return db.Visit(t.Context(), of, func(tx tenant.Visitor) error {
		type row struct{ Number int }
		first := `(select number, org_id, fields from stamps.stamp_order where tenant_id = $1 order by number limit 1) o`
		if _, err := tenant.Puts[row](t.Context(), tx, `
			insert into scan.scan (tenant_id, id, org_id, order_number, index, verdict, at, fields)
			select $1::int, $2, org_id, number, $3::int, 'genuine', now(), fields from `+first+`
			returning order_number as number`, tx.NewID(), index); err != nil {
			return err
		}
		n, err := tenant.Puts[row](t.Context(), tx, `
			insert into scan.serial (tenant_id, order_number, index, org_id, count, first_at, last_at, fields)
			select $1::int, number, $2::int, org_id, 1, now(), now(), fields from `+first+`
			on conflict (tenant_id, order_number, index) do update
			set count = scan.serial.count + 1, last_at = excluded.last_at
			returning order_number as number`, index)
		if err == nil && len(n) == 0 {
			err = errors.New("the province has no stamps")
		}
		done()
		return err
	})
}

func TestScanAfterTheArchiveIsNeverLostUnsaid(t *testing.T) {
	c, db, dead, _ := twoProvinces(t)
	file, _ := export(t, db, dead.ID, archive.Options{})
	for range 3 {
		if err := shop(t, db, dead.ID, 0, func() {}); err != nil {
			t.Fatalf("scan in an archived province: %v", err)
		}
	}
	conn := owner(t, c)
	before := everything(t, conn, "true")
	deletion := func(late bool) archive.Deletion {
		return archive.Deletion{Slug: dead.Slug, Confirm: dead.Slug, Archive: bytes.NewReader(file), LateScans: late}
	}
	_, err := archive.Delete(t.Context(), c, deletion(false))
	if said := fault.Message(err); !errors.Is(err, fault.Conflict) || !strings.Contains(said, "có thêm 3 lượt quét") || !strings.Contains(said, "--late-scans") {
		t.Errorf("deletion with an archive that lacks scans: %q (%v)", said, err)
	}
	for table, n := range everything(t, conn, "true") {
		if n != before[table] {
			t.Fatalf("%s has %d rows after a refusal, before %d", table, n, before[table])
		}
	}

	// To let scans go is to let nothing else go.
	if _, err := conn.Exec(t.Context(), "update organization.organization set phone = phone || '1' where tenant_id = $1", dead.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Delete(t.Context(), c, deletion(true)); !strings.Contains(fault.Message(err), "organization.organization") {
		t.Errorf("deletion with another change: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "update organization.organization set phone = left(phone, -1) where tenant_id = $1", dead.ID); err != nil {
		t.Fatal(err)
	}

	// A scan that is under way is waited for, and counted like the others.
	scanned, ended, watch := make(chan struct{}), make(chan error, 1), owner(t, c)
	go func() {
		ended <- shop(t, db, dead.ID, 999_999, func() { // of a stamp that nobody has scanned
			close(scanned)
			for range 500 { // until the deletion waits for it
				var waits bool
				if err := watch.QueryRow(t.Context(), "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')").Scan(&waits); err != nil || waits {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Error("the deletion does not wait for a scan under way")
		})
	}()
	<-scanned
	done, err := archive.Delete(t.Context(), c, deletion(true))
	if err != nil || done.Late != 4 {
		t.Errorf("%d late scans, %v; want 4", done.Late, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the scan under way: %v", err)
	}
	db.Forget()
	if err := shop(t, db, dead.ID, 0, func() {}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a scan after the deletion: %v, want fault.NotFound", err)
	}
	if n := number(t, conn, fmt.Sprintf("select count(*) from scan.scan where tenant_id = %d", dead.ID)); n != 0 {
		t.Errorf("%d scans left", n)
	}
}
