package billing_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"txng/billing"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

const org = tenant.OrgID(7)

func setup(t *testing.T) (*tenanttest.Env, tenant.Scope) {
	t.Helper()
	e := tenanttest.New(t)
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, err := tx.Exec(t.Context(), `
			insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
			values ($1, $2, 'cooperative', 'HTX Cam Vinh', '2900326000', 'Nghi Lộc', '16690@2025-07-01', true, 'approved', $3)`, org, tx.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return e, e.Scope.Of(org)
}

func grant(t *testing.T, e *tenanttest.Env, s tenant.Scope, g billing.NewGrant) {
	t.Helper()
	g.Org = org
	if err := e.DB.In(t.Context(), s, func(tx tenant.Tx) error { return billing.Grant(t.Context(), tx, g) }); err != nil {
		t.Fatal(err)
	}
}

func consume(ctx context.Context, e *tenanttest.Env, s tenant.Scope, key string, n int64) error {
	return e.DB.In(ctx, s, func(tx tenant.Tx) error { return billing.Consume(ctx, tx, org, key, n) })
}

func balance(t *testing.T, e *tenanttest.Env, s tenant.Scope) (b billing.Balance) {
	t.Helper()
	if err := e.DB.View(t.Context(), s, func(tx tenant.Tx) (err error) {
		b, err = billing.BalanceOf(t.Context(), tx, org)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestQuotaIsNeverOversoldByConcurrentOrders(t *testing.T) {
	t.Parallel()
	e, s := setup(t)
	grant(t, e, s, billing.NewGrant{Source: billing.Free, Key: "free", Amount: 100})
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i := range 40 {
		group.Go(func() {
			err := consume(t.Context(), e, s, "order-"+strconv.Itoa(i), 7)
			var wrong fault.Invalid
			switch {
			case err == nil:
				mu.Lock()
				done++
				mu.Unlock()
			case !errors.As(err, &wrong):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if done != 14 {
		t.Errorf("%d orders of 7 out of 100 succeeded, want 14", done)
	}
	if got, want := balance(t, e, s), (billing.Balance{Granted: 100, Used: 98, Remaining: 2}); got != want {
		t.Errorf("balance = %+v, want %+v", got, want)
	}
}

func TestTheSameRequestConsumesOnce(t *testing.T) {
	t.Parallel()
	e, s := setup(t)
	grant(t, e, s, billing.NewGrant{Source: billing.Free, Key: "free", Amount: 100})
	grant(t, e, s, billing.NewGrant{Source: billing.Free, Key: "free", Amount: 100})
	for range 3 {
		if err := consume(t.Context(), e, s, "a", 30); err != nil {
			t.Fatal(err)
		}
	}
	if err := consume(t.Context(), e, s, "a", 31); !errors.Is(err, fault.Conflict) {
		t.Errorf("another number under the same key: err = %v, want fault.Conflict", err)
	}
	if got := balance(t, e, s).Remaining; got != 70 {
		t.Errorf("remaining = %d, want 70", got)
	}
}

func TestQuotaEndsExactlyAtItsLimit(t *testing.T) {
	t.Parallel()
	e, s := setup(t)
	grant(t, e, s, billing.NewGrant{Source: billing.Free, Key: "free", Amount: 10})
	if err := consume(t.Context(), e, s, "all", 10); err != nil {
		t.Fatalf("the whole quota: %v", err)
	}
	for _, n := range []int64{1, 0, -1, 1_000_000_000} {
		var wrong fault.Invalid
		if err := consume(t.Context(), e, s, "more"+strconv.FormatInt(n, 10), n); !errors.As(err, &wrong) || wrong.Of("quantity") == "" {
			t.Errorf("%d more: err = %v, want a message for quantity", n, err)
		}
	}
}

func TestPublicMoneyIsUsedBeforeBought(t *testing.T) {
	t.Parallel()
	e, s := setup(t)
	soon := time.Now().Add(time.Hour)
	past := time.Now().Add(-time.Hour)
	grant(t, e, s, billing.NewGrant{Source: billing.TopUp, Key: "bought", Amount: 50})
	grant(t, e, s, billing.NewGrant{Source: billing.Subsidy, Key: "subsidy", Amount: 5, Expires: &soon})
	grant(t, e, s, billing.NewGrant{Source: billing.Free, Key: "expired", Amount: 1000, Expires: &past})
	if err := consume(t.Context(), e, s, "a", 20); err != nil {
		t.Fatal(err)
	}
	left := map[string]int64{}
	for _, g := range grants(t, e, s) {
		left[g.SourceKey] = g.Remaining
	}
	for key, want := range map[string]int64{"subsidy": 0, "bought": 35, "expired": 1000} {
		if left[key] != want {
			t.Errorf("%s remaining = %d, want %d", key, left[key], want)
		}
	}
}

type grantRow struct {
	SourceKey string
	Remaining int64
}

func grants(t *testing.T, e *tenanttest.Env, s tenant.Scope) []grantRow {
	t.Helper()
	list, err := tenant.Fetch[grantRow](t.Context(), e.DB, s, `
		select source_key, remaining
		from billing.quota_grant
		where tenant_id = any ($1)`)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestMessagesGroupTheDigitsOfNumbers(t *testing.T) {
	t.Parallel()
	e, s := setup(t)
	grant(t, e, s, billing.NewGrant{Source: billing.Free, Key: "free", Amount: 10_000})
	var wrong fault.Invalid
	if err := consume(t.Context(), e, s, "a", 1_234_567); !errors.As(err, &wrong) || wrong.Of("quantity") != "Hạn mức còn 10.000 tem, không đủ cho 1.234.567 tem." {
		t.Errorf("too many: %v", err)
	}
	if err := consume(t.Context(), e, s, "b", 2400); err != nil {
		t.Fatal(err)
	}
	if got, want := fault.Message(consume(t.Context(), e, s, "b", 1)), "Yêu cầu này đã được ghi nhận với 2.400 tem."; got != want {
		t.Errorf("another number: %q, want %q", got, want)
	}
}
