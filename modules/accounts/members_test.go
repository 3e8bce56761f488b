package accounts

import (
	"bytes"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/internal/mail"
	"txng/modules/internal/sheet"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

const (
	password = "con trâu gặm cỏ chiều"
	fresh    = "một mật khẩu mới tinh"
)

// place is a site with these pages alone, over a fresh tenant, and its letters.
type place struct {
	*tenanttest.Env
	t      *testing.T
	app    *web.App
	folder string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	e := tenanttest.New(t)
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	sso, err := authz.NewSSO(tenanttest.Secret, authz.SSOOptions{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	letters, err := mail.Open("", "", folder)
	if err != nil {
		t.Fatal(err)
	}
	a := newSite(web.Config{DB: e.DB, Signer: signer, SSO: sso, Base: &url.URL{Scheme: "http", Host: "txng.test"}, Log: slog.New(slog.DiscardHandler), Mail: letters, Demo: true})
	return &place{e, t, a, folder}
}

func newSite(c web.Config) *web.App {
	a := web.New(c)
	a.Get("/", authz.AccountSelf, showHome)
	Routes(a)
	return a
}

// showHome stands for the home page, which is another module's.
func showHome(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	return web.Bytes("text/plain", []byte("home of "+q.Who.Name+" as "+string(q.Who.Role))), nil
}

var people atomic.Int64

// person makes an account with a role in a tenant.
func (p *place) person(in tenant.ID, role authz.Role, org tenant.OrgID) (email string) {
	p.t.Helper()
	email = fmt.Sprintf("nguoi%d@example.vn", people.Add(1))
	if err := p.DB.Platform(p.t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(p.t.Context(), tx, email, "Nguyễn Văn An", password)
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(p.t.Context(), tx, authz.NewMembership{Tenant: in, Account: id, Role: role, Org: org})
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return email
}

// visitor is somebody's browser.
type visitor struct {
	*place
	cookies map[string]string
}

func (p *place) nobody() *visitor { return &visitor{p, map[string]string{}} }

func (p *place) signIn(email, password string) *visitor {
	p.t.Helper()
	v := p.nobody()
	if w := v.post("/dang-nhap", "email", email, "password", password); w.Code != http.StatusSeeOther {
		p.t.Fatalf("sign in %s: %d", email, w.Code)
	}
	session := authz.Token(v.cookies["txng_session"])
	who, err := authz.Resume(p.t.Context(), p.DB, session)
	if err != nil {
		p.t.Fatal(err)
	}
	v.cookies["txng_session"] = string(authztest.Complete(p.t, p.DB, session, who.Pending, email, nil))
	return v
}

func (v *visitor) send(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	v.app.Handler().ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookies[c.Name] = c.Value
	}
	return w
}

func (v *visitor) get(path string) *httptest.ResponseRecorder {
	return v.send(httptest.NewRequest(http.MethodGet, path, nil))
}

func (v *visitor) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.send(r)
}

func (v *visitor) upload(name string, content []byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, _ := w.CreateFormFile("file", name)
	part.Write(content)
	w.Close()
	r := httptest.NewRequest(http.MethodPost, "/thanh-vien/nhap", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return v.send(r)
}

func (p *place) expect(w *httptest.ResponseRecorder, status int, texts ...string) {
	p.t.Helper()
	if w.Code != status {
		p.t.Fatalf("got status %d, want %d:\n%.3000s", w.Code, status, w.Body)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			p.t.Errorf("the page lacks %q:\n%.3000s", text, w.Body)
		}
	}
}

// letters returns the letters so far, newest first.
func (p *place) letters() []mail.Letter {
	p.t.Helper()
	p.app.Wait()
	list, err := mail.Letters(p.folder)
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

// letter returns the newest letter with a text in its subject or body. Letters of several answers are written in no
// order, so the newest of all may not be that of the last answer.
func (p *place) letter(text string) mail.Letter {
	p.t.Helper()
	list := p.letters()
	for _, l := range list {
		if strings.Contains(l.Subject, text) || strings.Contains(l.Text, text) {
			return l
		}
	}
	p.t.Fatalf("none of %d letters holds %q: %+v", len(list), text, list)
	return mail.Letter{}
}

// link returns the path below the prefix that the newest letter with such a link leads to.
func (p *place) link(prefix string) string {
	p.t.Helper()
	_, rest, _ := strings.Cut(p.letter("http://txng.test"+prefix).Text, "http://txng.test"+prefix)
	return prefix + strings.Fields(rest)[0]
}

// audited returns the number of audit lines of an action in the tenant.
func (p *place) audited(action string) (n int) {
	p.t.Helper()
	if err := p.Owner(p.t).QueryRow(p.t.Context(), "select count(*) from audit.entry where tenant_id = $1 and action = $2", p.Tenant.ID, action).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestInvitedOfficerGetsInAndIsRemoved(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.get("/thanh-vien/moi"), http.StatusOK, "Chuyên viên sở, ngành", "Xã, phường, đặc khu")
	wrong := admin.post("/thanh-vien/moi", "name", "Lê Thị Hoa", "email", "không phải thư", "role", "operator")
	p.expect(wrong, http.StatusUnprocessableEntity, "Lê Thị Hoa", "không phải thư", "Bạn không mời được vai trò", "Địa chỉ thư điện tử chưa đúng")
	to := fmt.Sprintf("hoa%d@example.vn", p.Tenant.ID)
	p.expect(admin.post("/thanh-vien/moi", "name", "Lê Thị Hoa", "email", to, "role", "department_officer", "department", "SCT"), http.StatusSeeOther)
	p.expect(admin.get("/thanh-vien"), http.StatusOK, "Lời mời chưa nhận (1)", to, "Sở Công Thương")
	if l := p.letter(p.Tenant.Name); l.To != "Lê Thị Hoa <"+to+">" {
		t.Errorf("letter to %q: %s", l.To, l.Text)
	}
	path := p.link("/loi-moi/")
	hoa := p.nobody()
	page := hoa.get(path)
	p.expect(page, http.StatusOK, "Lê Thị Hoa", "Chuyên viên sở, ngành", "Đặt mật khẩu")
	if got := page.Header().Values("Referrer-Policy"); len(got) == 0 || got[len(got)-1] != "same-origin" {
		t.Errorf("Referrer-Policy %q: the link may leak", got)
	}
	p.expect(hoa.post(path, "name", "Lê Thị Hoa", "password", "matkhau123"), http.StatusUnprocessableEntity, "Mật khẩu này quá phổ biến, dễ bị đoán.", `value="Lê Thị Hoa"`)
	p.expect(hoa.post(path, "name", "Lê Thị Hoa", "password", fresh), http.StatusSeeOther)
	p.expect(hoa.get("/"), http.StatusOK, "home of Lê Thị Hoa as department_officer")
	p.expect(p.nobody().get(path), http.StatusNotFound, "Lời mời không còn dùng được")
	p.expect(p.nobody().post(path, "name", "Kẻ khác", "password", fresh), http.StatusNotFound, "Lời mời không còn dùng được")
	p.expect(hoa.get("/thanh-vien"), http.StatusForbidden)

	list := admin.get("/thanh-vien?q=hoa")
	found := regexp.MustCompile(`/thanh-vien/(\d+)`).FindStringSubmatch(list.Body.String())
	if found == nil {
		t.Fatalf("she is not in the list:\n%s", list.Body)
	}
	p.expect(admin.get(found[0]), http.StatusOK, "Lê Thị Hoa nhận lời mời")
	p.expect(admin.post(found[0]+"/ket-thuc", "reason", "x"), http.StatusUnprocessableEntity, "Nêu lý do chấm dứt")
	p.expect(admin.post(found[0]+"/ket-thuc", "reason", "Chuyển công tác"), http.StatusSeeOther)
	if w := hoa.get("/"); w.Code == http.StatusOK {
		t.Error("her session goes on")
	}
	p.expect(admin.get(found[0]), http.StatusOK, "Đã chấm dứt", "Chuyển công tác")
	p.expect(admin.post(found[0]+"/ket-thuc", "reason", "Chuyển công tác"), http.StatusConflict, "đã chấm dứt trước đó")
	for action, want := range map[string]int{"member.invite": 1, "member.accept": 1, "member.end": 1, "account.signin": 2} {
		if n := p.audited(action); n != want {
			t.Errorf("%d audit lines %s, want %d", n, action, want)
		}
	}
}

func TestNobodyEndsTheirOwnRole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	own := regexp.MustCompile(`/thanh-vien/\d+`).FindString(admin.get("/thanh-vien").Body.String())
	p.expect(admin.get(own), http.StatusOK, "vai trò của chính bạn")
	p.expect(admin.post(own+"/ket-thuc", "reason", "Thử xem sao"), http.StatusConflict, "Không tự chấm dứt")
}

func TestOwnerInvitesStaffOfTheOwnOrganizationOnly(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	owner := p.signIn(p.person(p.Tenant.ID, authz.OrgOwner, 11), password)
	neighbour := p.signIn(p.person(p.Tenant.ID, authz.OrgOwner, 12), password)
	if w := owner.get("/thanh-vien/moi"); strings.Contains(w.Body.String(), "dost_admin") || strings.Contains(w.Body.String(), "Mã sở, ngành") {
		t.Error("an owner is offered officers' roles")
	}
	p.expect(owner.post("/thanh-vien/moi", "name", "B", "email", "b@example.vn", "role", "dost_admin"), http.StatusUnprocessableEntity, "Bạn không mời được vai trò")
	to := fmt.Sprintf("nhanvien%d@example.vn", p.Tenant.ID)
	// Fields that an owner's form does not have change nothing.
	p.expect(owner.post("/thanh-vien/moi", "name", "Bùi Văn Bình", "email", to, "role", "org_staff", "org_id", "12", "tenant_id", "1", "department", "SCT"), http.StatusSeeOther)
	path := p.link("/loi-moi/")
	id := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(owner.get("/thanh-vien").Body.String())[1]
	if w := neighbour.get("/thanh-vien"); strings.Contains(w.Body.String(), to) {
		t.Error("the neighbour sees the invitation")
	}
	for _, what := range []string{"thu-hoi", "gui-lai"} {
		p.expect(neighbour.post("/thanh-vien/loi-moi/"+what, "id", id), http.StatusNotFound)
		p.expect(owner.post("/thanh-vien/loi-moi/"+what, "id", "x"), http.StatusNotFound)
	}
	staff := p.nobody()
	p.expect(staff.post(path, "name", "Bùi Văn Bình", "password", fresh), http.StatusSeeOther)
	member := regexp.MustCompile(`/thanh-vien/\d+`).FindString(owner.get("/thanh-vien?role=org_staff").Body.String())
	p.expect(owner.get(member), http.StatusOK, "Bùi Văn Bình")
	p.expect(neighbour.get(member), http.StatusNotFound)
	p.expect(neighbour.post(member+"/ket-thuc", "reason", "Không phải của tôi"), http.StatusNotFound)
	p.expect(owner.get("/thanh-vien/nhap"), http.StatusForbidden)
	p.expect(staff.get("/"), http.StatusOK, "as org_staff")
}

func TestInvitationIsSentAgainAndRevoked(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.post("/thanh-vien/moi", "name", "B", "email", fmt.Sprintf("b%d@example.vn", p.Tenant.ID), "role", "leader"), http.StatusSeeOther)
	first := p.link("/loi-moi/")
	id := func() string {
		return regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(admin.get("/thanh-vien").Body.String())[1]
	}
	p.expect(admin.post("/thanh-vien/loi-moi/gui-lai", "id", id()), http.StatusSeeOther)
	second := p.link("/loi-moi/")
	p.expect(p.nobody().get(first), http.StatusNotFound)
	p.expect(p.nobody().get(second), http.StatusOK)
	p.expect(p.nobody().get(strings.Replace(second, p.Tenant.Slug, "khong-co", 1)), http.StatusNotFound)
	p.expect(admin.post("/thanh-vien/loi-moi/thu-hoi", "id", id()), http.StatusSeeOther)
	p.expect(p.nobody().get(second), http.StatusNotFound)
	p.expect(p.nobody().post(second, "name", "B", "password", fresh), http.StatusNotFound)
}

func TestAccountTakesOneMoreRoleWithItsPassword(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	other, _ := p.NewTenant(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	to := p.person(other.ID, authz.Leader, 0)
	p.expect(admin.post("/thanh-vien/moi", "name", "Nguyễn Văn An", "email", to, "role", "inspector"), http.StatusSeeOther)
	path := p.link("/loi-moi/")
	v := p.nobody()
	p.expect(v.get(path), http.StatusOK, "đã có tài khoản")
	p.expect(v.post(path, "name", "Kẻ khác", "password", fresh), http.StatusUnprocessableEntity, "chưa đúng")
	p.expect(v.post(path, "password", password), http.StatusSeeOther)
	p.expect(v.get("/"), http.StatusOK, "as inspector")
}

func TestTwoPressesOnAcceptMakeOneMember(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.post("/thanh-vien/moi", "name", "B", "email", fmt.Sprintf("b%d@example.vn", p.Tenant.ID), "role", "leader"), http.StatusSeeOther)
	path := p.link("/loi-moi/")
	var wait sync.WaitGroup
	var in, late atomic.Int64
	for range 4 {
		wait.Go(func() {
			switch p.nobody().post(path, "name", "B", "password", fresh).Code {
			case http.StatusSeeOther:
				in.Add(1)
			case http.StatusNotFound:
				late.Add(1)
			}
		})
	}
	wait.Wait()
	// A press that is late finds the link dead, whether before its account was looked for or after.
	if in.Load() != 1 || late.Load() != 3 {
		t.Errorf("%d got in, %d were late; want 1 and 3", in.Load(), late.Load())
	}
	if n := p.audited("member.accept"); n != 1 {
		t.Errorf("%d members, want 1", n)
	}
}

// officersFile returns a list of officers as XLSX.
func officersFile(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	var columns []sheet.Column
	for _, c := range listColumns {
		columns = append(columns, sheet.Column{Title: c.Title})
	}
	var b bytes.Buffer
	if err := sheet.WriteXLSX(&b, "Cán bộ", columns, func(yield func([]any, error) bool) {
		for _, r := range rows {
			for len(r) < len(columns) { // what is not given is left empty
				r = append(r, "")
			}
			if !yield(r, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var carriedFields = regexp.MustCompile(`name="(name|content)" value="([^"]*)"`)

// carried returns what a preview carries to the import.
func carried(w *httptest.ResponseRecorder) (pairs []string) {
	for _, m := range carriedFields.FindAllStringSubmatch(w.Body.String(), -1) {
		pairs = append(pairs, m[1], m[2])
	}
	return pairs
}

// province makes the tenant a province of today, whose communes a list may name.
func (p *place) province() []unit.Unit {
	p.t.Helper()
	ref := provinceOf(p.Tenant)
	communes := unit.Communes(ref, p.DB.Now())
	if len(communes) == 0 {
		p.t.Fatal("the test's tenant is no province of today")
	}
	return communes
}

func TestListOfOfficersIsInvitedWholeAfterAPreview(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Tenant, p.Scope = p.NewToday(t)
	communes := p.province()
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.get("/thanh-vien/nhap"), http.StatusOK, "Tải tệp mẫu")
	if rows, err := sheet.Read(admin.get("/thanh-vien/mau.xlsx").Body, "mau.xlsx", listLimits); err != nil || len(rows) != 1 {
		t.Errorf("the template has %d rows, %v; want its header", len(rows), err)
	}
	mailOf := func(n int) string { return fmt.Sprintf("canbo%d-%d@example.vn", p.Tenant.ID, n) }
	file := officersFile(t,
		[]any{"Trần Thị Một", mailOf(1), "Chuyên viên Sở KH&CN", "", ""},
		[]any{"Trần Thị Hai", mailOf(2), "chuyên viên sở, ngành", "sct", ""},
		[]any{"Trần Thị Ba", mailOf(3), "Cán bộ xã, phường, đặc khu", "", communes[0].FullName, "0999 777 003"},
	)
	preview := admin.upload("cán bộ.xlsx", file)
	p.expect(preview, http.StatusOK, "Mời 3 người", mailOf(3), "Sở Công Thương", communes[0].FullName)
	if n := p.audited("member.invite"); n != 0 {
		t.Errorf("the preview invited %d", n)
	}
	p.expect(admin.post("/thanh-vien/nhap/ghi", carried(preview)...), http.StatusSeeOther)
	p.expect(admin.get("/thanh-vien"), http.StatusOK, "0 / 3", "Còn 3 thư đang chờ gửi")
	if err := p.work(); err != nil {
		t.Fatal(err)
	}
	if n, l := p.audited("member.invite"), len(p.letters()); n != 3 || l != 3 {
		t.Errorf("%d audit lines and %d letters, want 3 and 3", n, l)
	}
	p.expect(admin.get("/thanh-vien"), http.StatusOK, "Lời mời chưa nhận (3)")
}

func TestListWithFaultsNamesEachAndInvitesNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.DOSTAdmin, 0)
	admin := p.signIn(email, password)
	answer := admin.upload("a.xlsx", officersFile(t,
		[]any{"Người Tốt", "tot@example.vn", "Lãnh đạo tỉnh", "", ""},
		[]any{"", "a@example.vn", "Lãnh đạo tỉnh", "", ""},
		[]any{"B", "không phải thư", "Lãnh đạo tỉnh", "", ""},
		[]any{"C", "c@example.vn", "Vận hành hệ thống", "", ""},
		[]any{"D", "d@example.vn", "Cán bộ xã, phường, đặc khu", "", "Xã Không Có"},
		[]any{"E", "e@example.vn", "Chuyên viên sở, ngành", "", ""},
		[]any{"E", "e2@example.vn", "Chuyên viên sở, ngành", "Sở Bịa Ra", ""},
		[]any{"E", "e3@example.vn", "Lãnh đạo tỉnh", "", "", "09l2345678"},
		[]any{"G", "TOT@example.vn", "Lãnh đạo tỉnh", "", ""},
		[]any{"H", email, "Quản trị Sở KH&CN", "", ""},
	))
	p.expect(answer, http.StatusUnprocessableEntity, "Tệp có 9 chỗ cần sửa", "Họ tên có từ 1", "Địa chỉ thư điện tử chưa đúng", "Không có vai trò “Vận hành hệ thống”",
		"“Xã Không Có” trong tỉnh", "Chọn sở, ngành", "Không có sở, ngành “Sở Bịa Ra”", "Số điện thoại chỉ gồm các chữ số", "Trùng với dòng 2.", "Người này đã có vai trò")
	if n := p.audited("member.invite"); n != 0 {
		t.Errorf("%d were invited, want nobody", n)
	}
	for name, content := range map[string][]byte{"empty.xlsx": nil, "x.xlsx": []byte("không phải"), "header.xlsx": officersFile(t)} {
		if w := admin.upload(name, content); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, w.Code)
		}
	}
	var many [][]any
	for n := range 501 {
		many = append(many, []any{"B", fmt.Sprintf("b%d@example.vn", n), "Lãnh đạo tỉnh", "", ""})
	}
	if w := admin.upload("many.xlsx", officersFile(t, many...)); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("501 people: %d, want 422", w.Code)
	}
	for _, content := range []string{"", "!!", "AAAA"} {
		if w := admin.post("/thanh-vien/nhap/ghi", "name", "a.xlsx", "content", content); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("carried %q: %d, want 422", content, w.Code)
		}
	}
}
