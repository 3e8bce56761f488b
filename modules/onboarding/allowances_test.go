package onboarding_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/journal"
	"txng/modules/onboarding"
	"txng/modules/organization"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
)

func TestOperatorSetsWhatAProvinceMayTake(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	other, _ := w.NewTenant(t)
	site := w.Serve(t, onboarding.Routes, organization.Routes, journal.Routes)
	admin, op := site.SignIn(t, authz.DOSTAdmin), operator(t, w)
	path := "/tinh/" + w.Tenant.Slug + "/gioi-han"
	if got := site.Get(t, op, path); got.Status != 200 || !strings.Contains(got.Body, "mặc định 3.000") || !strings.Contains(got.Body, "từ chối trong một giờ qua") {
		t.Fatalf("the page: %d %.2000s", got.Status, got.Body)
	}
	allowed := func(of tenant.Tenant) (list [4]int64) {
		now, err := w.DB.Tenant(t.Context(), of.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i, spec := range tenant.Allowances {
			list[i] = now.Allowed(spec.Allowance)
		}
		return list
	}
	post := func(pages, api, public, statement string) tracetest.Answer {
		return site.Post(t, op, path, url.Values{"pages": {pages}, "api": {api}, "public": {public}, "statement": {statement}})
	}
	for _, c := range []struct {
		form  [4]string
		field string
	}{
		{[4]string{"299", "", "", ""}, "pages"}, {[4]string{"60.001", "", "", ""}, "pages"}, {[4]string{"", "59", "", ""}, "api"},
		{[4]string{"", "", "120.001", ""}, "public"}, {[4]string{"", "", "", "0"}, "statement"}, {[4]string{"", "", "", "61"}, "statement"},
		{[4]string{"nhiều", "", "", ""}, "pages"}, {[4]string{"-300", "", "", ""}, "pages"}, {[4]string{"99999999999999999999", "", "", ""}, "pages"},
	} {
		got := post(c.form[0], c.form[1], c.form[2], c.form[3])
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `id="f-`+c.field+`-error"`) {
			t.Errorf("%v: %d, want 422 at %s", c.form, got.Status, c.field)
		}
		for _, typed := range c.form {
			if typed != "" && !strings.Contains(got.Body, `value="`+typed+`"`) {
				t.Errorf("%v: what was typed is gone", c.form)
			}
		}
	}
	if got := allowed(w.Tenant); got != [4]int64{3000, 1200, 6000, 20} {
		t.Fatalf("after wrong forms: %v, want the defaults", got)
	}
	if got := post("300", "", "120.000", "5"); got.Status != http.StatusSeeOther {
		t.Fatalf("set: %d %.500s", got.Status, got.Body)
	}
	if got := allowed(w.Tenant); got != [4]int64{300, 1200, 120_000, 5} {
		t.Errorf("%v, want what was typed and the default of the API", got)
	}
	if got := allowed(other); got != [4]int64{3000, 1200, 6000, 20} {
		t.Errorf("another tenant: %v, want the defaults", got)
	}
	refusedAt, start := 0, time.Now()
	for i := 1; refusedAt == 0 && i <= 3000; i++ {
		if got := site.Get(t, admin, "/to-chuc"); got.Status == http.StatusTooManyRequests {
			refusedAt = i
		}
	}
	if most := 302 + int(time.Since(start).Seconds()*5); refusedAt <= 300 || refusedAt > most {
		t.Errorf("the first refused page is the %d., want 301. to %d.", refusedAt, most)
	}
	if got := site.Get(t, op, path); got.Status != 200 || !strings.Contains(got.Body, "<dt>Trang làm việc</dt><dd>1</dd>") || !strings.Contains(got.Body, "<dt>Tra cứu tem</dt><dd>0</dd>") {
		t.Errorf("the operator does not see that one page was refused: %d %.6000s", got.Status, got.Body)
	}
	if got := post("", "", "120.000", "5"); got.Status != http.StatusSeeOther {
		t.Fatalf("back to the default: %d", got.Status)
	}
	time.Sleep(100 * time.Millisecond) // 50 a second come back now
	site.Get(t, admin, "/to-chuc")
	time.Sleep(100 * time.Millisecond)
	got := site.Get(t, admin, "/nhat-ky")
	if got.Status != 200 || !strings.Contains(got.Body, "Trang làm việc: mặc định (3.000 yêu cầu mỗi phút) → 300 yêu cầu mỗi phút") {
		t.Errorf("the province's journal does not say it: %d", got.Status)
	}
	if got := post("", "", "120.000", "5"); got.Status != http.StatusSeeOther {
		t.Errorf("the same again: %d", got.Status)
	}
	if got := site.Post(t, op, path, url.Values{"x": {"1"}}); got.Status != http.StatusSeeOther || allowed(w.Tenant) != [4]int64{3000, 1200, 120_000, 5} {
		t.Errorf("a form without the fields: %d, %v, want that nothing changes", got.Status, allowed(w.Tenant))
	}
	if got := site.Get(t, admin, path); got.Status != http.StatusForbidden {
		t.Errorf("the province's own administrator: %d, want 403", got.Status)
	}
	if got := site.Post(t, admin, path, url.Values{"pages": {"60000"}}); got.Status != http.StatusForbidden {
		t.Errorf("the province's own administrator sends: %d, want 403", got.Status)
	}
	if got := allowed(w.Tenant); got != [4]int64{3000, 1200, 120_000, 5} {
		t.Errorf("in the end: %v", got)
	}
}

func TestEveryAllowanceHasADefaultWithinItsBounds(t *testing.T) {
	t.Parallel()
	for _, spec := range tenant.Allowances {
		if spec.Min < 1 || spec.Default < spec.Min || spec.Default > spec.Max {
			t.Errorf("%s: %d is not from %d to %d", spec.Allowance, spec.Default, spec.Min, spec.Max)
		}
		var wrong fault.Invalid
		if n, own := spec.Check(&wrong, " "); n != spec.Default || own || wrong != nil {
			t.Errorf("%s: nothing typed is %d, %v, %v", spec.Allowance, n, own, wrong)
		}
	}
}
