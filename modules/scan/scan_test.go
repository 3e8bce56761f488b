package scan

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/gs1"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/modules/trace/tracetest"
	"txng/tenant"
)

var quiet = slog.New(slog.DiscardHandler)

// shop is a world with a site and an order of 1,000 stamps, of which 1–500 are activated.
type shop struct {
	*tracetest.World
	*tracetest.Site
	keys     *stamps.Keys
	recorder *Recorder
	order    stamps.Order
}

func open(t *testing.T) *shop {
	t.Helper()
	keys, err := stamps.KeysOf([]byte("test secret of the stamps, 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	w := tracetest.New(t)
	s := &shop{World: w, keys: keys, recorder: NewRecorder(w.DB, quiet)}
	s.recorder.Start(context.Background())
	t.Cleanup(s.recorder.Close)
	s.Site = w.Serve(t, func(a *web.App) {
		Routes(a, keys, s.recorder)
		stamps.Routes(a, keys)
	})
	w.In(t, w.Business, func(tx tenant.Tx) error {
		if s.order, err = stamps.PlaceOrder(t.Context(), tx, w.Owner, stamps.NewOrder{Product: w.Product, Quantity: 1000, Request: "r"}); err != nil {
			return err
		}
		now := tx.Now()
		lot, err := trace.CreateLot(t.Context(), tx, w.Owner, trace.NewLot{Product: w.Product, Code: "CXD-2026-011", Place: "Vườn số 3", Produced: now.AddDate(0, 0, -2), Expires: now.AddDate(0, 1, 0)})
		if err != nil {
			return err
		}
		for i, kind := range []trace.Kind{trace.Harvest, trace.Pack, trace.Ship} {
			if _, err := trace.Record(t.Context(), tx, w.Owner, trace.NewEvent{Lot: lot, Kind: kind, At: now.Add(time.Duration(i-40) * time.Hour), Place: "Xã Nghi Lộc", Note: "ghi chú nội bộ"}); err != nil {
				return err
			}
		}
		return stamps.Activate(t.Context(), tx, w.Owner, stamps.Ref{Number: s.order.Number}, 0, 499, lot)
	})
	return s
}

func (s *shop) serial(index int) stamps.Serial {
	return s.keys.Order(string(s.GTIN), int(s.Tenant.ID), s.order.Number).Serial(index)
}

func (s *shop) path(index int) string {
	return "/01/" + string(s.GTIN) + "/21/" + string(s.serial(index))
}

func want(t *testing.T, what string, got tracetest.Answer, status int, texts ...string) {
	t.Helper()
	if got.Status != status {
		t.Errorf("%s: status %d, want %d", what, got.Status, status)
	}
	for _, text := range texts {
		if !strings.Contains(got.Body, text) {
			t.Errorf("%s: the page lacks %q", what, text)
		}
	}
}

func TestFirstScanIsCalledFirstOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.Get(t, nil, s.path(0))
	want(t, "first scan", first, 200, "Tem hợp lệ", "lần quét đầu tiên", "is-genuine",
		// the seven public items of NĐ 37/2026 Điều 23.7
		"Cam Vinh Xã Đoài", fmt.Sprintf("/anh/%d/%d", s.Tenant.ID, s.Product), "HTX Nông nghiệp Nghi Diên", "Xóm 5", "Nghệ An, Việt Nam", "CXD-2026-011", "Hạn sử dụng",
		"Hành trình sản phẩm", "Thu hoạch", "Vận chuyển", s.serial(0).Grouped(), s.GTIN.Display(), "/bao-loi?lang=vi")
	if strings.Contains(first.Body, "ghi chú nội bộ") {
		t.Error("the page shows a note that is not public")
	}
	if strings.Contains(first.Body, "<script") || len(first.Body) > 30_000 {
		t.Errorf("the page has a script or %d bytes", len(first.Body))
	}
	if got := first.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", got)
	}
	for n := 2; n <= ManyScans; n++ {
		want(t, "a later scan", s.Get(t, nil, s.path(0)), 200, fmt.Sprintf("đã được quét %d lần kể từ", n), "is-genuine")
	}
	want(t, "too many scans", s.Get(t, nil, s.path(0)), 200, "đã được quét 6 lần", "is-caution", "sao chép")
	want(t, "another stamp", s.Get(t, nil, s.path(1)), 200, "lần quét đầu tiên")
}

func TestEveryStateHasItsVerdict(t *testing.T) {
	t.Parallel()
	s := open(t)
	ref := stamps.Ref{Number: s.order.Number}
	s.In(t, s.Business, func(tx tenant.Tx) error {
		return stamps.SetVoid(t.Context(), tx, s.Owner, ref, 600, 609, "In hỏng")
	})
	s.In(t, s.Scope, func(tx tenant.Tx) error {
		return stamps.Recall(t.Context(), tx, s.Officer, ref, 100, 199, "Dư lượng vượt mức cho phép")
	})
	want(t, "not activated", s.Get(t, nil, s.path(500)), 200, "Tem chưa kích hoạt", "is-caution")
	want(t, "void", s.Get(t, nil, s.path(600)), 200, "Tem đã hủy", "is-bad", "In hỏng")
	want(t, "recalled", s.Get(t, nil, s.path(150)), 200, "Sản phẩm bị thu hồi", "is-bad", "Dư lượng vượt mức cho phép", "Ngừng sử dụng", "CXD-2026-011")
	want(t, "activated", s.Get(t, nil, s.path(99)), 200, "Tem hợp lệ")
	want(t, "English", s.Get(t, nil, s.path(98)+"?lang=en"), 200, "Valid stamp", `lang="en"`, "Harvested", "Report a fake")
}

func TestExpiredLotIsNotCalledValid(t *testing.T) {
	t.Parallel()
	s := open(t)
	expire := func(days int) {
		t.Helper()
		y, m, d := s.DB.Now().In(vi.Zone).Date()
		s.In(t, s.Scope, func(tx tenant.Tx) error {
			_, err := tx.Exec(t.Context(), `update trace.lot set produced_on = '2020-01-01', expires_on = $2 where tenant_id = $1`, time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC))
			return err
		})
	}
	expire(0)
	want(t, "its last day", s.Get(t, nil, s.path(0)), 200, "Tem hợp lệ", "is-genuine")
	expire(-1)
	got := s.Get(t, nil, s.path(0))
	want(t, "the day after", got, 200, "Sản phẩm hết hạn sử dụng", "is-bad", "CXD-2026-011", "2 lần")
	if strings.Contains(got.Body, "Tem hợp lệ") {
		t.Error("the page calls an expired product valid")
	}
	want(t, "English", s.Get(t, nil, s.path(1)+"?lang=en"), 200, "Product expired", "is-bad")
	want(t, "not activated", s.Get(t, nil, s.path(500)), 200, "Tem chưa kích hoạt")
	ref := stamps.Ref{Number: s.order.Number}
	s.In(t, s.Business, func(tx tenant.Tx) error { return stamps.SetVoid(t.Context(), tx, s.Owner, ref, 10, 10, "rách") })
	s.In(t, s.Scope, func(tx tenant.Tx) error {
		return stamps.Recall(t.Context(), tx, s.Officer, ref, 20, 20, "dư lượng")
	})
	want(t, "void", s.Get(t, nil, s.path(10)), 200, "Tem đã hủy")
	want(t, "recalled", s.Get(t, nil, s.path(20)), 200, "Sản phẩm bị thu hồi")
	officer := s.SignIn(t, authz.DOSTOfficer)
	csv := s.Get(t, officer, "/luot-quet?xuat=csv&verdict=expired")
	if n := strings.Count(csv.Body, "Hết hạn sử dụng"); n != 2 {
		t.Errorf("%d scans are recorded as expired, want 2\n%s", n, csv.Body)
	}
}

func TestDayEndsAtMidnightInVietnam(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	f := found{State: stamps.Activated, Lot: &lot{ExpiresOn: &last}}
	for at, want := range map[string]Verdict{"2026-11-22T16:59:59Z": Genuine, "2026-11-22T17:00:00Z": Expired} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.verdict(now); got != want {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
	}
}

func TestReportGoesToTheStampsProvinceInThePagesLanguage(t *testing.T) {
	t.Parallel()
	s := open(t)
	want(t, "Vietnamese", s.Get(t, nil, s.path(0)), 200, "lang=vi&amp;ma=", "&amp;tinh="+s.Tenant.Slug)
	want(t, "English", s.Get(t, nil, s.path(0)+"?lang=en"), 200, "/bao-loi?lang=en&amp;ma=", "&amp;tinh="+s.Tenant.Slug)
	forged := s.Get(t, nil, "/01/"+string(s.GTIN)+"/21/1ABCDEFGHJKMNPQRSTVW")
	if strings.Contains(forged.Body, "tinh=") {
		t.Error("the report of a forged stamp names a province")
	}
}

func TestWrongDayOfTheFilterIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	officer := s.SignIn(t, authz.DOSTOfficer)
	s.Get(t, nil, s.path(11))
	want(t, "no day", s.Get(t, officer, "/luot-quet?from=99/99/2026"), 200, "99/99/2026", "không hợp lệ", "#f-from", `aria-invalid="true"`)
	want(t, "the wrong way round", s.Get(t, officer, "/luot-quet?from=02/01/2026&to=01/01/2026"), 200, "#f-to", "từ 02/01/2026 trở đi")
	want(t, "a file of it", s.Get(t, officer, "/luot-quet?to=x&xuat=csv"), 422)
	if got := s.Get(t, officer, "/luot-quet?from=01/01/2026").Body; strings.Contains(got, "aria-invalid") {
		t.Error("a right day is called wrong")
	}
}

func TestBadInputIsAnsweredWithAPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, _, otherGTIN := s.AddProduct(t, s.Scope, "HTX Thanh Chương", "Gừng")
	serial := string(s.serial(7))
	beyond := string(s.keys.Order(string(s.GTIN), int(s.Tenant.ID), s.order.Number).Serial(1000))
	noOrder := string(s.keys.Order(string(s.GTIN), int(s.Tenant.ID), 4_000_000).Serial(0))
	noTenant := string(s.keys.Order(string(s.GTIN), stamps.MaxTenant, 1).Serial(0))
	for name, c := range map[string]struct {
		path   string
		status int
		text   string
	}{
		"wrong check digit":        {"/01/08936012345670/21/" + serial, 400, "Mã sản phẩm không hợp lệ"},
		"GTIN of letters":          {"/01/abc/21/" + serial, 400, "Mã sản phẩm không hợp lệ"},
		"forged serial":            {"/01/" + string(s.GTIN) + "/21/1ABCDEFGHJKMNPQRSTVW", 404, "Tem không có trong hệ thống"},
		"text":                     {"/01/" + string(s.GTIN) + "/21/%3Cscript%3E", 404, "Tem không có trong hệ thống"},
		"a slash in the serial":    {"/01/" + string(s.GTIN) + "/21/a%2Fb", 404, "Tem không có trong hệ thống"},
		"bad percent sign":         {"/01/" + string(s.GTIN) + "/21/%25zz", 404, "Tem không có trong hệ thống"},
		"another product's GTIN":   {"/01/" + string(otherGTIN) + "/21/" + serial, 404, "Tem không có trong hệ thống"},
		"index beyond the order":   {"/01/" + string(s.GTIN) + "/21/" + beyond, 404, "Tem không có trong hệ thống"},
		"order that is not there":  {"/01/" + string(s.GTIN) + "/21/" + noOrder, 404, "Tem không có trong hệ thống"},
		"tenant that is not there": {"/01/" + string(s.GTIN) + "/21/" + noTenant, 410, "Không còn dữ liệu của tem"},
		"lower case":               {"/01/" + string(s.GTIN) + "/21/" + strings.ToLower(serial), 200, "Tem hợp lệ"},
		"percent-encoded":          {"/01/" + string(s.GTIN) + "/21/" + fmt.Sprintf("%%%02X", serial[0]) + serial[1:], 200, "Tem hợp lệ"},
		"GTIN-13":                  {"/01/" + s.GTIN.Display() + "/21/" + serial, 200, "Tem hợp lệ"},
	} {
		got := s.Get(t, nil, c.path)
		want(t, name, got, c.status, c.text)
		if strings.Contains(got.Body, "<script") {
			t.Errorf("%s: the page contains what was asked for, unescaped", name)
		}
	}
}

func TestForgedSerialIsRefusedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.DB.Close()
	want(t, "forged serial", s.Get(t, nil, "/01/"+string(s.GTIN)+"/21/1ABCDEFGHJKMNPQRSTVW"), 404, "Tem không có trong hệ thống")
	want(t, "genuine serial", s.Get(t, nil, s.path(0)), 503, "Chưa ghi nhận được lượt quét", "thử lại")
}

func TestScanThatIsNotRecordedIsNotCalledFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.recorder.Close()
	got := s.Get(t, nil, s.path(0))
	want(t, "recorder closed", got, 503, "Chưa ghi nhận được lượt quét")
	if strings.Contains(got.Body, "đầu tiên") || strings.Contains(got.Body, "is-genuine") {
		t.Error("the page claims a first scan that was not recorded")
	}
	want(t, "not activated", s.Get(t, nil, s.path(500)), 503, "Tem chưa kích hoạt")
}

func TestHeadIsNoScan(t *testing.T) {
	t.Parallel()
	s := open(t)
	if got := s.Do(t, nil, http.MethodHead, s.path(3), nil); got.Status != 200 || got.Body != "" {
		t.Errorf("HEAD: status %d with %d bytes, want 200 with none", got.Status, len(got.Body))
	}
	want(t, "GET after HEAD", s.Get(t, nil, s.path(3)), 200, "lần quét đầu tiên")
}

func TestPhotoAndProductPageArePublicWhenPublished(t *testing.T) {
	t.Parallel()
	s := open(t)
	photo := fmt.Sprintf("/anh/%d/%d", s.Tenant.ID, s.Product)
	got := s.Get(t, nil, photo)
	if got.Status != 200 || got.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(got.Header.Get("Cache-Control"), "public") {
		t.Errorf("photo: status %d, %v", got.Status, got.Header)
	}
	want(t, "product", s.Get(t, nil, "/01/"+string(s.GTIN)), 200, "Cam Vinh Xã Đoài", "quét mã QR trên tem")
	want(t, "wrong GTIN", s.Get(t, nil, "/01/123"), 400, "Mã sản phẩm không hợp lệ")
	want(t, "unknown GTIN", s.Get(t, nil, "/01/09520000000059"), 404, "Chưa có thông tin sản phẩm")
	s.In(t, s.Scope, func(tx tenant.Tx) error {
		_, err := tx.Exec(t.Context(), `update catalog.product set state = 'draft' where tenant_id = $1 and id = $2`, s.Product)
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `update catalog.photo set published = false where tenant_id = $1`)
		return err
	})
	want(t, "draft", s.Get(t, nil, "/01/"+string(s.GTIN)), 404)
	if got := s.Get(t, nil, photo).Status; got != 404 {
		t.Errorf("photo of a draft: status %d, want 404", got)
	}
	hidden := s.Get(t, nil, s.path(0))
	want(t, "stamp of a draft", hidden, 200, "chưa công bố thông tin")
	if strings.Contains(hidden.Body, "Cam Vinh") {
		t.Error("the stamp's page shows a product that is not published")
	}
}

func TestLanguageIsTheBrowsers(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"", "", "vi"}, {"", "en-US,en;q=0.9", "en"}, {"", "vi-VN,en;q=0.5", "vi"}, {"", "fr,en;q=0.5", "en"}, {"", "ja", "vi"},
		{"vi", "en", "vi"}, {"en", "vi", "en"}, {"xx", "en", "en"}, {"", ";;;", "vi"},
	} {
		if got := wordsFor(c[0], c[1]).lang; got != c[2] {
			t.Errorf("lang=%q, Accept-Language %q: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestBothLanguagesSayEverything(t *testing.T) {
	t.Parallel()
	for v := range kinds {
		for _, w := range []*words{&vietnamese, &english} {
			if w.verdicts[v].word == "" {
				t.Errorf("%s has no words for %s", w.lang, v)
			}
		}
		if (vietnamese.advice[v] == "") != (english.advice[v] == "") {
			t.Errorf("only one language has advice for %s", v)
		}
	}
	for _, k := range trace.Kinds {
		if english.kinds[k.Kind] == "" {
			t.Errorf("English has no word for %s", k.Kind)
		}
	}
}

func TestOfficersSeeTheScans(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 3 {
		s.Get(t, nil, s.path(11))
	}
	s.Get(t, nil, s.path(700))
	officer := s.SignIn(t, authz.DOSTOfficer)
	want(t, "list", s.Get(t, officer, "/luot-quet"), 200, "Cam Vinh Xã Đoài", "Chưa kích hoạt", "<svg", "701")
	if body := s.Get(t, officer, "/luot-quet?verdict=inactive").Body; strings.Contains(body, ">12<") || !strings.Contains(body, "701") {
		t.Error("the filter by verdict does not hold")
	}
	if body := s.Get(t, officer, "/luot-quet?to=01/01/2026").Body; strings.Contains(body, "701") {
		t.Error("the filter by day does not hold")
	}
	csv := s.Get(t, officer, "/luot-quet?xuat=csv")
	if csv.Status != 200 || strings.Count(csv.Body, "Cam Vinh Xã Đoài") != 4 {
		t.Errorf("csv: status %d with %d scans, want 4", csv.Status, strings.Count(csv.Body, "Cam Vinh Xã Đoài"))
	}
	if got := s.Get(t, s.SignIn(t, authz.UnitOfficer), "/luot-quet").Status; got != 403 {
		t.Errorf("a unit officer: status %d, want 403", got)
	}
}

func TestPrintedLabelLeadsToItsPage(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"pdftoppm", "zbarimg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed (Debian packages poppler-utils, zbar-tools): printed labels are NOT read back", tool)
		}
	}
	s := open(t)
	pdf := s.Get(t, s.SignIn(t, authz.OrgOwner), stamps.Ref{Number: s.order.Number}.Path()+"/nhan.pdf?tu=1&den=3&kho=24")
	if pdf.Status != 200 {
		t.Fatalf("labels: status %d\n%s", pdf.Status, pdf.Body)
	}
	file := filepath.Join(t.TempDir(), "labels")
	if err := os.WriteFile(file+".pdf", []byte(pdf.Body), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(tool string, args ...string) string {
		var errs bytes.Buffer
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", tool, err, errs.String())
		}
		return string(out)
	}
	run("pdftoppm", "-r", "300", "-gray", "-singlefile", file+".pdf", file)
	links := strings.Fields(run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file+".pgm"))
	if len(links) != 3 {
		t.Fatalf("read %d codes from the sheet: %v, want 3", len(links), links)
	}
	origin := "HTTP://" + strings.ToUpper(s.Tenant.Slug) + ".TXNG.TEST"
	for _, link := range links {
		path, ok := strings.CutPrefix(link, origin)
		if !ok {
			t.Errorf("link %s does not begin with %s", link, origin)
		}
		if _, err := gs1.ParseLink(link); err != nil {
			t.Errorf("link %s: %v", link, err)
		}
		want(t, link, s.Get(t, nil, path), 200, "Tem hợp lệ", "lần quét đầu tiên")
	}
}
