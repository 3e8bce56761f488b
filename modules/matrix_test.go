package modules_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/authz"
	"txng/modules/demo"
	"txng/modules/internal/web"
	"txng/tenant"
)

// Groups of roles, as the programme has them. This page is written by hand from what each role is there for, and not
// derived from the policy: it is the second opinion.
const (
	everybody = "operator ministry admin officer leader dept unit inspector owner staff accountant"
	province  = "admin officer leader dept unit inspector"
	dost      = "admin officer"
	business  = "owner staff accountant"
	fieldwork = "owner staff" // those of a business who handle goods
)

// shortNames are the roles' names in the table.
var shortNames = map[authz.Role]string{
	authz.Operator: "operator", authz.Ministry: "ministry", authz.DOSTAdmin: "admin", authz.DOSTOfficer: "officer", authz.Leader: "leader",
	authz.DepartmentOfficer: "dept", authz.UnitOfficer: "unit", authz.Inspector: "inspector", authz.OrgOwner: "owner", authz.OrgStaff: "staff", authz.OrgAccountant: "accountant",
}

// mayUse says which roles may use each route that needs a sign-in. A route without a row fails the test.
var mayUse = map[string]string{
	"GET /":                            everybody,
	"GET /tim":                         everybody,
	"GET /tai-khoan":                   everybody,
	"GET /tai-khoan/thiet-bi":          everybody,
	"POST /tai-khoan/thiet-bi":         everybody,
	"POST /tai-khoan/vai-tro":          everybody,
	"POST /dang-xuat":                  everybody,
	"GET /tinh":                        "operator",
	"GET /tinh/{slug}":                 "operator",
	"GET /tinh/moi":                    "operator",
	"POST /tinh/moi":                   "operator",
	"GET /tinh/{slug}/van-hanh":        "operator",
	"POST /tinh/{slug}/van-hanh":       "operator",
	"GET /tinh/{slug}/tinh-nang":       "operator",
	"POST /tinh/{slug}/tinh-nang":      "operator",
	"GET /tinh/{slug}/gioi-han":        "operator",
	"POST /tinh/{slug}/gioi-han":       "operator",
	"GET /tinh/yeu-cau":                "operator",
	"GET /tinh/yeu-cau/{id}":           "operator",
	"POST /tinh/yeu-cau/{id}":          "operator",
	"GET /cau-hinh":                    "admin",
	"POST /cau-hinh":                   "admin",
	"GET /cau-hinh/bieu-trung":         "admin",
	"POST /cau-hinh/bieu-trung":        "admin",
	"GET /tinh/{slug}/trang-thai":      "operator",
	"POST /tinh/{slug}/trang-thai":     "operator",
	"GET /tinh/{slug}/chuyen-xa":       "operator",
	"POST /tinh/{slug}/chuyen-xa":      "operator",
	"GET /tinh/{slug}/sap-nhap":        "operator",
	"POST /tinh/{slug}/sap-nhap":       "operator",
	"GET /tinh/{slug}/huy-sap-nhap":    "operator",
	"POST /tinh/{slug}/huy-sap-nhap":   "operator",
	"GET /cau-hinh/du-lieu":            "admin",
	"POST /cau-hinh/du-lieu":           "admin",
	"GET /cau-hinh/du-lieu/{id}/tep":   "admin",
	"GET /bo":                          "ministry",
	"GET /bo/{slug}":                   "ministry",
	"GET /to-chuc":                     province,
	"GET /to-chuc/{id}":                province,
	"POST /to-chuc/{id}/duyet":         dost,
	"POST /to-chuc/{id}/tra-lai":       dost,
	"GET /don-vi":                      business,
	"GET /don-vi/dia-chi-nhan":         "owner",
	"POST /don-vi/dia-chi-nhan":        "owner",
	"GET /san-pham":                    province + " " + business,
	"GET /san-pham/{id}":               province + " " + business,
	"GET /san-pham/{id}/anh":           province + " " + business,
	"GET /san-pham/moi":                "owner",
	"POST /san-pham/moi":               "owner",
	"POST /san-pham/{id}/anh":          "owner",
	"POST /san-pham/{id}/cong-bo":      "owner",
	"GET /danh-muc":                    province + " " + business,
	"GET /nhat-ky":                     dost + " leader",
	"POST /danh-muc":                   dost,
	"GET /lo-hang":                     dost + " leader dept inspector " + fieldwork,
	"GET /lo-hang/{id}":                dost + " leader dept inspector " + fieldwork,
	"GET /lo-hang/moi":                 fieldwork,
	"POST /lo-hang/moi":                fieldwork,
	"POST /lo-hang/{id}/su-kien":       fieldwork,
	"GET /tem":                         dost + " leader dept inspector " + business,
	"GET /tem/{number}":                dost + " leader dept inspector " + business,
	"GET /tem/{number}/nhan.pdf":       fieldwork,
	"GET /tem/dat":                     "owner",
	"POST /tem/dat":                    "owner",
	"POST /tem/{number}/kich-hoat":     fieldwork,
	"POST /tem/{number}/huy":           fieldwork,
	"POST /tem/{number}/thu-hoi":       dost,
	"GET /luot-quet":                   dost + " leader inspector " + fieldwork,
	"GET /ke-hoach":                    dost + " leader dept unit",
	"GET /ke-hoach/{id}":               dost + " leader dept unit",
	"GET /ke-hoach/nhap":               "admin",
	"POST /ke-hoach/nhap":              "admin",
	"POST /ke-hoach/nhap/ghi":          "admin",
	"GET /ke-hoach/mau.xlsx":           "admin",
	"GET /ke-hoach/dinh-dang":          "admin",
	"GET /nhiem-vu":                    dost + " leader dept unit",
	"GET /nhiem-vu/{id}":               dost + " leader dept unit",
	"POST /nhiem-vu/{id}/bao-cao":      dost + " dept unit",
	"GET /chi-tieu":                    dost + " leader dept",
	"GET /chi-tieu/{key}":              dost + " leader dept",
	"GET /ket-noi":                     "owner",
	"POST /ket-noi":                    "owner",
	"POST /ket-noi/{id}/thu-hoi":       "owner",
	"GET /tai-khoan/khoa-api":          everybody,
	"POST /tai-khoan/khoa-api":         everybody,
	"POST /tai-khoan/khoa-api/thu-hoi": everybody,
	"GET /tai-khoan/mat-khau":          everybody,
	"POST /tai-khoan/mat-khau":         everybody,
	"GET /thanh-vien":                  "admin owner",
	"GET /vai-tro":                     "admin owner",
	"GET /thanh-vien/moi":              "admin owner",
	"POST /thanh-vien/moi":             "admin owner",
	"POST /thanh-vien/loi-moi/thu-hoi": "admin owner",
	"POST /thanh-vien/loi-moi/gui-lai": "admin owner",
	"GET /thanh-vien/{id}":             "admin owner",
	"POST /thanh-vien/{id}/ket-thuc":   "admin owner",
	"GET /vai-tro/moi":                 "admin",
	"POST /vai-tro/moi":                "admin",
	"GET /vai-tro/{id}":                "admin",
	"POST /vai-tro/{id}":               "admin",
	"POST /vai-tro/{id}/bo":            "admin",
	"GET /linh-vuc":                    "admin",
	"GET /cau-hinh/so-nganh":           "admin",
	"GET /cau-hinh/so-nganh/them":      "admin",
	"POST /cau-hinh/so-nganh/them":     "admin",
	"GET /cau-hinh/so-nganh/sua":       "admin",
	"POST /cau-hinh/so-nganh/sua":      "admin",
	"POST /cau-hinh/so-nganh/bo":       "admin",
	"GET /linh-vuc/sua":                "admin",
	"POST /linh-vuc/sua":               "admin",
	"GET /phan-cong":                   dost,
	"GET /phan-cong/{id}":              dost,
	"POST /phan-cong/{id}":             dost,
	"POST /phan-cong/{id}/ket-thuc":    dost,
	"POST /to-chuc/{id}/phan-cong":     dost,
	"POST /san-pham/{id}/nhom":         dost,
	"GET /thanh-vien/nhap":             "admin",
	"POST /thanh-vien/nhap":            "admin",
	"POST /thanh-vien/nhap/ghi":        "admin",
	"GET /thanh-vien/mau.xlsx":         "admin",

	"POST /tai-khoan/lien-ket/go":         everybody,
	"GET /cau-hinh/sso":                   "admin",
	"GET /cau-hinh/sso/moi":               "admin",
	"POST /cau-hinh/sso/moi":              "admin",
	"GET /cau-hinh/sso/{id}":              "admin",
	"POST /cau-hinh/sso/{id}":             "admin",
	"POST /cau-hinh/sso/{id}/trang-thai":  "admin",
	"GET /cau-hinh/sso/{id}/kiem-tra":     "admin",
	"POST /cau-hinh/sso/{id}/kiem-tra":    "admin",
	"GET /tai-khoan/so-dien-thoai":        everybody,
	"POST /tai-khoan/so-dien-thoai":       everybody,
	"POST /thanh-vien/nhap/gui-lai":       "admin",
	"POST /thanh-vien/{id}/so-dien-thoai": "admin owner",
	"GET /tinh/{slug}/thanh-vien":         "operator",
	"GET /tinh/{slug}/thanh-vien/{id}":    "operator",
	"POST /tinh/{slug}/thanh-vien/{id}":   "operator",
	"GET /nhat-ky-he-thong":               "operator",
	"POST /thoi-lam-thay":                 everybody,

	"GET /thanh-vien/hai-lop":                       "admin",
	"POST /thanh-vien/hai-lop":                      "admin",
	"POST /thanh-vien/{id}/dat-lai-hai-lop":         "admin owner",
	"GET /dang-nhap/buoc-hai":                       everybody,
	"POST /dang-nhap/buoc-hai":                      everybody,
	"POST /dang-nhap/buoc-hai/khoa-truy-cap":        everybody,
	"GET /tai-khoan/bao-mat":                        everybody,
	"GET /tai-khoan/bao-mat/ung-dung":               everybody,
	"POST /tai-khoan/bao-mat/ung-dung":              everybody,
	"GET /tai-khoan/bao-mat/khoa-truy-cap":          everybody,
	"POST /tai-khoan/bao-mat/khoa-truy-cap":         everybody,
	"POST /tai-khoan/bao-mat/khoa-truy-cap/bat-dau": everybody,
	"POST /tai-khoan/bao-mat/go":                    everybody,
	"POST /tai-khoan/bao-mat/ma-du-phong":           everybody,
}

// confined reports whether a role sees a part of the province only, so that a record of the province may be none of its
// own; TestOfficersSeeWhatIsTheirs looks at what they see.
func confined(r authz.Role) bool {
	return r == authz.UnitOfficer || r == authz.DepartmentOfficer || r == authz.Inspector
}

// ends are routes that end sessions; asking them would disturb the other cases.
var ends = []string{"POST /dang-xuat", "POST /tai-khoan/thiet-bi", "POST /tai-khoan/vai-tro"}

// TestMatrixOfRoutesAndRoles asks every route as every role in every situation, against the table above.
func TestMatrixOfRoutesAndRoles(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	var ownOrg, otherOrg int64
	if err := conn.QueryRow(t.Context(), `
		select min(l.org_id), max(l.org_id)
		from trace.lot l
		join tenant.tenant t on t.id = l.tenant_id
		where t.slug = 'nghe-an'`).Scan(&ownOrg, &otherOrg); err != nil {
		t.Fatal(err)
	}
	var daNang int
	if err := conn.QueryRow(t.Context(), "select id from tenant.tenant where slug = 'da-nang'").Scan(&daNang); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	requests := 0
	for _, role := range authz.Roles {
		who := newMember(t, w, role.Role, tenant.OrgID(ownOrg))
		name := shortNames[role.Role]
		good, revoked, expired := who.session(t), who.session(t), who.session(t)
		for _, r := range w.app.Routes() {
			key := r.Method + " " + r.Path
			if r.Door == web.DoorOpen || strings.HasPrefix(r.Path, "/api/") {
				continue
			}
			known[key] = true
			roles, ok := mayUse[key]
			if !ok {
				t.Errorf("%s has no row in the table", key)
				continue
			}
			if slices.Contains(ends, key) {
				continue
			}
			may := slices.Contains(strings.Fields(roles), name)
			ask := func(value string, session authz.Token) int {
				requests++
				return w.ask(r.Method, fill(r.Path, value), session, form(r)).Code
			}
			sql, named := subject(r.Path)
			value, found := shared[r.Path], true
			if named {
				of := int64(0)
				if role.Role.OfOrganization() {
					of = ownOrg
				}
				if value, found = look(t, conn, sql, "nghe-an", of); !found {
					value = "987654321" // nobody has one in the demonstration
				}
			}
			denied := func(code int) bool { return code == http.StatusForbidden }
			switch code := ask(value, good); {
			case !may && !denied(code):
				t.Errorf("%s as %s: %d, want 403", key, name, code)
			case may && (denied(code) && key != "POST /nhiem-vu/{id}/bao-cao" || code == http.StatusUnauthorized || code >= 500):
				t.Errorf("%s as %s: %d, want it allowed", key, name, code)
			case may && named && found && code == http.StatusNotFound && !confined(role.Role):
				t.Errorf("%s as %s of the own tenant: 404", key, name)
			}
			if named {
				want := http.StatusNotFound
				if !may {
					want = http.StatusForbidden
				}
				foreign, _ := look(t, conn, sql, "da-nang", 0)
				if strings.HasPrefix(r.Path, "/tem/") {
					foreign = fmt.Sprintf("%d-%s", daNang, foreign) // order numbers are unique within their tenant
				}
				if code := ask(foreign, good); foreign != "" && code != want {
					t.Errorf("%s as %s, record of another tenant: %d, want %d", key, name, code, want)
				}
				if role.Role.OfOrganization() && !strings.HasPrefix(r.Path, "/ke-hoach") && !strings.HasPrefix(r.Path, "/nhiem-vu") {
					foreign, _ := look(t, conn, sql, "nghe-an", otherOrg)
					if code := ask(foreign, good); foreign != "" && code != want {
						t.Errorf("%s as %s, record of another organization: %d, want %d", key, name, code, want)
					}
				}
			}
		}
		who.end(t, revoked, expired)
		for _, r := range w.app.Routes() {
			if r.Door == web.DoorOpen || strings.HasPrefix(r.Path, "/api/") {
				continue
			}
			for state, session := range map[string]authz.Token{"revoked": revoked, "expired": expired} {
				requests++
				code := w.ask(r.Method, fill(r.Path, "1"), session, form(r)).Code
				if want := map[string]int{http.MethodGet: http.StatusSeeOther, http.MethodPost: http.StatusUnauthorized}[r.Method]; code != want {
					t.Errorf("%s %s as %s, %s: %d, want %d", r.Method, r.Path, name, state, code, want)
				}
			}
		}
	}
	for key := range mayUse {
		if !known[key] {
			t.Errorf("%s stands in the table and is no route", key)
		}
	}
	t.Logf("%d requests", requests)
}

// member is a person of the matrix with one role in Nghệ An, or above the tenants.
type member struct {
	w          *world
	email      string
	account    authz.AccountID
	tenant     tenant.ID
	membership int64
	role       authz.Role
}

func newMember(t *testing.T, w *world, role authz.Role, org tenant.OrgID) *member {
	t.Helper()
	m := &member{w: w, role: role, email: fmt.Sprintf("matrix-%s@example.vn", role)}
	nghean, err := w.db.TenantBySlug(t.Context(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	m.tenant = nghean.ID
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		if m.account, err = authz.CreateAccount(t.Context(), tx, m.email, "Người của bảng", demo.Password); err != nil {
			return err
		}
		if role.AboveTenants() {
			return authz.GrantPlatformRole(t.Context(), tx, m.account, role)
		}
		n := authz.NewMembership{Tenant: nghean.ID, Account: m.account, Role: role}
		switch {
		case role.OfOrganization():
			n.Org = org
		case role == authz.UnitOfficer:
			n.Unit, err = tenant.Value[string](t.Context(), tx, `
				select unit
				from authz.membership
				where tenant_id = $1 and role = 'unit_officer'
				limit 1`, nghean.ID)
			if err != nil {
				return err
			}
		case role == authz.DepartmentOfficer:
			n.Department = "SBN"
		}
		m.membership, err = authz.GrantMembership(t.Context(), tx, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *member) session(t *testing.T) authz.Token {
	t.Helper()
	return m.w.session(t, m.email)
}

// end takes the role away, which revokes one session, and lets the other one expire.
func (m *member) end(t *testing.T, revoked, expired authz.Token) {
	t.Helper()
	conn := owner(t, m.w)
	if _, err := conn.Exec(t.Context(), "update authz.session set expires_at = now() - interval '1 second' where account_id = $1 and token_hash = sha256($2::text::bytea)", m.account, string(expired)); err != nil {
		t.Fatal(err)
	}
	if m.role.AboveTenants() {
		if _, err := conn.Exec(t.Context(), "delete from authz.platform_role where account_id = $1", m.account); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := m.w.db.Platform(t.Context(), func(tx tenant.Platform) error {
		return authz.EndMembership(t.Context(), tx, m.tenant, m.membership)
	}); err != nil {
		t.Fatal(err)
	}
}

// look returns a record's name for a route, when there is one.
func look(t *testing.T, conn *pgx.Conn, sql, tenant string, org int64) (string, bool) {
	t.Helper()
	var id *string
	if err := conn.QueryRow(t.Context(), sql, tenant, org).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if id == nil {
		return "", false
	}
	return *id, true
}
