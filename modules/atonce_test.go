package modules_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"txng/tenant"
	"txng/tenant/unit"
)

// TestOperatorsAtOnceDoOneThingOnce has six operators press the same button at the same moment, for each of the steps in
// which a province comes in. One is told that it is done, the others why not; none sees an internal error.
func TestOperatorsAtOnceDoOneThingOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	session := p.operator(t)
	post := func(path string, form url.Values) *httptest.ResponseRecorder {
		return p.ask(http.MethodPost, path, session, form)
	}
	atOnce := func(f func(i int) *httptest.ResponseRecorder) (codes map[int]int, all [6]*httptest.ResponseRecorder) {
		var together sync.WaitGroup
		start := make(chan struct{})
		for i := range all {
			together.Go(func() {
				<-start
				all[i] = f(i)
			})
		}
		close(start)
		together.Wait()
		codes = map[int]int{}
		for _, a := range all {
			codes[a.Code]++
		}
		return codes, all
	}
	tenants := func() map[string][]tenant.Tenant {
		t.Helper()
		p.db.Forget()
		list, err := p.db.Tenants(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		by := map[string][]tenant.Tenant{}
		for _, of := range list {
			by[of.Unit] = append(by[of.Unit], of)
		}
		return by
	}
	var provinces []unit.Unit // two that are not here
	known := tenants()
	for _, of := range unit.Provinces(p.db.Now()) {
		if len(known[of.Ref.String()]) == 0 && len(provinces) < 2 {
			provinces = append(provinces, of)
		}
	}

	// Three people of one province have asked; all are approved at once, by two operators each.
	var ids []string
	if err := p.db.Platform(t.Context(), func(tx tenant.Platform) error {
		for i := range 3 {
			r, err := tenant.Ask(t.Context(), tx, tenant.Request{
				Unit: provinces[0].Ref.String(), Person: "Lê Thị Hạnh", Title: "Chuyên viên", Email: fmt.Sprintf("hanh%d@example.vn", i), Phone: "+84912345678", Network: "atonce",
			})
			if err != nil {
				return err
			}
			ids = append(ids, fmt.Sprint(r.ID))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	codes, all := atOnce(func(i int) *httptest.ResponseRecorder {
		return post("/tinh/yeu-cau/"+ids[i/2], url.Values{"lam": {"nhan"}})
	})
	if done := codes[http.StatusSeeOther]; done < 1 || done > 3 || done+codes[http.StatusConflict] != len(all) {
		t.Errorf("approved at once: %v\n%.400s", codes, all[0].Body)
	}
	// And another one is chosen by all of them.
	if codes, all = atOnce(func(int) *httptest.ResponseRecorder {
		return post("/tinh/moi", url.Values{"unit": {provinces[1].Ref.String()}})
	}); codes[http.StatusSeeOther] < 1 || codes[http.StatusSeeOther]+codes[http.StatusConflict] != len(all) {
		t.Errorf("chosen at once: %v\n%.400s", codes, all[0].Body)
	}
	known = tenants()
	var drafts []tenant.Tenant
	for _, of := range provinces {
		list := known[of.Ref.String()]
		if len(list) != 1 || list[0].State != tenant.Draft {
			t.Fatalf("%s is registered %d times", of.Name, len(list))
		}
		drafts = append(drafts, list[0])
	}

	// The two want one domain, which is a draft's until its province starts; then both are started by three each.
	for _, of := range drafts {
		for step, form := range map[string]url.Values{
			"1": {"slug": {of.Slug}, "domain": {"txng.mot-ten.gov.vn"}},
			"4": {"admin_name": {"Nguyễn Thị Lan"}, "admin_email": {"lan-" + of.Slug + "@example.vn"}},
		} {
			if got := post("/tinh/"+of.Slug+"/van-hanh?buoc="+step, form); got.Code != http.StatusSeeOther {
				t.Fatalf("step %s of %s: %d\n%.400s", step, of.Slug, got.Code, got.Body)
			}
		}
	}
	codes, all = atOnce(func(i int) *httptest.ResponseRecorder {
		return post("/tinh/"+drafts[i%2].Slug+"/van-hanh?buoc=5", url.Values{})
	})
	refused := 0
	for _, a := range all {
		switch {
		case a.Code == http.StatusSeeOther:
		case (a.Code == http.StatusConflict || a.Code == http.StatusUnprocessableEntity) && !strings.Contains(a.Body.String(), "SQLSTATE"):
			refused++
		default:
			t.Errorf("started at once: %d\n%.600s", a.Code, a.Body)
		}
	}
	if refused < 3 {
		t.Errorf("started at once: %v, want those of one province refused", codes)
	}
	running := 0
	conn := owner(t, p.world)
	for _, of := range drafts {
		var invited int
		var state tenant.State
		if err := conn.QueryRow(t.Context(), `
			select state, (select count(*) from authz.invitation where tenant_id = t.id)
			from tenant.tenant t
			where id = $1`, of.ID).Scan(&state, &invited); err != nil {
			t.Fatal(err)
		}
		if state == tenant.Active {
			running++
		}
		if want := map[bool]int{true: 1}[state == tenant.Active]; invited != want {
			t.Errorf("%s is %s and has invited %d administrators, want %d", of.Slug, state, invited, want)
		}
	}
	if running != 1 {
		t.Errorf("%d provinces run on one domain, want 1", running)
	}
}
