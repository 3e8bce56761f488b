package authz

// Permission is a right to do one thing. Roles hold permissions by authz/policy.csv.
type Permission string

// The permissions. What each one lets a person do stands in Sentences.
const (
	AccountSelf       Permission = "account.self"
	TenantView        Permission = "tenant.view"
	TenantCreate      Permission = "tenant.create"
	TenantMerge       Permission = "tenant.merge"
	TenantExport      Permission = "tenant.export"
	NationView        Permission = "nation.view"
	OrganizationView  Permission = "organization.view"
	OrganizationOwn   Permission = "organization.own"
	OrganizationAdmit Permission = "organization.admit"
	CatalogView       Permission = "catalog.view"
	CatalogList       Permission = "catalog.list"
	ProductEdit       Permission = "product.edit"
	LotView           Permission = "lot.view"
	LotEdit           Permission = "lot.edit"
	StampView         Permission = "stamp.view"
	StampOrder        Permission = "stamp.order"
	StampActivate     Permission = "stamp.activate"
	StampPrint        Permission = "stamp.print"
	StampRecall       Permission = "stamp.recall"
	ScanView          Permission = "scan.view"
	PlanView          Permission = "plan.view"
	PlanImport        Permission = "plan.import"
	TaskReport        Permission = "task.report"
	KPIView           Permission = "kpi.view"
	QuotaView         Permission = "quota.view"
	QuotaGrant        Permission = "quota.grant"
	AuditView         Permission = "audit.view"
	ClientManage      Permission = "client.manage"
	MemberView        Permission = "member.view"
	MemberInvite      Permission = "member.invite"
	MemberImport      Permission = "member.import"
	SSOManage         Permission = "sso.manage"
	RoleManage        Permission = "role.manage"
	FieldManage       Permission = "field.manage"
	InspectionAssign  Permission = "inspection.assign"
	TenantSettings    Permission = "tenant.settings"

	PlatformAudit       Permission = "platform.audit"
	PlatformImpersonate Permission = "platform.impersonate"
)

// Sentences says in Vietnamese what each permission lets a person do; the role page shows them.
var Sentences = map[Permission]string{
	AccountSelf:       "Xem và sửa tài khoản của chính mình",
	TenantView:        "Xem danh sách tỉnh, thành phố trên hệ thống",
	TenantCreate:      "Đưa một tỉnh, thành phố vào vận hành",
	TenantMerge:       "Sáp nhập tỉnh, thành phố và hủy sáp nhập",
	TenantExport:      "Lập và tải tệp lưu trữ toàn bộ dữ liệu của tỉnh",
	NationView:        "Xem chỉ số tổng hợp của các tỉnh, thành phố",
	OrganizationView:  "Xem danh sách và hồ sơ chủ thể của tỉnh",
	OrganizationOwn:   "Xem hồ sơ của chính đơn vị mình",
	OrganizationAdmit: "Duyệt hoặc trả lại hồ sơ đăng ký của chủ thể",
	CatalogView:       "Xem sản phẩm và danh mục sản phẩm",
	CatalogList:       "Quản lý danh mục sản phẩm bắt buộc, ưu tiên, đặc thù",
	ProductEdit:       "Khai báo và sửa sản phẩm của đơn vị mình",
	LotView:           "Xem lô hàng và sự kiện truy xuất",
	LotEdit:           "Ghi lô hàng và sự kiện truy xuất của đơn vị mình",
	StampView:         "Xem các đợt tem",
	StampOrder:        "Đặt tem trong hạn mức của đơn vị mình",
	StampPrint:        "Tải nhãn tem để in của đơn vị mình",
	StampActivate:     "Kích hoạt tem cho lô hàng, hủy tem hỏng của đơn vị mình",
	StampRecall:       "Thu hồi tem trên địa bàn tỉnh",
	ScanView:          "Xem thống kê lượt quét",
	PlanView:          "Xem kế hoạch, chỉ tiêu, nhiệm vụ",
	PlanImport:        "Nhập kế hoạch của tỉnh",
	TaskReport:        "Báo cáo kết quả nhiệm vụ được giao",
	KPIView:           "Xem chỉ số thực hiện kế hoạch và số liệu gốc",
	QuotaView:         "Xem hạn mức tem",
	QuotaGrant:        "Cấp hạn mức tem cho chủ thể",
	AuditView:         "Xem nhật ký thao tác",
	ClientManage:      "Quản lý kết nối phần mềm (ERP) của đơn vị mình",
	MemberView:        "Xem danh sách thành viên của cơ quan, đơn vị mình",
	MemberInvite:      "Mời thành viên và chấm dứt vai trò trong cơ quan, đơn vị mình",
	RoleManage:        "Lập, sửa, bỏ vai trò riêng của tỉnh từ những quyền mình có",
	FieldManage:       "Phân công nhóm sản phẩm cho các sở, ngành",
	InspectionAssign:  "Phân công chủ thể cho kiểm tra viên",
	TenantSettings:    "Đổi thiết lập chung của tỉnh, như bắt buộc xác thực hai lớp",
	MemberImport:      "Nhập danh sách cán bộ từ tệp để mời cùng lúc",
	SSOManage:         "Cấu hình đăng nhập một lần (SSO) của tỉnh",

	PlatformAudit:       "Xem nhật ký của toàn hệ thống: đăng nhập, từ chối, lập tỉnh ở cấp trên các tỉnh",
	PlatformImpersonate: "Làm việc thay một người trong tỉnh, có lý do, tối đa 30 phút",
}

// Role is what a person is, in a tenant, in an organization or above the tenants.
type Role string

// The roles.
const (
	Operator          Role = "operator"
	Ministry          Role = "ministry"
	DOSTAdmin         Role = "dost_admin"
	DOSTOfficer       Role = "dost_officer"
	Leader            Role = "leader"
	DepartmentOfficer Role = "department_officer"
	UnitOfficer       Role = "unit_officer"
	Inspector         Role = "inspector"
	OrgOwner          Role = "org_owner"
	OrgStaff          Role = "org_staff"
	OrgAccountant     Role = "org_accountant"
)

// Roles lists the roles with their names on pages.
var Roles = []struct {
	Role Role
	Name string
}{
	{Operator, "Vận hành hệ thống"},
	{Ministry, "Bộ Khoa học và Công nghệ"},
	{DOSTAdmin, "Quản trị Sở KH&CN"},
	{DOSTOfficer, "Chuyên viên Sở KH&CN"},
	{Leader, "Lãnh đạo tỉnh"},
	{DepartmentOfficer, "Chuyên viên sở, ngành"},
	{UnitOfficer, "Cán bộ xã, phường, đặc khu"},
	{Inspector, "Kiểm tra viên"},
	{OrgOwner, "Chủ đơn vị"},
	{OrgStaff, "Nhân viên đơn vị"},
	{OrgAccountant, "Kế toán đơn vị"},
}

// Name returns the role's Vietnamese name.
func (r Role) Name() string {
	if r == Custom {
		return "Vai trò riêng của tỉnh"
	}
	for _, known := range Roles {
		if known.Role == r {
			return known.Name
		}
	}
	return string(r)
}

// OfOrganization reports whether the role is one inside an organization, whose sessions see that organization only.
func (r Role) OfOrganization() bool { return r == OrgOwner || r == OrgStaff || r == OrgAccountant }

// AboveTenants reports whether the role belongs to no tenant.
func (r Role) AboveTenants() bool { return r == Operator || r == Ministry }
