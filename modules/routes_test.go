package modules_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/authz"
	"txng/modules/internal/web"
)

// subjects says, for each route with a part that names a record, how to find one of a tenant and organization ($1 the
// tenant's slug; $2 the organization, or 0 for any). A route that is missing here fails the test.
var subjects = map[string]string{
	"/to-chuc/{id}":    "select max(o.id)::text from organization.organization o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint in (0, o.id)",
	"/san-pham/{id}":   "select max(o.id)::text from catalog.product o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint in (0, o.org_id)",
	"/lo-hang/{id}":    "select max(o.id)::text from trace.lot o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint in (0, o.org_id)",
	"/tem/{number}":    "select max(o.number)::text from stamps.stamp_order o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint in (0, o.org_id)",
	"/thanh-vien/{id}": "select max(m.id)::text from authz.membership m join tenant.tenant t on t.id = m.tenant_id where t.slug = $1 and m.org_id = $2 and m.valid_to is null",
	"/ke-hoach/{id}":   "select max(o.id)::text from plan.plan o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint >= 0",
	"/ket-noi/{id}":    "select max(o.id)::text from authz.api_client o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint in (0, o.org_id)",
	"/vai-tro/{id}":    "select max(o.id)::text from authz.role o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint >= 0",
	"/phan-cong/{id}":  "select max(o.id)::text from authz.membership o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint >= 0 and o.role = 'inspector' and o.valid_to is null",
	"/nhiem-vu/{id}":   "select max(o.id)::text from plan.task o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint >= 0",

	"/cau-hinh/sso/{id}":     "select max(o.id)::text from authz.oidc_provider o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint >= 0",
	"/cau-hinh/du-lieu/{id}": "select max(o.id)::text from archive.export o join tenant.tenant t on t.id = o.tenant_id where t.slug = $1 and $2::bigint >= 0",
}

// shared are routes whose named part belongs to no tenant, with a value that exists.
var shared = map[string]string{
	"/tinh/{slug}":              "nghe-an",
	"/tinh/{slug}/trang-thai":   "nghe-an",
	"/tinh/{slug}/van-hanh":     "ca-mau",
	"/tinh/{slug}/tinh-nang":    "nghe-an",
	"/tinh/{slug}/gioi-han":     "nghe-an",
	"/tinh/yeu-cau/{id}":        "1",
	"/logo/{tenant}/{digest}":   "nghe-an",
	"/tinh/{slug}/chuyen-xa":    "nghe-an",
	"/tinh/{slug}/sap-nhap":     "nghe-an",
	"/tinh/{slug}/huy-sap-nhap": "quang-nam",
	"/bo/{slug}":                "nghe-an",
	"/chi-tieu/{key}":           "orgs_with_barcode_traced_percent",
	"/01/{gtin}":                "09520000000011",
	"/01/{gtin}/21/{serial}":    "09520000000011",
	"/anh/{tenant}/{product}":   "1",

	"/tinh/{slug}/thanh-vien":      "nghe-an",
	"/tinh/{slug}/thanh-vien/{id}": "nghe-an", // no member has this number
}

var part = regexp.MustCompile(`\{[^}]+\}`)

// path fills a route's named part.
func fill(pattern, value string) string { return part.ReplaceAllString(pattern, value) }

// subject returns the row of subjects that a route belongs to.
func subject(pattern string) (sql string, ok bool) {
	for p, sql := range subjects {
		if pattern == p || strings.HasPrefix(pattern, p+"/") {
			return sql, true
		}
	}
	return "", false
}

func owner(t *testing.T, w *world) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.config.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

// find returns a record's name for a route.
func find(t *testing.T, conn *pgx.Conn, sql, tenant string, org int64) string {
	t.Helper()
	var id *string
	if err := conn.QueryRow(t.Context(), sql, tenant, org).Scan(&id); err != nil || id == nil {
		t.Fatalf("no record for %.60s of %s, %d: %v", sql, tenant, org, err)
	}
	return *id
}

func form(r web.Route) url.Values {
	if r.Method == http.MethodPost {
		return url.Values{"x": {"1"}}
	}
	return nil
}

func TestNobodyGetsToSignInEverywhere(t *testing.T) {
	t.Parallel()
	w := site(t)
	for _, r := range w.app.Routes() {
		answer := w.ask(r.Method, fill(r.Path, "1"), "", form(r))
		switch {
		case r.Door == web.DoorOpen:
			if answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden || strings.HasPrefix(answer.Header().Get("Location"), "/dang-nhap?") {
				t.Errorf("%s %s is open (%s) but answers %d", r.Method, r.Path, r.Reason, answer.Code)
			}
			if r.Reason == "" {
				t.Errorf("%s %s is open without a reason", r.Method, r.Path)
			}
		case r.Method == http.MethodGet && !strings.HasPrefix(r.Path, "/api/"):
			if answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/dang-nhap?") {
				t.Errorf("%s %s: %d to %q, want the sign-in page", r.Method, r.Path, answer.Code, answer.Header().Get("Location"))
			}
		default:
			if answer.Code != http.StatusUnauthorized {
				t.Errorf("%s %s: %d, want 401", r.Method, r.Path, answer.Code)
			}
		}
	}
}

func TestEveryRoleGetsExactlyItsRoutes(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	checked := 0
	for _, role := range authz.Roles {
		place := "nghe-an"
		if role.Role.AboveTenants() {
			place = ""
		}
		session := w.signIn(t, role.Role, place)
		for _, r := range w.app.Routes() {
			if r.Door == web.DoorOpen || strings.HasPrefix(r.Path, "/api/") || r.Path == "/dang-xuat" || r.Path == "/tai-khoan/vai-tro" || r.Path == "/tai-khoan/thiet-bi" && r.Method == http.MethodPost {
				continue
			}
			value := shared[r.Path]
			if sql, ok := subject(r.Path); ok {
				value = find(t, conn, sql, "nghe-an", 0)
			} else if part.MatchString(r.Path) && value == "" {
				t.Fatalf("%s %s names a record; add it to subjects or shared", r.Method, r.Path)
			}
			answer := w.ask(r.Method, fill(r.Path, value), session, form(r))
			checked++
			allowed := authz.DefaultPolicy.Allows(role.Role, r.Permission)
			switch {
			case !allowed && answer.Code != http.StatusForbidden:
				t.Errorf("%s %s as %s without %s: %d, want 403", r.Method, r.Path, role.Role, r.Permission, answer.Code)
			case allowed && answer.Code == http.StatusForbidden && r.Path != "/nhiem-vu/{id}/bao-cao":
				t.Errorf("%s %s as %s with %s: 403", r.Method, r.Path, role.Role, r.Permission)
			case answer.Code >= 500:
				t.Errorf("%s %s as %s: %d", r.Method, r.Path, role.Role, answer.Code)
			}
		}
	}
	t.Logf("%d requests", checked)
}

func TestRecordsOfAnotherTenantAreNotFound(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	checked := 0
	for _, role := range []authz.Role{authz.DOSTAdmin, authz.DOSTOfficer, authz.Leader, authz.DepartmentOfficer, authz.UnitOfficer, authz.Inspector} {
		session := w.signIn(t, role, "ho-chi-minh")
		for _, r := range w.app.Routes() {
			sql, ok := subject(r.Path)
			if !ok || !authz.DefaultPolicy.Allows(role, r.Permission) {
				continue
			}
			answer := w.ask(r.Method, fill(r.Path, find(t, conn, sql, "nghe-an", 0)), session, form(r))
			checked++
			if answer.Code != http.StatusNotFound {
				t.Errorf("%s %s of another tenant as %s: %d, want 404", r.Method, r.Path, role, answer.Code)
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d requests", checked)
	}
	t.Logf("%d requests", checked)
}

func TestRecordsOfAnotherOrganizationAreNotFound(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	// Two organizations of Nghệ An that both have orders and lots.
	rows, err := conn.Query(t.Context(), `
		select distinct on (l.org_id) l.org_id, m.email
		from trace.lot l
		join tenant.tenant t on t.id = l.tenant_id
		join authz.membership m on m.tenant_id = l.tenant_id and m.org_id = l.org_id
		where t.slug = 'nghe-an' and m.role = 'org_owner'
		order by 1, m.id`)
	if err != nil {
		t.Fatal(err)
	}
	orgs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Org   int64
		Email string
	}])
	if err != nil || len(orgs) < 2 {
		t.Fatalf("%d organizations with lots, %v; want two", len(orgs), err)
	}
	session := w.session(t, orgs[0].Email)
	own, foreign := 0, 0
	for _, r := range w.app.Routes() {
		sql, ok := subject(r.Path)
		if !ok || !authz.DefaultPolicy.Allows(authz.OrgOwner, r.Permission) {
			continue
		}
		if answer := w.ask(r.Method, fill(r.Path, find(t, conn, sql, "nghe-an", orgs[1].Org)), session, form(r)); answer.Code != http.StatusNotFound {
			t.Errorf("%s %s of another organization: %d, want 404", r.Method, r.Path, answer.Code)
		}
		foreign++
		if r.Method == http.MethodGet {
			if answer := w.ask(r.Method, fill(r.Path, find(t, conn, sql, "nghe-an", orgs[0].Org)), session, nil); answer.Code != http.StatusOK && answer.Code != http.StatusUnprocessableEntity {
				t.Errorf("%s %s of one's own: %d, want 200", r.Method, r.Path, answer.Code)
			}
			own++
		}
	}
	if foreign < 5 || own < 3 {
		t.Errorf("%d foreign and %d own requests: the test has lost its subject", foreign, own)
	}
	t.Logf("%d foreign and %d own requests", foreign, own)
}

func TestSuccessorSeesItsPredecessorsRecordsAndCannotChangeThem(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	session := w.signIn(t, authz.DOSTOfficer, "bac-ninh") // the administrator's codes are used by the test of the page that shows them
	for _, pattern := range []string{"/to-chuc/{id}", "/san-pham/{id}", "/lo-hang/{id}", "/ke-hoach/{id}", "/nhiem-vu/{id}"} {
		answer := w.ask(http.MethodGet, fill(pattern, find(t, conn, subjects[pattern], "bac-giang", 0)), session, nil)
		if answer.Code != http.StatusOK {
			t.Errorf("%s of Bắc Giang as Bắc Ninh: %d, want 200", pattern, answer.Code)
		}
	}
	// The other way round there is nothing to see.
	session = w.signIn(t, authz.DOSTAdmin, "bac-giang")
	if answer := w.ask(http.MethodGet, fill("/to-chuc/{id}", find(t, conn, subjects["/to-chuc/{id}"], "bac-ninh", 0)), session, nil); answer.Code != http.StatusNotFound {
		t.Errorf("Bắc Ninh's organization as Bắc Giang: %d, want 404", answer.Code)
	}
}

// TestUnitOfficerSeesOwnAreaOnly compares what an officer of a commune sees with the organizations that stand in it.
func TestUnitOfficerSeesOwnAreaOnly(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	session := w.signIn(t, authz.UnitOfficer, "nghe-an")
	rows, err := conn.Query(t.Context(), `
		select o.id::text, o.unit = m.unit as own
		from organization.organization o
		join tenant.tenant t on t.id = o.tenant_id and t.slug = 'nghe-an'
		join authz.membership m on m.tenant_id = o.tenant_id and m.role = 'unit_officer'`)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		ID  string
		Own bool
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil {
		t.Fatal(err)
	}
	own, foreign := 0, 0
	page := w.ask(http.MethodGet, "/to-chuc", session, nil).Body.String()
	for _, o := range list {
		want := http.StatusNotFound
		if o.Own {
			want = http.StatusOK
			own++
		} else {
			foreign++
		}
		if got := w.ask(http.MethodGet, "/to-chuc/"+o.ID, session, nil).Code; got != want {
			t.Errorf("organization in the own commune %v: %d, want %d", o.Own, got, want)
		}
		if strings.Contains(page, o.ID) != o.Own {
			t.Errorf("organization in the own commune %v is in the list: %v", o.Own, !o.Own)
		}
	}
	if own == 0 || foreign == 0 {
		t.Errorf("%d own and %d foreign organizations: the test has lost its subject", own, foreign)
	}
	// What belongs to an organization is shut in the database, also where a page does not ask for the organization.
	for path, want := range map[string]int{"Tương Nam Đàn": http.StatusNotFound, "Cam Vinh": http.StatusOK} {
		var photo string
		if err := conn.QueryRow(t.Context(), `
			select '/san-pham/' || p.id || '/anh'
			from catalog.product p
			join catalog.photo f on f.tenant_id = p.tenant_id and f.product_id = p.id
			where p.name ^@ $1
			limit 1`, path).Scan(&photo); err != nil {
			t.Fatalf("the photo of %s: %v", path, err)
		}
		if got := w.ask(http.MethodGet, photo, session, nil).Code; got != want {
			t.Errorf("the photo of %s: %d, want %d", path, got, want)
		}
	}
	products := w.ask(http.MethodGet, "/san-pham", session, nil).Body.String()
	if !strings.Contains(products, "Cam Vinh") || strings.Contains(products, "Tương Nam Đàn") {
		t.Error("the list of products is not that of the officer's commune")
	}
}
