package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestCommittedDataAreWhatTheGeneratorMakes(t *testing.T) {
	t.Parallel()
	const source = "../../../../shared/data/vn"
	if _, err := os.Stat(source); err != nil {
		t.Skipf("SKIPPED: the shared tables are not beside the checkout: the data are NOT compared: %v", err)
	}
	files, err := compose(source)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../data", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("data/%s differs from what the generator makes (%d bytes, want %d); run the generator", name, len(got), len(want))
		}
		total += len(want)
	}
	if total >= 700_000 {
		t.Errorf("embedded data are %d bytes, want less than 700,000", total)
	}
}

func TestToneMarksGoOnTheFirstVowel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Thanh Hoá": "Thanh Hóa", "Khánh Hoà": "Khánh Hòa", "Hoà Bình": "Hòa Bình", "Thuỵ Lâm": "Thụy Lâm", "Khánh Hòa": "Khánh Hòa",
		"Trâu Quỳ": "Trâu Quỳ", "Ô Quý Hồ": "Ô Quý Hồ", "Hoàn Kiếm": "Hoàn Kiếm", "Hoài Đức": "Hoài Đức", "Nguyễn Uý": "Nguyễn Úy",
		"Thuỷ Xuân": "Thủy Xuân", "Quỳnh Mai": "Quỳnh Mai", "Xã  Lùng": "Xã Lùng", "Huế": "Huế", "Phước Thuận": "Phước Thuận",
	} {
		if got := oldStyleTone(name); got != want {
			t.Errorf("oldStyleTone(%q) = %q, want %q", name, got, want)
		}
	}
}
