package tenant

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"txng/tenant/fault"
)

// An Allowance is how much a tenant may take of what all tenants share. The operator sets it, not the tenant. What the
// operator has not set is as in Allowances.
type Allowance string

// The allowances. Rates are requests a minute, to one process of the platform; they are counted apart, so that a crowd
// that scans a province's stamps does not lock its officers out, nor officers' exports its shoppers.
const (
	PageRate      Allowance = "pages"     // requests of signed-in people
	APIRate       Allowance = "api"       // requests of programs
	PublicRate    Allowance = "public"    // stamps, and photos of products, that are asked for by anybody
	StatementTime Allowance = "statement" // seconds that a statement on the tenant's tables may take
)

// AllowanceSpec says what an allowance may be.
type AllowanceSpec struct {
	Allowance         Allowance
	Name, What, Unit  string
	Default, Min, Max int64
}

// Allowances lists the allowances, in the order of the page.
//
// The defaults are far above what a province's people do, and low enough that one tenant at its limit leaves a process of
// two cores mostly to the others: 3000 pages a minute are 500 people who each open one every ten seconds; 1200 calls are
// the diaries of all organizations with a program of their own, one call a minute each; 6000 public requests are fifty
// scans a second, each with a photo. The least values keep a tenant at work whatever the operator types. A statement gets
// the twenty seconds that all login roles have (see setPasswords); more than a minute it never needs, as a request itself
// ends then.
var Allowances = []AllowanceSpec{
	{PageRate, "Trang làm việc", "Yêu cầu của người đã đăng nhập: cán bộ và chủ thể", "yêu cầu mỗi phút", 3000, 300, 60_000},
	{APIRate, "Kết nối phần mềm (API)", "Yêu cầu của phần mềm, tính cho mọi kết nối và khóa API của tỉnh", "yêu cầu mỗi phút", 1200, 60, 60_000},
	{PublicRate, "Tra cứu tem", "Yêu cầu của người tiêu dùng: quét tem, xem ảnh sản phẩm", "yêu cầu mỗi phút", 6000, 600, 120_000},
	{StatementTime, "Thời gian một câu lệnh", "Câu lệnh cơ sở dữ liệu chạy lâu hơn thì bị dừng, kể cả khi xuất tệp", "giây", 20, 1, 60},
}

// SpecOfAllowance returns what an allowance may be.
func SpecOfAllowance(a Allowance) (AllowanceSpec, bool) {
	i := slices.IndexFunc(Allowances, func(s AllowanceSpec) bool { return s.Allowance == a })
	if i < 0 {
		return AllowanceSpec{}, false
	}
	return Allowances[i], true
}

// Check returns an amount as it was typed, and whether it is the tenant's own: "" stands for the default. What is wrong
// is noted under the allowance's name.
func (s AllowanceSpec) Check(wrong *fault.Invalid, typed string) (amount int64, own bool) {
	typed = strings.NewReplacer(".", "", " ", "", "\u00a0", "").Replace(typed)
	if typed == "" {
		return s.Default, false
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || n < s.Min || n > s.Max {
		wrong.Add(string(s.Allowance), "Nhập một số nguyên từ %s đến %s, hoặc để trống.", grouped(s.Min), grouped(s.Max))
		return s.Default, false
	}
	return n, true
}

// Allowed returns how much the tenant may take: what the operator has set within its bounds, or the default.
func (t Tenant) Allowed(a Allowance) int64 {
	spec, _ := SpecOfAllowance(a)
	if n, ok := t.Own(a); ok {
		return n
	}
	return spec.Default
}

// Own returns an allowance that the operator has set for the tenant within its bounds.
func (t Tenant) Own(a Allowance) (int64, bool) {
	n, ok := t.Allowances[a]
	spec, known := SpecOfAllowance(a)
	if !ok || !known || n < spec.Min || n > spec.Max {
		return 0, false
	}
	return n, true
}

// StatementTimeout is how long a statement in the tenant's scope may take, 0 while it is the login role's own.
func (t Tenant) StatementTimeout() time.Duration {
	n, _ := t.Own(StatementTime)
	return time.Duration(n) * time.Second
}

// Allow sets an allowance of a tenant. The caller has checked the amount, writes the audit, and calls DB.Forget once it
// has committed: this process goes by it at once then, the others within registryAge.
func Allow(ctx context.Context, tx Platform, of ID, a Allowance, amount int64) error {
	_, err := tx.Exec(ctx, `
		insert into tenant.allowance (tenant, what, amount, changed_at)
		values ($1, $2, $3, $4)
		on conflict (tenant, what) do update
		set amount = excluded.amount, changed_at = excluded.changed_at`, of, a, amount, tx.Now())
	return err
}

// AllowDefault takes back what Allow has set.
func AllowDefault(ctx context.Context, tx Platform, of ID, a Allowance) error {
	_, err := tx.Exec(ctx, `
		delete from tenant.allowance
		where tenant = $1 and what = $2`, of, a)
	return err
}
