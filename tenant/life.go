package tenant

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant/fault"
)

// By is who changes a tenant, in words and by account (0 for the command line).
type By struct {
	Name    string
	Account int64
}

// Change is one change of a tenant's state.
type Change struct {
	ID            int64
	Tenant        ID
	Was, Became   State
	Reason        string
	MadeBy        string
	MadeByAccount int64
	At            time.Time
}

// Step is a change of state that the operator may make, beside onboarding and mergers, which have their own ways.
type Step struct {
	To   State
	From []State
	// Name is the step as a button says it, Effect what it does.
	Name, Effect string
}

// Steps are the changes of state that the operator may make.
var Steps = []Step{
	{Suspended, []State{Active}, "Tạm dừng", "Chỉ xem được, không ghi dữ liệu mới; trang công khai và tem vẫn tra cứu được, lượt quét vẫn được ghi nhận."},
	{Active, []State{Suspended}, "Vận hành lại", "Làm việc bình thường trở lại."},
	{Archived, []State{Suspended, Merged}, "Lưu trữ", "Đóng chương trình: chỉ xem và xuất dữ liệu; tem đã dán vẫn tra cứu được, lượt quét vẫn được ghi nhận."},
	{Suspended, []State{Archived}, "Mở lại từ lưu trữ", "Trở về trạng thái tạm dừng, sau đó có thể vận hành lại; tỉnh đã sáp nhập thì trở về trạng thái đã sáp nhập."},
}

// StepsFrom returns the steps that a tenant's state allows.
func StepsFrom(s State) []Step {
	return slices.DeleteFunc(slices.Clone(Steps), func(step Step) bool { return !slices.Contains(step.From, s) })
}

// Move changes a tenant's state by one of the Steps. Errors: fault.Invalid for state and reason; fault.Conflict when
// there is no such step from the state that the tenant is in.
func Move(ctx context.Context, tx Platform, by By, id ID, to State, reason string) (Tenant, error) {
	reason = strings.TrimSpace(reason)
	var wrong fault.Invalid
	if to == "" {
		wrong.Add("state", "Chọn trạng thái muốn chuyển sang.")
	}
	if n := utf8.RuneCountInString(reason); n < 10 || n > 500 {
		wrong.Add("reason", "Nêu lý do, từ 10 đến 500 ký tự.")
	}
	if wrong != nil {
		return Tenant{}, wrong
	}
	t, err := byID(ctx, tx, id)
	if err != nil {
		return Tenant{}, err
	}
	if !slices.ContainsFunc(StepsFrom(t.State), func(s Step) bool { return s.To == to }) {
		return Tenant{}, fault.Say(fault.Conflict, "%s không chuyển sang trạng thái này được từ trạng thái hiện nay. Hãy xem lại trạng thái hiện nay rồi chọn lại.", t.Name)
	}
	if to == Suspended && t.State == Archived {
		// A province that was merged goes back to what it was.
		if merged, err := Value[bool](ctx, tx, "select exists (select from tenant.lineage where origin = $1)", id); err != nil {
			return Tenant{}, err
		} else if merged {
			to = Merged
		}
	}
	if err := changeState(ctx, tx, by, t, to, reason); err != nil {
		return Tenant{}, err
	}
	t.State = to
	return t, nil
}

// changeState sets a tenant's state and notes it.
func changeState(ctx context.Context, tx Platform, by By, t Tenant, to State, reason string) error {
	if _, err := tx.Exec(ctx, `
		update tenant.tenant
		set state = $2
		where id = $1`, t.ID, to); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		insert into tenant.change (id, tenant, was, became, reason, made_by, made_by_account, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.NewID(), t.ID, t.State, to, reason, cmp.Or(by.Name, "—"), by.Account, tx.Now())
	return err
}

// Changes returns the changes of a tenant's state, the newest first.
func Changes(ctx context.Context, tx Platform, of ID) ([]Change, error) {
	return List[Change](ctx, tx, `
		select id, tenant, was, became, reason, made_by, made_by_account, at
		from tenant.change
		where tenant = $1
		order by id desc
		limit 200`, of)
}
