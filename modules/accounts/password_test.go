package accounts

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"txng/authz"
)

// variable is what differs between any two answers: the number of the request.
var variable = regexp.MustCompile(`[a-z0-9]{10}</`)

func TestForgottenPasswordIsSetByALetter(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.Leader, 0)
	before := p.signIn(email, password)
	p.expect(p.nobody().get("/dang-nhap"), http.StatusOK, "/quen-mat-khau")
	p.expect(p.nobody().post("/quen-mat-khau", "email", " "+strings.ToUpper(email)), http.StatusOK, "Đã nhận yêu cầu", email)
	path := p.link("/dat-lai/")
	v := p.nobody()
	p.expect(v.get(path), http.StatusOK, "Mật khẩu mới")
	p.expect(v.post(path, "password", "ngắn"), http.StatusUnprocessableEntity, "ít nhất 10 ký tự")
	p.expect(v.post(path, "password", "Anhyeuem2026"), http.StatusUnprocessableEntity, "Mật khẩu này quá phổ biến, dễ bị đoán.")
	p.expect(v.post(path, "password", fresh), http.StatusOK, "Đã đặt mật khẩu mới")
	p.expect(v.post(path, "password", password), http.StatusNotFound, "không còn dùng được")
	p.expect(v.get(path), http.StatusNotFound, "không còn dùng được")
	if w := before.get("/tai-khoan"); w.Code == http.StatusOK {
		t.Error("the session of before goes on")
	}
	p.signIn(email, fresh)
	if n := p.audited("account.reset"); n != 1 {
		t.Errorf("%d audit lines, want 1", n)
	}
}

func TestAnswerDoesNotTellWhetherTheAccountExists(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.Leader, 0)
	unknown := fmt.Sprintf("khong-co-%d@example.vn", p.Tenant.ID)
	ask := func(to string) *httptest.ResponseRecorder { return p.nobody().post("/quen-mat-khau", "email", to) }
	known, none := ask(email), ask(unknown)
	known.Header().Del("X-Request-Id")
	none.Header().Del("X-Request-Id")
	page := func(w *httptest.ResponseRecorder, email string) string {
		return variable.ReplaceAllString(strings.ReplaceAll(w.Body.String(), email, "…"), "</")
	}
	if known.Code != none.Code || page(known, email) != page(none, unknown) || fmt.Sprint(known.Header()) != fmt.Sprint(none.Header()) {
		t.Errorf("answers differ:\n%d %v\n%d %v", known.Code, known.Header(), none.Code, none.Header())
	}
	if list := p.letters(); len(list) != 1 {
		t.Errorf("%d letters, want one", len(list))
	}
	p.expect(ask("không phải thư"), http.StatusUnprocessableEntity, "Nhập thư điện tử (ten@donvi.vn) hoặc số di động")
	p.expect(ask("không phải@thư"), http.StatusUnprocessableEntity, "Địa chỉ thư điện tử chưa đúng")
	p.expect(ask(" "), http.StatusUnprocessableEntity, "Chưa nhập thư điện tử hoặc số điện thoại")
}

func TestRequestsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	codes := map[int]int{}
	for range resetRequests + 5 {
		codes[p.nobody().post("/quen-mat-khau", "email", "khong-co@example.vn").Code]++
	}
	if codes[http.StatusOK] > resetRequests || codes[http.StatusTooManyRequests] < 5 {
		t.Errorf("answers %v, want at most %d to pass", codes, resetRequests)
	}
	codes = map[int]int{}
	for range accepts + 5 {
		codes[p.nobody().post("/loi-moi/"+p.Tenant.Slug+"/x", "password", fresh).Code]++
	}
	if codes[http.StatusTooManyRequests] < 5 {
		t.Errorf("answers %v, want acceptances limited", codes)
	}
}

func TestPasswordIsChangedWithTheOldOne(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := p.person(p.Tenant.ID, authz.Leader, 0)
	here, elsewhere := p.signIn(email, password), p.signIn(email, password)
	p.expect(here.get("/tai-khoan"), http.StatusOK, "/tai-khoan/mat-khau")
	p.expect(here.get("/tai-khoan/mat-khau"), http.StatusOK, "Mật khẩu hiện tại")
	wrong := here.post("/tai-khoan/mat-khau", "old_password", "sai mật khẩu rồi", "password", fresh)
	p.expect(wrong, http.StatusUnprocessableEntity, "Mật khẩu hiện tại chưa đúng.")
	if strings.Contains(wrong.Body.String(), fresh) {
		t.Error("a password is sent back to the page")
	}
	p.expect(here.post("/tai-khoan/mat-khau"), http.StatusUnprocessableEntity)
	p.expect(here.post("/tai-khoan/mat-khau", "old_password", password, "password", fresh), http.StatusSeeOther)
	p.expect(here.get("/tai-khoan"), http.StatusOK)
	if w := elsewhere.get("/tai-khoan"); w.Code == http.StatusOK {
		t.Error("the other session goes on")
	}
	p.signIn(email, fresh)
	if n := p.audited("account.password"); n != 1 {
		t.Errorf("%d audit lines, want 1", n)
	}
	if l := p.letters(); len(l) != 1 || l[0].Subject != "Mật khẩu vừa được đổi" {
		t.Errorf("letters %+v, want the notice", l)
	}
}

func TestLettersAreShownByADemonstrationOnly(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.expect(p.nobody().get("/dev/mail"), http.StatusOK, "Chưa có thư nào")
	email := p.person(p.Tenant.ID, authz.Leader, 0)
	p.nobody().post("/quen-mat-khau", "email", email)
	l := p.letters()[0]
	p.expect(p.nobody().get("/dev/mail"), http.StatusOK, l.File, l.Subject, email)
	p.expect(p.nobody().get("/dev/mail/"+l.File), http.StatusOK, `<a href="http://txng.test/dat-lai/`)
	p.expect(p.nobody().get("/dev/mail/..%2f..%2fsecret"), http.StatusNotFound)

	for _, r := range []bool{true, false} {
		c := p.app.Config
		c.Demo = false
		if r {
			c.Demo, c.Mail = true, nil
		}
		other := *p
		other.app = newSite(c)
		if w := other.nobody().get("/dev/mail"); w.Code != http.StatusNotFound {
			t.Errorf("demonstration %v, outbox %v: %d, want 404", c.Demo, c.Mail != nil, w.Code)
		}
	}
}
