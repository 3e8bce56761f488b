package unit

import (
	"errors"
	"testing"
	"time"

	"txng/tenant/fault"
)

func TestReusedCodesMeanTheUnitOfTheDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code      Code
		old, heir string
	}{
		{"15", "Yên Bái", "Lào Cai"}, {"24", "Bắc Giang", "Bắc Ninh"}, {"44", "Quảng Bình", "Quảng Trị"}, {"52", "Bình Định", "Gia Lai"},
		{"80", "Long An", "Tây Ninh"}, {"82", "Tiền Giang", "Đồng Tháp"}, {"91", "Kiên Giang", "An Giang"}, {"01", "Hà Nội", "Hà Nội"},
	} {
		was, err := Lookup(Province, c.code, day(2025, 1, 1))
		if err != nil || was.Name != c.old {
			t.Errorf("%s on 1 January 2025 is %q, %v; want %q", c.code, was.Name, err, c.old)
		}
		is, err := Lookup(Province, c.code, day(2025, 8, 1))
		if err != nil || is.Name != c.heir || is.Ref == was.Ref {
			t.Errorf("%s on 1 August 2025 is %q (%s), %v; want %q", c.code, is.Name, is.Ref, err, c.heir)
		}
	}
}

func TestCommuneIsLookedUpByItsDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code Code
		on   time.Time
		want string
	}{
		{"00004", before, "Phường Trúc Bạch, quận Ba Đình, thành phố Hà Nội"},
		{"00004", now, "Phường Ba Đình, thành phố Hà Nội"},
		{"26368", lastTinh, "Xã Long Thành, tỉnh Đồng Nai"},
		{"26368", now, "Phường Long Thành, thành phố Đồng Nai"},
		{"20333", now, "Đặc khu Hoàng Sa, thành phố Đà Nẵng"},
	} {
		got, err := Lookup(Commune, c.code, c.on)
		if err != nil || got.Address(c.on) != c.want {
			t.Errorf("%s on %s is %q, %v; want %q", c.code, DayOf(c.on), got.Address(c.on), err, c.want)
		}
	}
}

func TestARefusedCodeIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		level Level
		code  Code
		on    time.Time
		want  string
	}{
		{Province, "49", day(2026, 1, 1), "Mã 49 là tỉnh Quảng Nam đến hết 30/6/2025; từ 01/7/2025 thuộc thành phố Đà Nẵng (mã 48)."},
		{Province, "70", lastTinh, "Mã 70 là tỉnh Bình Phước đến hết 30/6/2025; từ 01/7/2025 thuộc tỉnh Đồng Nai (mã 75)."},
		{Province, "70", now, "Mã 70 là tỉnh Bình Phước đến hết 30/6/2025; từ 01/7/2025 thuộc thành phố Đồng Nai (mã 75)."},
		{Province, "99", now, "Không có đơn vị hành chính cấp tỉnh nào mang mã này."},
		{Province, "9", now, "Mã đơn vị hành chính cấp tỉnh gồm 2 chữ số."},
		{Commune, "48", now, "Mã đơn vị hành chính cấp xã gồm 5 chữ số."},
		{District, "536", now, "Mã 536 là huyện Lý Sơn, tỉnh Quảng Ngãi đến hết 30/6/2025; từ 01/7/2025 không còn cấp huyện, địa bàn thuộc đặc khu Lý Sơn (mã 21548)."},
		{Commune, "00013", now, "Mã 00013 là phường Quán Thánh, quận Ba Đình, thành phố Hà Nội đến hết 30/6/2025; từ 01/7/2025 thuộc phường Ba Đình (mã 00004)."},
		{Commune, "20333", before, "Mã 20333 chỉ dùng từ 01/7/2025, là đặc khu Hoàng Sa, thành phố Đà Nẵng; trước đó địa bàn thuộc huyện Hoàng Sa (mã 498)."},
		{Commune, "00031", now, "Mã 00031 là phường Giảng Võ, quận Ba Đình, thành phố Hà Nội đến hết 30/6/2025; từ 01/7/2025 đã được sắp xếp lại, danh mục chưa ghi đơn vị tiếp nhận."},
	} {
		u, err := Lookup(c.level, c.code, c.on)
		if got := fault.Message(err); !errors.Is(err, fault.NotFound) || got != c.want || u != (Unit{}) {
			t.Errorf("%s on %s:\n got %q (%v)\nwant %q", c.code, DayOf(c.on), got, err, c.want)
		}
	}
}

func TestEveryOldCodeHasASentenceToday(t *testing.T) {
	t.Parallel()
	for _, u := range theAtlas().units {
		_, err := Lookup(u.Level, u.Ref.Code, now)
		if err != nil && fault.Message(err) == "" {
			t.Errorf("%s: %v has no sentence", u.Ref, err)
		}
	}
}
