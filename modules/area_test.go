package modules_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/authz"
	"txng/tenant/unit"
)

// TestUnitOfficerOfACommuneThatHasEndedSeesItsSuccessors ends the commune of Nghệ An's officer by a new reform, for this
// test alone: nothing else runs beside it.
func TestUnitOfficerOfACommuneThatHasEndedSeesItsSuccessors(t *testing.T) {
	w := site(t)
	defer unit.Use(unit.Embedded())
	rows, err := owner(t, w).Query(t.Context(), `
		select o.id::text, o.unit, m.unit as commune
		from organization.organization o
		join tenant.tenant t on t.id = o.tenant_id and t.slug = 'nghe-an'
		join authz.membership m on m.tenant_id = o.tenant_id and m.role = 'unit_officer'`)
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ ID, Unit, Commune string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil || len(list) == 0 {
		t.Fatalf("%d organizations, %v", len(list), err)
	}
	own, err := unit.ParseRef(list[0].Commune)
	if err != nil {
		t.Fatal(err)
	}
	var heir unit.Ref // the commune of an organization that the officer does not see so far
	others := map[string]bool{}
	for _, o := range list {
		if r, err := unit.ParseRef(o.Unit); err == nil && r != own {
			if u, ok := unit.ByRef(r); ok && !u.Former(w.db.Now()) && heir.IsZero() {
				heir = r
			}
			others[o.Unit] = true
		}
	}
	if heir.IsZero() || len(others) < 2 {
		t.Fatalf("%d other communes with organizations: the test has lost its subject", len(others))
	}
	session := w.signIn(t, authz.UnitOfficer, "nghe-an")
	check := func(when string, sees ...unit.Ref) {
		t.Helper()
		for _, o := range list {
			want := http.StatusNotFound
			for _, r := range sees {
				if o.Unit == r.String() {
					want = http.StatusOK
				}
			}
			if got := w.ask(http.MethodGet, "/to-chuc/"+o.ID, session, nil).Code; got != want {
				t.Errorf("%s: organization in %s: %d, want %d", when, o.Unit, got, want)
			}
		}
	}
	reform := func(change func(*unit.Reform)) {
		t.Helper()
		r := unit.Reform{
			Format: unit.ReformFormat, Resolution: "Nghị quyết giả định của cuộc thử", Effective: w.db.Now().AddDate(0, 0, -3).Format(time.DateOnly),
			Ended: []unit.Ended{{Code: own.Code}}, Links: []unit.Passing{{From: own.Code, To: heir.Code}},
		}
		change(&r)
		a, err := unit.Embedded().With(w.db.Now(), r)
		if err != nil {
			t.Fatal(err)
		}
		unit.Use(a)
	}
	check("before the reform", own)
	reform(func(*unit.Reform) {})
	check("taken over by another commune", own, heir)
	reform(func(r *unit.Reform) { r.Effective = w.db.Now().AddDate(0, 0, 9).Format(time.DateOnly) })
	check("a reform that is yet to come", own)
	reform(func(r *unit.Reform) { r.Links[0].Guess = true })
	check("taken over as it seems", own)
	reform(func(r *unit.Reform) { // shared between a new commune and the other one
		r.Created = []unit.Created{{Code: "99997", Kind: "Xã", Name: "Sông Lam Mới", Parent: "40"}}
		r.Links = []unit.Passing{{From: own.Code, To: heir.Code, Part: true}, {From: own.Code, To: "99997", Part: true}}
	})
	check("shared between two", own, heir)
	reform(func(r *unit.Reform) { // merged with the other one into a new commune
		r.Ended = append(r.Ended, unit.Ended{Code: heir.Code})
		r.Created = []unit.Created{{Code: "99997", Kind: "Xã", Name: "Sông Lam Mới", Parent: "40"}}
		r.Links = []unit.Passing{{From: own.Code, To: "99997"}, {From: heir.Code, To: "99997"}}
	})
	check("merged into a new commune", own, heir)
}
