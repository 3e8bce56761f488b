package onboarding_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/onboarding"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
)

// TestEveryPageSaysThatTheProvinceIsPausedOrMerged: nobody fills in a form that is refused at its end.
func TestEveryPageSaysThatTheProvinceIsPausedOrMerged(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes)
	session := site.SignIn(t, authz.DOSTAdmin)
	said := func(want string) {
		t.Helper()
		w.DB.Forget()
		page := site.Get(t, session, "/cau-hinh").Body
		if want == "" && strings.Contains(page, `class="standing`) {
			t.Error("a province that simply runs has a notice on its pages")
		}
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	move := func(to tenant.State) {
		t.Helper()
		if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Move(t.Context(), tx, tenant.By{Name: "Vận hành"}, w.Tenant.ID, to, "theo công văn của Sở")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(want string) {
		t.Helper()
		w.DB.Forget()
		scope, err := w.DB.Scope(t.Context(), w.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		err = w.DB.In(t.Context(), scope, func(tenant.Tx) error { return nil })
		if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), want) {
			t.Errorf("writing: %v, want that it is refused with %q", err, want)
		}
	}
	said("")
	move(tenant.Suspended)
	said("đang tạm dừng vận hành: chỉ xem được")
	refused("đang tạm dừng vận hành")
	move(tenant.Archived)
	said("đã đóng chương trình")
	refused("đã đóng chương trình")
	move(tenant.Suspended)
	move(tenant.Active)
	said("")

	into, _ := w.NewTenant(t)
	now := time.Now()
	for _, c := range []struct {
		effective time.Time
		want      string
	}{
		{now.AddDate(0, 0, 9), w.Tenant.Name + " sáp nhập vào " + into.Name + " từ " + now.AddDate(0, 0, 9).In(time.FixedZone("", 7*3600)).Format("02/01/2006") + " (Nghị quyết 1)."},
		{now, w.Tenant.Name + " đã sáp nhập vào " + into.Name + " từ "},
	} {
		var m tenant.Merger
		if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			m, err = tenant.Merge(t.Context(), tx, tenant.NewMerger{Origin: w.Tenant.ID, Successor: into.ID, Effective: c.effective, Basis: "Nghị quyết 1", By: tenant.By{Name: "Vận hành"}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		said(c.want)
		if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			return tenant.Undo(t.Context(), tx, m, tenant.By{Name: "Vận hành"}, "ghi nhận nhầm ngày")
		}); err != nil {
			t.Fatal(err)
		}
		said("")
	}
}
