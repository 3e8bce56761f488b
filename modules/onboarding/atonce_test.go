package onboarding_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"txng/modules/onboarding"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/unit"
)

// unregistered returns provinces of today that are not in the registry yet.
func unregistered(t *testing.T, w *tracetest.World, n int) (list []unit.Unit) {
	t.Helper()
	w.DB.Forget()
	known, err := w.DB.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, k := range known {
		taken[k.Unit] = true
	}
	all := unit.Provinces(w.DB.Now())
	for i := range all {
		if p := all[len(all)-1-i]; !taken[p.Ref.String()] && len(list) < n {
			list = append(list, p)
		}
	}
	if len(list) < n {
		t.Skip("every province is registered by the other tests")
	}
	return list
}

// TestOperatorsAtOnceDoOneThingOnce has six operators press the same button at the same moment, for each of the steps in
// which a province comes in. One is told that it is done, the others why not; none sees an internal error.
func TestOperatorsAtOnceDoOneThingOnce(t *testing.T) {
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes)
	sessions := slices.Repeat([]*http.Cookie{operator(t, w)}, 6)
	atOnce := func(f func(i int) tracetest.Answer) (codes map[int]int, all []tracetest.Answer) {
		var together sync.WaitGroup
		all = make([]tracetest.Answer, len(sessions))
		start := make(chan struct{})
		for i := range sessions {
			together.Go(func() {
				<-start
				all[i] = f(i)
			})
		}
		close(start)
		together.Wait()
		codes = map[int]int{}
		for _, a := range all {
			codes[a.Status]++
		}
		return codes, all
	}
	province := unregistered(t, w, 1)[0]
	mark := province.Slug

	// Three people of one province have asked; all are approved at once, by two operators each.
	var ids []string
	if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		for i := range 3 {
			r, err := tenant.Ask(t.Context(), tx, tenant.Request{
				Unit: province.Ref.String(), Person: "Lê Thị Hạnh", Title: "Chuyên viên", Email: mark + number(int64(i)) + "@atonce.example.vn", Phone: "+84912345678", Network: "atonce" + mark,
			})
			if err != nil {
				return err
			}
			ids = append(ids, number(r.ID))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	codes, all := atOnce(func(i int) tracetest.Answer {
		return site.Post(t, sessions[i], "/tinh/yeu-cau/"+ids[i/2], url.Values{"lam": {"nhan"}})
	})
	if codes[http.StatusSeeOther] < 1 || codes[http.StatusSeeOther] > 3 || codes[http.StatusSeeOther]+codes[http.StatusConflict] != 6 {
		t.Errorf("approved at once: %v\n%.400s", codes, all[0].Body)
	}
	w.DB.Forget()
	var d tenant.Tenant
	list, err := w.DB.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	registered := 0
	for _, known := range list {
		if known.Unit == province.Ref.String() {
			registered++
			d = known
		}
	}
	if registered != 1 || d.State != tenant.Draft {
		t.Fatalf("the province is registered %d times, the last %s", registered, d.State)
	}

	// Two drafts want one domain.
	other := draft(t, w)
	codes, all = atOnce(func(i int) tracetest.Answer {
		of := []tenant.Tenant{d, other}[i%2]
		return site.Post(t, sessions[i], "/tinh/"+of.Slug+"/van-hanh?buoc=1", url.Values{"slug": {of.Slug}, "domain": {"txng-" + mark + ".gov.vn"}})
	})
	if codes[http.StatusSeeOther] != 6 { // it is a draft's until the province starts
		t.Errorf("two drafts with one domain: %v\n%.400s", codes, all[0].Body)
	}
	for _, of := range []tenant.Tenant{d, other} {
		if got := site.Post(t, sessions[0], "/tinh/"+of.Slug+"/van-hanh?buoc=4", url.Values{"admin_name": {"Nguyễn Thị Lan"}, "admin_email": {"lan-" + of.Slug + "@example.vn"}}); got.Status != http.StatusSeeOther {
			t.Fatalf("administrator of %s: %d", of.Slug, got.Status)
		}
	}
	codes, all = atOnce(func(i int) tracetest.Answer {
		of := []tenant.Tenant{d, other}[i%2]
		return site.Post(t, sessions[i], "/tinh/"+of.Slug+"/van-hanh?buoc=5", url.Values{})
	})
	for _, a := range all {
		if a.Status >= 500 || a.Status == http.StatusUnprocessableEntity && !strings.Contains(a.Body, "đã có tỉnh khác dùng") {
			t.Errorf("started at once: %d\n%.600s", a.Status, a.Body)
		}
	}
	if codes[http.StatusSeeOther]+codes[http.StatusConflict]+codes[http.StatusUnprocessableEntity] != 6 {
		t.Errorf("started at once: %v", codes)
	}
	running := 0
	for _, of := range []tenant.Tenant{d, other} {
		if started(t, w, of.ID) == tenant.Active {
			running++
		}
		var invited int
		if err := w.Env.Owner(t).QueryRow(t.Context(), "select count(*) from authz.invitation where tenant_id = $1", of.ID).Scan(&invited); err != nil || invited > 1 {
			t.Errorf("%s has invited its administrator %d times, %v", of.Slug, invited, err)
		}
	}
	if running != 1 {
		t.Errorf("%d provinces run on one domain, want 1", running)
	}
}
