package scan

import (
	"time"

	"txng/modules/internal/gs1"
	"txng/modules/internal/vi"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/tenant"
)

// Verdict is what a scanned code is worth.
type Verdict string

// The verdicts. The first five are recorded.
const (
	Genuine  Verdict = "genuine"
	Inactive Verdict = "inactive"
	Void     Verdict = "void"
	Recalled Verdict = "recalled"
	Expired  Verdict = "expired" // activated, for a lot whose expiry date has passed
	Unknown  Verdict = "unknown" // no such stamp
	Gone     Verdict = "gone"    // of a province whose data were deleted here: nothing is known of it any more
	Unsure   Verdict = "unsure"  // genuine, but the scan could not be recorded, or the database did not answer
	Busy     Verdict = "busy"    // not asked: the province's stamps are scanned more often than it is allowed
	BadCode  Verdict = "badcode" // not even a product code
)

// ManyScans is the number of scans of one stamp above which a buyer is told to be careful: a stamp in use is scanned by
// the shop and a few buyers, a copied one by everybody.
const ManyScans = 5

// verdict returns the verdict on a genuine stamp on the day that it is in Việt Nam.
func (f found) verdict(now time.Time) Verdict {
	switch f.State {
	case stamps.Activated:
		if f.Lot != nil && f.Lot.expired(now) {
			return Expired
		}
		return Genuine
	case stamps.Void:
		return Void
	case stamps.Recalled:
		return Recalled
	}
	return Inactive
}

// Product is what consumers may know of a product: the seven items of Nghị định 37/2026/NĐ-CP, Điều 23 khoản 7, are
// name, image, producer, its address, origin, brand with lot or serial, and shelf life.
type Product struct {
	TenantID           tenant.ID
	ID                 int64
	GTIN               gs1.GTIN `db:"gtin"`
	Name, Brand        string
	Description        string
	Origin, ShelfLife  string
	Illustrative       bool
	Org, Address, Unit string
	PrintedAddress     string // on labels of before a reform; "" when it is no other
	PrintedUnit        string
	HasPhoto           bool
	Note               string `db:"-"` // what its province's state means for it, "" for nothing
}

// found is a genuine stamp with what consumers may know of it.
type found struct {
	Stamp   stamps.Stamp
	OrgID   tenant.OrgID
	GTIN    gs1.GTIN
	State   stamps.State
	Reason  string
	Product *Product // nil when it is not published
	Lot     *lot     // nil before activation
	Events  []event
}

type lot struct {
	ID         trace.LotID
	Code       string
	Place      string
	ProducedOn time.Time
	ExpiresOn  *time.Time // a day, in UTC; the last on which the product may be used
}

// expired reports whether the lot's last day has passed in Việt Nam.
func (l lot) expired(now time.Time) bool {
	if l.ExpiresOn == nil {
		return false
	}
	y, m, d := now.In(vi.Zone).Date()
	return l.ExpiresOn.Before(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

type event struct {
	Kind  trace.Kind
	At    time.Time
	Place string
}
