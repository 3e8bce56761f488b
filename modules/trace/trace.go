package trace

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"txng/modules/internal/gs1"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// LotID is the number of a lot.
type LotID int64

// Kind is what happens to a lot: a critical tracking event in the sense of TCVN 12850.
type Kind string

// The kinds of events.
const (
	Harvest Kind = "harvest"
	Produce Kind = "produce"
	Process Kind = "process"
	Pack    Kind = "pack"
	Store   Kind = "store"
	Ship    Kind = "ship"
	Receive Kind = "receive"
	Sell    Kind = "sell"
)

// Kinds lists the kinds with their names on pages, in the order in which a lot goes through them.
var Kinds = []struct {
	Kind Kind
	Name string
}{
	{Harvest, "Thu hoạch"}, {Produce, "Sản xuất"}, {Process, "Sơ chế, chế biến"}, {Pack, "Đóng gói"},
	{Store, "Lưu kho"}, {Ship, "Vận chuyển"}, {Receive, "Nhận hàng"}, {Sell, "Bán ra"},
}

// Name returns the kind's name on pages.
func (k Kind) Name() string {
	for _, known := range Kinds {
		if known.Kind == k {
			return known.Name
		}
	}
	return string(k)
}

func (k Kind) known() bool { return k.Name() != string(k) }

// Lot is a batch of one product.
type Lot struct {
	TenantID   tenant.ID
	ID         LotID
	OrgID      tenant.OrgID
	ProductID  int64
	Code       gs1.Lot // AI 10
	Place      string
	ProducedOn time.Time  // a day
	ExpiresOn  *time.Time // a day
	Published  bool
	CreatedAt  time.Time
}

// Event is one thing that happened to a lot.
type Event struct {
	ID          int64
	Kind        Kind
	At          time.Time
	Place, Note string
	Published   bool
}

// NewLot is what a lot is made from. Days are the days that the times show in Việt Nam.
type NewLot struct {
	Product  int64
	Code     string // GS1 AI 10: 1 to 20 characters of set 82
	Place    string
	Produced time.Time
	Expires  time.Time // zero: the lot does not expire
}

// Validate checks what can be checked without the database and returns the lot. Errors: fault.Invalid for product, code,
// place, produced and expires.
func (n NewLot) Validate(now time.Time) (Lot, error) {
	var wrong fault.Invalid
	l := Lot{ProductID: n.Product, Place: strings.TrimSpace(n.Place), ProducedOn: day(n.Produced), CreatedAt: now}
	if n.Product <= 0 {
		wrong.Add("product", "Chọn sản phẩm của lô hàng.")
	}
	code, err := gs1.ParseLot(n.Code)
	if bad, ok := err.(fault.Invalid); ok {
		wrong.Add("code", "%s", bad[0].Message)
	}
	l.Code = code
	if length := utf8.RuneCountInString(l.Place); length == 0 || length > 200 {
		wrong.Add("place", "Nhập nơi sản xuất, tối đa 200 ký tự.")
	}
	switch {
	case n.Produced.IsZero():
		wrong.Add("produced", "Nhập ngày sản xuất hoặc thu hoạch.")
	case l.ProducedOn.After(day(now)):
		wrong.Add("produced", "Ngày sản xuất không được ở tương lai.")
	}
	if !n.Expires.IsZero() {
		expires := day(n.Expires)
		l.ExpiresOn = &expires
		if expires.Before(l.ProducedOn) {
			wrong.Add("expires", "Hạn sử dụng phải từ ngày sản xuất trở đi.")
		}
	}
	return l, wrong.Err()
}

// day returns the first moment, in UTC, of the day that t shows in Việt Nam: how the database keeps days.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.In(vi.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// NewEvent is what an event is made from.
type NewEvent struct {
	Lot         LotID
	Kind        Kind
	At          time.Time
	Place, Note string
}

// ahead is how far a phone's clock may be before ours.
const ahead = 5 * time.Minute

var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, vi.Zone)

// Validate checks what can be checked without the database. Errors: fault.Invalid for kind, at, place and note.
func (n NewEvent) Validate(now time.Time) (Event, error) {
	var wrong fault.Invalid
	e := Event{Kind: n.Kind, At: n.At, Place: strings.TrimSpace(n.Place), Note: strings.TrimSpace(n.Note)}
	if !n.Kind.known() {
		wrong.Add("kind", "Chọn loại sự kiện.")
	}
	switch {
	case n.At.IsZero():
		wrong.Add("at", "Nhập thời gian của sự kiện.")
	case n.At.After(now.Add(ahead)):
		wrong.Add("at", "Thời gian của sự kiện không được ở tương lai.")
	case n.At.Before(earliest):
		wrong.Add("at", "Thời gian của sự kiện phải từ năm 2000 trở đi.")
	}
	if length := utf8.RuneCountInString(e.Place); length == 0 || length > 200 {
		wrong.Add("place", "Nhập nơi diễn ra, tối đa 200 ký tự.")
	}
	if utf8.RuneCountInString(e.Note) > 500 {
		wrong.Add("note", "Ghi chú dài quá 500 ký tự.")
	}
	return e, wrong.Err()
}

var clockForm = regexp.MustCompile(`^([01]?\d|2[0-3])\s*[:hg.]\s*([0-5]\d)?$`)

// ParseClock reads a time of day as people write it: 7:30, 07h30, 7g, and returns it as time since midnight. The error is
// a fault.Invalid of the field "clock".
func ParseClock(s string) (time.Duration, error) {
	part := clockForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if part == nil {
		return 0, fault.Invalid{{Name: "clock", Message: "Giờ viết dạng giờ:phút theo 24 giờ, ví dụ 14:30."}}
	}
	hour, _ := strconv.Atoi(part[1])
	minute, _ := strconv.Atoi(part[2])
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, nil
}
