package ministry

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/internal/web"
	"txng/modules/kpi"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// programme puts a real plan into a province and computes its roll-ups.
func programme(t *testing.T, e *tenanttest.Env, s tenant.Scope, slug string) {
	t.Helper()
	if err := e.DB.In(t.Context(), s, func(tx tenant.Tx) error {
		for _, p := range plan.Programmes() {
			if p.Slug == slug {
				if _, err := plan.Import(t.Context(), tx, authz.Identity{Account: 1, Name: "Sở", Role: authz.DOSTAdmin}, p.File); err != nil {
					return err
				}
			}
		}
		return kpi.Refresh(t.Context(), tx)
	}); err != nil {
		t.Fatal(err)
	}
}

func provinces(t *testing.T, e *tenanttest.Env) (list []Province) {
	t.Helper()
	if err := e.DB.Nation(t.Context(), func(tx tenant.Nation) (err error) {
		list, err = Provinces(t.Context(), tx, Present)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func of(t *testing.T, list []Province, id tenant.ID) Province {
	t.Helper()
	i := slices.IndexFunc(list, func(p Province) bool { return p.ID == id })
	if i < 0 {
		t.Fatalf("tenant %d is not among the provinces", id)
	}
	return list[i]
}

func setState(t *testing.T, e *tenanttest.Env, id tenant.ID, s tenant.State) {
	t.Helper()
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := tx.Exec(t.Context(), `update tenant.tenant set state = $2 where id = $1`, id, s)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
}

func TestProvincesStandSideBySideByTheirRollups(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	city, cityScope := e.NewTenant(t)
	programme(t, e, e.Scope, "nghe-an")
	programme(t, e, cityScope, "ho-chi-minh") // seven groups on the official priority list
	list := provinces(t, e)
	for id, want := range map[tenant.ID]int{e.Tenant.ID: 1, city.ID: 2} {
		if got := of(t, list, id).Stages(); got != want {
			t.Errorf("%s: got %d stages, want %d", of(t, list, id).Name, got, want)
		}
	}
	m, _ := kpi.MeasureOf(kpi.StageList)
	for id, want := range map[tenant.ID]int64{e.Tenant.ID: 0, city.ID: 7} {
		if got, ok := of(t, list, id).Value(m); !ok || got.Numerator != want {
			t.Errorf("%s: got %v %v, want %d", of(t, list, id).Name, got, ok, want)
		}
	}
}

func TestNewestRollupCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	programme(t, e, e.Scope, "da-nang")
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, err := tx.Exec(t.Context(), `
			insert into kpi.rollup (tenant_id, measure, day, numerator, denominator, computed_at)
			values ($1, 'organizations', $2, 99, 99, $3)`, kpi.Today(tx.Now()).AddDate(0, 0, -1), tx.Now().AddDate(0, 0, -1))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	m, _ := kpi.MeasureOf(kpi.Organizations)
	if got, _ := of(t, provinces(t, e), e.Tenant.ID).Value(m); got.Numerator != 0 {
		t.Errorf("got %d, want the newest value 0", got.Numerator)
	}
	p := of(t, provinces(t, e), e.Tenant.ID)
	if err := e.DB.Nation(t.Context(), func(tx tenant.Nation) error {
		days, err := history(t.Context(), tx, Present, p)
		if got := days[kpi.Organizations]; len(got) != 2 || got[0].Numerator != 99 {
			t.Errorf("history: got %+v, want yesterday's 99 first", got)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestMergedProvinceIsNotShown(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	programme(t, e, e.Scope, "bac-giang")
	setState(t, e, e.Tenant.ID, tenant.Merged)
	if slices.ContainsFunc(provinces(t, e), func(p Province) bool { return p.ID == e.Tenant.ID }) {
		t.Error("a merged province is shown")
	}
}

func TestNationReadsNothingButCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	conn := e.As(t, "txng_ministry")
	rows, err := e.Owner(t).Query(t.Context(), `
		select n.nspname || '.' || c.relname
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p', 'v') and n.nspname not in ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if !slices.Contains(tables, "catalog.product") {
		t.Fatal("the test has lost its subject")
	}
	allowed := []string{"kpi.rollup", "kpi.part", "tenant.tenant", "tenant.lineage", "tenant.part"}
	for _, table := range tables {
		_, err := conn.Exec(t.Context(), "select count(*) from "+table)
		if denied := err != nil; denied == slices.Contains(allowed, table) {
			t.Errorf("%s: got %v", table, err)
		}
	}
	if err := e.DB.Nation(t.Context(), func(tx tenant.Nation) error {
		_, err := tenant.Column[string](t.Context(), tx, `select name from catalog.product`)
		return err
	}); err == nil {
		t.Error("the nation's door read catalog.product")
	}
}

// page returns a page as a viewer of the ministry gets it.
func page(t *testing.T, e *tenanttest.Env, paths ...string) []*httptest.ResponseRecorder {
	t.Helper()
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	a := web.New(web.Config{DB: e.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "example.test"}, Log: slog.New(slog.DiscardHandler)})
	Routes(a)
	email := "bo" + strconv.Itoa(int(e.Tenant.ID)) + "@example.vn"
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Vũ Thị Lan", "mat khau dai")
		if err != nil {
			return err
		}
		return authz.GrantPlatformRole(t.Context(), tx, account, authz.Ministry)
	}); err != nil {
		t.Fatal(err)
	}
	token := authztest.SignIn(t, e.DB, email, "mat khau dai", nil)
	var answers []*httptest.ResponseRecorder
	for _, path := range paths {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(token)})
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		answers = append(answers, w)
	}
	return answers
}

func TestPagesShowDraftsMapFunnelAndTable(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	programme(t, e, e.Scope, "ho-chi-minh")
	draft, _ := e.NewTenant(t)
	setState(t, e, draft.ID, tenant.Draft)
	answers := page(t, e, "/bo", "/bo?chi-so="+kpi.StageList, "/bo/"+e.Tenant.Slug, "/bo/"+draft.Slug, "/bo/khong-co", "/bo?xuat=csv&sap=-stages", "/bo?q="+url.QueryEscape(draft.Slug[strings.Index(draft.Slug, "-")+1:]))
	for i, want := range []struct {
		status int
		texts  []string
	}{
		{200, []string{e.Tenant.Name + ", Số bước đã đạt: 2/5", draft.Name + ": chưa vận hành", "Tháng 01/2022: 55/63 (NBC)", "Tháng 01/2022: 25/63 (NBC)", "34/34 tỉnh", "Định nghĩa các chỉ số"}},
		{200, []string{e.Tenant.Name + ", Sản phẩm đặc trưng, ưu tiên đã xác định: 7"}},
		{200, []string{e.Tenant.Name, "Năm bước triển khai", "Sản phẩm đặc trưng, ưu tiên đã xác định: 7"}},
		{200, []string{"chưa vận hành trên hệ thống"}},
		{404, []string{"Không có tỉnh, thành phố này"}},
		{200, []string{"Tỉnh, thành phố", e.Tenant.Name, "2/5"}},
		{200, []string{draft.Name}},
	} {
		if answers[i].Code != want.status {
			t.Errorf("page %d: got status %d, want %d", i, answers[i].Code, want.status)
		}
		for _, text := range want.texts {
			if !strings.Contains(answers[i].Body.String(), text) {
				t.Errorf("page %d lacks %q", i, text)
			}
		}
	}
}

func TestFunnelCountsProvincesThatReachedAStage(t *testing.T) {
	t.Parallel()
	list := []Province{
		{values: map[string]kpi.Value{kpi.StagePlan: {Numerator: 2}, kpi.StageDeployed: {Numerator: 40}}},
		{values: map[string]kpi.Value{kpi.StagePlan: {Numerator: 1}, kpi.StageTraining: {Numerator: 0, Denominator: 3}}},
		{},
	}
	var got []int64
	for _, f := range funnel(nationView{provinces: list}) {
		got = append(got, f.Count)
		if f.Of != 3 {
			t.Errorf("%s: of %d, want 3", f.Label, f.Of)
		}
	}
	if want := []int64{2, 0, 0, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProvincesWithoutNumbersComeLastUnlessAnOrderIsChosen(t *testing.T) {
	t.Parallel()
	province := func(name string, s tenant.State, computed int64) Province {
		p := Province{registration: registration{Name: name, State: s}}
		if computed != 0 {
			p.ComputedAt = time.Unix(computed, 0)
		}
		return p
	}
	all := []Province{
		province("An Giang", tenant.Draft, 0), province("Cà Mau", tenant.Active, 0), province("Nghệ An", tenant.Active, 1), province("Bắc Ninh", tenant.Active, 1),
	}
	for order, want := range map[string]string{"": "Bắc Ninh, Nghệ An, An Giang, Cà Mau", "name": "An Giang, Bắc Ninh, Cà Mau, Nghệ An"} {
		var names []string
		for _, p := range slices.SortedFunc(slices.Values(all), orders(nationView{})[order]) {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("order %q: got %s, want %s", order, got, want)
		}
	}
}

func TestShadesFollowValues(t *testing.T) {
	t.Parallel()
	count, _ := kpi.MeasureOf(kpi.Organizations)
	share, _ := kpi.MeasureOf(kpi.TasksDone)
	province := func(m kpi.Measure, num, den int64) Province {
		return Province{ComputedAt: time.Unix(1, 0), values: map[string]kpi.Value{m.Key: {Numerator: num, Denominator: den}}}
	}
	counts := measureScale(count, []Province{province(count, 0, 0), province(count, 8, 0)})
	for v, want := range map[int64]int{0: 1, 1: 2, 2: 2, 3: 3, 4: 3, 6: 4, 7: 5, 8: 5} {
		if got := counts.level(province(count, v, 0)); got != want {
			t.Errorf("%d of 8: got level %d, want %d", v, got, want)
		}
	}
	if want := []string{"0", "1–2", "3–4", "5–6", "7–8"}; !slices.Equal(counts.legend, want) {
		t.Errorf("legend: got %q, want %q", counts.legend, want)
	}
	shares := measureScale(share, nil)
	for v, want := range map[int64]int{0: 1, 19: 1, 20: 2, 59: 3, 79: 4, 80: 5, 100: 5} {
		if got := shares.level(province(share, v, 100)); got != want {
			t.Errorf("%d %%: got level %d, want %d", v, got, want)
		}
	}
	if len(shares.legend) != 5 || len(stageScale().legend) != 5 {
		t.Error("a legend has not five words")
	}
}
