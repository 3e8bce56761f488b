package accounts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/internal/web"
	"txng/tenant"
)

// phone is a person with an app, set up through the pages.
type phone struct {
	*visitor
	email  string
	secret authz.TOTPSecret
	used   int64
	codes  []string
}

// setUp adds an app to a visitor's account on the security page.
func (v *visitor) setUp(email string) *phone {
	v.t.Helper()
	p := &phone{visitor: v, email: email}
	page := v.get("/tai-khoan/bao-mat/ung-dung")
	v.expect(page, http.StatusOK, "<svg", "Quét mã")
	body := page.Body.String()
	var err error
	if p.secret, err = authz.ParseTOTPSecret(strings.ReplaceAll(regexp.MustCompile(`totp-secret">([A-Z2-7 ]+)<`).FindStringSubmatch(body)[1], " ", "")); err != nil {
		v.t.Fatal(err)
	}
	offer := regexp.MustCompile(`name="offer" value="([^"]+)"`).FindStringSubmatch(body)[1]
	// A wrong code keeps the symbol that was scanned.
	v.expect(v.post("/tai-khoan/bao-mat/ung-dung", "offer", offer, "code", "12345", "name", "Máy của Lan"), http.StatusUnprocessableEntity, offer, "Mã gồm đúng 6 chữ số", "Máy của Lan")
	p.used = authztest.EarliestStep(time.Now())
	made := v.post("/tai-khoan/bao-mat/ung-dung", "offer", offer, "code", p.secret.Code(p.used), "name", "Máy của Lan")
	v.expect(made, http.StatusOK, "Các mã này chỉ hiện một lần", "ma-du-phong-txng.txt")
	for _, found := range regexp.MustCompile(`<code>(\w{4}-\w{4}-\w{4})</code>`).FindAllStringSubmatch(made.Body.String(), -1) {
		p.codes = append(p.codes, found[1])
	}
	if len(p.codes) != authz.RecoveryCodes {
		v.t.Fatalf("%d recovery codes on the page", len(p.codes))
	}
	return p
}

// code returns the next code of the app.
func (p *phone) code() string {
	p.t.Helper()
	p.used = max(p.used+1, authztest.EarliestStep(time.Now()))
	if p.used > authz.StepAt(time.Now())+1 {
		p.t.Fatal("the codes of this minute are used up")
	}
	return p.secret.Code(p.used)
}

// password opens a browser that has shown the password only.
func (p *place) password(email string) *visitor {
	p.t.Helper()
	v := p.nobody()
	p.expect(v.post("/dang-nhap", "email", email, "password", password), http.StatusSeeOther)
	return v
}

func to(w *httptest.ResponseRecorder) string { return w.Header().Get("Location") }

func TestSecondFactorFromSetUpToRemoval(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.DOSTAdmin, 0)
	v := p.password(email)
	if got := to(v.get("/")); got != "/tai-khoan/bao-mat" {
		t.Errorf("a role that needs a factor is led to %q", got)
	}
	p.expect(v.get("/tai-khoan/bao-mat"), http.StatusOK, "Cần thiết lập trước khi làm việc")
	before := v.cookies["txng_session"]
	admin := v.setUp(email)
	if v.cookies["txng_session"] == before {
		t.Error("setting up kept the session's token")
	}
	p.expect(v.get("/"), http.StatusOK, "dost_admin")
	p.expect(v.get("/tai-khoan/bao-mat"), http.StatusOK, "Máy của Lan", "Còn 10 mã chưa dùng")
	p.letter("Đã thêm phương thức")
	if n := p.audited("factor.add"); n != 1 {
		t.Errorf("adding: %d audit lines, want 1", n)
	}

	// A wrong code is noted; the right one goes on to where the person wanted to go.
	second := p.password(email)
	if got := to(second.get("/thanh-vien?role=leader")); got != "/dang-nhap/buoc-hai?tiep=%2Fthanh-vien%3Frole%3Dleader" {
		t.Errorf("led to %q", got)
	}
	p.expect(second.get("/dang-nhap/buoc-hai"), http.StatusOK, `inputmode="numeric"`, `autocomplete="one-time-code"`, "Dùng mã dự phòng")
	p.expect(second.post("/dang-nhap/buoc-hai", "code", "000000"), http.StatusUnprocessableEntity, "Mã chưa đúng")
	if n := p.audited("factor.refused"); n != 1 {
		t.Errorf("%d refusals in the audit, want 1", n)
	}
	if got := to(second.post("/dang-nhap/buoc-hai", "code", admin.code(), "_tiep", "/thanh-vien?role=leader")); got != "/thanh-vien?role=leader" {
		t.Errorf("after the second step led to %q", got)
	}
	p.expect(second.get("/"), http.StatusOK, "dost_admin")

	// A recovery code: once, with a letter.
	third := p.password(email)
	p.expect(third.get("/dang-nhap/buoc-hai?cach=du-phong"), http.StatusOK, "Một trong các mã đã lưu")
	p.expect(third.post("/dang-nhap/buoc-hai", "recovery", admin.codes[0]), http.StatusSeeOther)
	p.expect(third.get("/"), http.StatusOK, "dost_admin")
	p.letter("còn 9 mã")
	if n := p.audited("factor.recovery"); n != 1 {
		t.Errorf("recovery code: %d audit lines, want 1", n)
	}
	p.expect(p.password(email).post("/dang-nhap/buoc-hai", "recovery", admin.codes[0]), http.StatusUnprocessableEntity, "đã được dùng")

	// The last one stays where the role needs it.
	number := regexp.MustCompile(`name="phuong-thuc" value="(\d+)"`).FindStringSubmatch(v.get("/tai-khoan/bao-mat").Body.String())[1]
	p.expect(v.post("/tai-khoan/bao-mat/go", "phuong-thuc", number), http.StatusConflict, "bắt buộc xác thực hai lớp")
	p.expect(v.post("/tai-khoan/bao-mat/ma-du-phong"), http.StatusOK, "Các mã này chỉ hiện một lần")
	if p.audited("factor.codes") != 1 {
		t.Error("new recovery codes are not in the audit")
	}

	// After ten minutes the page asks again, and keeps what was sent.
	if _, err := p.Owner(t).Exec(t.Context(), "update authz.session set proved_at = proved_at - interval '11 minutes'"); err != nil {
		t.Fatal(err)
	}
	p.expect(v.post("/tai-khoan/bao-mat/ma-du-phong"), http.StatusUnauthorized, "Xác nhận chính bạn")
	p.expect(v.post("/tai-khoan/bao-mat/go", "phuong-thuc", number), http.StatusUnauthorized, "Xác nhận chính bạn", `name="_gui.phuong-thuc" value="`+number+`"`)
	if got := to(v.get("/tai-khoan/bao-mat/ung-dung")); !strings.HasPrefix(got, "/dang-nhap/buoc-hai") {
		t.Errorf("adding after ten minutes led to %q", got)
	}
	p.expect(v.get("/tai-khoan/bao-mat"), http.StatusOK, "Máy của Lan")
}

func TestOptionalFactorIsRemovedAndAskedForByPassword(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.Leader, 0)
	leader := p.password(email).setUp(email)
	number := regexp.MustCompile(`name="phuong-thuc" value="(\d+)"`).FindStringSubmatch(leader.get("/tai-khoan/bao-mat").Body.String())[1]
	p.expect(leader.post("/tai-khoan/bao-mat/go", "phuong-thuc", "x"), http.StatusNotFound)
	p.expect(leader.post("/tai-khoan/bao-mat/go", "phuong-thuc", number), http.StatusSeeOther)
	p.letter("Đã gỡ")
	if n := p.audited("factor.remove"); n != 1 {
		t.Errorf("removing: %d audit lines, want 1", n)
	}
	p.expect(p.password(email).get("/"), http.StatusOK, "leader")
	// Somebody at an open session must know the password to put their own app in.
	if _, err := p.Owner(t).Exec(t.Context(), "update authz.session set proved_at = null, created_at = created_at - interval '11 minutes' where account_id = (select id from authz.account where email = $1)", email); err != nil {
		t.Fatal(err)
	}
	p.expect(leader.get("/dang-nhap/buoc-hai"), http.StatusOK, "Mật khẩu hiện tại")
	if got := to(leader.get("/tai-khoan/bao-mat/ung-dung")); !strings.HasPrefix(got, "/dang-nhap/buoc-hai") {
		t.Errorf("led to %q", got)
	}
	p.expect(leader.post("/dang-nhap/buoc-hai", "password", "sai mật khẩu"), http.StatusUnprocessableEntity, "Mật khẩu chưa đúng")
	p.expect(leader.post("/dang-nhap/buoc-hai", "password", password, "_tiep", "/tai-khoan/bao-mat/ung-dung"), http.StatusSeeOther)
	p.expect(leader.get("/tai-khoan/bao-mat/ung-dung"), http.StatusOK, "Quét mã")
}

func TestTenantAsksItsOfficers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	officer, owner := p.signIn(p.person(p.Tenant.ID, authz.Leader, 0), password), p.signIn(p.person(p.Tenant.ID, authz.OrgOwner, 21), password)
	other, _ := p.NewTenant(t)
	stranger := p.signIn(p.person(other.ID, authz.Leader, 0), password)
	p.expect(admin.get("/thanh-vien/hai-lop"), http.StatusOK, "Không bắt buộc", "(1/2)")
	p.expect(owner.post("/thanh-vien/hai-lop", "bat-buoc", "1"), http.StatusForbidden)
	p.expect(admin.post("/thanh-vien/hai-lop", "bat-buoc", "1"), http.StatusSeeOther)
	p.expect(admin.post("/thanh-vien/hai-lop", "bat-buoc", "1"), http.StatusSeeOther) // again: no second line
	if got := to(officer.get("/")); got != "/tai-khoan/bao-mat" {
		t.Errorf("an officer's open session is led to %q", got)
	}
	// A form that they were filling in waits for them.
	p.expect(officer.post("/tai-khoan/mat-khau", "x", "đang gõ dở"), http.StatusUnauthorized, "đang gõ dở", "Cần thiết lập xác thực hai lớp")
	p.expect(owner.get("/"), http.StatusOK, "org_owner")
	p.expect(stranger.get("/"), http.StatusOK, "leader")
	p.expect(admin.post("/thanh-vien/hai-lop", "bat-buoc", "0"), http.StatusSeeOther)
	p.expect(officer.get("/"), http.StatusOK, "leader")
	if n := p.audited("tenant.factor"); n != 2 {
		t.Errorf("%d audit lines, want 2", n)
	}
}

func TestFactorsAreResetWithinTheHouse(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	owner := p.signIn(p.person(p.Tenant.ID, authz.OrgOwner, 31), password)
	neighbour := p.signIn(p.person(p.Tenant.ID, authz.OrgOwner, 32), password)
	other, _ := p.NewTenant(t)
	foreign := p.signIn(p.person(other.ID, authz.DOSTAdmin, 0), password)
	reset := func(v *visitor, email string) *httptest.ResponseRecorder {
		return v.post(fmt.Sprintf("/thanh-vien/%d/dat-lai-hai-lop", p.membership(email)), "reset_reason", "mất điện thoại")
	}
	officerMail, staffMail, bothMail := p.person(p.Tenant.ID, authz.Leader, 0), p.person(p.Tenant.ID, authz.OrgStaff, 31), p.person(p.Tenant.ID, authz.Inspector, 0)
	officer, staff, both := p.password(officerMail).setUp(officerMail), p.password(staffMail).setUp(staffMail), p.password(bothMail).setUp(bothMail)
	if err := p.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		a, err := authz.AccountByEmail(t.Context(), tx, authz.Email(bothMail))
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: other.ID, Account: a.ID, Role: authz.Leader})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*visitor{"another tenant's administrator": foreign, "an owner": owner} {
		if code := reset(v, officerMail).Code; code != http.StatusNotFound {
			t.Errorf("%s resets an officer: %d", name, code)
		}
	}
	for name, v := range map[string]*visitor{"the neighbour": neighbour, "the administrator": admin} {
		if code := reset(v, staffMail).Code; code != http.StatusNotFound {
			t.Errorf("%s resets staff of an organization: %d", name, code)
		}
	}
	if code := reset(officer.visitor, staffMail).Code; code != http.StatusForbidden {
		t.Errorf("an officer resets: %d", code)
	}
	p.expect(reset(admin, bothMail), http.StatusConflict, "chỉ đơn vị vận hành")
	p.expect(both.get("/"), http.StatusOK, "inspector")
	p.expect(admin.post(fmt.Sprintf("/thanh-vien/%d/dat-lai-hai-lop", p.membership(officerMail)), "reset_reason", "x"), http.StatusUnprocessableEntity, "Nêu lý do đặt lại")
	for _, c := range []struct {
		by, of *visitor
		email  string
	}{{admin, officer.visitor, officerMail}, {owner, staff.visitor, staffMail}} {
		p.expect(reset(c.by, c.email), http.StatusSeeOther)
		if got := to(c.of.get("/")); !strings.HasPrefix(got, "/dang-nhap?") {
			t.Errorf("a session of who was reset is led to %q", got)
		}
		p.signIn(c.email, password) // needs no second step any more
		if l := p.letter("đã được đặt lại"); !strings.Contains(l.To, c.email) {
			t.Errorf("letter %q to %q, want %s", l.Subject, l.To, c.email)
		}
		p.expect(reset(c.by, c.email), http.StatusConflict, "chưa bật")
	}
	if n := p.audited("member.factor"); n != 2 {
		t.Errorf("%d resets in the audit, want 2", n)
	}
	// The operator may, whoever it is.
	if n, err := ResetFactors(t.Context(), p.app, bothMail); err != nil || n != 1 {
		t.Errorf("the operator resets %d factors, %v", n, err)
	}
	if n := p.audited("member.factor"); n != 3 {
		t.Errorf("%d resets in the audit, want 3", n)
	}
}

// membership returns the number of a person's first role in the tenant.
func (p *place) membership(email string) (id int64) {
	p.t.Helper()
	if err := p.Owner(p.t).QueryRow(p.t.Context(), "select min(id) from authz.membership where tenant_id = $1 and email = $2", p.Tenant.ID, email).Scan(&id); err != nil {
		p.t.Fatal(err)
	}
	return id
}

func TestTokenNeedsTheCode(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.DOSTAdmin, 0)
	ask := func(password, code string) (int, web.Problem) {
		body, _ := json.Marshal(map[string]string{"email": email, "password": password, "code": code, "tenant": p.Tenant.Slug})
		r := httptest.NewRequest(http.MethodPost, "/api/v1/token", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		w := p.nobody().send(r)
		var problem web.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
			t.Fatal(err)
		}
		return w.Code, problem
	}
	if code, problem := ask(password, ""); code != http.StatusForbidden || !strings.Contains(problem.Detail, "bắt buộc xác thực hai lớp") {
		t.Errorf("a role that needs a factor, without one: %d %+v", code, problem)
	}
	admin := p.password(email).setUp(email)
	if code, problem := ask(password, ""); code != http.StatusUnauthorized || problem.Type != web.FactorProblem {
		t.Errorf("without the code: %d %+v", code, problem)
	}
	if code, problem := ask("sai mật khẩu", ""); code != http.StatusUnprocessableEntity || problem.Type == web.FactorProblem {
		t.Errorf("with a wrong password: %d %+v", code, problem)
	}
	if code, problem := ask(password, "12345678901"); code != http.StatusUnprocessableEntity {
		t.Errorf("a code that is too long: %d %+v", code, problem)
	}
	if code, problem := ask(password, "00000x"); code != http.StatusUnprocessableEntity || problem.Errors[0].Location != "code" {
		t.Errorf("no code: %d %+v", code, problem)
	}
	if code, _ := ask(password, admin.code()); code != http.StatusOK {
		t.Errorf("with the code: %d", code)
	}
}

// TestInvitationDoesNotGoAroundTheSecondStep accepts one as somebody who has a factor.
func TestInvitationDoesNotGoAroundTheSecondStep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	other, _ := p.NewTenant(t)
	email := p.person(other.ID, authz.Leader, 0)
	p.password(email).setUp(email)
	p.expect(admin.post("/thanh-vien/moi", "name", "Lê Thị Hoa", "email", email, "role", "inspector"), http.StatusSeeOther)
	v := p.nobody()
	p.expect(v.post(p.link("/loi-moi/"), "password", password), http.StatusSeeOther)
	if got := to(v.get("/")); got != "/dang-nhap/buoc-hai" {
		t.Errorf("after accepting led to %q", got)
	}
}

func TestPasskeyPagesRefuseNonsense(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.nobody()
	begun := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://txng.test/dang-nhap/khoa-truy-cap/bat-dau", nil)
		return v.send(r)
	}()
	var options struct {
		Challenge        string
		RPID             string `json:"rpId"`
		UserVerification string
	}
	if err := json.Unmarshal(begun.Body.Bytes(), &options); err != nil || options.RPID != "txng.test" || options.UserVerification != "required" {
		t.Fatalf("options %s: %v", begun.Body, err)
	}
	if b, err := base64.RawURLEncoding.DecodeString(options.Challenge); err != nil || len(b) < 16 {
		t.Errorf("challenge %q", options.Challenge)
	}
	for _, credential := range []string{"", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, strings.Repeat("x", 100_000)} {
		r := v.post("http://txng.test/dang-nhap/khoa-truy-cap", "credential", credential, "_tiep", "/thanh-vien")
		p.expect(r, http.StatusUnprocessableEntity, "Khóa truy cập không được chấp nhận", "/thanh-vien")
	}
	r := httptest.NewRequest(http.MethodPost, "http://elsewhere.example/dang-nhap/khoa-truy-cap/bat-dau", nil)
	if w := v.send(r); w.Code != http.StatusConflict {
		t.Errorf("a challenge for a host that is not ours: %d", w.Code)
	}
	if w := v.post("/dang-nhap/buoc-hai", "code", "123456"); w.Code != http.StatusUnauthorized {
		t.Errorf("the second step of nobody: %d", w.Code)
	}
}
