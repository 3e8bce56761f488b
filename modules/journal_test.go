package modules_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/demo"
	"txng/modules/journal"
	"txng/tenant"
)

// noted returns the number of a tenant's audit lines of an action about an account, and the newest one's sentence and
// address.
func (w *world) noted(t *testing.T, slug, email, action string) (n int, what, address string) {
	t.Helper()
	err := owner(t, w).QueryRow(t.Context(), `
		select count(*), coalesce((array_agg(e.what order by e.id desc))[1], ''), coalesce((array_agg(e.address order by e.id desc))[1], '')
		from audit.entry e
		join tenant.tenant t on t.id = e.tenant_id
		join authz.account a on a.id = e.account_id and a.id = e.subject_id
		where t.slug = $1 and a.email = $2 and e.subject = 'account' and e.action = $3`, slug, email, action).Scan(&n, &what, &address)
	if err != nil {
		t.Fatal(err)
	}
	return n, what, address
}

// cookie returns what an answer sets a cookie to, or "".
func cookie(answer *httptest.ResponseRecorder, name string) string {
	for _, c := range answer.Result().Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// person makes an account with roles in tenants.
func (w *world) person(t *testing.T, email string, roles map[string]authz.Role) {
	t.Helper()
	err := w.db.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Phạm Thị Dung", demo.Password)
		if err != nil {
			return err
		}
		for slug, role := range roles {
			of, err := w.db.TenantBySlug(t.Context(), slug)
			if err != nil {
				return err
			}
			if _, err := authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: of.ID, Account: id, Role: role}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// from sends a form from an address.
func (w *world) from(address, path string, session authz.Token, form url.Values) *httptest.ResponseRecorder {
	r := request(http.MethodPost, path, session, form)
	r.RemoteAddr = address + ":4711"
	return serveTo(w, r)
}

func TestSignInsRefusalsAndSignOutsAreNotedInTheTenantsAudit(t *testing.T) {
	t.Parallel()
	w := site(t)
	const email = "dung.nhatky@demo.txng.vn"
	w.person(t, email, map[string]authz.Role{"nghe-an": authz.Inspector, "ho-chi-minh": authz.Leader})
	wrong := url.Values{"email": {email}, "password": {"sai mật khẩu"}}
	if answer := w.from("203.0.113.50", "/dang-nhap", "", wrong); answer.Code != http.StatusUnprocessableEntity {
		t.Fatalf("wrong password: %d", answer.Code)
	}
	for _, slug := range []string{"nghe-an", "ho-chi-minh"} {
		if n, what, address := w.noted(t, slug, email, "account.refused"); n != 1 || what == "" || address != "203.0.113.50" {
			t.Errorf("a refused sign-in in %s: %d lines, %q from %q; want one from 203.0.113.50", slug, n, what, address)
		}
	}
	answer := w.from("203.0.113.51", "/dang-nhap", "", url.Values{"email": {email}, "password": {demo.Password}})
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("sign in: %d", answer.Code)
	}
	session := authz.Token(cookie(answer, "txng_session"))
	who, err := authz.Resume(t.Context(), w.db, session)
	if err != nil {
		t.Fatal(err)
	}
	here, err := w.db.Tenant(t.Context(), who.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]string{"nghe-an": "ho-chi-minh", "ho-chi-minh": "nghe-an"}[here.Slug]
	if n, _, address := w.noted(t, here.Slug, email, "account.signin"); n != 1 || address != "203.0.113.51" {
		t.Errorf("%d sign-ins in %s from %q, want one from 203.0.113.51", n, here.Slug, address)
	}
	if n, _, _ := w.noted(t, there, email, "account.signin"); n != 0 {
		t.Errorf("%d sign-ins in %s, where nobody signed in", n, there)
	}

	choices, err := authz.Choices(t.Context(), w.db, who)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range choices {
		if c.Membership == who.Membership {
			continue
		}
		answer = w.from("203.0.113.52", "/tai-khoan/vai-tro", session, url.Values{"vai-tro": {number(c.Membership)}})
	}
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("switch: %d", answer.Code)
	}
	session = authz.Token(cookie(answer, "txng_session"))
	for _, slug := range []string{here.Slug, there} {
		if n, what, _ := w.noted(t, slug, email, "account.switch"); n != 1 {
			t.Errorf("%d changes of role in %s (%s), want one", n, slug, what)
		}
	}
	if answer = w.from("203.0.113.53", "/dang-xuat", session, url.Values{}); answer.Code != http.StatusSeeOther {
		t.Fatalf("sign out: %d", answer.Code)
	}
	if n, _, address := w.noted(t, there, email, "account.signout"); n != 1 || address != "203.0.113.53" {
		t.Errorf("%d sign-outs in %s from %q, want one from 203.0.113.53", n, there, address)
	}
}

func TestRefusalOfAnUnknownAddressTakesAsLongAndIsNotedNowhere(t *testing.T) {
	w := site(t)
	const email = "co.nguoi@demo.txng.vn"
	w.person(t, email, map[string]authz.Role{"nghe-an": authz.Inspector})
	count := func() (n int) {
		if err := owner(t, w).QueryRow(t.Context(), "select count(*) from audit.entry where action = 'account.refused'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	took := map[string]time.Duration{}
	for i, try := range []string{email, "khong.co.nguoi@demo.txng.vn"} {
		started := time.Now()
		answer := w.from("203.0.113."+number(int64(60+i)), "/dang-nhap", "", url.Values{"email": {try}, "password": {"sai mật khẩu"}})
		took[try] = time.Since(started)
		if answer.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", try, answer.Code)
		}
		if took[try] < 150*time.Millisecond {
			t.Errorf("%s: refused after %s, without the pause that hides the note", try, took[try])
		}
	}
	t.Logf("known %s, unknown %s", took[email], took["khong.co.nguoi@demo.txng.vn"])
	if n := count() - before; n != 1 {
		t.Errorf("%d refusals were noted, want only that of the known account", n)
	}
}

func TestAuditsOfTheDemonstrationAreIntactAndEveryActionHasItsWords(t *testing.T) {
	t.Parallel()
	w := site(t)
	tenants, err := w.db.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealed := int64(0)
	for _, of := range tenants {
		r, err := journal.Verify(t.Context(), w.db, of)
		if err != nil {
			t.Fatal(err)
		}
		if of.Slug != "ha-noi" && r.Found > 0 { // the attack's rows are Hà Nội's
			t.Errorf("%s: %v", of.Slug, r.Findings)
		}
		sealed += r.Sealed
	}
	if sealed < 50 {
		t.Errorf("only %d lines are sealed: the test has lost its subject", sealed)
	}
	rows, err := owner(t, w).Query(t.Context(), "select distinct action, subject from audit.entry")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var action, subject string
		if err := rows.Scan(&action, &subject); err != nil {
			t.Fatal(err)
		}
		if !journal.Knows(action, subject) {
			t.Errorf("action %q or subject %q has no words in the journal", action, subject)
		}
	}
}
