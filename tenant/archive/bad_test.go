package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant/archive"
	"txng/tenant/fault"
)

// forged makes an archive from changed entries whose hashes and counts are right again: the work of somebody who knows
// the format.
func forged(t testing.TB, list []entry) []byte {
	t.Helper()
	hash := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	var head archive.Header
	if err := json.Unmarshal(list[0].b, &head); err != nil {
		t.Fatal(err)
	}
	lines := map[string][]byte{}
	m := archive.Manifest{}
	files := sha256.New()
	for _, e := range list {
		if rest, ok := strings.CutPrefix(e.name, "tables/"); ok {
			table, _, _ := strings.Cut(rest, "/")
			lines[table] = append(lines[table], e.b...)
		}
		if strings.HasPrefix(e.name, "files/") {
			m.Files++
			m.Bytes += int64(len(e.b))
			fmt.Fprintf(files, "%s %s\n", e.name, hash(e.b))
		}
	}
	m.Hash = hex.EncodeToString(files.Sum(nil))
	for i, table := range head.Tables {
		n := int64(bytes.Count(lines[table.Name], []byte("\n")))
		head.Tables[i].Rows = n
		m.Rows += n
		m.Tables = append(m.Tables, archive.ManifestTable{Name: table.Name, Rows: n, SHA256: hash(lines[table.Name])})
	}
	head.Total = m.Rows
	list[0].b, _ = json.MarshalIndent(head, "", "  ")
	m.Header = hash(list[0].b)
	list[len(list)-1].b, _ = json.MarshalIndent(m, "", "  ")
	return packed(t, list)
}

func TestBadArchivesAreRefusedWithASentenceAndNothingIsWritten(t *testing.T) {
	s := provinces(t)
	nghean := s.tenant(t, "nghe-an")
	good, _ := export(t, s.db, nghean.ID, archive.Options{Credentials: true})
	c, _ := empty(t)
	conn := owner(t, c)
	// in changes the entry of that name.
	in := func(name string, change func([]byte) []byte) func([]entry) []entry {
		return func(list []entry) []entry {
			i := slices.IndexFunc(list, func(e entry) bool { return strings.HasPrefix(e.name, name) })
			if i < 0 {
				t.Fatalf("no entry %s", name)
			}
			list[i].b = change(slices.Clone(list[i].b))
			return list
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("no %q in %.300s", old, b)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	first := func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }
	add := func(e entry) func([]entry) []entry {
		return func(list []entry) []entry { return slices.Insert(list, len(list)-1, e) }
	}
	own := fmt.Sprintf(`"tenant_id":%d`, nghean.ID)
	products := "tables/catalog.product/000001.jsonl"
	for name, k := range map[string]struct {
		change func([]entry) []entry
		forged bool // the hashes are right
		want   string
	}{
		"row altered":             {in(products, replace(`"illustrative":true`, `"illustrative":false`)), false, "đã bị sửa: bảng catalog.product"},
		"row removed":             {in(products, func(b []byte) []byte { return b[len(first(b)):] }), false, "không trọn vẹn"},
		"row added":               {in(products, func(b []byte) []byte { return append(b, first(b)...) }), false, "nhiều dòng hơn"},
		"picture altered":         {in("files/", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), false, "tệp kèm theo"},
		"picture altered, forged": {in("files/", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), true, "tệp kèm theo"},
		"header altered":          {in("header.json", replace(`"slug": "nghe-an"`, `"slug": "nghe-an2"`)), false, "Không nhập gì"},
		"manifest gone":           {func(l []entry) []entry { return l[:len(l)-1] }, false, "bị cắt cụt"},
		"newer format":            {in("header.json", replace(`"version": 1`, `"version": 2`)), true, "mới hơn"},
		"newer schema":            {in("header.json", replace(`"schema": 25`, `"schema": 99`)), true, "mới hơn"},
		"older schema":            {in("header.json", replace(`"schema": 25`, `"schema": 3`)), true, "cũ hơn"},
		"row of another tenant":   {in(products, replace(own, `"tenant_id":1023`)), true, "thuộc về tỉnh, thành phố khác"},
		"row of no tenant":        {in(products, replace(own, `"tenant_id":null`)), true, "thuộc về tỉnh, thành phố khác"},
		"other tenant's registry": {in("tables/tenant.tenant", replace(`"id":`, `"id":9`)), true, "thuộc về tỉnh, thành phố khác"},
		"unknown table":           {in("header.json", replace(`"name": "catalog.product"`, `"name": "catalog.secret"`)), true, "bảng lạ"},
		"global table":            {in("header.json", replace(`"name": "catalog.product"`, `"name": "authz.platform_role"`)), true, "bảng lạ"},
		"table that is left out":  {in("header.json", replace(`"name": "catalog.product"`, `"name": "authz.session"`)), true, "bảng lạ"},
		"unknown column":          {in("header.json", replace(`"name": "brand"`, `"name": "drop"`)), true, "cột lạ"},
		"column of another type":  {in("header.json", replace(`"type": "bigint"`, `"type": "integer"`)), true, "cột lạ"},
		"value of unknown column": {in(products, replace(`"brand":`, `"colour":1,"brand":`)), true, "cột lạ"},
		"column missing in a row": {in(products, replace(`"exported":false,`, ``)), true, "thiếu cột exported"},
		"wrong type":              {in(products, replace(own, `"tenant_id":"x"`)), true, "không đúng kiểu"},
		"number with SQL":         {in(products, replace(`"exported":false`, `"exported":"f\t\\.\n"`)), true, "không đúng kiểu"},
		"zero byte":               {in(products, replace(`"origin":"`, `"origin":"\u0000`)), true, "không đúng kiểu"},
		"no UTF-8":                {in(products, replace(`"origin":"`, "\"origin\":\"\xff")), true, "không đọc được"},
		"no JSON":                 {in(products, replace(`{`, `[`)), true, "không phải một đối tượng"},
		"no bigint":               {in(products, replace(`"id":"`, `"id":"9x`)), true, "giá trị không hợp lệ"},
		"row twice":               {in(products, func(b []byte) []byte { return append(b, first(b)...) }), true, "trùng"},
		"value a check refuses":   {in(products, replace(`"state":"published"`, `"state":"hidden"`)), true, "giá trị không hợp lệ"},
		"reference to nothing":    {in(products, replace(`"org_id":"`, `"org_id":"9`)), true, "không có"},
		"role above the tenants":  {in("tables/authz.membership", replace(`"role":"dost_admin"`, `"role":"operator"`)), true, "toàn quốc"},
		"role of nobody":          {in("tables/authz.membership", replace(`"account_id":"`, `"account_id":"1`)), true, "tài khoản"},
		"account without a role": {in("tables/authz.account", func(b []byte) []byte {
			return append([]byte(`{"id":"5","email":"ai@x.vn","name":"Ai","password_hash":"!","disabled_at":null,"created_at":"2026-01-01T00:00:00Z"}`+"\n"), b...)
		}), true, "không giữ vai trò"},
		"registry row twice": {in("tables/tenant.tenant", func(b []byte) []byte { return append(b, b...) }), true, "trùng"},
		"picture missing": {func(l []entry) []entry {
			return slices.DeleteFunc(l, func(e entry) bool { return strings.HasPrefix(e.name, "files/") })
		}, true, "thiếu tệp kèm theo"},
		"huge line":              {in(products, replace(`"origin":"`, `"origin":"`+strings.Repeat("x", 9<<20))), true, "dài quá"},
		"line without end":       {in(products, func(b []byte) []byte { return b[:len(b)-1] }), true, "không trọn vẹn"},
		"path out of the folder": {add(entry{"../../etc/passwd", []byte("x"), tar.TypeReg}), true, "không đúng chỗ"},
		"path out of files":      {add(entry{"files/catalog.photo/../../x", []byte("x"), tar.TypeReg}), true, "không đúng chỗ"},
		"absolute path":          {add(entry{"/files/catalog.photo/000001-0001.jpg", []byte("x"), tar.TypeReg}), true, "không đúng chỗ"},
		"link":                   {add(entry{"files/catalog.photo/000001-0009.jpg", []byte("/etc/passwd"), tar.TypeSymlink}), true, "không đúng chỗ"},
		"folder":                 {add(entry{"files/", nil, tar.TypeDir}), true, "không đúng chỗ"},
		"table twice": {func(l []entry) []entry {
			return slices.Insert(l, len(l)-1, entry{products, []byte("{}\n"), tar.TypeReg})
		}, false, ""},
		"entry behind the manifest": {func(l []entry) []entry { return append(l, entry{"tables/x.y/000001.jsonl", nil, tar.TypeReg}) }, false, "thừa"},
		"no archive of ours":        {func(l []entry) []entry { return l[1:] }, false, "không phải tệp lưu trữ"},
		"header is nothing":         {in("header.json", func([]byte) []byte { return []byte("{}") }), false, "không phải tệp lưu trữ"},
		"tables in the wrong order": {in("header.json", func(b []byte) []byte {
			return bytes.Replace(bytes.Replace(bytes.Replace(b, []byte(`"catalog.product"`), []byte(`"X"`), 1), []byte(`"organization.organization"`), []byte(`"catalog.product"`), 1), []byte(`"X"`), []byte(`"organization.organization"`), 1)
		}), true, ""},
	} {
		list := k.change(entries(t, good))
		file := packed(t, list)
		if k.forged {
			file = forged(t, list)
		}
		refused(t, name, conn, func() error {
			_, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{})
			return err
		}, k.want)
	}

	for name, file := range map[string][]byte{
		"nothing":            {},
		"text":               []byte("Kính gửi Sở Khoa học và Công nghệ"),
		"gzip of nothing":    gzipped(nil),
		"two archives":       append(slices.Clone(good), good...),
		"rubbish at the end": append(slices.Clone(good), "rubbish"...),
		"no tar within":      gzipped(bytes.Repeat([]byte("x"), 1<<16)),
		"bomb":               packed(t, slices.Insert(entries(t, good)[:1], 1, entry{"tables/tenant.tenant/000001.jsonl", make([]byte, 200<<20), tar.TypeReg})),
	} {
		refused(t, name, conn, func() error {
			_, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{})
			return err
		}, "")
	}
	for range 40 {
		cut := rand.IntN(len(good))
		refused(t, fmt.Sprintf("cut off at %d of %d", cut, len(good)), conn, func() error {
			_, err := archive.Import(t.Context(), c, bytes.NewReader(good[:cut]), archive.ImportOptions{})
			return err
		}, "")
		file := slices.Clone(good)
		at := 10 + rand.IntN(len(file)-10) // the first ten bytes are gzip's own time and system
		file[at] ^= 1 << rand.IntN(8)
		if _, _, err := archive.Check(bytes.NewReader(file)); err == nil {
			t.Errorf("byte %d altered: accepted", at)
		}
	}
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(forged(t, entries(t, good))), archive.ImportOptions{}); err != nil {
		t.Errorf("the same archive, packed anew: %v: the test's own packing is wrong", err)
	}
}

// TestFlippedBitIsSaidToBeDamage: wherever it is, the file is called damaged or cut off, not one of another kind and not
// one that somebody has altered.
func TestFlippedBitIsSaidToBeDamage(t *testing.T) {
	s := provinces(t)
	good, _ := export(t, s.db, s.tenant(t, "nghe-an").ID, archive.Options{})
	for n := range 60 {
		at := 10 + n*(len(good)-10)/60
		file := slices.Clone(good)
		file[at] ^= 1 << (n % 8)
		_, _, err := archive.Check(bytes.NewReader(file))
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || !strings.Contains(wrong[0].Message, "bị hỏng") && !strings.Contains(wrong[0].Message, "cắt cụt") && !strings.Contains(wrong[0].Message, "nén bất thường") {
			t.Errorf("bit %d of byte %d of %d flipped: %v", n%8, at, len(good), err)
		}
	}
}

func TestArchiveThatExpandsBeyondReasonIsRefused(t *testing.T) {
	s := provinces(t)
	good, _ := export(t, s.db, s.tenant(t, "nghe-an").ID, archive.Options{})
	list := entries(t, good)
	i := slices.IndexFunc(list, func(e entry) bool { return strings.HasPrefix(e.name, "tables/catalog.product/") })
	list[i].b = bytes.Repeat([]byte("{}\n"), 30<<20)
	_, _, err := archive.Check(bytes.NewReader(forged(t, list)))
	var wrong fault.Invalid
	if !errors.As(err, &wrong) || !strings.Contains(wrong[0].Message, "nén bất thường") {
		t.Errorf("90 MB of the same three bytes: %v", err)
	}
}

func refused(t *testing.T, name string, conn *pgx.Conn, do func() error, want string) {
	t.Helper()
	err := do()
	var wrong fault.Invalid
	if !errors.As(err, &wrong) || len(wrong) != 1 || !strings.Contains(wrong[0].Message, want) {
		t.Errorf("%s: %v, want a sentence with %q", name, err, want)
		return
	}
	for _, raw := range []string{"SQLSTATE", "ERROR", "violates", "relation", "0x", "unexpected"} {
		if strings.Contains(wrong[0].Message, raw) {
			t.Errorf("%s: %q shows the database's text", name, wrong[0].Message)
		}
	}
	isEmpty(t, name, conn)
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}
