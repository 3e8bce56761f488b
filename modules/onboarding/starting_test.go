package onboarding_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/onboarding"
	"txng/modules/plan"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// stopAt makes the database fail where a machine may stop, for one tenant, until the function that is returned is called.
func stopAt(t *testing.T, w *tracetest.World, id tenant.ID, where string) (goOn func()) {
	t.Helper()
	table, trigger := "tenant.setting", "create constraint trigger stop_%d after insert or update on tenant.setting deferrable initially deferred for each row when (new.tenant_id = %[1]d) execute function public.stop_%[1]d()"
	if where == "before the draft is dropped" {
		table, trigger = "tenant.draft", "create trigger stop_%d before delete on tenant.draft for each row when (old.tenant = %[1]d) execute function public.stop_%[1]d()"
	}
	conn := w.Env.Owner(t)
	for _, sql := range []string{
		fmt.Sprintf("create function public.stop_%d() returns trigger language plpgsql as 'begin raise exception ''the machine stops''; end'", id), fmt.Sprintf(trigger, id),
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		t.Helper()
		for _, sql := range []string{fmt.Sprintf("drop trigger stop_%d on %s", id, table), fmt.Sprintf("drop function public.stop_%d()", id)} {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// begun is a province whose start stops, with how it was to start, and an altered input for it.
func begun(t *testing.T, w *tracetest.World) (o, altered onboarding.Onboarding) {
	t.Helper()
	d := draftOn(t, w, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), "-cu") // today's are few, and others need them
	programmes := plan.Programmes()
	o = onboarding.Onboarding{
		Tenant: d.ID, Slug: d.Slug, Colour: "#0b5d4e", Contact: "0238 3844 500", AdminName: "Nguyễn Thị Lan", AdminEmail: "lan-" + d.Slug + "@example.vn",
		Settings: tenant.Settings{tenant.FreeQuota: "77", tenant.Departments: "SKHCN,SCT"}, Plan: &programmes[0].File, Logo: picture(t, 32, 32),
	}
	altered = o
	altered.Settings = tenant.Settings{tenant.FreeQuota: "88"}
	altered.Plan, altered.Logo, altered.AdminEmail = &programmes[1].File, nil, "binh-"+d.Slug+"@example.vn"
	return o, altered
}

// rows counts what a province has of its own: plans, pictures, open invitations, lines of its activation here and above.
func rows(t *testing.T, e *tenanttest.Env, id tenant.ID) (counts [5]int, quota string) {
	t.Helper()
	if err := e.Owner(t).QueryRow(t.Context(), `
		select (select count(*) from plan.plan where tenant_id = $1),
			(select count(*) from tenant.logo where tenant_id = $1),
			(select count(*) from authz.invitation where tenant_id = $1 and revoked_at is null),
			(select count(*) from audit.entry where tenant_id = $1 and action = 'tenant.activate'),
			(select count(*) from audit.entry where tenant_id = 0 and action = 'tenant.activate' and subject_id = $1),
			coalesce((select value from tenant.setting where tenant_id = $1 and key = 'free_quota'), '')`, id).Scan(&counts[0], &counts[1], &counts[2], &counts[3], &counts[4], &quota); err != nil {
		t.Fatal(err)
	}
	return counts, quota
}

var whole = [5]int{1, 1, 1, 1, 1}

func TestStartThatStopsBetweenItsCommitsIsFinishedWithWhatWasDecided(t *testing.T) {
	t.Parallel()
	who := authz.Identity{Name: "Người vận hành", Role: authz.Operator}
	w := tracetest.New(t)
	for _, where := range []string{"before the own rows commit", "before the draft is dropped"} {
		for _, with := range []string{"the same input", "an altered input", "nobody trying again"} {
			o, altered := begun(t, w)
			goOn := stopAt(t, w, o.Tenant, where)
			if _, err := onboarding.Onboard(t.Context(), w.DB, who, o); err == nil {
				t.Fatalf("%s: the start went through", where)
			}
			if got := started(t, w, o.Tenant); got != tenant.Active {
				t.Errorf("%s: state %s, want what was decided", where, got)
			}
			goOn()
			switch with {
			case "the same input":
				s, err := onboarding.Onboard(t.Context(), w.DB, who, o)
				if err != nil || s.Invitation == nil || s.Token == "" || string(s.Invitation.Email) != o.AdminEmail {
					t.Errorf("%s, again with the same input: %+v, %v; want the province and its invitation", where, s.Invitation, err)
				}
			case "an altered input":
				if _, err := onboarding.Onboard(t.Context(), w.DB, who, altered); !errors.Is(err, fault.Conflict) || fault.Message(err) == "" {
					t.Errorf("%s, again with an altered input: %v, want a conflict that says so", where, err)
				}
				fallthrough
			default:
				if s, found, err := onboarding.Finish(t.Context(), w.DB, o.Tenant); err != nil || !found || s.Invitation == nil {
					t.Errorf("%s, finished: %v %v", where, found, err)
				}
			}
			if got, quota := rows(t, w.Env, o.Tenant); got != whole || quota != "77" {
				t.Errorf("%s, %s: %v rows, quota %q; want %v and the first input's 77", where, with, got, quota, whole)
			}
			if _, found, err := onboarding.Finish(t.Context(), w.DB, o.Tenant); found || err != nil {
				t.Errorf("%s, %s: finished once more: %v %v", where, with, found, err)
			}
			if _, err := onboarding.Onboard(t.Context(), w.DB, who, o); !errors.Is(err, fault.Conflict) {
				t.Errorf("%s, %s: a start of what runs: %v, want a conflict", where, with, err)
			}
		}
	}
}
