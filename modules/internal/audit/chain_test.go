package audit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

var lan = authz.Identity{Account: 7, Name: "Nguyễn Thị Lan", Role: authz.DOSTAdmin}

// note writes n entries, each in a transaction of its own.
func note(t *testing.T, e *tenanttest.Env, n int) {
	t.Helper()
	for i := range n {
		in(t, e, func(tx tenant.Tx) error {
			who := lan
			if i%2 == 0 {
				who.Acting = authz.Acting{Account: 9, Name: "Lê Văn Vận"}
			}
			return WriteChange(From(t.Context(), "203.0.113.9"), tx, who, "product.update", Record{Subject: "product", ID: int64(i + 1)},
				fmt.Sprintf("Sửa sản phẩm %d", i+1), Of("Giá", fmt.Sprint(i)), Of("Giá", fmt.Sprint(i+1)))
		})
	}
}

func in(t *testing.T, e *tenanttest.Env, f func(tenant.Tx) error) {
	t.Helper()
	if err := e.DB.In(t.Context(), e.Scope, f); err != nil {
		t.Fatal(err)
	}
}

func sealAll(t *testing.T, db *tenant.DB, s tenant.Scope) (n int) {
	t.Helper()
	if err := db.In(t.Context(), s, func(tx tenant.Tx) (err error) {
		n, err = Seal(t.Context(), tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func verify(t *testing.T, db *tenant.DB, s tenant.Scope) (r Report) {
	t.Helper()
	if err := db.View(t.Context(), s, func(tx tenant.Tx) (err error) {
		r, err = Verify(t.Context(), tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

// chain returns the numbers of the sealed entries in the order of their seals.
func chain(t *testing.T, e *tenanttest.Env) []int64 {
	t.Helper()
	ids, err := tenant.Fetch[struct{ EntryID int64 }](t.Context(), e.DB, e.Scope, `
		select entry_id
		from audit.seal
		where tenant_id = any ($1)
		order by position`)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]int64, len(ids))
	for i, id := range ids {
		list[i] = id.EntryID
	}
	return list
}

func TestUntouchedChainPasses(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	if r := verify(t, e.DB, e.Scope); r.Found != 0 || r.Sealed != 0 {
		t.Errorf("an audit without entries: %+v", r)
	}
	if n := sealAll(t, e.DB, e.Scope); n != 0 {
		t.Errorf("sealed %d of nothing", n)
	}
	note(t, e, 5)
	if r := verify(t, e.DB, e.Scope); r.Found != 0 || r.Waiting != 5 {
		t.Errorf("before the first sealing: %+v, want five waiting", r)
	}
	for run, want := range []int{5, 0} {
		if n := sealAll(t, e.DB, e.Scope); n != want {
			t.Errorf("run %d sealed %d, want %d", run, n, want)
		}
	}
	note(t, e, 3)
	sealAll(t, e.DB, e.Scope)
	if r := verify(t, e.DB, e.Scope); r.Found != 0 || r.Sealed != 8 || r.Waiting != 0 || len(r.Head) != 32 {
		t.Errorf("after sealing: %+v, want eight and nothing found", r)
	}
	other, scope := e.NewTenant(t)
	if r := verify(t, e.DB, scope); r.Sealed != 0 {
		t.Errorf("%s has %d seals of another tenant", other.Slug, r.Sealed)
	}
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	const entry, seal = "update audit.entry set %s where tenant_id = $1 and id = $2", "update audit.seal set %s where tenant_id = $1 and entry_id = $2"
	insert := `insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what%s)
		select tenant_id, id + 1, %s, account_id, who, role, action, subject, subject_id, 'Dòng giả'%s from audit.entry where tenant_id = $1 and id = $2`
	for name, c := range map[string]struct {
		sql    string
		want   Kind
		reseal bool // the sealing runs once more before it is verified
		names  bool // the finding names the entry that was touched
	}{
		"removed":                             {"delete from audit.entry where tenant_id = $1 and id = $2", Removed, true, true},
		"removed with its seal":               {"with e as (delete from audit.entry where tenant_id = $1 and id = $2) delete from audit.seal where tenant_id = $1 and entry_id = $2", SealRemoved, true, false},
		"sentence changed":                    {fmt.Sprintf(entry, "what = 'Không có gì'"), Changed, true, true},
		"person changed":                      {fmt.Sprintf(entry, "account_id = 8"), Changed, true, true},
		"time changed by a microsecond":       {fmt.Sprintf(entry, "at = at + interval '1 microsecond'"), Changed, true, true},
		"address changed":                     {fmt.Sprintf(entry, "address = ''"), Changed, true, true},
		"before changed to nothing":           {fmt.Sprintf(entry, "before = null"), Changed, true, true},
		"who worked in the place removed":     {fmt.Sprintf(entry, "acting_id = 0, acting = ''"), Changed, true, true},
		"who worked in the place changed":     {fmt.Sprintf(entry, "acting = 'Ai đó'"), Changed, true, true},
		"after changed":                       {fmt.Sprintf(entry, "after = '{}'"), Changed, true, true},
		"letters moved between fields":        {fmt.Sprintf(entry, "who = who || left(role, 1), role = substr(role, 2)"), Changed, true, true},
		"hash changed":                        {fmt.Sprintf(seal, "hash = decode(repeat('ab', 32), 'hex')"), Changed, true, true},
		"time of the seal changed":            {fmt.Sprintf(seal, "at = at - interval '1 hour'"), Changed, true, true},
		"added, as of a transaction long ago": {fmt.Sprintf(insert, ", tx", "at", ", '3'"), Added, true, false},
		"added, backdated, and then sealed":   {fmt.Sprintf(insert, "", "at - interval '1 hour'", ""), Added, true, false},
		"added, dated ahead, and then sealed": {fmt.Sprintf(insert, "", "at + interval '1 hour'", ""), Added, true, false},
		"added, backdated, not sealed yet":    {fmt.Sprintf(insert, "", "at - interval '1 hour'", ""), Late, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := tenanttest.New(t)
			note(t, e, 6)
			sealAll(t, e.DB, e.Scope)
			victim := chain(t, e)[2]
			tag, err := e.Owner(t).Exec(t.Context(), c.sql, e.Tenant.ID, victim)
			if err != nil || tag.RowsAffected() != 1 {
				t.Fatalf("tamper: %d rows, %v", tag.RowsAffected(), err)
			}
			if c.reseal {
				sealAll(t, e.DB, e.Scope)
			}
			r := verify(t, e.DB, e.Scope)
			if r.Found == 0 || !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == c.want && (!c.names || f.Entry == victim) }) {
				t.Errorf("found %v, want %s of entry %d", r.Findings, c.want, victim)
			}
			if c.names && !strings.Contains(r.Findings[0].String(), fmt.Sprint(victim)) {
				t.Errorf("%q does not name entry %d", r.Findings[0], victim)
			}
		})
	}
}

// The hashes are computed by hand from the description of link: entries that were sealed before anybody could work in
// another's place keep theirs.
func TestLinkIsTheDocumentedHashAndThatOfOldEntriesStays(t *testing.T) {
	t.Parallel()
	after := `{"Mã":"A"}`
	e := content{
		ID: 5, At: time.Unix(2, 0), AccountID: 3, Who: "Lan", Role: "leader", Action: "lot.create", Subject: "lot", SubjectID: 9,
		What: "Tạo lô", Address: "203.0.113.9", After: &after,
	}
	if got := fmt.Sprintf("%x", link(none, 7, seal{At: time.Unix(1, 0)}, e)); got != "47e76cd216f73da650c714eba93f2a7613500403aa2ff87fc13af034858a0956" {
		t.Errorf("an entry of somebody as themselves: %s", got)
	}
	e.ActingID, e.Acting = 11, "An"
	if got := fmt.Sprintf("%x", link(none, 7, seal{At: time.Unix(1, 0)}, e)); got != "5c77a04954fb47720e440ed6412cab904620333e4807f291ce8a99f7a0c85f33" {
		t.Errorf("an entry of somebody in another's place: %s", got)
	}
}

func TestReorderingIsFound(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string][]string{
		"entries of two seals": {
			"update audit.seal set entry_id = -entry_id where tenant_id = $1 and position in (2, 4)", // the numbers are unique
			"update audit.seal s set entry_id = -o.entry_id from audit.seal o where s.tenant_id = $1 and o.tenant_id = $1 and s.position in (2, 4) and o.position = 6 - s.position",
		},
		"two seals": {
			"update audit.seal set position = 1000 where tenant_id = $1 and position = 2",
			"update audit.seal set position = 2 where tenant_id = $1 and position = 4",
			"update audit.seal set position = 4 where tenant_id = $1 and position = 1000",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := tenanttest.New(t)
			note(t, e, 6)
			sealAll(t, e.DB, e.Scope)
			ids := chain(t, e)
			owner := e.Owner(t)
			for _, s := range sql {
				if _, err := owner.Exec(t.Context(), s, e.Tenant.ID); err != nil {
					t.Fatal(err)
				}
			}
			r := verify(t, e.DB, e.Scope)
			for _, want := range []int64{ids[1], ids[3]} {
				if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == Reordered && f.Entry == want }) {
					t.Errorf("found %v, want entry %d reordered", r.Findings, want)
				}
			}
		})
	}
}

func TestEntryThatCommitsAfterLaterOnesWereSealedIsSealedLater(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	var early, late int64
	written, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			err := Write(t.Context(), tx, lan, "lot.create", Record{Subject: "lot", ID: 1}, "Giao dịch dài")
			close(written)
			<-release
			return err
		})
	}()
	<-written
	time.Sleep(3 * time.Millisecond) // numbers hold milliseconds: the next one is greater
	note(t, e, 2)
	if n := sealAll(t, e.DB, e.Scope); n != 2 {
		t.Errorf("sealed %d while a transaction was open, want 2", n)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := sealAll(t, e.DB, e.Scope); n != 1 {
		t.Errorf("sealed %d after the late commit, want 1", n)
	}
	ids := chain(t, e)
	if len(ids) != 3 {
		t.Fatalf("%d seals, want 3", len(ids))
	}
	if early, late = ids[0], ids[2]; late >= early {
		t.Errorf("the late entry %d is not below %d: the test has lost its subject", late, early)
	}
	if r := verify(t, e.DB, e.Scope); r.Found != 0 || r.Sealed != 3 || r.Waiting != 0 {
		t.Errorf("%+v", r)
	}
}

func TestWritersDoNotWaitForTheSealingAndAllIsSealedOnce(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	// A sealing that stays open holds nobody up, neither writers nor another sealing.
	in(t, e, func(tx tenant.Tx) error {
		note(t, e, 1)
		if n, err := Seal(t.Context(), tx); n != 1 || err != nil {
			t.Errorf("sealed %d, %v", n, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		return e.DB.In(ctx, e.Scope, func(second tenant.Tx) error {
			if err := Write(ctx, second, lan, "lot.create", Record{Subject: "lot", ID: 2}, "Trong lúc niêm phong"); err != nil {
				return err
			}
			n, err := Seal(ctx, second)
			if n != 0 {
				t.Errorf("a second sealing beside the first sealed %d", n)
			}
			return err
		})
	})

	const writers, each = 4, 25
	var w sync.WaitGroup
	stop := make(chan struct{})
	for range writers {
		w.Go(func() {
			for i := range each {
				if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
					err := Write(t.Context(), tx, lan, "lot.create", Record{Subject: "lot", ID: int64(i + 1)}, "Ghi song song")
					time.Sleep(time.Duration(rand.IntN(8)) * time.Millisecond)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var sealers sync.WaitGroup
	for range 2 {
		sealers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
					_, err := Seal(t.Context(), tx)
					return err
				}); err != nil {
					t.Error(err)
				}
				if r := verify(t, e.DB, e.Scope); r.Found != 0 {
					t.Errorf("while writing: %v", r.Findings)
				}
			}
		})
	}
	w.Wait()
	close(stop)
	sealers.Wait()
	sealAll(t, e.DB, e.Scope)
	if r := verify(t, e.DB, e.Scope); r.Found != 0 || r.Sealed != writers*each+2 || r.Waiting != 0 {
		t.Errorf("%d sealed, %d waiting, %v; want %d", r.Sealed, r.Waiting, r.Findings, writers*each+2)
	}
}

func TestBacklogIsSealedInSeveralRuns(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	// Entries of a deployment of before the chain: no transaction number, times of the past.
	if _, err := e.Owner(t).Exec(t.Context(), `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what, tx)
		select $1, n, now() - make_interval(secs => 200000 - n), 1, 'A', '', 'lot.create', 'lot', n, 'Dòng cũ', null
		from generate_series(1, $2::int) n`, e.Tenant.ID, Batch+page+10); err != nil {
		t.Fatal(err)
	}
	for run, want := range []int{Batch, page + 10, 0} {
		if n := sealAll(t, e.DB, e.Scope); n != want {
			t.Errorf("run %d sealed %d, want %d", run, n, want)
		}
	}
	if r := verify(t, e.DB, e.Scope); r.Found != 0 || r.Sealed != Batch+page+10 {
		t.Errorf("%d sealed, %d found: %v", r.Sealed, r.Found, r.Findings)
	}
}

func TestApplicationMayNeitherChangeNorRemoveEntriesAndSeals(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	note(t, e, 1)
	sealAll(t, e.DB, e.Scope)
	for _, role := range tenant.Roles {
		conn := e.As(t, role)
		for _, sql := range []string{
			"update audit.entry set what = 'x'", "delete from audit.entry", "truncate audit.entry",
			"update audit.seal set at = now()", "delete from audit.seal", "truncate audit.seal",
		} {
			_, err := conn.Exec(t.Context(), fmt.Sprintf("set app.tenant = '%[1]d'; set app.tenants = '{%[1]d}'; set app.org = '0'; %[2]s", e.Tenant.ID, sql))
			if err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s: %s: %v, want permission denied", role, sql, err)
			}
		}
	}
}
