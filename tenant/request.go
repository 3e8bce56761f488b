package tenant

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

// RequestState is where a request of a province stands.
type RequestState string

// The states of a request.
const (
	RequestNew      RequestState = "new"
	RequestApproved RequestState = "approved"
	RequestRefused  RequestState = "refused"
)

// Request is a province's wish to be taken up, as somebody of its department wrote it.
type Request struct {
	ID        int64
	Unit      string // unit.Ref of the province
	Person    string
	Title     string // what the person is at the department
	Email     string
	Phone     string
	Document  string // number of the letter that the department sends, or ""
	Note      string
	Network   string // where it came from
	State     RequestState
	Reason    string
	DecidedBy string
	DecidedAt *time.Time
	CreatedAt time.Time
}

// ProvinceName returns the name of the province that asks.
func (r Request) ProvinceName() string {
	ref, err := unit.ParseRef(r.Unit)
	if u, ok := unit.ByRef(ref); err == nil && ok {
		return u.Name
	}
	return r.Unit
}

// Limits of requests: nobody is kept from asking by what a stranger sent in their name, nor are the operator's pages filled.
const (
	requestsOfProvince = 3   // open ones
	requestsOfNetwork  = 5   // within a day
	requestsOfEmail    = 3   // within a day, of all provinces: each sends a letter there
	requestsOpen       = 300 // altogether
)

// Ask enters a request, whose e-mail address and phone number have been checked. Errors: fault.Invalid by field;
// fault.Conflict when the province runs or was asked for already, fault.TooMany beyond the limits.
func Ask(ctx context.Context, tx Platform, r Request) (Request, error) {
	if err := r.Check(tx.Now()); err != nil {
		return r, err
	}
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('tenant.request'))"); err != nil { // counts below stay true
		return r, err
	}
	n, err := One[struct {
		Runs                           bool
		Same, Province, Net, Mail, All int64
	}](ctx, tx, `
		select exists (select from tenant.tenant where unit = $1 and state <> 'draft') as runs,
			count(*) filter (where state = 'new' and unit = $1 and email = $2) as same,
			count(*) filter (where state = 'new' and unit = $1) as province,
			count(*) filter (where network = $3 and created_at > $4) as net,
			count(*) filter (where email = $2 and created_at > $4) as mail,
			count(*) filter (where state = 'new') as all
		from tenant.request`, r.Unit, r.Email, r.Network, tx.Now().AddDate(0, 0, -1))
	switch {
	case err != nil:
		return r, err
	case n.Runs:
		return r, fault.Say(fault.Conflict, "%s đã vận hành trên hệ thống. Hãy liên hệ quản trị của Sở Khoa học và Công nghệ để được mời tham gia.", r.ProvinceName())
	case n.Same > 0:
		return r, fault.Say(fault.Conflict, "Cảm ơn bạn: yêu cầu của %s từ địa chỉ %s đã được nhận và đang chờ đơn vị vận hành xem xét. Bạn không cần gửi lại.", r.ProvinceName(), r.Email)
	case n.Province >= requestsOfProvince:
		return r, fault.Say(fault.Conflict, "Đã có nhiều yêu cầu của %s đang chờ xem xét. Hãy liên hệ trực tiếp đơn vị vận hành hệ thống, kèm công văn của Sở.", r.ProvinceName())
	case n.Net >= requestsOfNetwork:
		return r, fault.Say(fault.TooMany, "Hôm nay mạng của bạn đã gửi nhiều yêu cầu. Hãy gửi lại vào ngày mai, hoặc liên hệ đơn vị vận hành hệ thống.")
	case n.Mail >= requestsOfEmail:
		return r, fault.Say(fault.TooMany, "Hôm nay đã có nhiều yêu cầu ghi địa chỉ %s. Hãy gửi lại vào ngày mai, hoặc liên hệ đơn vị vận hành hệ thống.", r.Email)
	case n.All >= requestsOpen:
		return r, fault.Say(fault.TooMany, "Hệ thống đang có quá nhiều yêu cầu chờ xem xét. Hãy gửi lại sau, hoặc liên hệ đơn vị vận hành hệ thống.")
	}
	r.ID, r.State, r.CreatedAt = tx.NewID(), RequestNew, tx.Now()
	_, err = tx.Exec(ctx, `
		insert into tenant.request (id, unit, person, title, email, phone, document, note, network, state, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		r.ID, r.Unit, r.Person, r.Title, r.Email, r.Phone, r.Document, r.Note, r.Network, r.State, r.CreatedAt)
	return r, err
}

// Check says what is wrong with the texts of a request, by field.
func (r Request) Check(now time.Time) error {
	var wrong fault.Invalid
	valid := false
	for _, p := range unit.Provinces(now) {
		valid = valid || p.Ref.String() == r.Unit
	}
	if !valid {
		wrong.Add("unit", "Chọn tỉnh, thành phố trong danh sách.")
	}
	line := func(field, value string, least, most int) {
		if n := utf8.RuneCountInString(value); n < least || n > most {
			wrong.Add(field, "Nhập từ %d đến %d ký tự.", least, most)
		} else if strings.ContainsFunc(value, oddInLine) || strings.Contains(value, "://") {
			wrong.Add(field, "Có ký tự hoặc địa chỉ web không dùng được ở đây.")
		}
	}
	line("person", r.Person, 2, 120)
	line("title", r.Title, 2, 120)
	line("document", r.Document, 0, 100)
	if n := utf8.RuneCountInString(r.Note); n > 1000 {
		wrong.Add("note", "Ghi chú tối đa 1.000 ký tự.")
	}
	return wrong.Err()
}

const requestColumns = "id, unit, person, title, email, phone, document, note, network, state, reason, decided_by, decided_at, created_at"

// Requests returns the newest requests, at most 5,000.
func Requests(ctx context.Context, tx Platform) ([]Request, error) {
	return List[Request](ctx, tx, `
		select `+requestColumns+`
		from tenant.request
		order by id desc
		limit 5000`)
}

// OpenRequests returns how many requests wait.
func OpenRequests(ctx context.Context, tx Platform) (int64, error) {
	return Value[int64](ctx, tx, "select count(*) from tenant.request where state = 'new'")
}

// RequestByID returns a request. fault.NotFound when there is none.
func RequestByID(ctx context.Context, tx Platform, id int64) (Request, error) {
	return One[Request](ctx, tx, `
		select `+requestColumns+`
		from tenant.request
		where id = $1`, id)
}

// DecideRequest settles a request: approve it, or refuse it with a reason. Errors: fault.Invalid for "reason"; fault.Conflict when it
// has been decided.
func DecideRequest(ctx context.Context, tx Platform, by By, id int64, to RequestState, reason string) (Request, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); to == RequestRefused && (n < 10 || n > 500) {
		return Request{}, fault.Invalid{{Name: "reason", Message: "Nêu lý do để người gửi biết cần làm gì, từ 10 đến 500 ký tự."}}
	}
	if to == RequestApproved {
		reason = ""
	}
	touched, err := tx.Exec(ctx, `
		update tenant.request
		set state = $2, reason = $3, decided_by = $4, decided_at = $5
		where id = $1 and state = 'new'`, id, to, reason, by.Name, tx.Now())
	if err != nil {
		return Request{}, fmt.Errorf("decide on a request: %w", err)
	}
	r, err := RequestByID(ctx, tx, id)
	if err == nil && touched == 0 {
		err = fault.Say(fault.Conflict, "Yêu cầu này đã được %s xử lý.", r.DecidedBy)
	}
	return r, err
}

// RegisterUnit returns the registered province of a unit.Ref, registering it as a draft first when it is not; made is
// whether it was not. The caller writes the audit.
func RegisterUnit(ctx context.Context, tx Platform, ref string) (t Tenant, made bool, err error) {
	province, err := unit.ParseRef(ref)
	u, ok := unit.ByRef(province)
	if err != nil || !ok || u.Level != unit.Province || u.Former(tx.Now()) {
		return Tenant{}, false, fault.Invalid{{Name: "unit", Message: "Chọn tỉnh, thành phố trong danh sách."}}
	}
	known, err := List[Tenant](ctx, tx, `
		select `+tenantColumns+`
		from tenant.tenant
		where unit = $1`, ref)
	if err != nil {
		return Tenant{}, false, err
	}
	if len(known) > 0 {
		return known[0], false, nil
	}
	t, err = Register(ctx, tx, New{Province: province.Code, On: tx.Now(), State: Draft})
	return t, true, err
}
