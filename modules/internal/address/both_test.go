package address

import (
	"strings"
	"testing"
	"time"

	"txng/tenant/unit"
)

func TestBothAddressesAreShownAndTheNoteEndsByItself(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	// Midnight in Việt Nam is 17:00 UTC of the day before.
	lastMoment, after := time.Date(2027, 6, 30, 16, 59, 59, 0, time.UTC), time.Date(2027, 6, 30, 17, 0, 0, 0, time.UTC)
	const printed, anBa = "xóm 5, xã An Bá, huyện Sơn Động, tỉnh Bắc Giang", "07660@0001-01-01"
	sonDong := heirOf(t, anBa)
	b := Of("Xóm 5", sonDong, printed, anBa, now)
	if b.Today != "Xóm 5, Xã Sơn Động, tỉnh Bắc Ninh" || b.Label != printed || b.LabelName() != "Địa chỉ ghi trên nhãn (trước 01/7/2025)" {
		t.Errorf("got %+v, %q", b, b.LabelName())
	}
	for at, want := range map[time.Time]bool{now: true, lastMoment: true, after: false} {
		if got := Of("Xóm 5", sonDong, printed, anBa, at); got.Note(at) != "" != want || got.Label == "" {
			t.Errorf("at %s the note is %q, label %q", at, got.Note(at), got.Label)
		}
	}
	if !strings.Contains(b.Note(now), "đến hết 30/6/2027 (Nghị định 37/2026/NĐ-CP, Điều 98 khoản 5)") {
		t.Errorf("note is %q", b.Note(now))
	}
}

func TestAFormerUnitIsTheLabelsAddress(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	for _, c := range []struct{ ref, today, label string }{
		{"07660@0001-01-01", "Thôn 1, Xã Sơn Động, tỉnh Bắc Ninh", "Thôn 1, Xã An Bá, huyện Sơn Động, tỉnh Bắc Giang"},
		{"20443@0001-01-01", "cần kiểm tra)", "Thôn 1, Xã A Xan, huyện Tây Giang, tỉnh Quảng Nam"},
		{"20452@0001-01-01", "Thôn 1, Thành phố Đà Nẵng (chưa rõ xã, phường hiện nay)", "Thôn 1, Xã A Nông, huyện Tây Giang, tỉnh Quảng Nam"},
		{"00004@2025-07-01", "Thôn 1, Phường Ba Đình, thành phố Hà Nội", ""},
		{"", "Thôn 1", ""},
	} {
		if got := Of("Thôn 1", c.ref, "", "", now); !strings.HasSuffix(got.Today, c.today) || got.Label != c.label {
			t.Errorf("%s: %+v, want %q and %q", c.ref, got, c.today, c.label)
		}
	}
}

// heirOf returns the ref of the one commune of today that took over a former one.
func heirOf(t *testing.T, former string) string {
	t.Helper()
	ref, err := unit.ParseRef(former)
	if err != nil {
		t.Fatal(err)
	}
	heirs := unit.Successors(ref)
	if len(heirs) != 1 {
		t.Fatalf("%s has heirs %v", former, heirs)
	}
	return heirs[0].Ref.String()
}
