package kpi

import "txng/modules/plan"

// doneTask is 1 for a task that is done.
const doneTask = `(t.state = 'done')::int::bigint`

// followed are the measures of the national funnel and of daily work.
var followed = []Measure{
	{
		Key: StagePlan, Kind: plan.Count, Name: "Kế hoạch đã ban hành",
		Definition: "Số kế hoạch truy xuất nguồn gốc của tỉnh, thành phố đã nhập vào hệ thống.", Numerator: "Kế hoạch đã nhập",
		rows: `
			select p.tenant_id, p.title as name, coalesce(nullif(p.number, ''), 'Chưa rõ số') || ' · ' || p.issuer as detail,
				'/ke-hoach/' || p.id as link, 1::bigint as numerator, 0::bigint as denominator
			from plan.plan p
			where p.tenant_id = any ($1) and $2::bigint is not null`,
	},
	{
		Key: StageTraining, Kind: plan.Count, Name: "Tuyên truyền, tập huấn đã hoàn thành", OfTasks: true,
		Definition: "Số nhiệm vụ thuộc nhóm tuyên truyền, nhóm đào tạo, tập huấn đã hoàn thành và có căn cứ.",
		Numerator:  "Nhiệm vụ đã hoàn thành", Denominator: "Nhiệm vụ của hai nhóm",
		rows: taskRows(doneTask, `1::bigint`, `t.task_group in ('tuyen-truyen', 'dao-tao')`),
	},
	{
		Key: StageList, Kind: plan.Count, Name: "Sản phẩm đặc trưng, ưu tiên đã xác định",
		Definition: "Số nhóm sản phẩm trong danh mục bắt buộc, ưu tiên, đặc thù chính thức của tỉnh, thành phố. Sản phẩm chỉ nêu tên trong một nguồn tin không được tính.",
		Numerator:  "Nhóm sản phẩm trong danh mục chính thức", Denominator: "Nhóm sản phẩm đã ghi vào danh mục",
		rows: `
			select l.tenant_id, l.name, case l.list when 'bat-buoc' then 'Danh mục bắt buộc' when 'uu-tien' then 'Danh mục ưu tiên' else 'Danh mục đặc thù' end
					|| case when l.official then '' else ' · chưa chính thức' end as detail,
				'/danh-muc' as link, l.official::int::bigint as numerator, 1::bigint as denominator
			from catalog.list_item l
			where l.tenant_id = any ($1) and $2::bigint is not null`,
	},
	{
		Key: StageInfrastructure, Kind: plan.Count, Name: "Việc hạ tầng, kết nối đã hoàn thành", OfTasks: true,
		Definition: "Số nhiệm vụ thuộc nhóm hạ tầng, kết nối đã hoàn thành và có căn cứ.",
		Numerator:  "Nhiệm vụ đã hoàn thành", Denominator: "Nhiệm vụ của nhóm",
		rows: taskRows(doneTask, `1::bigint`, `t.task_group = 'ha-tang'`),
	},
	{
		Key: StageDeployed, Kind: plan.Count, Name: "Lần kích hoạt tem",
		Definition: "Số lần chủ thể kích hoạt một dải tem cho lô hàng; có ít nhất một lần là tỉnh, thành phố đã triển khai truy xuất nguồn gốc.",
		Numerator:  "Dải tem đã kích hoạt",
		rows: `
			select p.tenant_id, p.org_id, p.name, 'Đợt tem ' || ` + orderRef + ` || ', lô ' || l.code || ', ' || ` + grouped(`r.last - r.first + 1`) + ` || ' tem' as detail,
				'/tem/' || ` + orderRef + ` as link, 1::bigint as numerator, 0::bigint as denominator
			from stamps.stamp_range r
			join stamps.stamp_order o on o.tenant_id = r.tenant_id and o.number = r.order_number
			join catalog.product p on p.tenant_id = o.tenant_id and p.id = o.product_id
			join trace.lot l on l.tenant_id = r.tenant_id and l.id = r.lot_id
			where r.tenant_id = any ($1) and r.state = 'activated' and $2::bigint is not null`,
	},
	{
		Key: Organizations, Kind: plan.Count, Name: "Chủ thể tham gia",
		Definition: "Số doanh nghiệp, hợp tác xã, hộ đã đăng ký và được duyệt.", Numerator: "Chủ thể đã duyệt", Denominator: "Chủ thể đã đăng ký",
		rows: `
			select o.tenant_id, o.id as org_id, o.name, case o.state when 'approved' then 'Đã duyệt' when 'refused' then 'Trả lại' else 'Chờ duyệt' end as detail,
				'/to-chuc/' || o.id as link, (o.state = 'approved')::int::bigint as numerator, 1::bigint as denominator
			from organization.organization o
			where o.tenant_id = any ($1) and $2::bigint is not null`,
	},
	{
		Key: Products, Kind: plan.Count, Name: "Sản phẩm đã công bố",
		Definition: "Số sản phẩm mà chủ thể đã công bố trên hệ thống.", Numerator: "Sản phẩm đã công bố", Denominator: "Sản phẩm đã khai báo",
		rows: `
			select p.tenant_id, p.org_id, p.name, 'GTIN ' || p.gtin || case p.state when 'published' then ' · đã công bố' else ' · bản nháp' end as detail,
				'/san-pham/' || p.id as link, (p.state = 'published')::int::bigint as numerator, 1::bigint as denominator
			from catalog.product p
			where p.tenant_id = any ($1) and $2::bigint is not null`,
	},
	{
		Key: StampsOrdered, Kind: plan.Count, Name: "Tem đã đặt",
		Definition: "Tổng số tem của các đợt tem mà chủ thể đã đặt.", Numerator: "Tem đã đặt",
		rows: orderRows(`o.quantity::bigint`, `0::bigint`, ``),
	},
	{
		Key: StampsActivated, Kind: plan.Count, Name: "Tem đã kích hoạt",
		Definition: "Tổng số tem đã được kích hoạt cho lô hàng, kể cả tem về sau bị hủy hoặc thu hồi.", Numerator: "Tem đã kích hoạt", Denominator: "Tem đã đặt",
		rows: orderRows(`coalesce(x.activated, 0)::bigint`, `o.quantity::bigint`, `
			left join lateral (
				select sum(r.last - r.first + 1) as activated
				from stamps.stamp_range r
				where r.tenant_id = any ($1) and r.tenant_id = o.tenant_id and r.order_number = o.number and r.state = 'activated') x on true`),
	},
	{
		Key: Scans, Kind: plan.Count, Name: "Lượt quét tem",
		Definition: "Số lượt người tiêu dùng quét tem do hệ thống ghi nhận.", Numerator: "Lượt quét",
		rows: orderRows(`x.scans::bigint`, `0::bigint`, `
			join (
				select s.tenant_id, s.order_number, count(*) as scans
				from scan.scan s
				where s.tenant_id = any ($1)
				group by s.tenant_id, s.order_number) x on x.tenant_id = o.tenant_id and x.order_number = o.number`),
	},
	{
		Key: TasksDone, Kind: plan.Percent, Name: "Nhiệm vụ hoàn thành (%)", OfTasks: true,
		Definition: "Tỷ lệ nhiệm vụ của các kế hoạch đã hoàn thành và có căn cứ.", Numerator: "Nhiệm vụ đã hoàn thành", Denominator: "Nhiệm vụ của các kế hoạch",
		rows: taskRows(doneTask, `1::bigint`, `true`),
	},
	{
		Key: TargetsMet, Kind: plan.Percent, Name: "Chỉ tiêu đạt (%)",
		Definition: "Tỷ lệ chỉ tiêu đạt, trong số các chỉ tiêu mà hệ thống có số liệu tự động.", Numerator: "Chỉ tiêu đạt", Denominator: "Chỉ tiêu có số liệu tự động",
	},
}

// orderRef names an order o on the pages of the home tenant as the stamps' pages do: by its number, or with the tenant
// before it ("35-1") for one of a merged predecessor, which may have the same number.
const orderRef = `(case when o.tenant_id = $3::int then '' else o.tenant_id || '-' end || o.number)`

// grouped writes a whole number in SQL as vi.Int does: 1.234.567.
func grouped(n string) string {
	return `replace(to_char(` + n + `, 'FM999,999,999,999,990'), ',', '.')`
}

// orderRows selects stamp orders.
func orderRows(numerator, denominator, join string) string {
	return `
			select p.tenant_id, p.org_id, p.name, 'Đợt tem ' || ` + orderRef + ` || ' · ' || ` + grouped(`o.quantity`) + ` || ' tem' as detail, '/tem/' || ` + orderRef + ` as link,
				` + numerator + ` as numerator, ` + denominator + ` as denominator
			from stamps.stamp_order o
			join catalog.product p on p.tenant_id = o.tenant_id and p.id = o.product_id` + join + `
			where o.tenant_id = any ($1) and $2::bigint is not null`
}
