package audit

import (
	"fmt"
	"slices"
	"testing"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

var operator = authz.Identity{Account: 3, Name: "Vũ Vận Hành", Role: authz.Operator}

func platform(t *testing.T, db *tenant.DB, f func(tenant.Platform) error) {
	t.Helper()
	if err := db.Platform(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// The platform's own audit is one of the deployment: the faults come one after another, each put right again.
func TestTamperingWithThePlatformsOwnAuditIsFound(t *testing.T) {
	e := tenanttest.New(t)
	for i := range 6 {
		platform(t, e.DB, func(tx tenant.Platform) error {
			return WriteAsPlatform(From(t.Context(), "203.0.113.9"), tx, operator, Platform, "account.signin", Record{Subject: "account", ID: int64(i + 1)}, fmt.Sprintf("Đăng nhập %d", i))
		})
	}
	seal := func() (n int) {
		platform(t, e.DB, func(tx tenant.Platform) (err error) {
			n, err = SealPlatform(t.Context(), tx)
			return err
		})
		return n
	}
	check := func() (r Report) {
		platform(t, e.DB, func(tx tenant.Platform) (err error) {
			r, err = VerifyPlatform(t.Context(), tx)
			return err
		})
		return r
	}
	if n := seal(); n != 6 {
		t.Fatalf("sealed %d, want 6", n)
	}
	if r := check(); r.Found != 0 || r.Sealed != 6 {
		t.Fatalf("untouched: %+v", r)
	}
	owner := e.Owner(t)
	const mine = " where tenant_id = 0 and id = (select entry_id from audit.seal where tenant_id = 0 and position = 3)"
	for name, c := range map[string]struct {
		sql  string
		want Kind
	}{
		"removed": {"delete from audit.entry" + mine, Removed},
		"changed": {"update audit.entry set who = 'Ai đó'" + mine, Changed},
		"added": {`insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what, tx)
			select tenant_id, id + 1, at, account_id, who, role, action, subject, subject_id, 'Dòng giả', '3' from audit.entry` + mine, Added},
	} {
		if _, err := owner.Exec(t.Context(), "create table audit.kept as select * from audit.entry where tenant_id = 0"); err != nil {
			t.Fatal(err)
		}
		if tag, err := owner.Exec(t.Context(), c.sql); err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s: %d rows, %v", name, tag.RowsAffected(), err)
		}
		if r := check(); !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == c.want }) {
			t.Errorf("%s: found %v, want %s", name, r.Findings, c.want)
		}
		for _, sql := range []string{"delete from audit.entry where tenant_id = 0", "insert into audit.entry select * from audit.kept", "drop table audit.kept"} {
			if _, err := owner.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		if r := check(); r.Found != 0 {
			t.Fatalf("after %s was put right: %v", name, r.Findings)
		}
	}
}

func TestPlatformsDoorReadsItsOwnLinesOnlyAndChangesNone(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	note(t, e, 1)
	sealAll(t, e.DB, e.Scope)
	platform(t, e.DB, func(tx tenant.Platform) error {
		return WriteAsPlatform(t.Context(), tx, operator, Platform, "account.signin", Record{Subject: "account", ID: 1}, "Đăng nhập")
	})
	platform(t, e.DB, func(tx tenant.Platform) error {
		for _, table := range []string{"audit.entry", "audit.seal"} {
			n, err := tenant.Value[int](t.Context(), tx, "select count(*)::int from "+table+" where tenant_id <> 0")
			if err != nil {
				return err
			}
			if n != 0 {
				t.Errorf("the platform's door reads %d rows of tenants in %s", n, table)
			}
		}
		return nil
	})
	for _, sql := range []string{
		"update audit.entry set what = 'x' where tenant_id = 0", "delete from audit.entry where tenant_id = 0",
		"update audit.seal set at = now()", "delete from audit.seal",
		fmt.Sprintf("insert into audit.seal (tenant_id, position, entry_id, at, hash) values (%d, 99, 1, now(), decode(repeat('ab', 32), 'hex'))", e.Tenant.ID),
	} {
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		}); err == nil {
			t.Errorf("%s: done, want it refused", sql)
		}
	}
}

func TestFieldsKeepTheirOrderAndTellWhatChanged(t *testing.T) {
	t.Parallel()
	before := Of("Trạng thái", "Chờ duyệt", "Lý do", "", "Tên", `"A" & <B>`)
	after := Of("Trạng thái", "Trả lại", "Lý do", "Thiếu giấy tờ", "Tên", `"A" & <B>`)
	text := before.encode()
	if want := `{"Trạng thái":"Chờ duyệt","Lý do":"","Tên":"\"A\" & <B>"}`; *text != want {
		t.Errorf("encoded %s, want %s", *text, want)
	}
	if got := Decode(text); !slices.Equal(got, before) {
		t.Errorf("decoded %v, want %v", got, before)
	}
	if got, want := inWords(before, after), "Trạng thái: Chờ duyệt → Trả lại; Lý do: — → Thiếu giấy tờ"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := inWords(nil, after); got != "" {
		t.Errorf("a record that was made says %q", got)
	}
	old := `{"giá": 5}`
	if got := Decode(&old); !slices.Equal(got, Of("giá", "5")) {
		t.Errorf("an older entry: %v", got)
	}
	bad := `nothing of ours`
	if got := Decode(&bad); got.String() != "Nội dung: nothing of ours" {
		t.Errorf("no object: %v", got)
	}
}

func TestLongValuesAreCutToWhatTheTableHolds(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	var long Fields
	for i := range 200 {
		long = long.With(fmt.Sprintf("Mục %d", i), fmt.Sprintf("%0900d", i))
	}
	in(t, e, func(tx tenant.Tx) error {
		return WriteChange(t.Context(), tx, lan, "plan.import", Record{Subject: "plan", ID: 1}, "Nhập", nil, long)
	})
}

func TestChangeWithoutBeforeAndAfterIsRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		return WriteChange(t.Context(), tx, lan, "plan.import", Record{Subject: "plan", ID: 1}, "Nhập", nil, nil)
	}); err == nil {
		t.Error("done, want it refused")
	}
}
