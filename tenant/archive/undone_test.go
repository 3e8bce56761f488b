package archive_test

import (
	"bytes"
	"errors"
	"testing"

	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// TestMergerThatWasTakenBackIsHistory: a province that was merged into one that is here, and is on its own again, comes in
// without the leave that a merger in force needs, with its history, and nobody reads the other's rows. The same for
// communes that came back.
func TestMergerThatWasTakenBackIsHistory(t *testing.T) {
	s := provinces(t)
	nghean, danang := s.tenant(t, "nghe-an"), s.tenant(t, "da-nang")
	by := tenant.By{Name: "Người thử"}
	platform := func(f func(tx tenant.Platform) error) {
		t.Helper()
		if err := s.db.Platform(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		s.db.Forget()
	}
	var m tenant.Merger
	platform(func(tx tenant.Platform) (err error) {
		m, err = tenant.Merge(t.Context(), tx, tenant.NewMerger{Origin: nghean.ID, Successor: danang.ID, Effective: tx.Now(), Basis: "Nghị quyết thử", By: by})
		return err
	})
	undone := false
	undo := func() {
		if !undone {
			undone = true
			platform(func(tx tenant.Platform) error {
				return tenant.Undo(t.Context(), tx, m, by, "nghị quyết bị thu hồi")
			})
		}
	}
	defer undo() // others use the same provinces
	inForce, _ := export(t, s.db, nghean.ID, archive.Options{})
	undo()
	province, err := unit.ParseRef(nghean.Unit)
	if err != nil {
		t.Fatal(err)
	}
	commune := unit.Communes(province, s.db.Now())[0].Ref.String()
	platform(func(tx tenant.Platform) error {
		p, err := tenant.Cede(t.Context(), tx, tenant.NewPart{Origin: nghean.ID, Successor: danang.ID, Units: []string{commune}, Effective: tx.Now(), Basis: "Nghị quyết thử", By: by})
		if err != nil {
			return err
		}
		_, err = tenant.Reclaim(t.Context(), tx, by, nghean.ID, p.ID, "nghị quyết bị thu hồi")
		return err
	})
	takenBack, _ := export(t, s.db, nghean.ID, archive.Options{})
	theirs, _ := export(t, s.db, danang.ID, archive.Options{})

	c, db := empty(t)
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(theirs), archive.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(inForce), archive.ImportOptions{KeepAccounts: true}); !errors.Is(err, fault.Conflict) {
		t.Errorf("a merger in force: %v, want a conflict", err)
	}
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(takenBack), archive.ImportOptions{KeepAccounts: true}); err != nil {
		t.Fatalf("a merger that was taken back: %v", err)
	}
	db.Forget()
	for _, id := range []tenant.ID{nghean.ID, danang.ID} {
		if origins, err := db.Origins(t.Context(), id); err != nil || len(origins) > 0 {
			t.Errorf("%d reads %v, %v", id, origins, err)
		}
		if parts, err := db.Ceded(t.Context(), id); err != nil || len(parts) > 0 {
			t.Errorf("%d looks after %v, %v", id, parts, err)
		}
	}
	conn := owner(t, c)
	for table, want := range map[string]int64{"tenant.merger": 1, "tenant.part": 1} {
		if got := number(t, conn, "select count(*) from "+table+" where undone_at is not null and undo_reason = 'nghị quyết bị thu hồi'"); got < want {
			t.Errorf("%s has %d rows that were taken back, want %d", table, got, want)
		}
	}
}
