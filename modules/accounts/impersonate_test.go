package accounts

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
)

// operator makes an operator and signs them in.
func (p *place) operator() *visitor {
	p.t.Helper()
	email := p.person(p.Tenant.ID, authz.Inspector, 0)
	if err := p.DB.Platform(p.t.Context(), func(tx tenant.Platform) error {
		a, err := authz.AccountByEmail(p.t.Context(), tx, authz.Email(email))
		if err != nil {
			return err
		}
		return authz.GrantPlatformRole(p.t.Context(), tx, a.ID, authz.Operator)
	}); err != nil {
		p.t.Fatal(err)
	}
	return p.signIn(email, password) // the role above the tenants comes first
}

// memberOf returns the number of an address's role in the place's tenant.
func (p *place) memberOf(email string) (id int64) {
	p.t.Helper()
	if err := p.Owner(p.t).QueryRow(p.t.Context(), "select id from authz.membership where tenant_id = $1 and email = $2", p.Tenant.ID, email).Scan(&id); err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *place) linesOf(action string) (n int) {
	p.t.Helper()
	if err := p.Owner(p.t).QueryRow(p.t.Context(), "select count(*) from audit.entry where tenant_id = $1 and action = $2 and acting_id <> 0", p.Tenant.ID, action).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// One tenant does for all of it: a server's provinces are soon used up.
func TestWorkInAMembersPlaceAndWhatADismissedOwnerLeaves(t *testing.T) {
	p := newPlace(t)
	for _, c := range []struct {
		name string
		test func(t *testing.T, p *place)
	}{
		{"administrators get a letter", administratorsGetALetter},
		{"the end of the half hour is noted once", endIsNotedOnce},
		{"stopping without having begun is refused", stoppingUnbegunIsRefused},
		{"the page of an owner offers the machines that they made", machinesAreOffered},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, p) })
	}
}

func administratorsGetALetter(t *testing.T, p *place) {
	admins := []string{p.person(p.Tenant.ID, authz.DOSTAdmin, 0), p.person(p.Tenant.ID, authz.DOSTAdmin, 0)}
	leader := p.person(p.Tenant.ID, authz.Leader, 0)
	v := p.operator()
	if w := v.post(replaceablePath(p.Tenant, p.memberOf(leader)), "reason", "Hỗ trợ xem số liệu quý IV"); w.Code != http.StatusSeeOther {
		t.Fatalf("begin: %d %s", w.Code, w.Body)
	}
	p.app.Wait()
	letters := ""
	files, err := filepath.Glob(filepath.Join(p.folder, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		letters += string(b)
	}
	if len(files) != 2 || !strings.Contains(letters, admins[0]) || !strings.Contains(letters, admins[1]) || strings.Contains(letters, leader) {
		t.Errorf("%d letters, want one to each of %v:\n%.600s", len(files), admins, letters)
	}
	if n := p.linesOf("impersonation.start"); n != 1 {
		t.Errorf("%d lines of the beginning, want one", n)
	}
	if w := v.post("/thoi-lam-thay"); w.Code != http.StatusSeeOther || p.linesOf("impersonation.end") != 1 {
		t.Errorf("stop: %d, %d lines of the end; want one", w.Code, p.linesOf("impersonation.end"))
	}
}

func endIsNotedOnce(t *testing.T, p *place) {
	before := p.linesOf("impersonation.end")
	leader := p.person(p.Tenant.ID, authz.Leader, 0)
	v := p.operator()
	if w := v.post(replaceablePath(p.Tenant, p.memberOf(leader)), "reason", "Hỗ trợ xem số liệu quý IV"); w.Code != http.StatusSeeOther {
		t.Fatalf("begin: %d", w.Code)
	}
	begun := time.Now() // or a moment before
	for _, c := range []struct {
		after time.Duration
		want  int
	}{
		{authz.ImpersonationAge - 2*time.Minute, 0},
		{authz.ImpersonationAge - time.Minute, 0},
		{authz.ImpersonationAge + time.Second, 1},
		{authz.ImpersonationAge + 2*time.Second, 1},
	} {
		if err := closeImpersonations(t.Context(), p.DB.WithClock(func() time.Time { return begun.Add(c.after) })); err != nil {
			t.Fatal(err)
		}
		if n := p.linesOf("impersonation.end") - before; n != c.want {
			t.Errorf("%s after the beginning: %d lines of the end, want %d", c.after, n, c.want)
		}
	}
}

func stoppingUnbegunIsRefused(t *testing.T, p *place) {
	if w := p.operator().post("/thoi-lam-thay"); w.Code != http.StatusConflict {
		t.Errorf("%d, want 409", w.Code)
	}
}

func machinesAreOffered(t *testing.T, p *place) {
	const org = 77
	if _, err := p.Owner(t).Exec(t.Context(), `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
		values ($1, $2, 'cooperative', 'Hợp tác xã', '0100000077', '', '1@2025-07-01', false, 'approved', now())`, p.Tenant.ID, org); err != nil {
		t.Fatal(err)
	}
	staying, leaving := p.person(p.Tenant.ID, authz.OrgOwner, org), p.person(p.Tenant.ID, authz.OrgOwner, org)
	maker := p.signIn(leaving, password)
	if w := maker.post("/ket-noi", "name", "ERP kho", "days", "90", "scopes", string(authz.LotView)); w.Code != http.StatusOK {
		t.Fatalf("make a machine: %d", w.Code)
	}
	v := p.signIn(staying, password)
	path := memberPath(p.memberOf(leaving))
	if page := v.get(path).Body.String(); !strings.Contains(page, "ERP kho") || !strings.Contains(page, `name="revoke_clients"`) {
		t.Error("the page lacks the machine or the box")
	}
	if w := v.post(path+"/ket-thuc", "reason", "x", "revoke_clients", "1"); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "checked") {
		t.Errorf("a reason too short: %d, or the tick is lost", w.Code)
	}
	if w := v.post(path+"/ket-thuc", "reason", "Nghỉ việc từ hôm nay", "revoke_clients", "1"); w.Code != http.StatusSeeOther {
		t.Fatalf("end: %d", w.Code)
	}
	if page := v.get("/ket-noi").Body.String(); !strings.Contains(page, "Đã thu hồi") {
		t.Error("the machine still runs")
	}
	if w := v.post(memberPath(p.memberOf(staying))+"/ket-thuc", "reason", "Tự kết thúc"); w.Code != http.StatusConflict {
		t.Errorf("one's own: %d, want 409", w.Code)
	}
}
