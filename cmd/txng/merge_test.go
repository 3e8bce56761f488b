package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMergersAndCessionsByWrongArgumentsAreExplained gives the commands what an operator may mistype, and a list of
// officers as a spreadsheet may spoil it.
func TestMergersAndCessionsByWrongArgumentsAreExplained(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	for code, email := range map[string]string{"40": "lan@nghean.test", "48": "hai@danang.test"} {
		if exit, said := command(t, "tenant", "create", "--province", code, "--name", "Nguyễn Thị Lan", "--email", email, "--password", "mật khẩu dài"); exit != 0 {
			t.Fatal(said)
		}
	}
	_, listed := command(t, "tenant", "merge", "--from", "nghe-an", "--list-officers")
	rows := strings.Split(strings.TrimSpace(listed), "\n")
	if len(rows) != 2 {
		t.Fatalf("officers: %s", listed)
	}
	id, rest, _ := strings.Cut(rows[1], ",")
	list := func(text string) string {
		path := filepath.Join(t.TempDir(), "can-bo.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	merge := func(change ...string) []string {
		args := map[string]string{"--from": "nghe-an", "--into": "da-nang", "--effective": "2026-07-01", "--basis": "NQ 1/2026/QH16"}
		for i := 0; i < len(change); i += 2 {
			args[change[i]] = change[i+1]
		}
		all := []string{"tenant", "merge"}
		for k, v := range args {
			all = append(all, k+"="+v)
		}
		return all
	}
	cede := func(units, day, basis string) []string {
		return []string{"tenant", "cede", "--from", "nghe-an", "--into", "da-nang", "--units", units, "--effective", day, "--basis", basis}
	}
	for name, try := range map[string]struct {
		args []string
		says string
	}{
		"itself":                      {merge("--into", "nghe-an"), "chính nó"},
		"unknown origin":              {merge("--from", "atlantis"), `--from: Không có tỉnh, thành phố "atlantis"`},
		"unknown successor":           {merge("--into", "atlantis"), `--into: Không có tỉnh, thành phố "atlantis"`},
		"no successor":                {merge("--into", ""), "--into: Ghi tên miền con"},
		"31 February":                 {merge("--effective", "2026-02-31"), "--effective: Ngày \"2026-02-31\" chưa đúng"},
		"day as people write it":      {merge("--effective", "01/07/2026"), "2025-07-01"},
		"no day":                      {merge("--effective", ""), "2025-07-01"},
		"before it was known":         {merge("--effective", "1900-01-01"), "--effective: Ngày hiệu lực 01/01/1900 quá sớm"},
		"in the year 9999":            {merge("--effective", "9999-12-31"), "quá một năm"},
		"no resolution":               {merge("--basis", "  "), "--basis: Ghi căn cứ"},
		"too long a resolution":       {merge("--basis", strings.Repeat("ư", 201)), "nghị quyết"},
		"resolution with NUL":         {merge("--basis", "NQ 1\x00 2026"), "ký tự"},
		"resolution in another code":  {merge("--basis", "Ngh\xe1\xbb quy\xbft"), "ký tự"},
		"list that is none":           {merge("--officers", list("PK\x03\x04 xlsx")), "mẫu"},
		"list with semicolons":        {merge("--officers", list(strings.ReplaceAll(listed, ",", ";"))), "mẫu"},
		"rounded number":              {merge("--officers", list(rows[0]+"\n"+id[:len(id)-3]+"000,"+rest)), "vừa thay đổi"},
		"number as 1.2E+17":           {merge("--officers", list(rows[0]+"\n1.23457E+17,"+rest)), "không đúng"},
		"number and more":             {merge("--officers", list(rows[0]+"\n"+id+" x,"+rest)), "không đúng"},
		"number below zero":           {merge("--officers", list(rows[0]+"\n-"+id+","+rest)), "vừa thay đổi"},
		"officer twice":               {merge("--officers", list(rows[0]+"\n"+rows[1]+"\n"+rows[1])), "dòng trước"},
		"role above the provinces":    {merge("--officers", list(rows[0]+"\n"+strings.TrimSuffix(rows[1], "dost_officer")+"operator")), "không nhận được"},
		"role of nobody":              {merge("--officers", list(rows[0]+"\n"+strings.TrimSuffix(rows[1], "dost_officer")+"vua")), "không nhận được"},
		"undo what is not":            {[]string{"tenant", "merge", "--from", "nghe-an", "--undo", "--reason", "nghị quyết bị thu hồi"}, "Nghệ An chưa sáp nhập vào tỉnh nào"},
		"list that is not there":      {merge("--officers", "/khong/co.csv"), "--officers: /khong/co.csv: không có tệp hoặc thư mục này"},
		"list that is a folder":       {merge("--officers", t.TempDir()), "đây là thư mục, không phải tệp"},
		"list with a row too long":    {merge("--officers", list("so,a\n1,2,3\n")), "--officers: danh sách cán bộ không đúng mẫu: dòng 1 thừa hoặc thiếu cột"},
		"list of somebody else":       {merge("--officers", list(rows[0]+"\n7,"+rest)), "lấy lại danh sách"},
		"cession into nothing":        {[]string{"tenant", "cede", "--from", "nghe-an"}, "--into: Ghi tên miền con"},
		"reclaim what is not":         {[]string{"tenant", "cede", "--from", "nghe-an", "--undo", "--reason", "nghị quyết bị thu hồi"}, "không có lần chuyển xã, phường nào"},
		"reclaim a part of no number": {[]string{"tenant", "cede", "--from", "nghe-an", "--undo", "--part", "7", "--reason", "nghị quyết bị thu hồi"}, "--part: Nghệ An không có lần chuyển số 7"},
		"commune of nowhere":          {cede("Xã Không Có", "2026-07-01", "NQ 1/2026"), "không có"},
		"commune of elsewhere":        {cede("Phường Hải Châu", "2026-07-01", "NQ 1/2026"), "không có"},
		"no commune":                  {cede(" ", "2026-07-01", "NQ 1/2026"), "--units: "},
		"cession of 31 February":      {cede("Xã Kim Liên", "2026-02-31", "NQ 1/2026"), "2027-01-01"},
		"cession by no resolution":    {cede("Xã Kim Liên", "2026-07-01", ""), "nghị quyết"},
	} {
		code, said := command(t, try.args...)
		if code == 0 || !strings.Contains(said, try.says) {
			t.Errorf("%s: %d %q, want a sentence with %q", name, code, said, try.says)
		}
		inVietnamese(t, name, said)
	}
	if _, said := command(t, "tenant", "list"); strings.Contains(said, "sáp nhập") {
		t.Errorf("something was merged all the same: %s", said)
	}
	if code, said := command(t, merge("--officers", list(listed))...); code != 0 {
		t.Errorf("the list as it was given: %d %s", code, said)
	}
	if code, said := command(t, merge()...); code == 0 || !strings.Contains(said, "Nghệ An đã sáp nhập vào Đà Nẵng, không sáp nhập được") {
		t.Errorf("twice: %d %s", code, said)
	}
	if code, said := command(t, cede("Xã Kim Liên", "2026-07-01", "NQ 1/2026")...); code == 0 || !strings.Contains(said, "Nghệ An đã sáp nhập vào Đà Nẵng, không chuyển xã, phường được") {
		t.Errorf("ceded after the merger: %d %s", code, said)
	}
	if code, said := command(t, "tenant", "merge", "--from", "nghe-an", "--undo", "--reason", "ngắn"); code == 0 || !strings.Contains(said, "--reason: Nêu lý do") {
		t.Errorf("undone for no reason: %d %s", code, said)
	}
	undo := []string{"tenant", "merge", "--from", "nghe-an", "--undo", "--reason", "nghị quyết bị thu hồi"}
	if code, said := command(t, append(undo, "--into", "nghe-an")...); code == 0 || !strings.Contains(said, "--into") {
		t.Errorf("undone with another province than it was merged into: %d %s", code, said)
	}
	if code, said := command(t, undo...); code != 0 {
		t.Errorf("undone: %d %s", code, said)
	}
	if code, said := command(t, undo...); code == 0 {
		t.Errorf("undone twice: %d %s", code, said)
	}
}
