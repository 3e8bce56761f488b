package onboarding_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"txng/modules/onboarding"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
)

func asked(unit, email string) url.Values {
	return url.Values{
		"unit": {unit}, "person": {"Lê Thị Hạnh"}, "title": {"Trưởng phòng TĐC"}, "email": {email}, "phone": {"0912 345 678"},
		"document": {"12/SKHCN-TĐC"}, "note": {"Mong sớm được tham gia"},
	}
}

func TestProvinceAsksIsToldPolitelyAndApprovedIntoTheGuidedPage(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes)
	session := operator(t, w)
	d := draft(t, w)
	for name, change := range map[string]url.Values{
		"phone": {"phone": {"12"}}, "email": {"email": {"khong"}}, "person": {"person": {""}}, "title": {"title": {strings.Repeat("a", 121)}},
		"unit": {"unit": {"99@2025-07-01"}}, "document": {"document": {"http://evil.example/a"}}, "note": {"note": {strings.Repeat("x", 1001)}},
	} {
		form := asked(d.Unit, "hanh-"+d.Slug+"@example.vn")
		for k, v := range change {
			form[k] = v
		}
		other := w.Serve(t, onboarding.Routes) // with a limit of its own
		if got := other.Post(t, nil, "/dang-ky-tinh", form); got.Status != 422 || name != "person" && !strings.Contains(got.Body, "Lê Thị Hạnh") {
			t.Errorf("wrong %s: %d, want 422 with what was typed", name, got.Status)
		}
	}
	form := asked(d.Unit, "hanh-"+d.Slug+"@example.vn")
	if got := site.Post(t, nil, "/dang-ky-tinh", form); got.Status != 303 {
		t.Fatalf("asked: %d %s", got.Status, got.Body)
	}
	if got := site.Post(t, nil, "/dang-ky-tinh", form); got.Status != 409 || !strings.Contains(got.Body, "Cảm ơn bạn") || !strings.Contains(got.Body, "12/SKHCN-TĐC") {
		t.Errorf("asked twice: %d, want 409, thanks, and what was typed", got.Status)
	}
	// A stranger in the province's name does not keep it from asking.
	if got := site.Post(t, nil, "/dang-ky-tinh", asked(d.Unit, "khac-"+d.Slug+"@example.vn")); got.Status != 303 {
		t.Errorf("somebody else of the province: %d, want 303", got.Status)
	}
	if got := site.Post(t, nil, "/dang-ky-tinh", asked(w.Tenant.Unit, "a@example.vn")); got.Status != 409 || !strings.Contains(got.Body, "đã vận hành") {
		t.Errorf("a province that runs: %d, want 409", got.Status)
	}
	csv := site.Get(t, session, "/tinh/yeu-cau?xuat=csv&state=new&q=khac-"+d.Slug).Body
	if !strings.Contains(csv, "khac-"+d.Slug+"@example.vn") || strings.Contains(csv, "hanh-") {
		t.Errorf("the list, filtered: %s", csv)
	}
	var id, otherID string
	if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		list, err := tenant.Requests(t.Context(), tx)
		for _, r := range list {
			switch r.Email {
			case "hanh-" + d.Slug + "@example.vn":
				id = number(r.ID)
			case "khac-" + d.Slug + "@example.vn":
				otherID = number(r.ID)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := site.Post(t, session, "/tinh/yeu-cau/"+otherID, url.Values{"lam": {"tu-choi"}, "reason": {"ngắn"}}); got.Status != 422 {
		t.Errorf("refused without a reason: %d, want 422", got.Status)
	}
	if got := site.Post(t, session, "/tinh/yeu-cau/"+otherID, url.Values{"lam": {"tu-choi"}, "reason": {"Không có công văn của Sở kèm theo"}}); got.Status != 303 {
		t.Errorf("refused: %d, want 303", got.Status)
	}
	got := site.Post(t, session, "/tinh/yeu-cau/"+id, url.Values{"lam": {"nhan"}})
	if got.Status != 303 || got.Header.Get("Location") != "/tinh/"+d.Slug+"/van-hanh?buoc=1" {
		t.Fatalf("approved: %d to %q", got.Status, got.Header.Get("Location"))
	}
	if page := site.Get(t, session, "/tinh/"+d.Slug+"/van-hanh?buoc=4").Body; !strings.Contains(page, "hanh-"+d.Slug+"@example.vn") {
		t.Error("the guided page does not know who asked")
	}
	if got := site.Post(t, session, "/tinh/yeu-cau/"+id, url.Values{"lam": {"nhan"}}); got.Status != 409 {
		t.Errorf("approved twice: %d, want 409", got.Status)
	}
}

func TestRequestsAreLimitedByNetworkAndByProvince(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	d, second, third := draft(t, w), draft(t, w), draft(t, w)
	of := d
	ask := func(email, network string) error {
		return w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Ask(t.Context(), tx, tenant.Request{
				Unit: of.Unit, Person: "Lê Thị Hạnh", Title: "Chuyên viên", Email: email, Phone: "+84912345678", Network: network,
			})
			return err
		})
	}
	for i := range 3 {
		if err := ask(d.Slug+number(int64(i))+"@limit.example.vn", d.Slug+number(int64(i))); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if err := ask(d.Slug+"9@limit.example.vn", d.Slug+"9"); err == nil || !strings.Contains(err.Error(), "nhiều yêu cầu") {
		t.Errorf("the fourth of a province: %v", err)
	}
	for i, of2 := range []tenant.Tenant{second, second, second, third, third} {
		of = of2
		if err := ask("n"+number(int64(i))+d.Slug+"@limit.example.vn", "one network of "+d.Slug); err != nil {
			t.Fatalf("request %d of a network: %v", i, err)
		}
	}
	if err := ask("n9"+d.Slug+"@limit.example.vn", "one network of "+d.Slug); !errors.Is(err, fault.TooMany) {
		t.Errorf("the sixth of a network within a day: %v", err)
	}
}
