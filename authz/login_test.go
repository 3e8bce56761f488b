package authz_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

var numbers atomic.Int64

// newNumber returns a mobile number that no other test has, as people at home write it.
func newNumber() string { return fmt.Sprintf("0999%06d", 100_000+numbers.Add(1)) }

// setPhone gives a person's account a number, as the person does.
func setPhone(t *testing.T, e *tenanttest.Env, email, number string) error {
	t.Helper()
	who := identity(t, e, email)
	c, err := authz.PreparePhone(t.Context(), e.DB, who, number, password, authz.Device{})
	if err != nil {
		return err
	}
	return e.DB.Platform(t.Context(), func(tx tenant.Platform) error { return authz.SetPhone(t.Context(), tx, c) })
}

func TestNumberSignsInHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	number := newNumber()
	if _, _, err := authz.SignIn(t.Context(), e.DB, number, password, authz.Device{}); err == nil {
		t.Fatal("a number of nobody signs in")
	}
	if err := setPhone(t, e, email, number); err != nil {
		t.Fatal(err)
	}
	want := identity(t, e, email)
	national := number[1:]
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, number)
	for _, login := range []string{number, "+84" + national, "84" + national, "0084" + national, number[:4] + " " + number[4:7] + "." + number[7:], wide, "\u202a" + number + "\u202c"} {
		token, who, err := authz.SignIn(t.Context(), e.DB, login, password, authz.Device{})
		if err != nil || who != want {
			t.Errorf("%q: %+v, %v; want %+v", login, who, err, want)
			continue
		}
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			list, err := authz.SessionsOf(t.Context(), tx, who.Account, token)
			if err == nil && (!list[0].Current || list[0].How != authz.ByPhone) {
				t.Errorf("%q is listed as %+v, want the current one, by phone", login, list[0])
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	tokens, err := newSigner(t).Grant(t.Context(), e.DB, number, password, "", e.Tenant.ID, authz.Device{}, nil)
	if err != nil || tokens.Access == "" {
		t.Errorf("the API by number: %v", err)
	}
	if err := setPhone(t, e, email, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := authz.SignIn(t.Context(), e.DB, number, password, authz.Device{}); !authz.IsWrongTry(err) {
		t.Errorf("the number that was taken away: %v", err)
	}
}

func TestTriesByNumberAndByAddressAreCountedTogether(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	number := newNumber()
	if err := setPhone(t, e, email, number); err != nil {
		t.Fatal(err)
	}
	still := time.Now()
	db := e.DB.WithClock(func() time.Time { return still })
	d := authz.Device{Address: "203.0.113.77"}
	for i := range 10 {
		if _, _, err := authz.SignIn(t.Context(), db, []string{email, number}[i%2], "sai mật khẩu", d); !authz.IsWrongTry(err) {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	for _, login := range []string{email, number, "+84 " + number[1:]} {
		if _, _, err := authz.SignIn(t.Context(), db, login, password, d); !errors.Is(err, fault.TooMany) {
			t.Errorf("%s after 10 wrong tries by both: %v, want fault.TooMany", login, err)
		}
	}
	nobody := newNumber()
	for range 10 {
		_, _, _ = authz.SignIn(t.Context(), db, nobody, "sai mật khẩu", authz.Device{Address: "203.0.113.78"})
	}
	if _, _, err := authz.SignIn(t.Context(), db, nobody, password, authz.Device{Address: "203.0.113.78"}); !errors.Is(err, fault.TooMany) {
		t.Errorf("a number without an account after 10 tries: %v, want fault.TooMany as with one", err)
	}
}

func TestTakenNumberIsRefusedWithoutSayingWhoseItIs(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	first, _ := person(t, e, authz.Leader)
	second, _ := person(t, e, authz.Inspector)
	number := newNumber()
	if err := setPhone(t, e, first, number); err != nil {
		t.Fatal(err)
	}
	err := setPhone(t, e, second, "+84"+number[1:])
	var wrong fault.Invalid
	if !errors.As(err, &wrong) || wrong.Of("phone") == "" || strings.Contains(err.Error(), first) || strings.Contains(err.Error(), "Nguyễn") {
		t.Errorf("a number that another has: %v, want a sentence about the field that names nobody", err)
	}
	if err := setPhone(t, e, first, number); err != nil {
		t.Errorf("one's own number once more: %v", err)
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		a, err := authz.AccountByEmail(t.Context(), tx, authz.Email(first))
		if err != nil {
			return err
		}
		got, err := authz.ClearPhone(t.Context(), tx, a.ID)
		if string(got) != "+84"+number[1:] {
			t.Errorf("cleared %q", got)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := setPhone(t, e, second, number); err != nil {
		t.Errorf("after it was freed: %v", err)
	}
}

func TestOfManyClaimsOfANumberAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	number := newNumber()
	var changes []authz.PhoneChange
	for range 6 {
		email, _ := person(t, e, authz.Leader)
		c, err := authz.PreparePhone(t.Context(), e.DB, identity(t, e, email), number, password, authz.Device{})
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, c)
	}
	var won atomic.Int64
	var group sync.WaitGroup
	for _, c := range changes {
		group.Go(func() {
			err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error { return authz.SetPhone(t.Context(), tx, c) })
			var wrong fault.Invalid
			switch {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &wrong):
				t.Errorf("a loser gets %v, want a sentence", err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d accounts got the number, want 1", won.Load())
	}
}

func TestBadNumbersAndPasswordsChangeNothing(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	who := identity(t, e, email)
	for name, c := range map[string]struct{ number, password, field string }{
		"land line": {"0236 3822 041", password, "phone"}, "letters": {"09l2345678", password, "phone"}, "endless": {strings.Repeat("0", 1<<20), password, "phone"},
		"no password": {"0912345678", "", "password"}, "wrong password": {"0912345678", "sai mật khẩu", "password"}, "10 MB": {"0912345678", strings.Repeat("x", 10<<20), "password"},
	} {
		_, err := authz.PreparePhone(t.Context(), e.DB, who, c.number, c.password, authz.Device{})
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || wrong.Of(c.field) == "" {
			t.Errorf("%s: %v, want a sentence about %s", name, err, c.field)
		}
	}
	c, err := authz.PreparePhone(t.Context(), e.DB, who, newNumber(), password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if err := changePassword(t, e, who, "", password, fresh); err != nil {
		t.Fatal(err)
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error { return authz.SetPhone(t.Context(), tx, c) }); !authz.IsWrongTry(err) {
		t.Errorf("a number prepared with the old password: %v, want a refusal", err)
	}
}

func TestTryingNumbersIsSlowedDown(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	who := identity(t, e, email)
	still := time.Now()
	try := func(after time.Duration) error {
		return e.DB.WithClock(func() time.Time { return still.Add(after) }).Platform(t.Context(), func(tx tenant.Platform) error {
			return authz.CountPhoneTry(t.Context(), tx, who)
		})
	}
	for i := range 5 {
		if err := try(0); err != nil {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	if err := try(0); !errors.Is(err, fault.TooMany) || !strings.Contains(fault.Message(err), "số điện thoại") {
		t.Errorf("the sixth: %v, want fault.TooMany about the number", err)
	}
	if err := try(2*time.Hour + time.Minute); err != nil {
		t.Errorf("two hours later: %v", err)
	}
}

func TestAccountOfAnInvitationGetsItsNumberWhenItIsFree(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	admin, _ := person(t, e, authz.DOSTAdmin)
	who := identity(t, e, admin)
	number := newNumber()
	for _, want := range []string{"+84" + number[1:], ""} { // the second finds it taken, and is told nothing
		email := newcomer()
		_, token, err := invite(t, e.DB, e.Scope, who, authz.NewInvitation{Email: email, Name: "Người Mới", Role: authz.Leader, Phone: " " + number + " "})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "Người Mới", fresh); err != nil {
			t.Fatal(err)
		}
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			a, err := authz.AccountByEmail(t.Context(), tx, authz.Email(email))
			if string(a.Phone) != want {
				t.Errorf("%s has %q, want %q", email, a.Phone, want)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := invite(t, e.DB, e.Scope, who, authz.NewInvitation{Email: newcomer(), Name: "Người Mới", Role: authz.Leader, Phone: "12"})
	var wrong fault.Invalid
	if !errors.As(err, &wrong) || wrong.Of("phone") == "" {
		t.Errorf("an invitation with a bad number: %v", err)
	}
}

// TestAccessTokensEndEverywhereWithThePassword: two instances; what one takes away, the other refuses at once.
func TestAccessTokensEndEverywhereWithThePassword(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	other, err := tenant.Open(t.Context(), e.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	here, there := newSigner(t), newSigner(t)
	platform := func(f func(ctx context.Context, tx tenant.Platform, a authz.Account) error) func(email string) error {
		return func(email string) error {
			return e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				a, err := authz.AccountByEmail(t.Context(), tx, authz.Email(email))
				if err != nil {
					return err
				}
				return f(t.Context(), tx, a)
			})
		}
	}
	for name, take := range map[string]func(email string) error{
		"password changed": func(email string) error { return changePassword(t, e, identity(t, e, email), "", password, fresh) },
		"password reset":   func(email string) error { return useReset(t.Context(), e.DB, requestReset(t, e.DB, email), fresh) },
		"signed out everywhere": platform(func(ctx context.Context, tx tenant.Platform, a authz.Account) error {
			return authz.SignOutEverywhere(ctx, tx, a.ID, "")
		}),
	} {
		email, _ := person(t, e, authz.Leader)
		access := grant(t, here, e, e.DB, email).Access
		if !opens(t, there, other, access) {
			t.Fatalf("%s: the other instance refuses the token before", name)
		}
		if err := take(email); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		start := time.Now()
		if opens(t, there, other, access) || opens(t, here, e.DB, access) {
			t.Errorf("%s: the access token still opens", name)
		}
		t.Logf("%s: refused by both instances %s after it had ended", name, time.Since(start).Round(time.Microsecond))
	}
	email, _ := person(t, e, authz.Leader)
	access := grant(t, here, e, e.DB, email).Access
	session, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if err := authz.SignOut(t.Context(), e.DB, session); err != nil {
		t.Fatal(err)
	}
	if !opens(t, there, other, access) {
		t.Error("signing out of one browser ends a program's token")
	}
}

func TestInvitationsOfADayAreCounted(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	admin, _ := person(t, e, authz.DOSTAdmin)
	who := identity(t, e, admin)
	still := time.Now()
	one := func(after time.Duration) error {
		_, _, err := invite(t, e.DB.WithClock(func() time.Time { return still.Add(after) }), e.Scope, who, authz.NewInvitation{Email: newcomer(), Name: "Người Mới", Role: authz.Leader})
		return err
	}
	for i := range authz.InvitesPerPerson {
		if err := one(0); err != nil {
			t.Fatalf("invitation %d: %v", i+1, err)
		}
	}
	if err := one(23 * time.Hour); !errors.Is(err, fault.TooMany) || !strings.Contains(fault.Message(err), "100") {
		t.Errorf("one more: %v, want fault.TooMany with a sentence", err)
	}
	if err := one(24*time.Hour + time.Minute); err != nil {
		t.Errorf("a day later: %v", err)
	}

	owner, scope := owner(t, e)
	for i := range authz.InvitesPerOrg {
		if _, _, err := invite(t, e.DB, scope, owner, authz.NewInvitation{Email: newcomer(), Name: "Người Mới", Role: authz.OrgStaff}); err != nil {
			t.Fatalf("invitation %d of an organization: %v", i+1, err)
		}
	}
	if _, _, err := invite(t, e.DB, scope, owner, authz.NewInvitation{Email: newcomer(), Name: "Người Mới", Role: authz.OrgStaff}); !errors.Is(err, fault.TooMany) || !strings.Contains(fault.Message(err), "Đơn vị đã gửi 50") {
		t.Errorf("one more of the organization: %v, want fault.TooMany with a sentence", err)
	}
}

func TestListsOfADayAreCountedForTheWholeTenant(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	all := func(n int) error {
		email, _ := person(t, e, authz.DOSTAdmin) // another one each time
		who := identity(t, e, email)
		var list []authz.NewInvitation
		for range n {
			list = append(list, authz.NewInvitation{Email: newcomer(), Name: "Người Mới", Role: authz.Leader})
		}
		return e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			batch, made, err := authz.InviteAll(t.Context(), tx, who, unit.Ref{}, list)
			if err == nil && (len(made) != n || batch == 0 || made[0].Batch != batch) {
				t.Errorf("%d made in batch %d, want %d", len(made), batch, n)
			}
			return err
		})
	}
	if err := all(400); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int64
	var group sync.WaitGroup
	for range 3 { // at the same time: one of them fits
		group.Go(func() {
			switch err := all(60); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, fault.TooMany) || !strings.Contains(fault.Message(err), "còn mời được 40 người"):
				t.Errorf("a list too many: %v, want fault.TooMany with what is left", err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d lists of 60 fit into the 100 that were left, want 1", won.Load())
	}
}

func TestLinkOfALetterIsMadeWhenItIsSentAndTheOneBeforeIsDead(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	admin, _ := person(t, e, authz.DOSTAdmin)
	who := identity(t, e, admin)
	in := func(f func(tx tenant.Tx) error) {
		t.Helper()
		if err := e.DB.In(t.Context(), e.Scope, f); err != nil {
			t.Fatal(err)
		}
	}
	var ids []int64
	in(func(tx tenant.Tx) error {
		_, made, err := authz.InviteAll(t.Context(), tx, who, unit.Ref{}, []authz.NewInvitation{
			{Email: newcomer(), Name: "Một", Role: authz.Leader}, {Email: newcomer(), Name: "Hai", Role: authz.Leader},
		})
		for _, i := range made {
			ids = append(ids, i.ID)
		}
		return err
	})
	if len(ids) != 2 {
		t.Fatalf("%d to send, want 2", len(ids))
	}
	var first, second authz.InvitationToken
	in(func(tx tenant.Tx) (err error) { _, first, _, err = authz.Letter(t.Context(), tx, ids[0]); return err })
	in(func(tx tenant.Tx) error { return authz.LetterDone(t.Context(), tx, ids[0], errors.New("no server")) })
	in(func(tx tenant.Tx) (err error) { _, second, _, err = authz.Letter(t.Context(), tx, ids[0]); return err })
	in(func(tx tenant.Tx) error { return authz.LetterDone(t.Context(), tx, ids[0], nil) })
	in(func(tx tenant.Tx) error {
		list, err := authz.Batches(t.Context(), tx)
		if len(list) != 1 || list[0].Total != 2 || list[0].Sent != 1 || list[0].Failed != 0 || list[0].Waiting() != 1 {
			t.Errorf("batches %+v, want one of 2, 1 sent, 1 waiting", list)
		}
		_, _, ok, err2 := authz.Letter(t.Context(), tx, ids[0])
		if ok {
			t.Error("a letter that was sent is sent again")
		}
		return errors.Join(err, err2)
	})
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, first, "Một", fresh); !errors.Is(err, fault.NotFound) {
		t.Errorf("the link of the try that failed: %v, want fault.NotFound", err)
	}
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, second, "Một", fresh); err != nil {
		t.Errorf("the link that was sent: %v", err)
	}
}
