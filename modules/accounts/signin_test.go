package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"txng/authz"
	"txng/modules/internal/mail"
	"txng/tenant"
)

// work does the jobs that send letters, as the queue's workers would, and returns how they failed.
func (p *place) work() error {
	p.t.Helper()
	rows, err := p.Owner(p.t).Query(p.t.Context(), "delete from "+tenant.JobSchema+".river_job where kind = $1 and args->>'tenant' = $2 returning args", Letter{}.Kind(), fmt.Sprint(p.Tenant.ID))
	if err != nil {
		p.t.Fatal(err)
	}
	var list []Letter
	for rows.Next() {
		var raw []byte
		var j Letter
		if err := errors.Join(rows.Scan(&raw), json.Unmarshal(raw, &j)); err != nil {
			p.t.Fatal(err)
		}
		list = append(list, j)
	}
	var failed error
	for _, j := range list {
		failed = errors.Join(failed, sendLetter(p.t.Context(), p.app, j))
	}
	return failed
}

func (p *place) number() string { return fmt.Sprintf("0998%06d", 100_000+people.Add(1)) }

func TestNumberIsSetWithThePasswordAndSignsIn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email, number := p.person(p.Tenant.ID, authz.Leader, 0), p.number()
	v := p.signIn(email, password)
	p.expect(v.get("/tai-khoan"), http.StatusOK, "Chưa có", "/tai-khoan/so-dien-thoai")
	const path = "/tai-khoan/so-dien-thoai"
	p.expect(v.post(path, "phone", number, "password", ""), http.StatusUnprocessableEntity, "Chưa nhập mật khẩu", number)
	p.expect(v.post(path, "phone", number, "password", "sai mật khẩu"), http.StatusUnprocessableEntity, "Mật khẩu chưa đúng", number)
	p.expect(v.post(path, "phone", "0912x45678", "password", password), http.StatusUnprocessableEntity, "chỉ gồm các chữ số", "0912x45678")
	p.expect(v.post(path, "phone", "0236 3822 041", "password", password), http.StatusUnprocessableEntity, "hãy nhập số di động")
	p.expect(v.post(path, "phone", number, "password", password), http.StatusSeeOther)
	home := number[:4] + " " + number[4:7] + " " + number[7:]
	p.expect(v.get("/tai-khoan"), http.StatusOK, home)
	if l := p.letters(); len(l) != 1 || l[0].Subject != "Số điện thoại đăng nhập vừa thay đổi" {
		t.Errorf("letters %+v, want one that tells", l)
	}
	by := p.signIn("+84 "+number[1:], password)
	p.expect(by.get("/"), http.StatusOK, "home of")
	p.nobody().post("/dang-nhap", "email", number, "password", "sai mật khẩu")
	p.expect(by.get("/tai-khoan/thiet-bi"), http.StatusOK, "Số điện thoại, mật khẩu", "Thư điện tử, mật khẩu", "Lần đăng nhập không thành công", "có 1 lần nhập sai")

	other := p.signIn(p.person(p.Tenant.ID, authz.Leader, 0), password)
	taken := other.post(path, "phone", number, "password", password)
	p.expect(taken, http.StatusConflict, "đang gắn với một tài khoản khác")
	if strings.Contains(taken.Body.String(), email) {
		t.Error("the refusal tells whose the number is")
	}
	if strings.Contains(other.get("/tai-khoan/thiet-bi").Body.String(), "không thành công") {
		t.Error("another account's refused tries are shown")
	}
	p.expect(v.post(path, "phone", "", "password", password), http.StatusSeeOther)
	p.expect(p.nobody().post("/dang-nhap", "email", number, "password", password), http.StatusUnprocessableEntity, "mật khẩu chưa đúng")
	if n := p.audited("account.phone"); n != 2 {
		t.Errorf("%d audit lines, want 2", n)
	}
}

func TestForgottenPasswordIsAskedForByTheNumberAndMailedToTheAddress(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email, number, free := p.person(p.Tenant.ID, authz.Leader, 0), p.number(), p.number()
	p.expect(p.signIn(email, password).post("/tai-khoan/so-dien-thoai", "phone", number, "password", password), http.StatusSeeOther)
	before := len(p.letters())
	known, none := p.nobody().post("/quen-mat-khau", "email", number), p.nobody().post("/quen-mat-khau", "email", free)
	page := func(w *httptest.ResponseRecorder, number string) string {
		return variable.ReplaceAllString(strings.ReplaceAll(w.Body.String(), number[1:], "…"), "</")
	}
	if known.Code != http.StatusOK || known.Code != none.Code || page(known, number) != page(none, free) || strings.Contains(known.Body.String(), email) {
		t.Errorf("the answers differ, or name the address:\n%d %s\n%d %s", known.Code, known.Body, none.Code, none.Body)
	}
	l := p.letters()
	if len(l) != before+1 || !strings.Contains(l[0].To, email) {
		t.Errorf("letters %+v, want one more, to %s", l, email)
	}
}

func TestUnitsAdministratorFreesANumber(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email, number := p.person(p.Tenant.ID, authz.Leader, 0), p.number()
	p.expect(p.signIn(email, password).post("/tai-khoan/so-dien-thoai", "phone", number, "password", password), http.StatusSeeOther)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	path := regexp.MustCompile(`/thanh-vien/(\d+)`).FindString(admin.get("/thanh-vien?q=" + url.QueryEscape(email)).Body.String())
	shown := admin.get(path)
	p.expect(shown, http.StatusOK, number[:4]+" ••• "+number[7:], "Gỡ số điện thoại")
	if strings.Contains(shown.Body.String(), number[1:]) {
		t.Error("the whole number is shown")
	}
	other, _ := p.NewTenant(t)
	stranger := p.signIn(p.person(other.ID, authz.DOSTAdmin, 0), password)
	p.expect(stranger.post(path+"/so-dien-thoai"), http.StatusNotFound)
	p.expect(p.signIn(email, password).post(path+"/so-dien-thoai"), http.StatusForbidden)
	p.expect(admin.post(path+"/so-dien-thoai"), http.StatusSeeOther)
	p.expect(admin.post(path+"/so-dien-thoai"), http.StatusConflict, "không gắn số điện thoại nào")
	p.expect(p.nobody().post("/dang-nhap", "email", number, "password", password), http.StatusUnprocessableEntity)
	if n := p.audited("member.phone"); n != 1 {
		t.Errorf("%d audit lines, want 1", n)
	}
}

// TestBadFormsLoseNothingButThePassword sends each form of an account what it should not get.
func TestBadFormsLoseNothingButThePassword(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.DOSTAdmin, 0)
	v := p.signIn(email, password)
	to := fmt.Sprintf("moi%d@example.vn", people.Add(1))
	p.expect(v.post("/thanh-vien/moi", "name", "Người Mới", "email", to, "role", "leader"), http.StatusSeeOther)
	invitation := p.link("/loi-moi/")
	p.nobody().post("/quen-mat-khau", "email", email)
	reset := p.link("/dat-lai/")
	huge := strings.Repeat("x", 10<<20)
	for _, c := range []struct {
		path   string
		fields []string // what is typed beside the password
		secret string   // the field of the password, "" for none
		keeps  []string // what the page shows again
	}{
		{"/dang-nhap", []string{"_tiep", "/tai-khoan", "email", "toi@example.vn"}, "password", []string{"toi@example.vn", "/tai-khoan"}},
		{"/quen-mat-khau", []string{"email", "toi@example.vn", "x", huge}, "", []string{"toi@example.vn"}},
		{reset, nil, "password", nil},
		{invitation, []string{"name", "Tên Đã Gõ"}, "password", []string{"Tên Đã Gõ"}},
		{"/tai-khoan/mat-khau", nil, "password", nil},
		{"/tai-khoan/so-dien-thoai", []string{"phone", "0912 000 111"}, "password", []string{"0912 000 111"}},
		{"/thanh-vien/moi", []string{"name", "Tên Đã Gõ", "email", "e@example.vn", "phone", "0912", "role", "leader", "x", huge}, "", []string{"Tên Đã Gõ", "e@example.vn"}},
	} {
		send := func(pairs ...string) *httptest.ResponseRecorder {
			var parts []string // in order, as a browser sends them
			for i := 0; i+1 < len(pairs); i += 2 {
				parts = append(parts, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
			}
			r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(strings.Join(parts, "&")))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return v.send(r)
		}
		tooLarge := c.fields
		if c.secret != "" {
			tooLarge = append(append([]string{}, c.fields...), c.secret, huge)
			long := send(append(append([]string{}, c.fields...), "old_password", password, c.secret, strings.Repeat("x", 300))...)
			p.expect(long, http.StatusUnprocessableEntity, append([]string{"Mật khẩu dài quá 256 byte"}, c.keeps...)...)
			if strings.Contains(long.Body.String(), "xxxxxxxxxx") {
				t.Errorf("%s gives the password back", c.path)
			}
		}
		if len(tooLarge) > 2 { // something stands before the password
			p.expect(send(tooLarge...), http.StatusRequestEntityTooLarge, append([]string{"Nội dung biểu mẫu quá lớn"}, c.keeps...)...)
		} else {
			p.expect(send(tooLarge...), http.StatusRequestEntityTooLarge, "quá lớn")
		}
		empty := send()
		p.expect(empty, http.StatusUnprocessableEntity, "Có ")
		if strings.Contains(empty.Body.String(), "mật khẩu chưa đúng") {
			t.Errorf("%s: an empty form is called wrong", c.path)
		}
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader("password=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		p.expect(v.send(r), http.StatusForbidden, "do một trang khác gửi đến")
	}
	both := p.nobody().post("/dang-nhap", "email", "", "password", "")
	p.expect(both, http.StatusUnprocessableEntity, "Chưa nhập thư điện tử hoặc số điện thoại.", "Chưa nhập mật khẩu.")
	p.expect(p.nobody().post("/dang-nhap", "email", email, "password", ""), http.StatusUnprocessableEntity, "Chưa nhập mật khẩu.", email)

	// Replayed, and many at once: one counts.
	codes := map[int]int{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			code := p.nobody().post(reset, "password", fresh).Code
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	group.Wait()
	if codes[http.StatusOK] != 1 || codes[http.StatusNotFound] != 3 {
		t.Errorf("4 uses of one link at once: %v, want one 200 and three 404", codes)
	}
	p.expect(p.nobody().post(reset, "password", fresh), http.StatusNotFound, "không còn dùng được")
}

func TestLettersOfAListAreTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	mailOf := func(n int) string { return fmt.Sprintf("thu%d-%d@example.vn", p.Tenant.ID, n) }
	file := officersFile(t,
		[]any{"Một", mailOf(1), "Lãnh đạo tỉnh"}, []any{"Hai", mailOf(2), "Chuyên viên sở, ngành", "Sở Y tế"}, []any{"Ba", mailOf(3), "Lãnh đạo tỉnh"})
	p.expect(admin.post("/thanh-vien/nhap/ghi", carried(admin.upload("a.xlsx", file))...), http.StatusSeeOther)
	good := p.app.Mail
	away, err := mail.Open("smtp://127.0.0.1:1", "a@txng.vn", "")
	if err != nil {
		t.Fatal(err)
	}
	p.app.Mail = away
	if err := p.work(); err == nil {
		t.Fatal("letters went to a server that is not there")
	}
	p.app.Mail = good
	page := admin.get("/thanh-vien")
	p.expect(page, http.StatusOK, "0 / 3", "3 thư chưa gửi được", "Thư chưa gửi được", "Sở Y tế")
	batch := regexp.MustCompile(`name="dot" value="(\d+)"`).FindStringSubmatch(page.Body.String())
	if batch == nil {
		t.Fatal("no button to send them again")
	}
	for _, wrong := range []string{"", "x", "1", "-1"} {
		p.expect(admin.post("/thanh-vien/nhap/gui-lai", "dot", wrong), http.StatusNotFound)
	}
	other, _ := p.NewTenant(t)
	p.expect(p.signIn(p.person(other.ID, authz.DOSTAdmin, 0), password).post("/thanh-vien/nhap/gui-lai", "dot", batch[1]), http.StatusNotFound)
	p.expect(admin.post("/thanh-vien/nhap/gui-lai", "dot", batch[1]), http.StatusSeeOther)
	if err := p.work(); err != nil {
		t.Fatal(err)
	}
	if n := len(p.letters()); n != 3 {
		t.Errorf("%d letters, want 3", n)
	}
	after := admin.get("/thanh-vien").Body.String()
	if strings.Contains(after, "Thư mời của danh sách") || strings.Contains(after, "chưa gửi được") {
		t.Error("the page still waits for letters that were sent")
	}
	p.expect(admin.post("/thanh-vien/nhap/gui-lai", "dot", batch[1]), http.StatusNotFound) // replayed
	guest := p.nobody()
	p.expect(guest.post(p.link("/loi-moi/"), "name", "Người Mới", "password", fresh), http.StatusSeeOther)
}

func TestDepartmentIsOneOfTheList(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.get("/thanh-vien/moi"), http.StatusOK, `<option value="SNNMT"`, "Sở Nông nghiệp và Môi trường (SNNMT)")
	for i, typed := range []string{"", "BIA", "Sở Bịa Ra"} {
		w := admin.post("/thanh-vien/moi", "name", "Người Mới", "email", fmt.Sprintf("so%d-%d@example.vn", p.Tenant.ID, i), "role", "department_officer", "department", typed)
		p.expect(w, http.StatusUnprocessableEntity, "Chọn sở, ngành của người được mời")
	}
	for i, typed := range []string{"STC", "stc", "sở tài chính"} {
		p.expect(admin.post("/thanh-vien/moi", "name", "Người Mới", "email", fmt.Sprintf("tc%d-%d@example.vn", p.Tenant.ID, i), "role", "department_officer", "department", typed), http.StatusSeeOther)
	}
	var codes []string
	if err := p.Owner(t).QueryRow(t.Context(), "select array_agg(distinct department) from authz.invitation where tenant_id = $1", p.Tenant.ID).Scan(&codes); err != nil || len(codes) != 1 || codes[0] != "STC" {
		t.Errorf("departments %q, %v; want STC alone", codes, err)
	}
}
