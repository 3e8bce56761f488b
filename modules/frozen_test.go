package modules_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/authz"
	"txng/modules"
	"txng/modules/internal/gs1"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// place is a province with a product, 100 stamps of which the first 50 are activated, a picture, and a domain of its own.
type place struct {
	tenant.Tenant
	product int64
	gtin    gs1.GTIN
	order   int
	keys    *stamps.Keys
}

func (p place) stamp(index int) string {
	return "/01/" + string(p.gtin) + "/21/" + string(p.keys.Order(string(p.gtin), int(p.ID), p.order).Serial(index))
}

// settle makes a tenant a place.
func settle(t *testing.T, w *tracetest.World, keys *stamps.Keys, of tenant.Tenant, scope tenant.Scope) place {
	t.Helper()
	org, product, gtin := w.AddProduct(t, scope, "HTX "+of.Slug, "Cam "+of.Slug)
	who := authz.Identity{Account: 1, Name: "Nguyễn Văn Bình", Role: authz.OrgOwner, Tenant: of.ID, Org: org}
	p := place{Tenant: of, product: product, gtin: gtin, keys: keys}
	p.Domain = "txng-" + of.Slug + ".gov.vn"
	w.In(t, scope.Of(org), func(tx tenant.Tx) error {
		order, err := stamps.PlaceOrder(t.Context(), tx, who, stamps.NewOrder{Product: product, Quantity: 100, Request: "r"})
		if err != nil {
			return err
		}
		p.order = order.Number
		lot, err := trace.CreateLot(t.Context(), tx, who, trace.NewLot{Product: product, Code: "LO-1", Place: "Vườn số 3", Produced: tx.Now().AddDate(0, 0, -2)})
		if err != nil {
			return err
		}
		if _, err := trace.Record(t.Context(), tx, who, trace.NewEvent{Lot: lot, Kind: trace.Harvest, At: tx.Now().Add(-time.Hour), Place: "Vườn số 3"}); err != nil {
			return err
		}
		return stamps.Activate(t.Context(), tx, who, stamps.Ref{Number: order.Number}, 0, 49, lot)
	})
	owner := w.Env.Owner(t)
	for sql, args := range map[string][]any{
		"update tenant.tenant set domain = $2, contact = 'Gọi ' || slug where id = $1":                                {of.ID, p.Domain},
		"insert into tenant.logo (tenant_id, digest, png, changed_at) values ($1, repeat('0', 32), 'picture', now())": {of.ID},
	} {
		if _, err := owner.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	w.DB.Forget()
	return p
}

// fingerprint returns a hash of each table's rows of a tenant, beside those that shoppers write.
func fingerprint(t *testing.T, conn *pgx.Conn, of tenant.ID) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select n.nspname || '.' || c.relname
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
		where c.relkind = 'r' and n.nspname !~ '^pg_'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	ask := func(name, sql string) {
		var hash string
		if err := conn.QueryRow(t.Context(), sql).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		all[name] = hash
	}
	for _, table := range tables {
		if !slices.Contains(tenant.Visited, table) {
			ask(table, fmt.Sprintf("select coalesce(md5(string_agg(x::text, ' ' order by x::text)), '') from %s x where tenant_id = %d", table, of))
		}
	}
	ask("river.river_job", fmt.Sprintf("select count(*)::text from river.river_job where args @> '{\"tenant\": %d}'", of))
	if len(all) < 30 {
		t.Fatalf("only %d tables of tenants", len(all))
	}
	return all
}

// TestPublicPagesStayInEveryState walks what people who are not signed in see of a province, by every address, in every
// state that a province with stamps on the shelves can be in.
func TestPublicPagesStayInEveryState(t *testing.T) {
	t.Parallel()
	w := tracetest.Alone(t)
	keys, err := stamps.KeysOf(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	app := modules.New(modules.Config{DB: w.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "txng.test"}, Log: slog.New(slog.DiscardHandler)}, keys)
	t.Cleanup(app.Close)
	handler := app.Handler()
	get := func(host, path string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Host = host
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		body, _ := io.ReadAll(rec.Result().Body)
		return rec.Code, string(body)
	}
	newPlace := func() place {
		of, scope := w.NewTenant(t)
		return settle(t, w, keys, of, scope)
	}
	heir := newPlace()
	by := tenant.By{Name: "Vận hành"}
	move := func(p place, to ...tenant.State) {
		t.Helper()
		for _, s := range to {
			if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				_, err := tenant.Move(t.Context(), tx, by, p.ID, s, "theo công văn của Sở")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	merge := func(p place) {
		t.Helper()
		if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Merge(t.Context(), tx, tenant.NewMerger{Origin: p.ID, Successor: heir.ID, Effective: time.Now(), Basis: "Nghị quyết 1", By: by})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w.DB.Forget()
		if now, err := w.DB.Tenant(t.Context(), p.ID); err != nil || now.State != tenant.Merged {
			t.Fatalf("after the merger: %s, %v", now.State, err)
		}
	}
	owner := w.Env.Owner(t)
	for _, c := range []struct {
		name   string
		become func(place)
		note   string // on pages of products and stamps
		signUp string
		merged bool
	}{
		{name: "active", become: func(place) {}, signUp: "Gửi hồ sơ đăng ký"},
		{name: "suspended", become: func(p place) { move(p, tenant.Suspended) }, note: "đang tạm dừng chương trình", signUp: "hiện không nhận đăng ký"},
		{name: "archived", become: func(p place) { move(p, tenant.Suspended, tenant.Archived) }, note: "đã đóng chương trình", signUp: "hiện không nhận đăng ký"},
		{name: "merged", become: merge, signUp: "hiện không nhận đăng ký", merged: true},
		{name: "merged and archived", become: func(p place) { merge(p); move(p, tenant.Archived) }, note: "đã sáp nhập vào " + heir.Name + " và đã đóng", signUp: "hiện không nhận đăng ký", merged: true},
	} {
		p := newPlace()
		c.become(p)
		w.DB.Forget()
		contact, notContact := "Gọi "+p.Slug, "Gọi "+heir.Slug
		if c.merged {
			contact, notContact = notContact, contact
		}
		before := fingerprint(t, owner, p.ID)
		for i, host := range []string{"txng.test", p.Slug + ".txng.test", p.Domain} {
			own := host != "txng.test"
			check := func(what, path string, status int, has, lacks []string) {
				t.Helper()
				got, body := get(host, path)
				if got != status {
					t.Errorf("%s, %s at %s: status %d, want %d", c.name, what, host, got, status)
				}
				for _, text := range has {
					if !strings.Contains(body, text) {
						t.Errorf("%s, %s at %s: the page lacks %q", c.name, what, host, text)
					}
				}
				for _, text := range lacks {
					if text != "" && strings.Contains(body, text) {
						t.Errorf("%s, %s at %s: the page has %q", c.name, what, host, text)
					}
				}
			}
			stamp, idle := p.stamp(i), p.stamp(60+i)
			var none []string
			if c.note == "" {
				none = []string{"chương trình truy xuất nguồn gốc"}
			}
			check("first scan", stamp, 200, []string{"Tem hợp lệ", "lần quét đầu tiên", "is-genuine", "Cam " + p.Slug, "LO-1", contact, c.note, "tinh=" + p.Slug}, append(none, notContact))
			check("second scan", stamp, 200, []string{"đã được quét 2 lần", c.note}, nil)
			check("in English", stamp+"?lang=en", 200, []string{"Valid stamp", "scanned 3 times"}, nil)
			check("stamp that is not activated", idle, 200, []string{"Tem chưa kích hoạt", "is-caution"}, nil)
			check("product", "/01/"+string(p.gtin), 200, []string{"Cam " + p.Slug, c.note}, none)
			check("photo", fmt.Sprintf("/anh/%d/%d", p.ID, p.product), 200, nil, nil)
			check("picture of the province", "/logo/"+p.Slug+"/"+strings.Repeat("0", 32), 200, []string{"picture"}, nil)
			check("report of a fake", "/bao-loi?ma=01/21&tinh="+p.Slug, 200, []string{"Nghi hàng giả", contact}, []string{notContact})
			check("help", "/tro-giup", 200, nil, nil)
			check("units", "/don-vi-hanh-chinh", 200, nil, nil)
			check("sign-in", "/dang-nhap", 200, []string{"Đăng nhập"}, nil)
			check("home", "/", 303, nil, nil)
			check("forged stamp", "/01/"+string(p.gtin)+"/21/1ABCDEFGHJKMNPQRSTVW", 404, []string{"Tem không có trong hệ thống"}, nil)
			check("sign-up of its own", "/dang-ky?tinh="+p.Slug, 200, []string{c.signUp}, nil)
			if own {
				check("report without a stamp", "/bao-loi", 200, []string{contact}, []string{notContact})
				check("sign-up", "/dang-ky", 200, []string{c.signUp}, nil)
			}
		}
		var scans, serials int
		if err := owner.QueryRow(t.Context(), `
			select (select count(*) from scan.scan where tenant_id = $1), (select sum(count) from scan.serial where tenant_id = $1)`, p.ID).Scan(&scans, &serials); err != nil || scans != 12 || serials != 12 {
			t.Errorf("%s: %d scans are recorded, %d counted, %v; want 12", c.name, scans, serials, err)
		}
		if c.name == "active" || c.name == "merged" {
			continue // whose figures are computed anew
		}
		for table, hash := range fingerprint(t, owner, p.ID) {
			if c.note != "" && hash != before[table] {
				t.Errorf("%s: shoppers have changed %s", c.name, table)
			}
		}
	}
}
