package vi

import (
	"fmt"
	"strings"
	"time"

	"txng/tenant/fault"
)

// Zone is the time of Việt Nam: seven hours ahead of UTC all year.
var Zone = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Date writes the day of t in Việt Nam: 22/11/2026. It is "" for the zero time.
func Date(t time.Time) string { return write(t, "02/01/2006") }

// DateTime writes the day and minute of t in Việt Nam: 22/11/2026 14:05. It is "" for the zero time.
func DateTime(t time.Time) string { return write(t, "02/01/2006 15:04") }

// Month writes the month of t in Việt Nam: 11/2026. It is "" for the zero time.
func Month(t time.Time) string { return write(t, "01/2006") }

func write(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(Zone).Format(layout)
}

// ParseDate reads a day written 22/11/2026 (day first, / - or . between, leading zeros optional) or 2026-11-22, and
// returns its first moment in Việt Nam. Years run from 1900 to 2199. The error is a fault.Invalid of the field "date".
func ParseDate(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{"2/1/2006", "2-1-2006", "2.1.2006", "2006-1-2"} {
		t, err := time.ParseInLocation(layout, s, Zone)
		if err == nil && t.Year() >= 1900 && t.Year() < 2200 {
			return t, nil
		}
	}
	if s == "" {
		return time.Time{}, fault.Invalid{{Name: "date", Message: "Chưa nhập ngày."}}
	}
	return time.Time{}, fault.Invalid{{Name: "date", Message: fmt.Sprintf("Ngày %q không hợp lệ: hãy nhập theo dạng ngày/tháng/năm, ví dụ 22/11/2026.", s)}}
}

// Ago writes how long before now t was, in the largest whole unit: "vừa xong" (less than a minute), "3 phút trước",
// "2 giờ trước", "5 ngày trước"; Date(t) from 30 days on. A later t is written "3 phút nữa". It is "" for the zero time.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	apart, side := now.Sub(t), "trước"
	if apart < 0 {
		apart, side = -apart, "nữa"
	}
	const day = 24 * time.Hour
	switch {
	case apart < time.Minute && side == "trước":
		return "vừa xong"
	case apart < time.Minute:
		return "sắp tới"
	case apart < time.Hour:
		return fmt.Sprintf("%d phút %s", apart/time.Minute, side)
	case apart < day:
		return fmt.Sprintf("%d giờ %s", apart/time.Hour, side)
	case apart < 30*day:
		return fmt.Sprintf("%d ngày %s", apart/day, side)
	default:
		return Date(t)
	}
}
