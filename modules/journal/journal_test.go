package journal

import (
	"context"
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/internal/audit"
	"txng/modules/internal/job"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// browser drives the module's pages as one person.
type browser struct {
	t       *testing.T
	handler http.Handler
	token   authz.Token
}

func newBrowser(t *testing.T, e *tenanttest.Env, role authz.Role) browser {
	t.Helper()
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	a := web.New(web.Config{DB: e.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "example.test"}, Log: slog.New(slog.DiscardHandler)})
	Routes(a)
	b := browser{t: t, handler: a.Handler()}
	email := string(role) + strconv.Itoa(int(e.Tenant.ID)) + "@nhatky.example.vn"
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Trần Thị Bích", "mat khau rat dai")
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: account, Role: role})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b.token = authztest.SignIn(t, e.DB, email, "mat khau rat dai", nil)
	return b
}

func (b browser) get(path string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = "198.51.100.7:4711"
	r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(b.token)})
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

var an = authz.Identity{Account: 5, Name: "Nguyễn Văn An", Role: authz.DOSTOfficer}

func write(t *testing.T, e *tenanttest.Env, db *tenant.DB, action string, r audit.Record, what string) {
	t.Helper()
	if err := db.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		return audit.WriteChange(t.Context(), tx, an, action, r, what, nil, audit.Of("Tên", "Cam Vinh"))
	}); err != nil {
		t.Fatal(err)
	}
}

// lastLine returns the newest entry of an action.
func lastLine(t *testing.T, e *tenanttest.Env, action string) (l line, n int) {
	t.Helper()
	if err := e.DB.View(t.Context(), e.Scope, func(tx tenant.Tx) error {
		list, total, err := search(t.Context(), tx, web.Query{Values: url.Values{"action": {action}}, Order: "-at", Limit: 1}, web.Days{})
		if len(list) > 0 {
			l = list[0]
		}
		n = total
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return l, n
}

func TestJournalFiltersSortsLinksAndSaysWhatIsSealed(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b := newBrowser(t, e, authz.Leader)
	if page := b.get("/nhat-ky").Body.String(); !strings.Contains(page, "Chưa có việc nào được ghi lại") || !strings.Contains(page, "Chưa niêm phong") {
		t.Errorf("the empty journal says neither that it is empty nor that nothing is sealed")
	}
	month := e.DB.WithClock(func() time.Time { return time.Date(2026, 10, 5, 3, 0, 0, 0, time.UTC) })
	write(t, e, month, "product.create", audit.Record{Subject: "product", ID: 11}, "Khai báo Cam Vinh")
	write(t, e, e.DB, "stamps.recall", audit.Record{Subject: "stamp_order", ID: 3}, "Thu hồi đợt tem số 3")
	write(t, e, e.DB, "task.report", audit.Record{Subject: "task", ID: 9}, "Báo cáo 100% hoàn thành")
	for query, want := range map[string]string{
		"":                               "Cam Vinh|đợt tem|100%",
		"?q=CAM":                         "Cam Vinh",
		"?q=%25":                         "100%",
		"?q=_":                           "",
		"?who=v%C4%83n+an":               "Cam Vinh|đợt tem|100%",
		"?who=ai":                        "",
		"?action=stamps.recall":          "đợt tem",
		"?subject=task":                  "100%",
		"?from=05/10/2026&to=05/10/2026": "Cam Vinh",
		"?from=2026-10-06":               "đợt tem|100%",
		"?to=04/10/2026":                 "",
	} {
		page := b.get("/nhat-ky" + query)
		_, body, _ := strings.Cut(page.Body.String(), "<tbody")
		for _, text := range []string{"Khai báo Cam Vinh", "Thu hồi đợt tem số 3", "Báo cáo 100% hoàn thành"} {
			wanted := false
			for _, w := range strings.Split(want, "|") {
				wanted = wanted || w != "" && strings.Contains(text, w)
			}
			if strings.Contains(body, text) != wanted {
				t.Errorf("%s: %q shown %t, want %t", query, text, !wanted, wanted)
			}
		}
		if page.Code != http.StatusOK {
			t.Errorf("%s: %d", query, page.Code)
		}
	}
	_, oldest, _ := strings.Cut(b.get("/nhat-ky?sap=at").Body.String(), "<tbody")
	if strings.Index(oldest, "Cam Vinh") > strings.Index(oldest, "đợt tem") {
		t.Error("sorted by time, the oldest line is not first")
	}
	for _, link := range []string{`href="/san-pham/11"`, `href="/tem/3"`, `href="/nhiem-vu/9"`, "Chờ niêm phong", "Chuyên viên Sở KH&amp;CN", "<dt>Tên</dt>"} {
		if !strings.Contains(oldest, link) {
			t.Errorf("the list lacks %s", link)
		}
	}
	if err := sealTenant(t.Context(), e.DB, e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	if page := b.get("/nhat-ky").Body.String(); !strings.Contains(page, "Đã niêm phong đến "+time.Now().UTC().Add(7*time.Hour).Format("02/01/2006")) || strings.Contains(page, "Chờ niêm phong") {
		t.Error("after the sealing, the page does not say that all is sealed")
	}
	if page := b.get("/nhat-ky?from=32/13/2026"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "không hợp lệ") {
		t.Errorf("a day that does not exist: %d", page.Code)
	}
	if page := b.get("/nhat-ky?xuat=csv&from=32/13/2026"); page.Code != http.StatusUnprocessableEntity {
		t.Errorf("an export of a day that does not exist: %d, want 422", page.Code)
	}
}

func TestJournalIsForThoseWithThePermission(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	write(t, e, e.DB, "lot.create", audit.Record{Subject: "lot", ID: 1}, "Của tỉnh này")
	for role, want := range map[authz.Role]int{authz.DOSTAdmin: 200, authz.DOSTOfficer: 200, authz.DepartmentOfficer: 403, authz.Inspector: 403} {
		if got := newBrowser(t, e, role).get("/nhat-ky").Code; got != want {
			t.Errorf("%s: %d, want %d", role, got, want)
		}
	}
	var other tenanttest.Env = *e
	other.Tenant, other.Scope = e.NewTenant(t)
	if page := newBrowser(t, &other, authz.DOSTAdmin).get("/nhat-ky").Body.String(); strings.Contains(page, "Của tỉnh này") {
		t.Error("another tenant's line is shown")
	}
}

func TestExportIsNotedWithFiltersAndRows(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b := newBrowser(t, e, authz.DOSTAdmin)
	for i := range 3 {
		write(t, e, e.DB, "product.create", audit.Record{Subject: "product", ID: int64(i + 1)}, fmt.Sprintf("Sản phẩm %d", i))
	}
	write(t, e, e.DB, "lot.create", audit.Record{Subject: "lot", ID: 1}, "Lô")
	b.get("/nhat-ky?subject=product")
	if _, n := lastLine(t, e, "list.export"); n != 0 {
		t.Errorf("looking at the list was noted as an export")
	}
	answer := b.get("/nhat-ky?subject=product&q=s%E1%BA%A3n&xuat=csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(answer.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d: %d rows with the heading, %v; want 4", answer.Code, len(rows), err)
	}
	l, n := lastLine(t, e, "list.export")
	want := "Xuất “Nhật ký” ra tệp CSV, 3 dòng. Lọc Nội dung: sản; Loại hồ sơ: Sản phẩm."
	if n != 1 || l.What != want || l.Who != "Trần Thị Bích" || l.Role != authz.DOSTAdmin || l.Address != "198.51.100.7" {
		t.Errorf("%d lines, the last %+v; want %q by Trần Thị Bích from 198.51.100.7", n, l, want)
	}
	if answer := b.get("/nhat-ky?xuat=xlsx"); answer.Code != http.StatusOK || !strings.HasPrefix(answer.Body.String(), "PK") {
		t.Errorf("XLSX: %d", answer.Code)
	}
}

func TestExportThatCannotBeNotedDoesNotHappen(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b := newBrowser(t, e, authz.DOSTAdmin)
	write(t, e, e.DB, "product.create", audit.Record{Subject: "product", ID: 1}, "Bí mật của tỉnh")
	owner := e.Owner(t)
	name := fmt.Sprintf("no_export_%d", e.Tenant.ID)
	if _, err := owner.Exec(t.Context(), fmt.Sprintf("alter table audit.entry add constraint %s check (tenant_id <> %d or action <> 'list.export') not valid", name, e.Tenant.ID)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { owner.Exec(context.Background(), "alter table audit.entry drop constraint "+name) })
	if answer := b.get("/nhat-ky?xuat=csv"); answer.Code < 400 || strings.Contains(answer.Body.String(), "Bí mật") {
		t.Errorf("%d with the file's rows: %t", answer.Code, strings.Contains(answer.Body.String(), "Bí mật"))
	}
}

func TestSuspendedTenantsExportsAreNoted(t *testing.T) {
	t.Parallel()
	e := tenanttest.Alone(t)
	b := newBrowser(t, e, authz.DOSTAdmin)
	write(t, e, e.DB, "product.create", audit.Record{Subject: "product", ID: 1}, "Sản phẩm")
	if _, err := e.Owner(t).Exec(t.Context(), "update tenant.tenant set state = 'suspended' where id = $1", e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	if answer := b.get("/nhat-ky?xuat=csv"); answer.Code != http.StatusOK {
		t.Errorf("export of a suspended tenant: %d", answer.Code)
	}
	if _, n := lastLine(t, e, "list.export"); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
	if err := SealAll(t.Context(), e.DB); err != nil {
		t.Errorf("sealing beside a suspended tenant: %v", err)
	}
	later := e.DB.WithClock(func() time.Time { return time.Now().Add(time.Hour) })
	state := e.Tenant
	if r, err := Verify(t.Context(), later, state); err != nil || r.Found == 0 {
		t.Errorf("as an active tenant: %+v, %v; want lines that wait too long", r, err)
	}
	state.State = tenant.Suspended
	if r, err := Verify(t.Context(), later, state); err != nil || r.Found != 0 || len(r.Findings) != 0 {
		t.Errorf("as a suspended tenant: %+v, %v", r, err)
	}
}

func TestJobSealsEveryActiveTenant(t *testing.T) {
	t.Parallel()
	e := tenanttest.Alone(t)
	write(t, e, e.DB, "lot.create", audit.Record{Subject: "lot", ID: 1}, "Lô")
	second := *e
	second.Tenant, second.Scope = e.NewTenant(t)
	write(t, &second, e.DB, "lot.create", audit.Record{Subject: "lot", ID: 1}, "Lô")
	workers := job.NewWorkers(e.DB)
	Jobs(workers)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- job.Run(ctx, workers, slog.New(slog.DiscardHandler)) }()
	deadline := time.Now().Add(30 * time.Second)
	for _, of := range []*tenanttest.Env{e, &second} {
		for {
			if l, _ := lastLine(t, of, "lot.create"); l.Seal == 1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s was not sealed", of.Tenant.Slug)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
