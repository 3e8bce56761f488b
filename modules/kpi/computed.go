package kpi

import "txng/modules/plan"

// computation is how a measure of the plans is computed here.
type computation struct {
	how                    string // added to the definition
	numerator, denominator string // "" keeps the plan's words
	ofTasks                bool
	rows                   string
}

// activated says of a product p that traceability is in use: stamps of it were activated.
const activated = `exists (
		select from stamps.stamp_order o
		join stamps.stamp_range r on r.tenant_id = o.tenant_id and r.order_number = o.number and r.state = 'activated'
		where o.tenant_id = any ($1) and o.tenant_id = p.tenant_id and o.product_id = p.id)`

// computed are the measures that can be computed from rows. The others wait for departments' own reports: the platform
// has no record of who took part in a class, who asked for support, and what the national portal took over.
var computed = map[plan.MeasureKey]computation{
	plan.OrgsWithBarcodeTracedPercent: {
		how:         "Hệ thống tính một tổ chức là có truy xuất nguồn gốc khi đã kích hoạt tem cho ít nhất một lô hàng.",
		numerator:   "Chủ thể đã duyệt, sử dụng mã số mã vạch, có tem đã kích hoạt",
		denominator: "Chủ thể đã duyệt, sử dụng mã số mã vạch",
		rows: `
			select o.tenant_id, o.id as org_id, o.name, case when u.org_id is null then 'Chưa kích hoạt tem' else 'Đã kích hoạt tem' end as detail,
				'/to-chuc/' || o.id as link, (u.org_id is not null)::int::bigint as numerator, 1::bigint as denominator
			from organization.organization o
			left join (
				select distinct r.tenant_id, r.org_id
				from stamps.stamp_range r
				where r.tenant_id = any ($1) and r.state = 'activated') u on u.tenant_id = o.tenant_id and u.org_id = o.id
			where o.tenant_id = any ($1) and o.state = 'approved' and o.uses_barcode and $2::bigint is not null`,
	},
	plan.PriorityProductsTracedPercent:  listTraced("uu-tien", "ưu tiên"),
	plan.MandatoryProductsTracedPercent: listTraced("bat-buoc", "bắt buộc"),
	plan.ExportProductsTracedPercent: {
		how:         "Hệ thống tính trên mọi sản phẩm đã công bố mà chủ thể khai là có xuất khẩu.",
		numerator:   "Sản phẩm xuất khẩu đã công bố, có tem đã kích hoạt",
		denominator: "Sản phẩm xuất khẩu đã công bố",
		rows: `
			select p.tenant_id, p.org_id, p.name, 'GTIN ' || p.gtin || case when x.used then ' · đã kích hoạt tem' else ' · chưa kích hoạt tem' end as detail,
				'/san-pham/' || p.id as link, x.used::int::bigint as numerator, 1::bigint as denominator
			from catalog.product p
			cross join lateral (select ` + activated + ` as used) x
			where p.tenant_id = any ($1) and p.state = 'published' and p.exported and $2::bigint is not null`,
	},
	plan.CoursesAwarenessCount: ofTasks("Đào tạo, tập huấn đếm theo khóa, lớp, nội dung nâng cao nhận thức",
		`t.task_group = 'dao-tao' and lower(t.unit) in ('khóa', 'lớp') and lower(t.text) like '%nhận thức%'`),
	plan.CoursesGuidanceCount: ofTasks("Đào tạo, tập huấn đếm theo khóa, lớp, nội dung hướng dẫn, tư vấn",
		`t.task_group = 'dao-tao' and lower(t.unit) in ('khóa', 'lớp') and lower(t.text) not like '%nhận thức%'
			and (lower(t.text) like '%hướng dẫn%' or lower(t.text) like '%tư vấn%')`),
	plan.WorkshopsCount:     ofTasks("Nhiệm vụ có đơn vị tính “hội thảo”", `lower(t.unit) = 'hội thảo'`),
	plan.ModelsCount:        ofTasks("Nhiệm vụ có đơn vị tính “mô hình”", `lower(t.unit) = 'mô hình'`),
	plan.PortalRunningCount: ofTasks("Nhiệm vụ hạ tầng có đơn vị tính “cổng”", `t.task_group = 'ha-tang' and lower(t.unit) = 'cổng'`),
}

// listTraced counts the entries of one of the province's lists that have a published product with activated stamps.
func listTraced(list, word string) computation {
	return computation{
		how:         "Hệ thống tính một nhóm sản phẩm là đã áp dụng khi có ít nhất một sản phẩm đã công bố thuộc nhóm có tem đã kích hoạt.",
		numerator:   "Nhóm sản phẩm trong danh mục " + word + " có sản phẩm đã kích hoạt tem",
		denominator: "Nhóm sản phẩm trong danh mục " + word,
		rows: `
			select l.tenant_id, l.name, ` + grouped(`x.products`) + ` || ' sản phẩm đã công bố · ' || ` + grouped(`x.used`) + ` || ' sản phẩm đã kích hoạt tem' as detail, '/danh-muc' as link,
				(x.used > 0)::int::bigint as numerator, 1::bigint as denominator
			from catalog.list_item l
			cross join lateral (
				select count(*) as products, count(*) filter (where ` + activated + `) as used
				from catalog.product p
				where p.tenant_id = any ($1) and p.tenant_id = l.tenant_id and p.list_item_id = l.id and p.state = 'published') x
			where l.tenant_id = any ($1) and l.list = '` + list + `' and $2::bigint is not null`,
	}
}

// ofTasks sums up what the tasks of a kind report as done, against what the plan wants.
func ofTasks(which, condition string) computation {
	return computation{
		how:         "Hệ thống cộng số đã thực hiện trong báo cáo nhiệm vụ. Nhiệm vụ được tính: " + which + ".",
		numerator:   "Số đã thực hiện theo báo cáo nhiệm vụ",
		denominator: "Số kế hoạch giao",
		ofTasks:     true,
		rows:        taskRows(`t.done::bigint`, `t.planned::bigint`, condition),
	}
}

// taskRows selects tasks.
func taskRows(numerator, denominator, condition string) string {
	return `
			select t.tenant_id, t.code || ' – ' || t.text as name,
				case t.state when 'done' then 'Hoàn thành' when 'doing' then 'Đang thực hiện' else 'Đã giao' end
					|| case when t.planned > 0 then ' · ' || ` + grouped(`t.done`) + ` || '/' || ` + grouped(`t.planned`) + ` || ' ' || t.unit else '' end as detail,
				'/nhiem-vu/' || t.id as link, ` + numerator + ` as numerator, ` + denominator + ` as denominator
			from plan.task t
			where t.tenant_id = any ($1) and ($2::bigint = 0 or t.plan_id = $2) and ` + condition
}
