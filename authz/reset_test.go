package authz_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

func requestReset(t *testing.T, db *tenant.DB, email string) authz.ResetToken {
	t.Helper()
	token, who, ok, err := authz.RequestReset(t.Context(), db, email)
	if err != nil || !ok || !strings.EqualFold(string(who.Email), strings.TrimSpace(email)) {
		t.Fatalf("request for %s: %v, %v, %+v", email, ok, err, who)
	}
	return token
}

func useReset(ctx context.Context, db *tenant.DB, token authz.ResetToken, password string) error {
	n, err := authz.PrepareReset(ctx, db, token, password)
	if err != nil {
		return err
	}
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := authz.Reset(ctx, tx, token, n)
		return err
	})
}

func TestResetSetsThePasswordAndEndsAllSessions(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	session, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	other := requestReset(t, e.DB, email)
	token := requestReset(t, e.DB, " "+strings.ToUpper(email))
	if err := useReset(t.Context(), e.DB, token, fresh); err != nil {
		t.Fatal(err)
	}
	if _, err := authz.Resume(t.Context(), e.DB, session); !errors.Is(err, fault.SignIn) {
		t.Errorf("the session of before: %v, want fault.SignIn", err)
	}
	if _, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{}); err == nil {
		t.Error("the old password still signs in")
	}
	if _, _, err := authz.SignIn(t.Context(), e.DB, email, fresh, authz.Device{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	for name, token := range map[string]authz.ResetToken{"used": token, "of before the reset": other, "made up": "x", "empty": ""} {
		if err := useReset(t.Context(), e.DB, token, "mật khẩu của kẻ khác"); !errors.Is(err, fault.Conflict) {
			t.Errorf("%s link: %v, want fault.Conflict", name, err)
		}
	}
}

func TestResetLinkExpires(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	token := requestReset(t, e.DB, email)
	at := func(d time.Duration) *tenant.DB {
		return e.DB.WithClock(func() time.Time { return time.Now().Add(d) })
	}
	if err := authz.CheckReset(t.Context(), at(authz.ResetAge-time.Minute), token); err != nil {
		t.Errorf("a minute before its end: %v", err)
	}
	if err := useReset(t.Context(), at(authz.ResetAge+time.Second), token, fresh); !errors.Is(err, fault.Conflict) {
		t.Errorf("after its end: %v, want fault.Conflict", err)
	}
	n, err := authz.PrepareReset(t.Context(), e.DB, token, fresh)
	if err != nil {
		t.Fatal(err)
	}
	err = at(authz.ResetAge+time.Second).Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := authz.Reset(t.Context(), tx, token, n)
		return err
	})
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("ended between check and use: %v, want fault.Conflict", err)
	}
}

func TestOfManyResetsAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	token := requestReset(t, e.DB, email)
	n, err := authz.PrepareReset(t.Context(), e.DB, token, fresh)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	counted := 0
	for range 8 {
		wait.Go(func() {
			err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				_, err := authz.Reset(t.Context(), tx, token, n)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				counted++
			} else if !errors.Is(err, fault.Conflict) {
				t.Errorf("err = %v, want fault.Conflict", err)
			}
		})
	}
	wait.Wait()
	if counted != 1 {
		t.Errorf("%d resets counted, want 1", counted)
	}
}

func TestResetIsNotMadeForWhoMayHaveNone(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	disabled, _ := person(t, e, authz.Leader)
	owner := e.Owner(t)
	if _, err := owner.Exec(t.Context(), "update authz.account set disabled_at = now() where email = $1", disabled); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"khong.co@example.vn", "không phải thư", "", disabled, strings.Repeat("x", 1<<20) + "@example.vn"} {
		token, who, ok, err := authz.RequestReset(t.Context(), e.DB, to)
		if token != "" || who != (authz.Account{}) || ok || err != nil {
			t.Errorf("%.30q: %q, %+v, %v, %v; want nothing at all", to, token, who, ok, err)
		}
	}
	// A flood of requests for one account makes three links, and more after a quarter of an hour.
	for range 3 {
		requestReset(t, e.DB, email)
	}
	if _, _, ok, err := authz.RequestReset(t.Context(), e.DB, email); ok || err != nil {
		t.Errorf("a fourth link: %v, %v", ok, err)
	}
	later := e.DB.WithClock(func() time.Time { return time.Now().Add(16 * time.Minute) })
	requestReset(t, later, email)
}

func TestDisabledAccountCannotUseItsLink(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	token := requestReset(t, e.DB, email)
	if _, err := e.Owner(t).Exec(t.Context(), "update authz.account set disabled_at = now() where email = $1", email); err != nil {
		t.Fatal(err)
	}
	if err := useReset(t.Context(), e.DB, token, fresh); !errors.Is(err, fault.Conflict) {
		t.Errorf("err = %v, want fault.Conflict", err)
	}
}

func TestWeakNewPasswordKeepsTheLink(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	token := requestReset(t, e.DB, email)
	for _, weak := range []string{"", "ngắn", "matkhau123", strings.Repeat("x", 10<<20)} {
		var wrong fault.Invalid
		if err := useReset(t.Context(), e.DB, token, weak); !errors.As(err, &wrong) || wrong.Of("password") == "" {
			t.Errorf("%.20q: %v, want a message for the password", weak, err)
		}
	}
	if err := useReset(t.Context(), e.DB, token, fresh); err != nil {
		t.Errorf("the link is lost: %v", err)
	}
}

func changePassword(t *testing.T, e *tenanttest.Env, who authz.Identity, keep authz.Token, old, new string) error {
	t.Helper()
	c, err := authz.PrepareChange(t.Context(), e.DB, who, old, new, authz.Device{Address: "203.0.113.10"})
	if err != nil {
		return err
	}
	return e.DB.Platform(t.Context(), func(tx tenant.Platform) error { return authz.ChangePassword(t.Context(), tx, c, keep) })
}

func TestChangeKeepsOnlyTheSessionThatAsks(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	elsewhere, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	here, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	link := requestReset(t, e.DB, email)
	for field, try := range map[string][2]string{"old_password": {"sai mật khẩu rồi", fresh}, "password": {password, "matkhau123"}} {
		var wrong fault.Invalid
		if err := changePassword(t, e, who, here, try[0], try[1]); !errors.As(err, &wrong) || wrong.Of(field) == "" {
			t.Errorf("%q: %v, want a message for %s", try, err, field)
		}
	}
	if err := changePassword(t, e, who, here, password, password); err == nil {
		t.Error("the same password again was accepted")
	}
	if err := changePassword(t, e, who, here, password, fresh); err != nil {
		t.Fatal(err)
	}
	if _, err := authz.Resume(t.Context(), e.DB, here); err != nil {
		t.Errorf("the session that asked: %v", err)
	}
	if _, err := authz.Resume(t.Context(), e.DB, elsewhere); !errors.Is(err, fault.SignIn) {
		t.Errorf("the other session: %v, want fault.SignIn", err)
	}
	if err := authz.CheckReset(t.Context(), e.DB, link); !errors.Is(err, fault.Conflict) {
		t.Errorf("a link of before: %v, want fault.Conflict", err)
	}
}

func TestOfTwoChangesFromTheSamePasswordOneCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	here, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := authz.PrepareChange(t.Context(), e.DB, who, password, fresh, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if err := changePassword(t, e, who, here, password, "con trâu gặm cỏ chiều"); err != nil {
		t.Fatal(err)
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error { return authz.ChangePassword(t.Context(), tx, first, here) }); !errors.Is(err, fault.Conflict) {
		t.Errorf("err = %v, want fault.Conflict", err)
	}
}
