package unit

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Days before and after the changes.
var (
	before   = day(2025, 6, 30)
	since    = day(2025, 7, 1)
	lastTinh = day(2026, 4, 29)
	cityDay  = day(2026, 4, 30)
	now      = day(2026, 11, 22)
)

func day(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 12, 0, 0, 0, vietnam)
}

func mustRef(t *testing.T, text string) Ref {
	t.Helper()
	ref, err := ParseRef(text)
	if err != nil {
		t.Fatalf("ParseRef(%q): %v", text, err)
	}
	return ref
}

func names(units []Unit) []string {
	var all []string
	for _, u := range units {
		all = append(all, u.Name)
	}
	return all
}

func TestCountsAreThoseOfTheState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		on                            time.Time
		provinces, districts, commune int
	}{
		{day(2020, 1, 1), 63, 696, 10_035},
		{before, 63, 696, 10_035},
		{since, 34, 0, 3_321},
		{lastTinh, 34, 0, 3_321},
		{now, 34, 0, 3_321},
	} {
		provinces := Provinces(c.on)
		districts, communes, viaDistricts := 0, 0, 0
		for _, p := range provinces {
			communes += len(Communes(p.Ref, c.on))
			for _, d := range Districts(p.Ref) {
				districts++
				viaDistricts += len(Communes(d.Ref, c.on))
			}
		}
		if len(provinces) != c.provinces || districts != c.districts || communes != c.commune {
			t.Errorf("on %s: %d provinces, %d districts, %d communes; want %d, %d, %d",
				DayOf(c.on), len(provinces), districts, communes, c.provinces, c.districts, c.commune)
		}
		if districts > 0 && viaDistricts != communes {
			t.Errorf("on %s: districts have %d communes, provinces %d", DayOf(c.on), viaDistricts, communes)
		}
	}
}

func TestTheMapChangesAtMidnightInVietnam(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2025, 6, 30, 17, 0, 0, 0, time.UTC)
	if got := len(Provinces(midnight.Add(-time.Nanosecond))); got != 63 {
		t.Errorf("just before midnight: %d provinces, want 63", got)
	}
	if got := len(Provinces(midnight)); got != 34 {
		t.Errorf("at midnight: %d provinces, want 34", got)
	}
	u, _ := ByRef(mustRef(t, "24@0001-01-01"))
	if !u.From.IsZero() || !u.To.Equal(midnight) {
		t.Errorf("Bắc Giang is valid from %v to %v, want zero to %v", u.From, u.To, midnight)
	}
	u, _ = ByRef(mustRef(t, "24@2025-07-01"))
	if !u.To.IsZero() || !u.From.Equal(midnight) {
		t.Errorf("Bắc Ninh is valid from %v to %v, want %v to zero", u.From, u.To, midnight)
	}
}

func TestProvincesAreInVietnameseAlphabeticalOrder(t *testing.T) {
	t.Parallel()
	want := []string{
		"An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng", "Đắk Lắk", "Điện Biên", "Đồng Nai", "Đồng Tháp",
		"Gia Lai", "Hà Nội", "Hà Tĩnh", "Hải Phòng", "Hồ Chí Minh", "Huế", "Hưng Yên", "Khánh Hòa", "Lai Châu", "Lạng Sơn",
		"Lào Cai", "Lâm Đồng", "Nghệ An", "Ninh Bình", "Phú Thọ", "Quảng Ngãi", "Quảng Ninh", "Quảng Trị", "Sơn La",
		"Tây Ninh", "Thái Nguyên", "Thanh Hóa", "Tuyên Quang", "Vĩnh Long",
	}
	if got := names(Provinces(now)); !slices.Equal(got, want) {
		t.Errorf("provinces are\n%v, want\n%v", got, want)
	}
}

func TestNumberedWardsAreOrderedByTheirNumber(t *testing.T) {
	t.Parallel()
	district, err := Lookup(District, "772", before) // Quận 11
	if err != nil {
		t.Fatal(err)
	}
	got := names(Communes(district.Ref, before))
	if three, ten := slices.Index(got, "3"), slices.Index(got, "10"); district.Name != "11" || three == -1 || ten == -1 || three > ten {
		t.Errorf("wards of %s are %v, want 3 before 10", district.FullName, got)
	}
}

func TestSlugsAreUniqueOnADay(t *testing.T) {
	t.Parallel()
	for _, on := range []time.Time{before, now} {
		seen := map[string]bool{}
		for _, p := range Provinces(on) {
			if seen[p.Slug] || p.Slug == "" || strings.Trim(p.Slug, "abcdefghijklmnopqrstuvwxyz-") != "" {
				t.Errorf("slug of %s is %q, want a new plain one", p.FullName, p.Slug)
			}
			seen[p.Slug] = true
		}
		for _, slug := range []string{"bac-ninh", "da-nang", "ho-chi-minh", "dak-lak", "thanh-hoa"} {
			if !seen[slug] {
				t.Errorf("on %s no province has slug %q", DayOf(on), slug)
			}
		}
	}
}

func TestDisplayNamesUseOneToneStyle(t *testing.T) {
	t.Parallel()
	for _, u := range theAtlas().units {
		for _, wrong := range []string{"oá ", "oà ", "oả ", "oạ ", "uỷ ", "uỵ ", "oè "} {
			if strings.Contains(u.Name+" ", wrong) {
				t.Errorf("%s is named %q", u.Ref, u.Name)
			}
		}
		if kinds := []string{"Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Phường", "Xã", "Thị trấn", "Đặc khu"}; !slices.Contains(kinds, u.Kind) {
			t.Errorf("%s is of kind %q", u.Ref, u.Kind)
		}
	}
}

func TestDongNaiBecameACityWithTenNewWards(t *testing.T) {
	t.Parallel()
	wards := func(on time.Time) (count int) {
		for _, c := range Communes(mustRef(t, "75@2025-07-01"), on) {
			if c.Kind == "Phường" {
				count++
			}
		}
		return count
	}
	for _, c := range []struct {
		on                 time.Time
		province, longThan string
		wards              int
	}{
		{since, "Tỉnh Đồng Nai", "Xã Long Thành", 23},
		{lastTinh, "Tỉnh Đồng Nai", "Xã Long Thành", 23},
		{cityDay, "Thành phố Đồng Nai", "Phường Long Thành", 33},
		{now, "Thành phố Đồng Nai", "Phường Long Thành", 33},
	} {
		province, err := Lookup(Province, "75", c.on)
		if err != nil || province.FullName != c.province {
			t.Errorf("on %s: %q, %v; want %q", DayOf(c.on), province.FullName, err, c.province)
		}
		commune, err := Lookup(Commune, "26368", c.on)
		if err != nil || commune.FullName != c.longThan || commune.ProvinceRef != province.Ref {
			t.Errorf("on %s: %q in %s, %v; want %q in %s", DayOf(c.on), commune.FullName, commune.ProvinceRef, err, c.longThan, province.Ref)
		}
		if got := wards(c.on); got != c.wards {
			t.Errorf("on %s: %d wards, want %d", DayOf(c.on), got, c.wards)
		}
	}
	now, _ := ByRef(mustRef(t, "75@2025-07-01"))
	if got := now.On(lastTinh).FullName; now.FullName != "Thành phố Đồng Nai" || got != "Tỉnh Đồng Nai" {
		t.Errorf("by ref %q, on 29 April 2026 %q; want Thành phố, Tỉnh", now.FullName, got)
	}
}

func TestEveryProvinceHasSuccessorsOrPredecessors(t *testing.T) {
	t.Parallel()
	for _, p := range Provinces(before) {
		heirs := Successors(p.Ref)
		if len(heirs) != 1 || !heirs[0].Certain || heirs[0].Partial || heirs[0].Ref.From != Reorganized || len(Predecessors(p.Ref)) != 0 {
			t.Errorf("%s has successors %v, want one, whole and certain", p.FullName, heirs)
		}
	}
	unmerged, all := 0, 0
	for _, p := range Provinces(now) {
		parts := Predecessors(p.Ref)
		if len(parts) == 0 || len(parts) > 3 || len(Successors(p.Ref)) != 0 {
			t.Errorf("%s has predecessors %v, want 1 to 3", p.FullName, parts)
		}
		all += len(parts)
		if len(parts) == 1 {
			unmerged++
			if parts[0].Name != p.Name {
				t.Errorf("%s was not merged but comes from %s", p.FullName, parts[0].FullName)
			}
		}
	}
	if unmerged != 11 || all != 63 {
		t.Errorf("%d provinces were not merged and all have %d predecessors, want 11 and 63", unmerged, all)
	}
	for old, want := range map[string]string{"49@0001-01-01": "Đà Nẵng", "24@0001-01-01": "Bắc Ninh", "27@0001-01-01": "Bắc Ninh", "10@0001-01-01": "Lào Cai", "80@0001-01-01": "Tây Ninh"} {
		if got := Successors(mustRef(t, old)); len(got) != 1 || got[0].Name != want {
			t.Errorf("successors of %s are %v, want %s", old, got, want)
		}
	}
}

func TestEveryNewCommuneHasAPredecessorInItsProvince(t *testing.T) {
	t.Parallel()
	without := 0
	for _, p := range Provinces(before) {
		for _, c := range Communes(p.Ref, before) {
			if len(Successors(c.Ref)) == 0 {
				without++
			}
		}
	}
	if without != 183 {
		t.Errorf("%d old communes have no successor, want the 183 that data/README.md admits", without)
	}
	for _, p := range Provinces(now) {
		for _, c := range Communes(p.Ref, now) {
			parts := Predecessors(c.Ref)
			if len(parts) == 0 {
				t.Errorf("%s (%s) has no predecessor", c.FullName, c.Ref)
			}
			for _, part := range parts {
				if heirs := Successors(part.ProvinceRef); len(heirs) != 1 || heirs[0].Ref != p.Ref {
					t.Errorf("%s comes from %s of another province", c.Address(now), part.Address(before))
				}
			}
		}
	}
}

func TestDistrictsLeadToTheCommunesOfToday(t *testing.T) {
	t.Parallel()
	for _, p := range Provinces(before) {
		for _, d := range Districts(p.Ref) {
			if len(Successors(d.Ref)) == 0 {
				t.Errorf("%s has no successor", d.Address(before))
			}
		}
	}
	island, err := Lookup(District, "536", before)
	if err != nil {
		t.Fatal(err)
	}
	if got := Successors(island.Ref); island.FullName != "Huyện Lý Sơn" || len(got) != 1 || got[0].FullName != "Đặc khu Lý Sơn" || !got[0].Certain {
		t.Errorf("%s leads to %v, want Đặc khu Lý Sơn", island.FullName, got)
	}
}

func TestCallersMayChangeWhatTheyGot(t *testing.T) {
	t.Parallel()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got := Provinces(now)
			got[0].Name = "changed"
			if again := Provinces(now); again[0].Name != "An Giang" {
				t.Errorf("first province is %q after a caller changed its slice", again[0].Name)
			}
		})
	}
	group.Wait()
}
