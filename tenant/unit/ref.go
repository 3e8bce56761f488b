package unit

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"txng/tenant/fault"
)

// Code is the number the state gives a unit: 2 digits for a province, 3 for a district, 5 for a commune
// (Quyết định 124/2004/QĐ-TTg until 30 June 2025, 19/2025/QĐ-TTg since). It says nothing without a day: 24 was
// Bắc Giang until 30 June 2025 and is Bắc Ninh since.
type Code string

// level returns the level of the units that have codes of this length, or 0.
func (c Code) level() Level {
	switch len(c) {
	case 2:
		return Province
	case 3:
		return District
	case 5:
		return Commune
	}
	return 0
}

// Day is a calendar day in Vietnam, as the number yyyymmdd.
type Day int32

// Days on which the map changed.
const (
	// Unknown is the first day of every unit that existed in March 2025: it is that old or older; since when is not
	// recorded.
	Unknown Day = 1_01_01
	// Reorganized is the day on which all units ended and all of today's began (Nghị quyết 202/2025/QH15).
	Reorganized Day = 2025_07_01
)

// vietnam is the time zone of every day here; it has had no daylight saving since 1975.
var vietnam = time.FixedZone("+07", 7*60*60)

// DayOf returns the day it is in Vietnam at the instant t.
func DayOf(t time.Time) Day {
	year, month, day := t.In(vietnam).Date()
	if year < 1 {
		return Unknown
	}
	return Day(year*10_000 + int(month)*100 + day)
}

// Time returns the first instant of the day in Vietnam, or the zero time for Unknown.
func (d Day) Time() time.Time {
	if d <= Unknown {
		return time.Time{}
	}
	return time.Date(int(d/10_000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, vietnam)
}

// String returns the day in ISO 8601, such as "2025-07-01".
func (d Day) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d/10_000, d/100%100, d%100)
}

// Ref names one unit for ever: its code and the first day of that meaning of the code. Only this package makes new
// ones; elsewhere take the Ref of a Unit, or ParseRef. The zero Ref names no unit.
//
// Its text, "24@2025-07-01", fits a form value, a URL, JSON and a text column of the database; units of before 1 July
// 2025 have the day of Unknown: "24@0001-01-01". The zero Ref is "" as text and null in the database.
type Ref struct {
	Code Code
	From Day
}

// ParseRef reads the text of a Ref. The error is fault.NotFound with a sentence when no unit has that Ref.
func ParseRef(text string) (Ref, error) {
	code, from, _ := strings.Cut(text, "@")
	day, err := time.Parse(time.DateOnly, from)
	ref := Ref{Code(code), Day(day.Year()*10_000 + int(day.Month())*100 + day.Day())}
	if _, known := ByRef(ref); err != nil || !known || ref.String() != text {
		return Ref{}, fault.Say(fault.NotFound, "Đơn vị hành chính đã chọn không có trong danh mục, hãy chọn lại.")
	}
	return ref, nil
}

// IsZero reports whether the Ref names no unit.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns the text that ParseRef reads, or "" for the zero Ref.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return string(r.Code) + "@" + r.From.String()
}

// MarshalText is String, for JSON and forms.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is ParseRef, but "" gives the zero Ref.
func (r *Ref) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Ref{}
		return nil
	}
	ref, err := ParseRef(string(text))
	if err != nil {
		return err
	}
	*r = ref
	return nil
}

// Value gives the database the text, or null for the zero Ref.
func (r Ref) Value() (driver.Value, error) {
	if r.IsZero() {
		return nil, nil
	}
	return r.String(), nil
}

// Scan reads what Value wrote.
func (r *Ref) Scan(source any) error {
	switch text := source.(type) {
	case nil:
		*r = Ref{}
		return nil
	case string:
		return r.UnmarshalText([]byte(text))
	case []byte:
		return r.UnmarshalText(text)
	}
	return fmt.Errorf("scanning a unit's ref: unexpected %T", source)
}
