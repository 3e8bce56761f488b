package catalog

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

func path(id ProductID) string { return "/san-pham/" + strconv.FormatInt(int64(id), 10) }

func (s State) status() ui.Status {
	if s == Published {
		return ui.Status{Kind: "success", Word: "Đã công bố"}
	}
	return ui.Status{Kind: "neutral", Word: "Nháp"}
}

// complete says how many of the nine items a product has.
func complete(p Product) string {
	return strconv.Itoa(len(Items)-len(Missing(p))) + "/" + strconv.Itoa(len(Items))
}

func listOptions() []ui.Option {
	options := []ui.Option{{Value: "", Label: "Tất cả"}}
	for _, l := range Lists {
		options = append(options, ui.Option{Value: string(l.List), Label: l.Name})
	}
	return options
}

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	l := web.Listing[Product]{
		Origin: func(row Product) tenant.ID { return row.TenantID },
		Title:  "Sản phẩm", Purpose: "Sản phẩm đã khai báo, với mức đầy đủ của chín nội dung theo Nghị định 37/2026/NĐ-CP.",
		File: "san-pham", Order: "-created",
		Columns: []web.Column[Product]{
			{Key: "name", Label: "Sản phẩm", Value: func(p Product) any { return p.Name }, Cell: func(p Product) templ.Component {
				if q.Who.Org != 0 {
					return ui.Anchor(path(p.ID), p.Name)
				}
				return ui.AnchorPhone(path(p.ID), p.Name, p.OrgName)
			}},
			{Label: "GTIN", Value: func(p Product) any { return p.GTIN.Display() }},
			{Label: "Chủ thể", HidePhone: true, Value: func(p Product) any { return p.OrgName }},
			{Label: "Nội dung", Value: func(p Product) any { return complete(p) }},
			{Label: "Trạng thái", Value: func(p Product) any { return p.State.status().Word }, Cell: func(p Product) templ.Component { return ui.Badge(p.State.status()) }},
			{Key: "created", Label: "Ngày khai báo", HidePhone: true, Value: func(p Product) any { return vi.Date(p.CreatedAt) }},
		},
		Filters: []ui.Field{
			{Name: "q", Label: "Tên, nhãn hiệu hoặc GTIN", Type: "search"},
			{Name: "state", Label: "Trạng thái", Type: "select", Options: []ui.Option{{Value: "", Label: "Tất cả"}, {Value: "draft", Label: "Nháp"}, {Value: "published", Label: "Đã công bố"}}},
			{Name: "list", Label: "Danh mục", Type: "select", Options: listOptions()},
		},
		Empty: ui.Empty{Icon: "package", Why: "Chưa có sản phẩm nào.", Next: "Sản phẩm do chủ thể khai báo sau khi đăng ký."},
		Load: func(tx tenant.Tx, l web.Query) ([]Product, int, error) {
			return Search(q.Context(), tx, l)
		},
	}
	if why := q.Confined(); why != "" {
		l.Purpose, l.Empty = why, ui.Empty{Icon: "package", Why: "Không có sản phẩm nào trong phạm vi của bạn.", Next: "Phạm vi do quản trị Sở Khoa học và Công nghệ phân công."}
	}
	if q.Who.Org != 0 { // all are its own
		l.Columns = slices.DeleteFunc(l.Columns, func(c web.Column[Product]) bool { return c.Label == "Chủ thể" })
	}
	if q.Who.Can(authz.ProductEdit) {
		l.Primary = ui.Link{Label: "Khai báo sản phẩm", Href: "/san-pham/moi", Icon: "plus"}
		l.Empty.Next, l.Empty.Action = "Khai báo sản phẩm đầu tiên để đặt tem.", l.Primary
	}
	return l.Answer(q, tx)
}

func showNew(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	items, err := ListItems(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	options := []ui.Option{{Value: "", Label: "Không thuộc danh mục nào"}}
	for _, i := range items {
		if i.TenantID == tx.Tenant() {
			options = append(options, ui.Option{Value: strconv.FormatInt(i.ID, 10), Label: i.Name, Group: i.List.Name()})
		}
	}
	shell := q.Shell("Khai báo sản phẩm", "Chín nội dung theo khoản 5 Điều 23 Nghị định 37/2026/NĐ-CP; nội dung không hỏi ở đây lấy từ hồ sơ chủ thể và lô hàng.")
	shell.Crumbs = []ui.Link{{Label: "Sản phẩm", Href: "/san-pham"}}
	return q.Show(shell, newPage(q.Fields(
		ui.Field{Name: "gtin", Label: "Mã GTIN", Hint: "8, 12, 13 hoặc 14 số in dưới mã vạch; mã của Việt Nam bắt đầu bằng 893", InputMode: "numeric", MaxLength: 20},
		ui.Field{Name: "name", Label: "Tên sản phẩm", MaxLength: 200},
		ui.Field{Name: "brand", Label: "Thương hiệu, nhãn hiệu", MaxLength: 120, Optional: true},
		ui.Field{Name: "origin", Label: "Xuất xứ", Hint: "Nơi trồng, nuôi, sản xuất. Ví dụ: Xã Nghi Lộc, tỉnh Nghệ An, Việt Nam", MaxLength: 200},
		ui.Field{Name: "standard", Label: "Tiêu chuẩn, quy chuẩn áp dụng", Hint: "TCVN, QCVN, tiêu chuẩn quốc tế hoặc tiêu chuẩn cơ sở. Ví dụ: TCCS 01:2026, VietGAP. Cần có khi công bố sản phẩm", MaxLength: 200, Optional: true},
		ui.Field{Name: "shelf_life", Label: "Hạn sử dụng", Hint: "Ví dụ: 12 tháng kể từ ngày sản xuất", MaxLength: 120, Optional: true},
		ui.Field{Name: "group", Label: "Nhóm sản phẩm", Hint: "Sở, ngành phụ trách nhóm này sẽ theo dõi sản phẩm", Type: "select", Options: groupOptions()},
		ui.Field{Name: "list_item", Label: "Nhóm trong danh mục của tỉnh", Type: "select", Options: options, Optional: true},
		ui.Field{Name: "description", Label: "Mô tả", Type: "textarea", Rows: 4, MaxLength: 2000, Optional: true},
		ui.Field{Name: "exported", Label: "Sản phẩm có xuất khẩu", Type: "checkbox", Optional: true},
	))), nil
}

func submitNew(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	item, _ := strconv.ParseInt(q.Value("list_item"), 10, 64)
	id, err := Create(q.Context(), tx, q.Who, NewProduct{
		GTIN: q.Value("gtin"), Name: q.Value("name"), Brand: q.Value("brand"), Description: q.Value("description"),
		Origin: q.Value("origin"), Standard: q.Value("standard"), ShelfLife: q.Value("shelf_life"), ListItemID: item,
		Group: q.Value("group"), Exported: q.Value("exported") != "",
	})
	if err != nil {
		return web.Answer{}, err
	}
	return web.See(path(id)).Say("Đã khai báo sản phẩm. Thêm hình ảnh rồi công bố."), nil
}

func show(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	ctx := q.Context()
	p, err := Find(ctx, tx, ProductID(id))
	if err != nil {
		return web.Answer{}, err
	}
	item, listed, err := listItemOf(ctx, tx, p)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(ctx, tx, p.TenantID, "product", id)
	if err != nil {
		return web.Answer{}, err
	}
	under := "Không thuộc danh mục nào"
	if listed {
		under = item.Name + " (" + item.List.Name() + ")"
	}
	shell := q.Shell(p.Name, "GTIN "+p.GTIN.Display()+" · "+p.OrgName+q.From(p.TenantID))
	shell.Crumbs = []ui.Link{{Label: "Sản phẩm", Href: "/san-pham"}}
	if p.State == Published && q.Who.Can(authz.StampOrder) {
		shell.Primary = ui.Link{Label: "Đặt tem", Href: "/tem/dat?san-pham=" + strconv.FormatInt(id, 10), Icon: "qrcode"}
	}
	return q.Show(shell, productPage(p, under, audit.Lines(history), q)), nil
}

func photo(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	ph, err := PhotoOf(q.Context(), tx, ProductID(id))
	if err != nil {
		return web.Answer{}, err
	}
	return web.Bytes(ph.Type, ph.Bytes).With("Cache-Control", "private, max-age=60"), nil
}

func submitPhoto(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	f, _, err := q.File("photo")
	if err != nil {
		return web.Answer{}, err
	}
	defer f.Close()
	ph, err := ReadPhoto(f)
	if err != nil {
		return web.Answer{}, err
	}
	if err := SetPhoto(q.Context(), tx, q.Who, ProductID(id), ph); err != nil {
		return web.Answer{}, err
	}
	return web.See(path(ProductID(id))).Say("Đã lưu hình ảnh."), nil
}

func submitPublish(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	if err := Publish(q.Context(), tx, q.Who, ProductID(id)); err != nil {
		return web.Answer{}, err
	}
	return web.See(path(ProductID(id))).Say("Đã công bố sản phẩm."), nil
}

func showLists(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	if tx.Tenant() != q.Who.Tenant { // communes that came from another province: its lists are its own
		return web.Answer{}, fault.NotFound
	}
	form := q.Who.Can(authz.CatalogList)
	l := web.Listing[ListItem]{
		Origin: func(row ListItem) tenant.ID { return row.TenantID },
		Title:  "Danh mục sản phẩm", Purpose: "Sản phẩm bắt buộc, ưu tiên và đặc thù phải truy xuất nguồn gốc theo kế hoạch của tỉnh.",
		File: "danh-muc-san-pham", Order: "list",
		Columns: []web.Column[ListItem]{
			{Key: "name", Label: "Nhóm sản phẩm", Value: func(i ListItem) any { return i.Name }},
			{Key: "list", Label: "Danh mục", Value: func(i ListItem) any { return i.List.Name() }},
			{Label: "Căn cứ", Value: func(i ListItem) any { return official(i) }, Cell: func(i ListItem) templ.Component { return basis(i) }},
		},
		Filters: []ui.Field{
			{Name: "q", Label: "Tên", Type: "search"},
			{Name: "list", Label: "Danh mục", Type: "select", Options: listOptions()},
		},
		Empty: ui.Empty{Icon: "list", Why: "Danh mục chưa có sản phẩm nào.", Next: "Nhập kế hoạch của tỉnh, hoặc thêm từng nhóm sản phẩm."},
		Load: func(tx tenant.Tx, l web.Query) ([]ListItem, int, error) {
			return searchList(q.Context(), tx, l)
		},
	}
	if form {
		l.Above = listForm(q)
	}
	return l.Answer(q, tx)
}

func official(i ListItem) string {
	if i.Official {
		return "Danh mục chính thức"
	}
	return "Nguồn có nêu, tỉnh chưa ban hành"
}

func submitListItem(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	n, err := AddListItems(q.Context(), tx, q.Who, []NewListItem{{
		List: List(q.Value("to_list")), Name: q.Value("name"), Source: q.Value("source"), Official: q.Value("official") != "",
	}})
	if err != nil {
		return web.Answer{}, err
	}
	if n == 0 {
		return web.See("/danh-muc").Say("Nhóm sản phẩm này đã có trong danh mục."), nil
	}
	return web.See("/danh-muc").Say("Đã thêm vào danh mục."), nil
}
