package trace_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/vi"
	"txng/modules/trace"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
)

func newLot(w *tracetest.World, code string) trace.NewLot {
	return trace.NewLot{Product: w.Product, Code: code, Place: "Vườn số 3", Produced: time.Now()}
}

func create(t *testing.T, w *tracetest.World, code string) (id trace.LotID) {
	t.Helper()
	w.In(t, w.Business, func(tx tenant.Tx) (err error) {
		id, err = trace.CreateLot(t.Context(), tx, w.Owner, newLot(w, code))
		return err
	})
	return id
}

func wantField(t *testing.T, what string, err error, field string) {
	t.Helper()
	var wrong fault.Invalid
	if !errors.As(err, &wrong) || wrong.Of(field) == "" {
		t.Errorf("%s: err = %v, want a message for %s", what, err, field)
	}
}

func TestLotIsOfAnOwnProduct(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	_, foreign, _ := w.AddProduct(t, w.Scope, "HTX Thanh Chương", "Gừng")
	n := newLot(w, "L1")
	n.Product = foreign
	for name, s := range map[string]tenant.Scope{"as the business": w.Business, "past row security": w.Scope} {
		err := w.Try(t, s, func(tx tenant.Tx) error {
			_, err := trace.CreateLot(t.Context(), tx, w.Owner, n)
			return err
		})
		wantField(t, name, err, "product")
	}
}

func TestLotCodeIsUniqueWithinItsProduct(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	create(t, w, "CXD-1")
	err := w.Try(t, w.Business, func(tx tenant.Tx) error {
		_, err := trace.CreateLot(t.Context(), tx, w.Owner, newLot(w, "CXD-1"))
		return err
	})
	wantField(t, "the same code again", err, "code")
	create(t, w, "CXD-2")
}

func TestWrongLotsAreRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for field, change := range map[string]func(*trace.NewLot){
		"product":  func(n *trace.NewLot) { n.Product = 0 },
		"code":     func(n *trace.NewLot) { n.Code = "lô số 1" },
		"place":    func(n *trace.NewLot) { n.Place = " " },
		"produced": func(n *trace.NewLot) { n.Produced = now.AddDate(0, 0, 2) },
		"expires":  func(n *trace.NewLot) { n.Expires = now.AddDate(0, 0, -3) },
	} {
		n := trace.NewLot{Product: 1, Code: "A", Place: "Vườn", Produced: now}
		if _, err := n.Validate(now); err != nil {
			t.Fatalf("a right lot: %v", err)
		}
		change(&n)
		_, err := n.Validate(now)
		wantField(t, field, err, field)
	}
}

func TestEventIsNotInTheFuture(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, vi.Zone)
	for ahead, want := range map[time.Duration]bool{-time.Hour: true, 5 * time.Minute: true, 5*time.Minute + time.Second: false, 24 * time.Hour: false} {
		_, err := trace.NewEvent{Lot: 1, Kind: trace.Pack, At: now.Add(ahead), Place: "Xưởng"}.Validate(now)
		if (err == nil) != want {
			t.Errorf("an event %v ahead: err = %v, want allowed %v", ahead, err, want)
		}
	}
	_, err := trace.NewEvent{Lot: 1, Kind: "eat", At: now, Place: "Xưởng"}.Validate(now)
	wantField(t, "an unknown kind", err, "kind")
}

func TestEventsOfAPublishedLotArePublic(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	lot := create(t, w, "P1")
	note := func() {
		w.In(t, w.Business, func(tx tenant.Tx) error {
			_, err := trace.Record(t.Context(), tx, w.Owner, trace.NewEvent{Lot: lot, Kind: trace.Harvest, At: time.Now(), Place: "Vườn"})
			return err
		})
	}
	public := func() (n int) {
		err := w.DB.Public(t.Context(), func(tx tenant.Public) (err error) {
			n, err = tenant.Value[int](t.Context(), tx, `select count(*)::int from trace.event where tenant_id = $1 and lot_id = $2`, w.Tenant.ID, lot)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	note()
	if got := public(); got != 0 {
		t.Errorf("before publishing the public sees %d events, want 0", got)
	}
	for range 2 {
		w.In(t, w.Business, func(tx tenant.Tx) error { return trace.Publish(t.Context(), tx, lot) })
	}
	note()
	if got := public(); got != 2 {
		t.Errorf("after publishing the public sees %d events, want 2", got)
	}
}

func TestPredecessorsLotIsReadOnly(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	lot := create(t, w, "OLD")
	successor, _ := w.NewTenant(t)
	err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Succeed(t.Context(), tx, tenant.Lineage{Successor: successor.ID, Origin: w.Tenant.ID, Effective: time.Now(), Basis: "NQ 202/2025/QH15"})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.DB.Forget()
	scope, err := w.DB.Scope(t.Context(), successor.ID)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Try(t, scope, func(tx tenant.Tx) error {
		if _, err := trace.FindLot(t.Context(), tx, lot); err != nil {
			t.Errorf("reading: %v", err)
		}
		_, err := trace.Record(t.Context(), tx, w.Officer, trace.NewEvent{Lot: lot, Kind: trace.Pack, At: tx.Now(), Place: "X"})
		return err
	})
	if !errors.Is(err, fault.Conflict) || fault.Message(err) == "" {
		t.Errorf("writing: err = %v, want a conflict with a sentence", err)
	}
}

func TestLotIsMadeWithItsFirstEventInOneForm(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, trace.Routes)
	owner := site.SignIn(t, authz.OrgStaff)
	day := time.Now().In(vi.Zone).AddDate(0, 0, -1)
	form := url.Values{"product": {itoa(w.Product)}, "code": {"CXD-2026-011"}, "kind": {"harvest"}, "produced": {vi.Date(day)}, "clock": {"6h30"}, "place": {"Vườn số 3"}, "expires": {"31/02/2027"}}
	wrong := site.Post(t, owner, "/lo-hang/moi", form)
	if wrong.Status != 422 || !strings.Contains(wrong.Body, `value="CXD-2026-011"`) || !strings.Contains(wrong.Body, "31/02/2027") {
		t.Errorf("a wrong date: status %d, want 422 with what was typed", wrong.Status)
	}
	form.Set("expires", "")
	made := site.Post(t, owner, "/lo-hang/moi", form)
	if made.Status != 303 {
		t.Fatalf("status = %d, want 303\n%s", made.Status, made.Body)
	}
	page := site.Get(t, owner, made.Header.Get("Location"))
	for _, want := range []string{"CXD-2026-011", "Thu hoạch", vi.Date(day) + " 06:30", "Tạo lô CXD-2026-011", "/tem?q=Cam+Vinh", "Kích hoạt tem"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the lot's page lacks %q", want)
		}
	}
	if body := site.Get(t, site.SignIn(t, authz.Inspector), made.Header.Get("Location")).Body; strings.Contains(body, "/tem?q=") {
		t.Error("who cannot activate stamps is led to do so")
	}
	event := site.Post(t, owner, made.Header.Get("Location")+"/su-kien", url.Values{"kind": {"pack"}, "date": {vi.Date(time.Now().AddDate(0, 0, 3))}, "clock": {"8:00"}, "place": {"Xưởng"}, "note": {"Giữ lại ghi chú"}})
	if event.Status != 422 || !strings.Contains(event.Body, "tương lai") || !strings.Contains(event.Body, "Giữ lại ghi chú") {
		t.Errorf("an event in the future: status %d, want 422 and the form", event.Status)
	}
	event = site.Post(t, owner, made.Header.Get("Location")+"/su-kien", url.Values{"kind": {"pack"}, "date": {vi.Date(day)}, "clock": {"8:00"}, "place": {"Xưởng"}})
	if event.Status != 303 {
		t.Errorf("an event: status %d, want 303", event.Status)
	}
	for query, want := range map[string]bool{"?q=cxd": true, "?q=cam+vinh": true, "?q=gung": false, "?state=public": false, "?state=private": true} {
		if got := strings.Contains(site.Get(t, owner, "/lo-hang"+query).Body, "CXD-2026-011"); got != want {
			t.Errorf("the list with %s shows the lot: %v, want %v", query, got, want)
		}
	}
	if got := site.Post(t, site.SignIn(t, authz.DOSTAdmin), "/lo-hang/moi", form).Status; got != 403 {
		t.Errorf("an officer creates a lot: status %d, want 403", got)
	}
}

func TestClockIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7:30": 450 * time.Minute, "07h05": 425 * time.Minute, "14g": 14 * time.Hour, " 23.59 ": 1439 * time.Minute} {
		if got, err := trace.ParseClock(text); err != nil || got != want {
			t.Errorf("ParseClock(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "24:00", "7:60", "sáng", "7"} {
		if got, err := trace.ParseClock(text); err == nil {
			t.Errorf("ParseClock(%q) = %v, want an error", text, got)
		}
	}
}
