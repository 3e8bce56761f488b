package demo

import (
	"testing"
	"txng/authz"

	"txng/modules/kpi"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

func TestDemonstrationHasAMonthOfRollUpsThatEndInTodaysValues(t *testing.T) {
	t.Parallel()
	config := tenanttest.Database(t)
	db, err := tenant.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := stamps.KeysOf(config.Secret)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(config.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), db, keys, signer.Factors(), "http://txng.test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"nghe-an", "da-nang", "bac-ninh"} { // Bắc Ninh by its predecessor's rows
		province, err := db.TenantBySlug(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		scope, err := db.Scope(t.Context(), province.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.View(t.Context(), scope, func(tx tenant.Tx) error {
			for _, key := range []string{kpi.Organizations, kpi.Products, kpi.StampsOrdered, kpi.StampsActivated, kpi.Scans} {
				kept, err := kpi.History(t.Context(), tx, key)
				if err != nil {
					return err
				}
				if len(kept) != days+1 {
					t.Errorf("%s %s: got %d days, want %d", slug, key, len(kept), days+1)
					continue
				}
				m, _ := kpi.MeasureOf(key)
				now, err := kpi.ValueOf(t.Context(), tx, m, 0)
				if err != nil {
					return err
				}
				first, last := kept[0].Value(), kept[days].Value()
				if last != now || first.Numerator >= last.Numerator {
					t.Errorf("%s %s: goes from %v to %v, is %v", slug, key, first, last, now)
				}
				for i := range days {
					if a, b := kept[i], kept[i+1]; b.Numerator < a.Numerator || b.Denominator < a.Denominator {
						t.Errorf("%s %s: falls from %v to %v on %v, though nothing was taken back", slug, key, a.Value(), b.Value(), b.Day)
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
