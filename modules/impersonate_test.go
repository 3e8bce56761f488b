package modules_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/demo"
	"txng/modules/internal/web"
	"txng/tenant"
)

const whyInPlace = "Hỗ trợ nhập kế hoạch theo đề nghị ngày 20/11/2026"

// operatorOf makes an operator of a test's own and signs them in.
func operatorOf(t *testing.T, w *world, email string) authz.Token {
	t.Helper()
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Vũ Văn Vận", demo.Password)
		if err != nil {
			return err
		}
		return authz.GrantPlatformRole(t.Context(), tx, id, authz.Operator)
	}); err != nil {
		t.Fatal(err)
	}
	return w.session(t, email)
}

// membershipOf returns a membership in Nghệ An of the first demonstration account with a role.
func membershipOf(t *testing.T, w *world, role authz.Role) (membership int64, email string) {
	t.Helper()
	for _, a := range w.demo.Accounts {
		if a.Role == string(role) && a.Tenant == "nghe-an" {
			email = a.Email
			break
		}
	}
	if err := owner(t, w).QueryRow(t.Context(), `
		select m.id
		from authz.membership m
		join tenant.tenant t on t.id = m.tenant_id and t.slug = 'nghe-an'
		where m.email = $1 and m.role = $2`, email, string(role)).Scan(&membership); err != nil {
		t.Fatal(err)
	}
	return membership, email
}

func inPlacePath(membership int64) string {
	return fmt.Sprintf("/tinh/nghe-an/thanh-vien/%d", membership)
}

// inPlaceOf begins to work in a member's place through the site.
func inPlaceOf(t *testing.T, w *world, own authz.Token, role authz.Role) authz.Token {
	t.Helper()
	m, _ := membershipOf(t, w, role)
	answer := w.ask(http.MethodPost, inPlacePath(m), own, url.Values{"reason": {whyInPlace}})
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("begin: %d\n%.400s", answer.Code, answer.Body)
	}
	return authz.Token(cookie(answer, "txng_session"))
}

// personalRoutes are those that a role has and nobody in its place, as a person would list them.
var personalRoutes = []string{
	"GET /tai-khoan", "GET /tai-khoan/thiet-bi", "POST /tai-khoan/thiet-bi", "POST /tai-khoan/vai-tro",
	"GET /tai-khoan/khoa-api", "POST /tai-khoan/khoa-api", "POST /tai-khoan/khoa-api/thu-hoi",
	"GET /tai-khoan/mat-khau", "POST /tai-khoan/mat-khau",
	"GET /ket-noi", "POST /ket-noi", "POST /ket-noi/{id}/thu-hoi",
	"GET /cau-hinh/du-lieu", "POST /cau-hinh/du-lieu", "GET /cau-hinh/du-lieu/{id}/tep",
	"POST /tai-khoan/lien-ket/go", "GET /cau-hinh/sso", "GET /cau-hinh/sso/moi", "POST /cau-hinh/sso/moi", "GET /cau-hinh/sso/{id}",
	"POST /cau-hinh/sso/{id}", "POST /cau-hinh/sso/{id}/trang-thai", "GET /cau-hinh/sso/{id}/kiem-tra", "POST /cau-hinh/sso/{id}/kiem-tra",
	"GET /thanh-vien/moi", "POST /thanh-vien/moi", "POST /thanh-vien/loi-moi/thu-hoi", "POST /thanh-vien/loi-moi/gui-lai",
	"GET /tai-khoan/so-dien-thoai", "POST /tai-khoan/so-dien-thoai", "POST /thanh-vien/{id}/so-dien-thoai", "POST /thanh-vien/nhap/gui-lai",
	"GET /dang-nhap/buoc-hai", "POST /dang-nhap/buoc-hai", "POST /dang-nhap/buoc-hai/khoa-truy-cap",
	"GET /tai-khoan/bao-mat", "GET /tai-khoan/bao-mat/ung-dung", "POST /tai-khoan/bao-mat/ung-dung", "GET /tai-khoan/bao-mat/khoa-truy-cap",
	"POST /tai-khoan/bao-mat/khoa-truy-cap", "POST /tai-khoan/bao-mat/khoa-truy-cap/bat-dau", "POST /tai-khoan/bao-mat/go", "POST /tai-khoan/bao-mat/ma-du-phong",
	"GET /cau-hinh", "POST /cau-hinh", "GET /cau-hinh/bieu-trung", "POST /cau-hinh/bieu-trung",
	"GET /cau-hinh/so-nganh", "GET /cau-hinh/so-nganh/them", "POST /cau-hinh/so-nganh/them", "GET /cau-hinh/so-nganh/sua", "POST /cau-hinh/so-nganh/sua", "POST /cau-hinh/so-nganh/bo", "GET /thanh-vien/hai-lop", "POST /thanh-vien/hai-lop", "POST /thanh-vien/{id}/dat-lai-hai-lop",
	"GET /vai-tro/moi", "POST /vai-tro/moi", "GET /vai-tro/{id}", "GET /vai-tro/{id}/bo", "POST /vai-tro/{id}", "POST /vai-tro/{id}/bo", "GET /linh-vuc", "GET /linh-vuc/sua", "POST /linh-vuc/sua",
	"GET /phan-cong", "GET /phan-cong/{id}", "POST /phan-cong/{id}", "POST /phan-cong/{id}/ket-thuc", "GET /to-chuc/{id}/phan-cong", "POST /to-chuc/{id}/phan-cong",
	"POST /thanh-vien/{id}/ket-thuc", "GET /thanh-vien/nhap", "POST /thanh-vien/nhap", "POST /thanh-vien/nhap/ghi", "GET /thanh-vien/mau.xlsx",
}

// TestInAnothersPlaceEveryPageBearsTheBannerAndThePersonsOwnIsShut walks all routes as three people whose place the
// operator takes.
func TestInAnothersPlaceEveryPageBearsTheBannerAndThePersonsOwnIsShut(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	own := operatorOf(t, w, "bang.thay@example.vn")
	banners, shut := 0, 0
	for _, role := range []authz.Role{authz.DOSTAdmin, authz.OrgOwner, authz.UnitOfficer} {
		session := inPlaceOf(t, w, own, role)
		who, err := authz.Resume(t.Context(), w.db, session)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range w.app.Routes() {
			key := r.Method + " " + r.Path
			if r.Door == web.DoorOpen || strings.HasPrefix(r.Path, "/api/") || key == "POST /dang-xuat" || key == "POST "+web.EndInPlace {
				continue
			}
			value := shared[r.Path]
			if sql, ok := subject(r.Path); ok {
				if value, ok = look(t, conn, sql, "nghe-an", int64(who.Org)); !ok {
					value = "987654321"
				}
			}
			allowed := authz.DefaultPolicy.Allows(role, r.Permission) && !slices.Contains(personalRoutes, key)
			answer := w.ask(r.Method, fill(r.Path, value), session, form(r))
			switch {
			case !allowed && answer.Code != http.StatusForbidden:
				t.Errorf("%s in the place of %s: %d, want 403", key, role, answer.Code)
			case allowed && (answer.Code == http.StatusForbidden || answer.Code >= 500) && key != "POST /nhiem-vu/{id}/bao-cao":
				t.Errorf("%s in the place of %s: %d, want it allowed", key, role, answer.Code)
			}
			if !allowed {
				shut++
			}
			if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
				banners++
				for _, text := range []string{`class="in-place"`, "Vũ Văn Vận", `action="/thoi-lam-thay"`, whyInPlace} {
					if !strings.Contains(answer.Body.String(), text) {
						t.Errorf("%s in the place of %s (%d): the page lacks %s", key, role, answer.Code, text)
					}
				}
			}
		}
		answer := w.ask(http.MethodPost, web.EndInPlace, session, url.Values{})
		if own = authz.Token(cookie(answer, "txng_session")); answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/tinh/nghe-an" || own == "" {
			t.Fatalf("end: %d to %q", answer.Code, answer.Header().Get("Location"))
		}
		if page := w.ask(http.MethodGet, "/tinh/nghe-an", own, nil); page.Code != http.StatusOK || strings.Contains(page.Body.String(), `class="in-place"`) {
			t.Errorf("back as oneself: %d, or the banner is still there", page.Code)
		}
		if page := w.ask(http.MethodGet, "/", session, nil); page.Code != http.StatusSeeOther {
			t.Errorf("the ended session: %d, want the sign-in", page.Code)
		}
	}
	if banners < 60 || shut < 60 {
		t.Errorf("%d pages and %d refusals: the test has lost its subject", banners, shut)
	}
	t.Logf("%d pages with the banner, %d refusals", banners, shut)
}

func TestWorkInAnothersPlaceStandsInBothAuditsAndIsFound(t *testing.T) {
	t.Parallel()
	w := site(t)
	own := operatorOf(t, w, "nhat.ky.thay@example.vn")
	_, email := membershipOf(t, w, authz.DOSTAdmin)
	session := inPlaceOf(t, w, own, authz.DOSTAdmin)
	if answer := w.ask(http.MethodPost, "/danh-muc", session, url.Values{"to_list": {"uu-tien"}, "name": {"Nhóm do vận hành thêm"}, "source": {"Kế hoạch"}}); answer.Code != http.StatusSeeOther {
		t.Fatalf("an act: %d", answer.Code)
	}
	if answer := w.ask(http.MethodGet, "/danh-muc?xuat=csv", session, nil); answer.Code != http.StatusOK {
		t.Fatalf("an export: %d", answer.Code)
	}
	if answer := w.ask(http.MethodGet, "/tai-khoan", session, nil); answer.Code != http.StatusForbidden {
		t.Fatalf("the person's own: %d", answer.Code)
	}
	refusals(t, w, email, 1)
	if answer := w.ask(http.MethodPost, web.EndInPlace, session, url.Values{}); answer.Code != http.StatusSeeOther {
		t.Fatalf("end: %d", answer.Code)
	}
	rows, err := owner(t, w).Query(t.Context(), `
		select coalesce(t.slug, ''), e.action, e.acting, e.what
		from audit.entry e
		left join tenant.tenant t on t.id = e.tenant_id
		join authz.account i on i.id = e.acting_id and i.email = 'nhat.ky.thay@example.vn'
		join authz.account a on a.id = e.account_id and a.email = $1`, email)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var slug, action, acting, what string
		if err := rows.Scan(&slug, &action, &acting, &what); err != nil {
			t.Fatal(err)
		}
		if acting != "Vũ Văn Vận" {
			t.Errorf("%s: acting %q", action, acting)
		}
		found[slug+" "+action] = what
	}
	for _, want := range []string{"nghe-an impersonation.start", "nghe-an catalog.add", "nghe-an list.export", "nghe-an access.refused", "nghe-an impersonation.end", " impersonation.start", " impersonation.end"} {
		if _, ok := found[want]; !ok {
			t.Errorf("no line %q among %v", want, found)
		}
	}
	if !strings.Contains(found["nghe-an impersonation.start"], whyInPlace) {
		t.Errorf("the beginning lacks the reason: %q", found["nghe-an impersonation.start"])
	}
	admin := w.signIn(t, authz.DOSTAdmin, "nghe-an")
	for filter, want := range map[string]string{"": "Vũ Văn Vận (vận hành) làm việc thay ", "&action=catalog.add": "Nhóm do vận hành thêm", "&action=impersonation.start": whyInPlace, "&action=account.signin": "Không có"} {
		_, body, _ := strings.Cut(w.ask(http.MethodGet, "/nhat-ky?thay=co"+filter, admin, nil).Body.String(), "</form>")
		if filter == "&action=account.signin" {
			if strings.Contains(body, "<tbody") {
				t.Error("the filter shows what nobody did in another's place")
			}
		} else if !strings.Contains(body, want) {
			t.Errorf("%s: the tenant's administrator does not read %q", filter, want)
		}
	}
	if file := w.ask(http.MethodGet, "/nhat-ky?thay=co&xuat=csv", admin, nil).Body.String(); !strings.Contains(file, "Vũ Văn Vận (vận hành) làm việc thay ") || !strings.Contains(file, "Danh mục: Ưu tiên") {
		t.Errorf("the file lacks who worked for whom, or what it was:\n%.600s", file)
	}
	if page := w.ask(http.MethodGet, "/nhat-ky-he-thong?thay=co", w.signIn(t, authz.Operator, ""), nil).Body.String(); !strings.Contains(page, whyInPlace) {
		t.Error("the platform's audit lacks the beginning")
	}
}

func TestReasonIsKeptInTheForm(t *testing.T) {
	t.Parallel()
	w := site(t)
	own := operatorOf(t, w, "ly.do@example.vn")
	m, _ := membershipOf(t, w, authz.Leader)
	for typed, shown := range map[string]string{"": "", "   ": "", "quá ngắn": "quá ngắn", strings.Repeat("dài ", 130): strings.Repeat("dài ", 130)} {
		answer := w.ask(http.MethodPost, inPlacePath(m), own, url.Values{"reason": {typed}})
		if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(answer.Body.String(), "từ 10 đến 500 ký tự") || !strings.Contains(answer.Body.String(), shown) {
			t.Errorf("%.20q: %d, or the page lacks what is wrong or what was typed", typed, answer.Code)
		}
		if cookie(answer, "txng_session") != "" {
			t.Errorf("%.20q: a session was opened", typed)
		}
	}
	r := request(http.MethodPost, inPlacePath(m), own, url.Values{"reason": {whyInPlace}})
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	if answer := serveTo(w, r); answer.Code != http.StatusForbidden {
		t.Errorf("from another site: %d, want 403", answer.Code)
	}
	for name, path := range map[string]string{"another tenant's member": strings.Replace(inPlacePath(m), "nghe-an", "da-nang", 1), "no member": inPlacePath(1), "no number": "/tinh/nghe-an/thanh-vien/x", "no tenant": "/tinh/atlantis/thanh-vien/1"} {
		if answer := w.ask(http.MethodPost, path, own, url.Values{"reason": {whyInPlace}}); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", name, answer.Code)
		}
	}
	list := w.ask(http.MethodGet, "/tinh/nghe-an/thanh-vien?role=leader", own, nil)
	if list.Code != http.StatusOK || !strings.Contains(list.Body.String(), inPlacePath(m)) {
		t.Errorf("the list of members: %d, or it lacks the leader", list.Code)
	}
}

func TestASessionInAnothersPlaceGetsNoTokensAndOpensNoOperatorsPage(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := inPlaceOf(t, w, operatorOf(t, w, "token.thay@example.vn"), authz.OrgOwner)
	for _, r := range []struct{ method, path string }{{http.MethodPost, "/tai-khoan/khoa-api"}, {http.MethodPost, "/ket-noi"}, {http.MethodGet, "/tinh"}, {http.MethodGet, "/nhat-ky-he-thong"}} {
		if answer := w.ask(r.method, r.path, session, form(web.Route{Method: r.method})); answer.Code != http.StatusForbidden {
			t.Errorf("%s %s: %d, want 403", r.method, r.path, answer.Code)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/me", nil)
	r.Host = "txng.test"
	r.Header.Set("Authorization", "Bearer "+string(session))
	if answer := serveTo(w, r); answer.Code != http.StatusUnauthorized {
		t.Errorf("the session as a bearer: %d, want 401", answer.Code)
	}
	m, _ := membershipOf(t, w, authz.Leader)
	if answer := w.ask(http.MethodPost, inPlacePath(m), session, url.Values{"reason": {whyInPlace}}); answer.Code != http.StatusForbidden {
		t.Errorf("one place inside another: %d, want 403", answer.Code)
	}
}

func TestRefusalsOfSignedInPeopleAreNotedOnceAndCounted(t *testing.T) {
	t.Parallel()
	w := site(t)
	const email = "bi.tu.choi@demo.txng.vn"
	w.person(t, email, map[string]authz.Role{"nghe-an": authz.Inspector})
	session := w.session(t, email)
	for range 5 {
		r := request(http.MethodGet, "/nhat-ky", session, nil)
		r.RemoteAddr = "203.0.113.90:4711"
		if answer := serveTo(w, r); answer.Code != http.StatusForbidden {
			t.Fatalf("%d, want 403", answer.Code)
		}
	}
	if answer := w.ask(http.MethodPost, "/ke-hoach/nhap/ghi", session, url.Values{}); answer.Code != http.StatusForbidden {
		t.Fatalf("%d, want 403", answer.Code)
	}
	if answer := w.ask(http.MethodGet, "/san-pham/987654321", session, nil); answer.Code != http.StatusNotFound {
		t.Fatalf("%d, want 404", answer.Code)
	}
	lines := refusals(t, w, email, 2)
	if want := "Bị từ chối GET /nhat-ky: không có quyền “Xem nhật ký thao tác”. 203.0.113.90"; len(lines) != 2 || !slices.Contains(lines, want) {
		t.Errorf("%q, want one line for each of the two routes", lines)
	}
}

// refusals waits until a person has n lines of refusals, and returns them.
func refusals(t *testing.T, w *world, email string, n int) (lines []string) {
	t.Helper()
	for range 600 {
		if err := owner(t, w).QueryRow(t.Context(), `
			select coalesce(array_agg(e.what || ' ' || e.address order by e.id), '{}')
			from audit.entry e
			join authz.account a on a.id = e.account_id and a.email = $1
			where e.action = 'access.refused'`, email).Scan(&lines); err != nil {
			t.Fatal(err)
		}
		if len(lines) >= n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return lines
}

func TestRefusedCallsOfTheAPIAreNoted(t *testing.T) {
	t.Parallel()
	w := site(t)
	const email = "api.tu.choi@demo.txng.vn"
	w.person(t, email, map[string]authz.Role{"nghe-an": authz.UnitOfficer})
	var key string
	who, err := authz.Resume(t.Context(), w.db, w.session(t, email))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		_, key, err = authz.CreateAPIKey(t.Context(), tx, who, authz.NewProgram{Name: "Khóa", Scopes: []string{string(authz.OrganizationView)}, Days: 30})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	call := func(host string) int {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/products", nil)
		r.Host = host
		r.RemoteAddr = "203.0.113.91:4711"
		r.Header.Set("Authorization", "Bearer "+key)
		return serveTo(w, r).Code
	}
	if code := call("txng.test"); code != http.StatusForbidden {
		t.Fatalf("without the scope: %d, want 403", code)
	}
	if code := call("da-nang.txng.test"); code != http.StatusUnauthorized {
		t.Fatalf("at another tenant's address: %d, want 401", code)
	}
	lines := strings.Join(refusals(t, w, email, 2), "\n")
	for _, want := range []string{"không có quyền", "đưa tại địa chỉ của", "203.0.113.91"} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q lacks %q", lines, want)
		}
	}
}

func TestRolesAboveTheTenantsLeaveLinesInThePlatformsAudit(t *testing.T) {
	t.Parallel()
	w := site(t)
	const email = "tren.tinh@example.vn"
	operatorOf(t, w, email)
	wrong := url.Values{"email": {email}, "password": {"sai mật khẩu"}}
	if answer := w.from("203.0.113.95", "/dang-nhap", "", wrong); answer.Code != http.StatusUnprocessableEntity {
		t.Fatalf("wrong password: %d", answer.Code)
	}
	answer := w.from("203.0.113.95", "/dang-nhap", "", url.Values{"email": {email}, "password": {demo.Password}})
	session := authztest.Complete(t, w.db, authz.Token(cookie(answer, "txng_session")), authz.ShowFactor, email, nil)
	if answer := w.ask(http.MethodGet, "/bo", session, nil); answer.Code != http.StatusForbidden {
		t.Fatalf("a refusal: %d", answer.Code)
	}
	if answer := w.ask(http.MethodGet, "/tinh?xuat=csv", session, nil); answer.Code != http.StatusOK {
		t.Fatalf("an export: %d", answer.Code)
	}
	if answer := w.from("203.0.113.95", "/tai-khoan/mat-khau", session, url.Values{"old_password": {demo.Password}, "password": {"một câu khác thật dài"}}); answer.Code != http.StatusSeeOther {
		t.Fatalf("a new password: %d", answer.Code)
	}
	refusals(t, w, email, 1)
	if answer := w.from("203.0.113.95", "/dang-xuat", session, url.Values{}); answer.Code != http.StatusSeeOther {
		t.Fatalf("sign out: %d", answer.Code)
	}
	page := w.ask(http.MethodGet, "/nhat-ky-he-thong?who=V%C5%A9+V%C4%83n+V%E1%BA%ADn&q=", w.signIn(t, authz.Operator, ""), nil).Body.String()
	for _, action := range []string{"account.refused", "account.signin", "access.refused", "list.export", "account.password", "account.signout"} {
		var n int
		if err := owner(t, w).QueryRow(t.Context(), `
			select count(*)
			from audit.entry e
			join authz.account a on a.id = e.account_id and a.email = $1
			where e.tenant_id = 0 and e.action = $2`, email, action).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 1 {
			t.Errorf("%d lines of %s, want one", n, action)
		}
	}
	if !strings.Contains(page, "Đăng nhập không thành công") || !strings.Contains(page, "203.0.113.95") {
		t.Error("the page of the platform's audit lacks the refused sign-in")
	}
	file := w.ask(http.MethodGet, "/nhat-ky-he-thong?xuat=csv&action=account.signin", w.signIn(t, authz.Operator, ""), nil)
	if file.Code != http.StatusOK || !strings.Contains(file.Body.String(), "203.0.113.95") || strings.Contains(file.Body.String(), "Đăng xuất") {
		t.Errorf("the file: %d", file.Code)
	}
	if page := w.ask(http.MethodGet, "/nhat-ky", w.signIn(t, authz.DOSTAdmin, "nghe-an"), nil).Body.String(); strings.Contains(page, "203.0.113.95") {
		t.Error("a tenant reads the platform's lines")
	}
}
