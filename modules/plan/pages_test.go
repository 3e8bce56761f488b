package plan

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
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

func newBrowser(t *testing.T, e *tenanttest.Env, role authz.Role, department string) browser {
	t.Helper()
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	a := web.New(web.Config{DB: e.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "example.test"}, Log: slog.New(slog.DiscardHandler)})
	Routes(a)
	b := browser{t: t, handler: a.Handler()}
	email := string(role) + strings.ToLower(department) + strconv.Itoa(int(e.Tenant.ID)) + "@example.vn"
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Nguyễn Văn An", "mat khau dai")
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: account, Role: role, Department: department})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b.token = authztest.SignIn(t, e.DB, email, "mat khau dai", nil)
	return b
}

func (b browser) send(r *http.Request) *httptest.ResponseRecorder {
	b.t.Helper()
	r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(b.token)})
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func (b browser) get(path string) *httptest.ResponseRecorder {
	return b.send(httptest.NewRequest(http.MethodGet, path, nil))
}

func (b browser) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

func (b browser) upload(name string, content []byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, _ := w.CreateFormFile("file", name)
	part.Write(content)
	w.Close()
	r := httptest.NewRequest(http.MethodPost, "/ke-hoach/nhap", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.send(r)
}

func expect(t *testing.T, w *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("got status %d, want %d:\n%.2000s", w.Code, status, w.Body)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

var hidden = regexp.MustCompile(`name="(name|content)" value="([^"]*)"`)

func TestPlanGoesThroughPreviewIntoTheProvince(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b := newBrowser(t, e, authz.DOSTAdmin, "")
	content, err := os.ReadFile("programmes/da-nang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	preview := b.upload("kế hoạch.yaml", content)
	expect(t, preview, http.StatusOK, "Xem trước kế hoạch", "146/KH-UBND", "Chỉ tiêu (6)", "Nhiệm vụ (10)", "Đơn vị (5)", "≥ 100 %", "0/5 khóa")
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(preview.Body.String(), -1) {
		form.Set(m[1], m[2])
	}
	if form.Get("name") != "kế hoạch.yaml" || form.Get("content") == "" {
		t.Fatalf("the preview carries %q", form.Get("name"))
	}
	expect(t, b.get("/ke-hoach"), http.StatusOK, "Chưa có kế hoạch nào được nhập") // nothing was written yet
	done := b.post("/ke-hoach/nhap/ghi", form)
	expect(t, done, http.StatusSeeOther)
	expect(t, b.get(done.Header().Get("Location")), http.StatusOK, "Kế hoạch số 146/KH-UBND ngày 01/08/2022", "UBND thành phố Đà Nẵng", "/chi-tieu/courses_awareness_count?ke-hoach=", "Thẩm định dự toán hằng năm")
	expect(t, b.post("/ke-hoach/nhap/ghi", form), http.StatusConflict, "Kế hoạch số 146/KH-UBND ban hành ngày 01/08/2022 đã được nhập.", "Xem trước kế hoạch", form.Get("content"))
	expect(t, b.get("/nhiem-vu?nhom=dao-tao&q=nhan+thuc"), http.StatusOK, "NV2", "1–1 trong 1")
	expect(t, b.get("/nhiem-vu?xuat=csv"), http.StatusOK, "hội thảo về ứng dụng công nghệ mới")
}

func TestWrongFileIsRefusedWithAllPlaces(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, tenanttest.New(t), authz.DOSTAdmin, "")
	content, err := os.ReadFile("programmes/da-nang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Replace(content, []byte("value: 5"), []byte("value: năm"), 1)
	wrong = bytes.Replace(wrong, []byte("group: phap-ly"), []byte("group: luat"), 1)
	expect(t, b.upload("a.yaml", wrong), http.StatusUnprocessableEntity, "Tệp có 2 chỗ cần sửa", "“năm” không phải là số", "“luat” không có trong danh sách", "Lỗi: Nhập kế hoạch")
	expect(t, b.upload("a.pdf", content), http.StatusUnprocessableEntity, "Chỉ nhận tệp .xlsx, .yaml hoặc .yml")
	expect(t, b.upload("a.yaml", bytes.Repeat([]byte("#"), maxUpload+1)), http.StatusUnprocessableEntity, "Tệp lớn hơn 700 KB")
	expect(t, b.post("/ke-hoach/nhap", url.Values{}), http.StatusUnprocessableEntity, "Chưa chọn tệp.")
	expect(t, b.post("/ke-hoach/nhap/ghi", url.Values{"name": {"a.yaml"}, "content": {"%%%"}}), http.StatusUnprocessableEntity, "Hãy chọn tệp lần nữa")
	expect(t, b.post("/ke-hoach/nhap/ghi", url.Values{"name": {"a.yaml"}, "content": {base64.RawURLEncoding.EncodeToString(wrong)}}), http.StatusUnprocessableEntity, "chỗ cần sửa")
}

func TestLargestFileSurvivesItsWayThroughThePreview(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, tenanttest.New(t), authz.DOSTAdmin, "")
	content, err := os.ReadFile("programmes/da-nang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	content = append(content, bytes.Repeat([]byte("#\n"), (maxUpload-len(content))/2)...)
	expect(t, b.upload("a.yaml", content), http.StatusOK)
	expect(t, b.post("/ke-hoach/nhap/ghi", url.Values{"name": {"a.yaml"}, "content": {base64.RawURLEncoding.EncodeToString(content)}}), http.StatusSeeOther)
}

func TestTemplateAndFormatAreThere(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, tenanttest.New(t), authz.DOSTAdmin, "")
	template := b.get("/ke-hoach/mau.xlsx")
	expect(t, template, http.StatusOK)
	if f, err := ReadFile("mau.xlsx", template.Body); err == nil || len(f.Tasks) > 0 {
		t.Error("the empty template was read as a plan")
	}
	expect(t, b.get("/ke-hoach/dinh-dang"), http.StatusOK, "Trang “Chỉ tiêu” (YAML: targets)", "Năm hoàn thành", "orgs_with_barcode_traced_percent")
	expect(t, b.get("/ke-hoach/1"), http.StatusNotFound)
	expect(t, b.get("/nhiem-vu/abc"), http.StatusNotFound)
}

func TestDepartmentOfficerSeesAllTasksAndReportsItsOwn(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	imported(t, e, "da-nang")
	var id TaskID
	if err := e.DB.View(t.Context(), e.Scope, func(tx tenant.Tx) error {
		task, err := taskByCode(t.Context(), tx, "NV2")
		id = task.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	own, other := newBrowser(t, e, authz.DepartmentOfficer, "SBN"), newBrowser(t, e, authz.DepartmentOfficer, "STC")
	expect(t, other.get(taskPath(id)), http.StatusOK, "Chỉ đơn vị chủ trì hoặc phối hợp")
	expect(t, other.post(taskPath(id)+"/bao-cao", url.Values{"state": {"doing"}, "done": {"1"}}), http.StatusForbidden, "không báo cáo được")
	expect(t, other.get("/ke-hoach/nhap"), http.StatusForbidden)
	expect(t, own.get(taskPath(id)), http.StatusOK, "Gửi báo cáo")
	expect(t, own.post(taskPath(id)+"/bao-cao", url.Values{"state": {"doing"}, "done": {"ba"}, "evidence": {"Lớp tại Hòa Vang"}}), http.StatusUnprocessableEntity, "Số đã thực hiện là một số nguyên", "Lớp tại Hòa Vang")
	expect(t, own.post(taskPath(id)+"/bao-cao", url.Values{"state": {"doing"}, "done": {"3"}, "evidence": {"Lớp tại Hòa Vang"}}), http.StatusSeeOther)
	expect(t, own.get(taskPath(id)), http.StatusOK, "kết quả 3/5 khóa", "Nguyễn Văn An (Chuyên viên sở, ngành)")
}

func TestTableOfTasksShortensDepartmentsAndTheRecordDoesNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, name, want string }{
		{"SKHCN", "Sở Khoa học và Công nghệ", "Sở KH&CN"},
		{"SKHCN", "Sở Khoa học và Công nghệ thành phố Đà Nẵng", "Sở KH&CN"},
		{"SKHCN", "Sở khác", "Sở khác"},
		{"STC", "Sở Tài chính", "Sở Tài chính"},
	} {
		if got := shortName(c.code, c.name); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.code, c.name, got, c.want)
		}
	}
	e := tenanttest.New(t)
	b := newBrowser(t, e, authz.DOSTAdmin, "")
	imported(t, e, "da-nang")
	list := b.get("/nhiem-vu")
	expect(t, list, http.StatusOK, `<abbr title="Sở Khoa học và Công nghệ">Sở`+"\u00a0"+`KH&amp;CN</abbr>`)
	expect(t, b.get("/nhiem-vu?xuat=csv"), http.StatusOK, "Sở Khoa học và Công nghệ")
	before, _, _ := strings.Cut(list.Body.String(), "<abbr")
	paths := regexp.MustCompile(`/nhiem-vu/[0-9]+`).FindAllString(before, -1)
	path := paths[len(paths)-1] // of the row that the short name is in
	record := b.get(path)
	expect(t, record, http.StatusOK, "<dd>Sở Khoa học và Công nghệ</dd>")
	if strings.Contains(record.Body.String(), "<abbr") {
		t.Error("the record shortens a department")
	}
}
