package scan

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestBothAddressesAreOnThePublicPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	const printed = "xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An"
	if got := s.Get(t, nil, s.path(3)); strings.Contains(got.Body, "Địa chỉ ghi trên nhãn") {
		t.Error("a page without an address on labels shows one")
	}
	if _, err := s.World.Env.Owner(t).Exec(t.Context(), `
		update organization.organization
		set printed_address = $2, printed_unit = '17971@0001-01-01'
		where id = $1`, s.Org, printed); err != nil {
		t.Fatal(err)
	}
	want(t, "stamp", s.Get(t, nil, s.path(3)), 200, "Địa chỉ hiện nay", "Địa chỉ ghi trên nhãn (trước 01/7/2025)", printed, "đến hết 30/6/2027 (Nghị định 37/2026/NĐ-CP, Điều 98 khoản 5)")
	want(t, "in English", s.Get(t, nil, s.path(3)+"?lang=en"), 200, "Address today", "Address on the label (before 01/7/2025)", printed, "until 30/6/2027")
	want(t, "product", s.Get(t, nil, "/01/"+string(s.GTIN)), 200, "Địa chỉ ghi trên nhãn (trước 01/7/2025)", printed)
}

func TestTheNoteIsGoneWhenOldLabelsAreNoLongerLegal(t *testing.T) {
	t.Parallel()
	p := Product{Address: "Xóm 5", Unit: "16690@2025-07-01", PrintedAddress: "xóm 5, xã Kim Liên", PrintedUnit: "17971@0001-01-01"}
	for at, still := range map[time.Time]bool{
		time.Date(2027, 6, 30, 16, 59, 0, 0, time.UTC): true,
		time.Date(2027, 6, 30, 17, 0, 0, 0, time.UTC):  false,
	} {
		var page strings.Builder
		if err := productCard(&vietnamese, p, nil, at).Render(context.Background(), &page); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(page.String(), "Điều 98") != still || !strings.Contains(page.String(), "xóm 5, xã Kim Liên") {
			t.Errorf("at %s the note is shown: %v, want %v", at, !still, still)
		}
	}
}
