// Package home has the pages that belong to no single subject: the first page of each role, the search over everything,
// help, and the report of a fault.
//
// Tables: none. URLs: /, /tim, /tro-giup, /bao-loi, and for the cluster /song (alive) and /khoe (ready).
package home

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"txng/authz"
	"txng/billing"
	"txng/modules/catalog"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/kpi"
	"txng/modules/onboarding"
	"txng/modules/organization"
	"txng/tenant"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Self(http.MethodGet, "/", first)
	a.Self(http.MethodGet, "/tim", search)
	a.Open(http.MethodGet, "/tro-giup", "help is for everybody", help)
	a.Open(http.MethodGet, "/bao-loi", "a fault may keep people from signing in", report)
	a.Open(http.MethodGet, "/song", "the cluster asks whether the process lives", func(*web.Request) (web.Answer, error) {
		return web.Bytes("text/plain", []byte("ok\n")), nil
	})
	a.Open(http.MethodGet, "/khoe", "the cluster asks whether the process can serve", func(q *web.Request) (web.Answer, error) {
		return web.Bytes("text/plain", []byte("ok\n")), q.App().DB.Ping(q.Context())
	})
	a.Menu("", "Trang đầu", "/", "home", authz.AccountSelf)
}

// first sends each role to where its work begins.
func first(q *web.Request) (web.Answer, error) {
	switch {
	case q.Who.Role == authz.Operator:
		return web.See("/tinh"), nil
	case q.Who.Role == authz.Ministry:
		return web.See("/bo"), nil
	}
	scope, err := q.Scope()
	if err != nil {
		return web.Answer{}, err
	}
	var answer web.Answer
	err = q.App().DB.View(q.Context(), scope, func(tx tenant.Tx) (err error) {
		if q.Who.Role.OfOrganization() {
			answer, err = business(q, tx)
		} else {
			answer, err = officer(q, tx)
		}
		return err
	})
	return answer, err
}

// step is a line of a checklist.
type step = onboarding.Item

func officer(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	ctx := q.Context()
	var stats []ui.Stat
	var err error
	if q.Who.Can(authz.KPIView) {
		if stats, err = kpi.Summary(ctx, tx); err != nil {
			return web.Answer{}, err
		}
	}
	waiting, oldest, err := organization.PendingCount(ctx, tx)
	if err != nil {
		return web.Answer{}, err
	}
	steps, err := onboarding.Checklist(ctx, tx)
	if err != nil {
		return web.Answer{}, err
	}
	todo := ""
	if waiting > 0 && q.Who.Can(authz.OrganizationAdmit) {
		todo = vi.Int(int64(waiting)) + " hồ sơ chủ thể chờ duyệt, cũ nhất từ " + vi.Ago(*oldest, q.Now()) + "."
	}
	shell := q.Shell("Chương trình truy xuất nguồn gốc – "+q.Tenant.Name, "Tình hình thực hiện kế hoạch, tính trực tiếp từ dữ liệu trên hệ thống.")
	if why := q.Confined(); why != "" {
		shell.Purpose = why
	}
	return q.Show(shell, officerPage(q.Who, todo, stats, steps)), nil
}

func business(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	ctx := q.Context()
	o, err := organization.Find(ctx, tx, q.Who.Org)
	if err != nil {
		return web.Answer{}, err
	}
	b, err := billing.BalanceOf(ctx, tx, o.ID)
	if err != nil {
		return web.Answer{}, err
	}
	row, err := tenant.One[struct{ Products, Published, Lots, Orders, Active int64 }](ctx, tx, `
		select (select count(*) from catalog.product where tenant_id = any ($1)) as products,
			(select count(*) from catalog.product where tenant_id = any ($1) and state = 'published') as published,
			(select count(*) from trace.lot where tenant_id = any ($1)) as lots,
			(select count(*) from stamps.stamp_order where tenant_id = any ($1)) as orders,
			(select count(*) from stamps.stamp_range where tenant_id = any ($1) and state = 'activated') as active`)
	if err != nil {
		return web.Answer{}, err
	}
	steps := []step{
		{Label: "Hồ sơ được duyệt", Hint: "Sở Khoa học và Công nghệ xem hồ sơ", Href: "/don-vi", Done: o.State == organization.Approved, Needs: authz.OrganizationOwn},
		{Label: "Khai báo sản phẩm", Hint: "Mã GTIN, tên, xuất xứ, hình ảnh", Href: "/san-pham", Done: row.Products > 0, Needs: authz.CatalogView},
		{Label: "Công bố sản phẩm", Hint: "Đủ nội dung theo Nghị định 37/2026/NĐ-CP", Href: "/san-pham", Done: row.Published > 0, Needs: authz.CatalogView},
		{Label: "Đặt tem", Hint: "Trong hạn mức còn lại", Href: "/tem/dat", Done: row.Orders > 0, Needs: authz.StampOrder},
		{Label: "Ghi lô hàng", Hint: "Ngày, nơi thu hoạch hoặc sản xuất", Href: "/lo-hang/moi", Done: row.Lots > 0, Needs: authz.LotEdit},
		{Label: "Kích hoạt tem cho lô", Hint: "Người tiêu dùng quét được từ lúc này", Href: "/tem", Done: row.Active > 0, Needs: authz.StampView},
	}
	shell := q.Shell(o.Name, "Việc cần làm và số tem còn lại của đơn vị.")
	return q.Show(shell, businessPage(q.Who, o, b, steps)), nil
}

// stampAddress is the part of a stamp's address that leads to its page.
var stampAddress = regexp.MustCompile(`(?i)/01/[0-9]{8,14}(/21/[0-9A-Za-z]{1,20})?$`)

// search looks for products and organizations, and opens a stamp's public page when given its serial or its address.
func search(q *web.Request) (web.Answer, error) {
	text := strings.TrimSpace(q.URL.Query().Get(ui.QuerySearch))
	if q.Who.Tenant == 0 {
		return web.See("/"), nil
	}
	if i := stampAddress.FindStringIndex(text); i != nil {
		return web.See((&url.URL{Path: text[i[0]:]}).EscapedPath()), nil
	}
	scope, err := q.Scope()
	if err != nil {
		return web.Answer{}, err
	}
	var products []catalog.Product
	var organizations []organization.Organization
	query := web.Query{Values: q.URL.Query(), Order: "name", Limit: 10}
	if text != "" {
		err = q.App().DB.View(q.Context(), scope, func(tx tenant.Tx) (err error) {
			if q.Who.Can(authz.CatalogView) {
				if products, _, err = catalog.Search(q.Context(), tx, query); err != nil {
					return err
				}
			}
			if q.Who.Can(authz.OrganizationView) {
				organizations, _, err = organization.Search(q.Context(), tx, query)
			}
			return err
		})
		if err != nil {
			return web.Answer{}, err
		}
	}
	shell := q.Shell("Tìm kiếm", "Sản phẩm, chủ thể; gõ không dấu, không cần đúng thứ tự từ.")
	shell.Query = text
	return q.Show(shell, searchPage(text, products, organizations)), nil
}

func help(*web.Request) (web.Answer, error) { return web.Page(helpPage()), nil }

func productPath(p catalog.Product) string { return "/san-pham/" + strconv.FormatInt(int64(p.ID), 10) }

func organizationPath(o organization.Organization) string {
	return "/to-chuc/" + strconv.FormatInt(int64(o.ID), 10)
}
