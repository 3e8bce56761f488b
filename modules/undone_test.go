package modules_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules"
	"txng/modules/merger"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// pair is a site of its own with two provinces that run, and people who are signed in while they are merged and parted.
type pair struct {
	*world
	from, into tenant.Tenant
	commune    string // of the first
	orgs       []int64
	number     int64
}

var pairs atomic.Int64

func newPair(t *testing.T) *pair {
	t.Helper()
	config := tenanttest.Another(t)
	db, err := tenant.Open(t.Context(), heard.through(t, config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	keys, err := stamps.KeysOf(config.Secret)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(config.Secret)
	if err != nil {
		t.Fatal(err)
	}
	app := modules.New(modules.Config{DB: db, Signer: signer, Base: &url.URL{Scheme: "http", Host: "txng.test"}, Log: slog.New(slog.DiscardHandler)}, keys)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- app.Work(ctx) }() // sessions are remembered, as in a deployment
	t.Cleanup(func() {
		stop()
		<-ended
		app.Close()
	})
	p := &pair{world: &world{config: config, db: db, app: app}, number: pairs.Add(1)}
	if err := db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		if p.from, err = tenant.Register(t.Context(), tx, tenant.New{Province: "40", On: tx.Now(), State: tenant.Active}); err == nil {
			p.into, err = tenant.Register(t.Context(), tx, tenant.New{Province: "48", On: tx.Now(), State: tenant.Active})
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	db.Forget()
	communes, err := merger.CommunesOf(p.from, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.commune = communes[0].Ref.String()
	scope, err := db.Scope(t.Context(), p.from.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.In(t.Context(), scope, func(tx tenant.Tx) error {
		for n := range 2 {
			id := tx.NewID()
			if _, err := tx.Exec(t.Context(), `
				insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, phone, email, uses_barcode, state, created_at)
				values ($1, $2, 'household', 'Hộ thử nghiệm', $4, 'Xóm 1', $3, '+84912345678', 'ho@example.vn', false, 'pending', now())`,
				id, communes[n].Ref.String(), fmt.Sprintf("%010d", n)); err != nil {
				return err
			}
			p.orgs = append(p.orgs, id)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

const pairPassword = "mat khau cua cuoc thu"

// email is a person's address in this pair only: phones with codes are known by it.
func (p *pair) email(name string) string { return fmt.Sprintf("%s-%d@pair.example.vn", name, p.number) }

// operator returns a session of an operator.
func (p *pair) operator(t *testing.T) authz.Token {
	t.Helper()
	email := p.email("van-hanh")
	if err := p.db.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Người vận hành", pairPassword)
		if err != nil {
			return err
		}
		return authz.GrantPlatformRole(t.Context(), tx, account, authz.Operator)
	}); err != nil {
		t.Fatal(err)
	}
	return authztest.SignIn(t, p.db, email, pairPassword, nil)
}

// hire gives a new account a role in each of the tenants and returns a session in the first.
func (p *pair) hire(t *testing.T, name string, role authz.Role, in ...tenant.Tenant) (authz.Token, []int64) {
	t.Helper()
	email := p.email(name)
	var memberships []int64
	if err := p.db.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Cán bộ "+name, pairPassword)
		for _, of := range in {
			var id int64
			if err == nil {
				id, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: of.ID, Account: account, Role: role})
				memberships = append(memberships, id)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return authztest.SignIn(t, p.db, email, pairPassword, nil), memberships
}

func (p *pair) state(t *testing.T, org int64) (state string) {
	t.Helper()
	if err := owner(t, p.world).QueryRow(t.Context(), "select state from organization.organization where id = $1", org).Scan(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

var operatorOfPair = authz.Identity{Account: 1, Name: "Người vận hành", Role: authz.Operator}

func (p *pair) merge(t *testing.T, roles map[int64]authz.Role) {
	t.Helper()
	if _, err := merger.Merge(t.Context(), p.db, operatorOfPair, merger.Order{Origin: p.from.ID, Successor: p.into.ID, Effective: p.db.Now(), Basis: "Nghị quyết thử", Roles: roles}); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) part(t *testing.T) {
	t.Helper()
	if _, err := merger.Undo(t.Context(), p.db, operatorOfPair, p.from.ID, "nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
}

// codes asks for pages as a session and compares.
func (p *pair) codes(t *testing.T, when string, session authz.Token, want map[string]int) {
	t.Helper()
	for path, code := range want {
		method, path, _ := strings.Cut(path, " ")
		form := url.Values(nil)
		if method == http.MethodPost {
			form = url.Values{"reason": {"thử xem có được không"}}
		}
		if got := p.ask(method, path, session, form); got.Code != code {
			t.Errorf("%s: %s %s is %d, want %d", when, method, path, got.Code, code)
		}
	}
}

// ended waits until an end of a session is heard by whoever remembers it: milliseconds, authz.Sessions says.
func (p *pair) ended(t *testing.T, session authz.Token) {
	t.Helper()
	for limit := time.Now().Add(3 * time.Second); p.ask(http.MethodGet, "/tai-khoan", session, nil).Code != http.StatusSeeOther; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("a session that has ended still opens pages after three seconds")
		}
	}
}

// TestWhoIsSignedInWhileProvincesAreMergedAndPartedSeesAndWritesWhatIsTrueThen: no session, remembered or not, outlives
// what gave it the right.
func TestWhoIsSignedInWhileProvincesAreMergedAndPartedSeesAndWritesWhatIsTrueThen(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	theirs, _ := p.hire(t, "moi", authz.DOSTOfficer, p.into)
	own, memberships := p.hire(t, "cu", authz.DOSTOfficer, p.from)
	record := fmt.Sprintf("/to-chuc/%d", p.orgs[0])
	goc := "/to-chuc?goc=" + p.from.Slug
	apart := map[string]int{"GET " + record: 404, "GET " + goc: 404, "POST " + record + "/duyet": 404, "POST " + record + "/tra-lai": 404, "GET /to-chuc": 200, "GET /to-chuc?goc=" + p.into.Slug: 200}
	p.codes(t, "before", theirs, apart)

	p.merge(t, map[int64]authz.Role{memberships[0]: authz.DOSTOfficer})
	p.codes(t, "merged", theirs, map[string]int{"GET " + record: 200, "GET " + goc: 200, "GET " + goc + "&goc=khong-co": 200, "GET /to-chuc?goc=khong-co&goc=" + p.from.Slug: 404, "GET /to-chuc?goc=": 200})
	p.codes(t, "merged, of the origin", own, map[string]int{"GET " + record: 200, "GET /to-chuc?goc=" + p.into.Slug: 404})
	// The role that came with the merger, in a session of its own.
	var fresh int64
	if err := owner(t, p.world).QueryRow(t.Context(), "select memberships[1] from tenant.merger where undone_at is null").Scan(&fresh); err != nil {
		t.Fatal(err)
	}
	inside, err := authz.Switch(t.Context(), p.db, authztest.SignIn(t, p.db, p.email("cu"), pairPassword, nil), fresh, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	p.codes(t, "merged, with the new role", inside, map[string]int{"GET " + record: 200, "GET /to-chuc?goc=" + p.into.Slug: 200})
	page := p.ask(http.MethodGet, record, theirs, nil).Body.String() // with its form
	held, err := p.db.Scope(t.Context(), p.into.ID)
	if err != nil {
		t.Fatal(err)
	}

	p.part(t)
	p.codes(t, "parted", theirs, apart)
	p.ended(t, inside)
	p.codes(t, "parted, with the role of the merger", inside, map[string]int{"GET /to-chuc": 303, "GET " + record: 303, "POST " + record + "/duyet": 401})
	p.codes(t, "parted, of the origin", own, map[string]int{"GET " + record: 200, "GET " + goc: 200})
	if !strings.Contains(page, record+"/duyet") {
		t.Errorf("the page of the merged record has no form to approve it: the test shows less than it says")
	}
	if got := p.state(t, p.orgs[0]); got != "pending" {
		t.Errorf("the record is %s after forms that came too late, want pending", got)
	}
	if _, err := p.db.ScopeAs(t.Context(), p.into.ID, p.from.ID); err == nil {
		t.Error("a scope as the origin is given after the parting")
	}
	// A scope is a request's: one that is kept beyond it still reads what it was made for, and writes as its home only.
	if err := p.db.In(t.Context(), held, func(tx tenant.Tx) error {
		n, err := tx.Exec(t.Context(), "update organization.organization set phone = '+84900000000' where tenant_id = $1"+orAnother)
		if n != 0 {
			t.Errorf("a kept scope has changed %d rows of the origin", n)
		}
		return err
	}); err == nil {
		t.Error("a kept scope changes rows of the origin without an error")
	}

	// And again, while somebody has worked: it stays.
	p.merge(t, nil)
	p.codes(t, "merged again", theirs, map[string]int{"POST " + record + "/duyet": 303, "GET " + record: 200})
	if got := p.state(t, p.orgs[0]); got != "approved" {
		t.Errorf("the successor's officer approved it and it is %s", got)
	}
	if _, err := merger.Undo(t.Context(), p.db, operatorOfPair, p.from.ID, "nghị quyết bị thu hồi"); fault.Message(err) == "" || !strings.Contains(err.Error(), "đã xử lý") {
		t.Errorf("undone after work on the origin's records: %v", err)
	}
	p.codes(t, "after an undoing that was refused", theirs, map[string]int{"GET " + record: 200})
}

// TestFormOfAPausedProvinceComesTooLate suspends a province, and its successor, between the page and its form.
func TestFormOfAPausedProvinceComesTooLate(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	theirs, _ := p.hire(t, "moi", authz.DOSTOfficer, p.into)
	own, _ := p.hire(t, "cu", authz.DOSTOfficer, p.from)
	record := fmt.Sprintf("/to-chuc/%d", p.orgs[0])
	move := func(of tenant.Tenant, to tenant.State) {
		t.Helper()
		if err := p.db.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Move(t.Context(), tx, tenant.By{Name: "Vận hành"}, of.ID, to, "theo công văn của Sở")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p.db.Forget()
	}
	p.codes(t, "running", own, map[string]int{"GET " + record: 200})
	move(p.from, tenant.Suspended)
	p.codes(t, "paused", own, map[string]int{"GET " + record: 200, "POST " + record + "/duyet": 409})
	move(p.from, tenant.Active)
	p.merge(t, nil)
	p.codes(t, "merged", theirs, map[string]int{"GET " + record: 200})
	move(p.into, tenant.Suspended)
	p.codes(t, "merged, the successor paused", theirs, map[string]int{"GET " + record: 200, "POST " + record + "/duyet": 409})
	if got := p.state(t, p.orgs[0]); got != "pending" {
		t.Errorf("the record is %s, want pending", got)
	}
}

// TestCessionTakenBackEndsWithTheNextRequest takes communes back while an officer of the other province has a page open.
func TestCessionTakenBackEndsWithTheNextRequest(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	theirs, _ := p.hire(t, "moi", authz.DOSTOfficer, p.into)
	record, other := fmt.Sprintf("/to-chuc/%d", p.orgs[0]), fmt.Sprintf("/to-chuc/%d", p.orgs[1])
	part, err := merger.Cede(t.Context(), p.db, operatorOfPair, tenant.NewPart{Origin: p.from.ID, Successor: p.into.ID, Units: []string{p.commune}, Effective: p.db.Now(), Basis: "Nghị quyết thử"})
	if err != nil {
		t.Fatal(err)
	}
	p.codes(t, "ceded", theirs, map[string]int{"GET " + record: 200, "GET " + other: 404, "POST " + other + "/duyet": 404})
	if err := merger.Reclaim(t.Context(), p.db, operatorOfPair, p.from.ID, part.ID, "nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	p.codes(t, "taken back", theirs, map[string]int{"GET " + record: 404, "POST " + record + "/duyet": 404, "POST " + record + "/tra-lai": 404, "GET /to-chuc?goc=" + p.from.Slug: 404})
	if got := p.state(t, p.orgs[0]); got != "pending" {
		t.Errorf("the record is %s, want pending", got)
	}
}
