package stamps

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/billing"
	"txng/modules/trace"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
)

func messageOf(err error, field string) string {
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		return wrong.Of(field)
	}
	return ""
}

// ordered makes an order of n stamps for the world's product.
func ordered(t *testing.T, w *tracetest.World, n int, request string) (o Order) {
	t.Helper()
	w.In(t, w.Business, func(tx tenant.Tx) (err error) {
		o, err = PlaceOrder(t.Context(), tx, w.Owner, NewOrder{Product: w.Product, Quantity: n, Request: request})
		return err
	})
	return o
}

// lotOf makes a lot of the world's product, with one event.
func lotOf(t *testing.T, w *tracetest.World, code string) (id trace.LotID) {
	t.Helper()
	w.In(t, w.Business, func(tx tenant.Tx) (err error) {
		if id, err = trace.CreateLot(t.Context(), tx, w.Owner, trace.NewLot{Product: w.Product, Code: code, Place: "Vườn số 3", Produced: tx.Now()}); err != nil {
			return err
		}
		_, err = trace.Record(t.Context(), tx, w.Owner, trace.NewEvent{Lot: id, Kind: trace.Harvest, At: tx.Now(), Place: "Vườn số 3"})
		return err
	})
	return id
}

func activate(t *testing.T, w *tracetest.World, number, first, last int, lot trace.LotID) error {
	t.Helper()
	return w.Try(t, w.Business, func(tx tenant.Tx) error {
		return Activate(t.Context(), tx, w.Owner, Ref{Number: number}, first, last, lot)
	})
}

func remaining(t *testing.T, w *tracetest.World) (n int64) {
	t.Helper()
	w.In(t, w.Business, func(tx tenant.Tx) error {
		b, err := billing.BalanceOf(t.Context(), tx, w.Org)
		n = b.Remaining
		return err
	})
	return n
}

func TestTheSameRequestOrdersOnce(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	var group sync.WaitGroup
	numbers := make([]int, 8)
	for i := range numbers {
		group.Go(func() {
			if err := w.Try(t, w.Business, func(tx tenant.Tx) error {
				o, err := PlaceOrder(t.Context(), tx, w.Owner, NewOrder{Product: w.Product, Quantity: 100, Request: "one"})
				numbers[i] = o.Number
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, n := range numbers {
		if n != numbers[0] || n == 0 {
			t.Errorf("the same request made the orders %v, want one", numbers)
			break
		}
	}
	if got := remaining(t, w); got != 99_900 {
		t.Errorf("remaining quota = %d, want 99900", got)
	}
	if second := ordered(t, w, 1, "two"); second.Number == numbers[0] {
		t.Errorf("another request got the same number %d", second.Number)
	}
}

func TestOrderNeedsAnApprovedOrganizationAndItsOwnProduct(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	_, foreign, _ := w.AddProduct(t, w.Scope, "HTX Thanh Chương", "Gừng")
	place := func(n NewOrder) error {
		return w.Try(t, w.Business, func(tx tenant.Tx) error {
			_, err := PlaceOrder(t.Context(), tx, w.Owner, n)
			return err
		})
	}
	if err := place(NewOrder{Product: foreign, Quantity: 1, Request: "a"}); messageOf(err, "product") == "" {
		t.Errorf("another's product: err = %v, want a message for product", err)
	}
	for _, n := range []int{0, -1, 1_000_000_000} {
		if err := place(NewOrder{Product: w.Product, Quantity: n, Request: "b"}); messageOf(err, "quantity") == "" {
			t.Errorf("%d stamps: err = %v, want a message for quantity", n, err)
		}
	}
	if err := place(NewOrder{Product: w.Product, Quantity: 100_001, Request: "c"}); messageOf(err, "quantity") == "" {
		t.Errorf("more than the quota: err = %v, want a message for quantity", err)
	}
	w.In(t, w.Scope, func(tx tenant.Tx) error {
		_, err := tx.Exec(t.Context(), `update organization.organization set state = 'pending' where tenant_id = $1 and id = $2`, w.Org)
		return err
	})
	if err := place(NewOrder{Product: w.Product, Quantity: 1, Request: "d"}); !errors.Is(err, fault.Conflict) {
		t.Errorf("a pending organization: err = %v, want fault.Conflict", err)
	}
}

func TestOrderNumbersEndAtTheLimitOfASerial(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	w.In(t, w.Scope, func(tx tenant.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into stamps.counter (tenant_id, last) values ($1, $2)`, MaxOrder-1)
		return err
	})
	if o := ordered(t, w, 1, "last"); o.Number != MaxOrder {
		t.Errorf("number = %d, want %d", o.Number, MaxOrder)
	}
	err := w.Try(t, w.Business, func(tx tenant.Tx) error {
		_, err := PlaceOrder(t.Context(), tx, w.Owner, NewOrder{Product: w.Product, Quantity: 1, Request: "over"})
		return err
	})
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("one more: err = %v, want fault.Conflict", err)
	}
}

func TestActivatedStampsAreNotActivatedAgain(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o, lot := ordered(t, w, 100, "a"), lotOf(t, w, "L1")
	if err := activate(t, w, o.Number, 0, 9, lot); err != nil {
		t.Fatal(err)
	}
	err := activate(t, w, o.Number, 5, 20, lot)
	if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "6–10 (đã kích hoạt)") {
		t.Errorf("overlapping activation: err = %v, want a conflict that names 6–10", err)
	}
	if err := activate(t, w, o.Number, 10, 99, lot); err != nil {
		t.Errorf("the rest: %v", err)
	}
	for name, bounds := range map[string][2]int{"from": {-1, 5}, "to": {5, 100}} {
		if err := activate(t, w, o.Number, bounds[0], bounds[1], lot); messageOf(err, name) == "" {
			t.Errorf("%v: err = %v, want a message for %s", bounds, err, name)
		}
	}
}

func TestActivationWaitsForOneThatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o, lot := ordered(t, w, 10, "a"), lotOf(t, w, "L1")
	second := make(chan error, 1)
	w.In(t, w.Business, func(tx tenant.Tx) error {
		err := Activate(t.Context(), tx, w.Owner, Ref{Number: o.Number}, 0, 9, lot)
		go func() { second <- activate(t, w, o.Number, 5, 9, lot) }()
		select {
		case err := <-second:
			t.Fatalf("the second activation did not wait: %v", err)
		case <-time.After(300 * time.Millisecond):
		}
		return err
	})
	if err := <-second; !errors.Is(err, fault.Conflict) {
		t.Errorf("the second activation: err = %v, want fault.Conflict", err)
	}
}

func TestCodeIsRefusedAfterRecall(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o, lot := ordered(t, w, 10, "a"), lotOf(t, w, "L1")
	if err := w.Try(t, w.Scope, func(tx tenant.Tx) error {
		return Recall(t.Context(), tx, w.Officer, Ref{Number: o.Number}, 0, 9, "Dư lượng thuốc bảo vệ thực vật")
	}); err != nil {
		t.Fatal(err)
	}
	if err := activate(t, w, o.Number, 0, 0, lot); !errors.Is(err, fault.Conflict) {
		t.Errorf("activation after recall: err = %v, want fault.Conflict", err)
	}
	err := w.Try(t, w.Business, func(tx tenant.Tx) error {
		return SetVoid(t.Context(), tx, w.Owner, Ref{Number: o.Number}, 0, 9, "che giấu")
	})
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("void after recall: err = %v, want fault.Conflict", err)
	}
}

// TestRecallWinsOverTheFutureClockOfAnotherMachine: what decides is which change came later, not whose clock runs ahead.
func TestRecallWinsOverTheFutureClockOfAnotherMachine(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o, lot := ordered(t, w, 10, "a"), lotOf(t, w, "L1")
	ahead := w.DB.WithClock(func() time.Time { return time.Now().Add(time.Minute) })
	if err := ahead.In(t.Context(), w.Business, func(tx tenant.Tx) error {
		return Activate(t.Context(), tx, w.Owner, Ref{Number: o.Number}, 0, 9, lot)
	}); err != nil {
		t.Fatal(err)
	}
	w.In(t, w.Scope, func(tx tenant.Tx) error {
		return Recall(t.Context(), tx, w.Officer, Ref{Number: o.Number}, 3, 4, "Sai nhãn")
	})
	w.In(t, w.Scope, func(tx tenant.Tx) error {
		ranges, err := RangesOf(t.Context(), tx, w.Tenant.ID, o.Number)
		for i, want := range []State{Activated, Activated, Activated, Recalled, Recalled, Activated} {
			if got := StateOf(ranges, i); got != want {
				t.Errorf("stamp %d is %q, want %q", i, got, want)
			}
		}
		return err
	})
}

func TestActivationNeedsTheItemsOfTheDecree(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o := ordered(t, w, 10, "a")
	var lot trace.LotID
	w.In(t, w.Business, func(tx tenant.Tx) (err error) {
		lot, err = trace.CreateLot(t.Context(), tx, w.Owner, trace.NewLot{Product: w.Product, Code: "E1", Place: "Vườn", Produced: tx.Now()})
		return err
	})
	conn := w.Env.Owner(t)
	if _, err := conn.Exec(t.Context(), `delete from catalog.photo where tenant_id = $1`, w.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `update catalog.product set standard = '', origin = '' where tenant_id = $1`, w.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	err := activate(t, w, o.Number, 0, 9, lot)
	want := "Chưa kích hoạt được vì còn thiếu: hình ảnh sản phẩm; xuất xứ; sự kiện truy xuất có thời gian của lô; tiêu chuẩn, quy chuẩn áp dụng. " +
		"Đây là dữ liệu bắt buộc theo khoản 5 Điều 23 Nghị định 37/2026/NĐ-CP."
	if got := fault.Message(err); got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	_, foreign, _ := w.AddProduct(t, w.Scope, "HTX Thanh Chương", "Gừng")
	var other trace.LotID
	w.In(t, w.Scope, func(tx tenant.Tx) (err error) {
		other, err = trace.CreateLot(t.Context(), tx, w.Officer, trace.NewLot{Product: foreign, Code: "X", Place: "Vườn", Produced: tx.Now()})
		return err
	})
	if err := activate(t, w, o.Number, 0, 9, other); messageOf(err, "lot") == "" {
		t.Errorf("a lot of another product: err = %v, want a message for lot", err)
	}
}

func TestAnotherOrganizationsOrderIsNotThere(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o := ordered(t, w, 10, "a")
	other, _, _ := w.AddProduct(t, w.Scope, "HTX Thanh Chương", "Gừng")
	for name, do := range map[string]func(tenant.Tx) error{
		"find": func(tx tenant.Tx) error { _, err := Find(t.Context(), tx, Ref{Number: o.Number}); return err },
		"void": func(tx tenant.Tx) error {
			return SetVoid(t.Context(), tx, w.Owner, Ref{Number: o.Number}, 0, 1, "hỏng")
		},
	} {
		if err := w.Try(t, w.Scope.Of(other), do); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: err = %v, want fault.NotFound", name, err)
		}
	}
}

func TestPredecessorsStampsAreRecalledAsThePredecessor(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	o := ordered(t, w, 10, "a")
	successor, _ := w.NewTenant(t)
	if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Succeed(t.Context(), tx, tenant.Lineage{Successor: successor.ID, Origin: w.Tenant.ID, Effective: time.Now(), Basis: "NQ 202/2025/QH15"})
	}); err != nil {
		t.Fatal(err)
	}
	w.DB.Forget()
	scope, err := w.DB.Scope(t.Context(), successor.ID)
	if err != nil {
		t.Fatal(err)
	}
	ref := RefOf(successor.ID, o.TenantID, o.Number)
	if want := fmt.Sprintf("%d-%d", w.Tenant.ID, o.Number); ref.String() != want {
		t.Errorf("named %s, want %s", ref, want)
	}
	site := w.Serve(t, routes(keysOf(t, 1, 1)))
	w.Tenant = successor // whose officer signs in
	if page := site.Get(t, site.SignIn(t, authz.DOSTOfficer), ref.Path()); page.Status != 200 || !strings.Contains(page.Body, "Đặt 10 tem") {
		t.Errorf("the successor's page: status %d, want 200 with the order's history", page.Status)
	}
	err = w.Try(t, scope, func(tx tenant.Tx) error {
		if _, err := Find(t.Context(), tx, ref); err != nil {
			t.Errorf("reading: %v", err)
		}
		return Recall(t.Context(), tx, w.Officer, ref, 0, 1, "lý do")
	})
	var elsewhere tenant.Elsewhere
	if !errors.As(err, &elsewhere) || elsewhere.Origin != o.TenantID {
		t.Errorf("writing as the successor: err = %v, want that it is to be done as %d", err, o.TenantID)
	}
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("err = %v, want a conflict where nobody acts upon it", err)
	}
	answer := site.Post(t, site.SignIn(t, authz.DOSTOfficer), ref.Path()+"/thu-hoi", url.Values{"from": {"1"}, "to": {"2"}, "reason": {"Lô hàng không an toàn"}})
	if answer.Status != 303 {
		t.Errorf("the successor's officer recalls: status %d, want 303", answer.Status)
	}
	w.In(t, scope, func(tx tenant.Tx) error {
		ranges, err := RangesOf(t.Context(), tx, o.TenantID, o.Number)
		if len(ranges) != 1 || ranges[0].State != Recalled {
			t.Errorf("ranges %+v, want the first two recalled", ranges)
		}
		return err
	})
}
