package authz

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// stage is an operator with a session of their own, and somebody to work for.
type stage struct {
	*tenanttest.Env
	operator Identity
	own      Token
	target   int64 // membership
}

func newStage(t *testing.T) stage {
	t.Helper()
	s := stage{Env: tenanttest.New(t)}
	name := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	email := "van.hanh." + name + "@example.vn"
	s.target = s.person(t, "duoc.thay."+name+"@example.vn", DOSTAdmin)
	s.above(t, email)
	var err error
	if s.own, s.operator, err = SignIn(t.Context(), s.DB, email, "mat khau rat dai", Device{}); err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	// An operator has a second factor.
	if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		f := signer.Factors()
		secret, offer := f.Offer(s.operator.Account, tx.Now())
		added, err := f.AddTOTP(t.Context(), tx, s.own, offer, secret.Code(StepAt(tx.Now())), "Điện thoại")
		s.own = added.Token
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if s.operator, err = Resume(t.Context(), s.DB, s.own); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s stage) person(t *testing.T, email string, role Role) (membership int64) {
	t.Helper()
	if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := CreateAccount(t.Context(), tx, email, "Trần Thị Bích", "mat khau rat dai")
		if err != nil {
			return err
		}
		membership, err = GrantMembership(t.Context(), tx, NewMembership{Tenant: s.Tenant.ID, Account: id, Role: role})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return membership
}

func (s stage) above(t *testing.T, email string) {
	t.Helper()
	if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := CreateAccount(t.Context(), tx, email, "Vũ Văn Vận", "mat khau rat dai")
		if err != nil {
			return err
		}
		return GrantPlatformRole(t.Context(), tx, id, Operator)
	}); err != nil {
		t.Fatal(err)
	}
}

const why = "Hỗ trợ nhập kế hoạch theo đề nghị"

func (s stage) try(t *testing.T, db *tenant.DB, who Identity, own Token, membership int64, reason string) (token Token, instead Identity, err error) {
	t.Helper()
	err = db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		token, instead, err = Impersonate(t.Context(), tx, who, own, s.Tenant.ID, membership, reason, Device{Address: "203.0.113.7"})
		return err
	})
	return token, instead, err
}

func (s stage) start(t *testing.T) Token {
	t.Helper()
	token, _, err := s.try(t, s.DB, s.operator, s.own, s.target, why)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestWorkInAnothersPlaceNamesBothAndEndsAfterExactlyThirtyMinutes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	now := time.Now().Truncate(time.Microsecond)
	db := s.DB.WithClock(func() time.Time { return now })
	token, instead, err := s.try(t, db, s.operator, s.own, s.target, "  "+why+"  ")
	if err != nil {
		t.Fatal(err)
	}
	who, err := Resume(t.Context(), db, token)
	if err != nil {
		t.Fatal(err)
	}
	if who.Name != "Trần Thị Bích" || who.Role != DOSTAdmin || who.Tenant != s.Tenant.ID || who.Acting.Account != s.operator.Account || who.Acting.Name != "Vũ Văn Vận" || who.Acting.Reason != why {
		t.Errorf("%+v, want Trần Thị Bích with Vũ Văn Vận in her place", who)
	}
	if !who.Acting.Until.Equal(now.Add(30*time.Minute)) || !instead.Acting.Until.Equal(who.Acting.Until) {
		t.Errorf("until %s, want %s", who.Acting.Until, now.Add(30*time.Minute))
	}
	for after, want := range map[time.Duration]error{30*time.Minute - time.Microsecond: nil, 30 * time.Minute: fault.SignIn} {
		_, err := Resume(t.Context(), s.DB.WithClock(func() time.Time { return now.Add(after) }), token)
		if !errors.Is(err, want) {
			t.Errorf("after %s: %v, want %v", after, err, want)
		}
	}
	// Nothing makes it longer: the table itself refuses.
	if _, err := s.Owner(t).Exec(t.Context(), "update authz.session set expires_at = expires_at + interval '1 microsecond' where token_hash = $1", token.hash()); err == nil {
		t.Error("the session was extended")
	}
}

func TestReasonIsCompulsory(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for reason, ok := range map[string]bool{
		"": false, "         \t\n          ": false, "chín ký t": false, "mười ký tự": true,
		strings.Repeat("ă", 500): true, strings.Repeat("ă", 501): false, "   chín ký t   ": false,
	} {
		_, _, err := s.try(t, s.DB, s.operator, s.own, s.target, reason)
		var wrong fault.Invalid
		if ok && err != nil || !ok && (!errors.As(err, &wrong) || wrong.Of("reason") == "") {
			t.Errorf("%q: %v, want accepted %t", reason, err, ok)
		}
	}
}

func TestWhoMayNotWorkInWhosePlace(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if _, _, err := s.try(t, s.DB, s.operator, s.own, 987654321, why); !errors.Is(err, fault.NotFound) {
		t.Errorf("a membership that is not: %v, want NotFound", err)
	}
	// Somebody with a role above the tenants, besides that in the tenant.
	both := s.person(t, "ca.hai@thay.example.vn", Leader)
	if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		a, err := AccountByEmail(t.Context(), tx, "ca.hai@thay.example.vn")
		if err != nil {
			return err
		}
		return GrantPlatformRole(t.Context(), tx, a.ID, Ministry)
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.try(t, s.DB, s.operator, s.own, both, why); !errors.Is(err, fault.Conflict) {
		t.Errorf("somebody with a role above the tenants: %v, want Conflict", err)
	}
	// Who works in another's place, and who is no operator at all.
	token := s.start(t)
	instead, err := Resume(t.Context(), s.DB, token)
	if err != nil {
		t.Fatal(err)
	}
	stacked := s.operator
	stacked.Acting = instead.Acting
	for name, who := range map[string]Identity{"the person": instead, "an operator in another's place": stacked, "an administrator": {Account: 1, Role: DOSTAdmin}, "nobody": {}} {
		if _, _, err := s.try(t, s.DB, who, s.own, s.target, why); !errors.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v, want Forbidden", name, err)
		}
	}
	// The session must be the operator's own, and alive.
	for name, own := range map[string]Token{"somebody else's session": token, "no session": newToken()} {
		if _, _, err := s.try(t, s.DB, s.operator, own, s.target, why); !errors.Is(err, fault.SignIn) {
			t.Errorf("%s: %v, want SignIn", name, err)
		}
	}
	// A role that has ended is nobody's place.
	ended := s.person(t, "da.nghi@thay.example.vn", Leader)
	if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error { return EndMembership(t.Context(), tx, s.Tenant.ID, ended) }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.try(t, s.DB, s.operator, s.own, ended, why); !errors.Is(err, fault.NotFound) {
		t.Errorf("a role that has ended: %v, want NotFound", err)
	}
}

func TestWorkInAnothersPlaceEndsAtOnceWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s stage) error{
		"the operator loses the role": func(t *testing.T, s stage) error {
			return s.DB.Platform(t.Context(), func(tx tenant.Platform) error { return RevokePlatformRole(t.Context(), tx, s.operator.Account) })
		},
		"the operator is disabled": func(t *testing.T, s stage) error {
			_, err := s.Owner(t).Exec(t.Context(), "update authz.account set disabled_at = now() where id = $1", s.operator.Account)
			return err
		},
		"the operator signs out everywhere": func(t *testing.T, s stage) error {
			return s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				return SignOutEverywhere(t.Context(), tx, s.operator.Account, "")
			})
		},
		"the operator's own session ends": func(t *testing.T, s stage) error { return SignOut(t.Context(), s.DB, s.own) },
		"the person signs out everywhere": func(t *testing.T, s stage) error {
			return s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				m, err := MemberOf(t.Context(), tx, s.Tenant.ID, s.target)
				if err != nil {
					return err
				}
				return SignOutEverywhere(t.Context(), tx, m.AccountID, "")
			})
		},
		"the person's role ends": func(t *testing.T, s stage) error {
			return s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				return EndMembership(t.Context(), tx, s.Tenant.ID, s.target)
			})
		},
		"the operator begins for somebody else": func(t *testing.T, s stage) error {
			_, _, err := s.try(t, s.DB, s.operator, s.own, s.target, why)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			sessions := NewSessions(s.DB)
			sessions.up(true) // remembers, as a listening instance does; what it hears comes below
			token := s.start(t)
			if _, err := sessions.Resume(t.Context(), token); err != nil || sessions.Cached() != 1 {
				t.Fatalf("before: %v, %d remembered", err, sessions.Cached())
			}
			if err := end(t, s); err != nil {
				t.Fatal(err)
			}
			if _, err := Resume(t.Context(), s.DB, token); !errors.Is(err, fault.SignIn) {
				t.Errorf("after: %v, want SignIn", err)
			}
			var over []Over
			if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
				over, err = CloseImpersonations(t.Context(), tx)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			mine := 0
			for _, o := range over {
				if o.Who.Acting.Account == s.operator.Account && o.Who.Name == "Trần Thị Bích" {
					mine++
				}
			}
			if mine > 1 {
				t.Errorf("closed %d times, want once", mine) // another test of the database may have closed it first
			}
		})
	}
}

func TestInstancesForgetWorkInAnothersPlaceWhenTheOperatorGoes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	sessions := NewSessions(s.DB)
	sessions.up(true)
	token := s.start(t)
	for name, heard := range map[string]string{"the operator's account": "a " + itoa(int64(s.operator.Account)), "a session, perhaps the operator's own": "s 00"} {
		if _, err := sessions.Resume(t.Context(), token); err != nil || sessions.Cached() != 1 {
			t.Fatalf("%v, %d remembered", err, sessions.Cached())
		}
		if sessions.forget(heard); sessions.Cached() != 0 {
			t.Errorf("%s: still remembered", name)
		}
	}
}

func TestStoppingGivesTheOperatorsOwnSignInBackOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	stop := func(token Token) (back Token, err error) {
		err = s.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			back, err = StopImpersonating(t.Context(), tx, token)
			return err
		})
		return back, err
	}
	if _, err := stop(s.own); !errors.Is(err, fault.SignIn) {
		t.Errorf("one's own session: %v, want SignIn", err)
	}
	token := s.start(t)
	back, err := stop(token)
	if err != nil {
		t.Fatal(err)
	}
	who, err := Resume(t.Context(), s.DB, back)
	if err != nil || who.Role != Operator || who.Impersonated() || who.Account != s.operator.Account {
		t.Errorf("%+v, %v; want the operator as themselves", who, err)
	}
	if _, err := Resume(t.Context(), s.DB, s.own); !errors.Is(err, fault.SignIn) {
		t.Errorf("the old token of the own session: %v, want SignIn", err)
	}
	if again, err := stop(token); !errors.Is(err, fault.SignIn) || again != "" {
		t.Errorf("stopped twice: %q, %v; want SignIn", again, err)
	}
	// A session whose own one has ended meanwhile leads nowhere.
	s.own = back
	token = s.start(t)
	if _, err := s.Owner(t).Exec(t.Context(), "update authz.session set ended_at = now() where token_hash = $1", back.hash()); err != nil {
		t.Fatal(err)
	}
	if again, err := stop(token); err != nil || again != "" {
		t.Errorf("with the own session ended: %q, %v; want nothing", again, err)
	}
}

func TestSigningOutInAnothersPlaceEndsTheOperatorsOwnSessionToo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	token := s.start(t)
	if err := SignOut(t.Context(), s.DB, token); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]Token{"the place": token, "the own": s.own} {
		if _, err := Resume(t.Context(), s.DB, token); !errors.Is(err, fault.SignIn) {
			t.Errorf("%s: %v, want SignIn", name, err)
		}
	}
}

func TestBeginningManyAtOnceLeavesOne(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const n = 8
	tokens, failed := make([]Token, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { tokens[i], _, failed[i] = s.try(t, s.DB, s.operator, s.own, s.target, why) })
	}
	wg.Wait()
	alive := 0
	for i, token := range tokens {
		if failed[i] != nil {
			t.Error(failed[i])
		}
		if _, err := Resume(t.Context(), s.DB, token); err == nil {
			alive++
		}
	}
	if alive != 1 {
		t.Errorf("%d sessions work, want one", alive)
	}
}

func TestEveryPermissionIsDecidedForWorkInAnothersPlace(t *testing.T) {
	t.Parallel()
	personal := map[Permission]string{
		MemberInvite: "who gets in is for the administrator to say", MemberImport: "as inviting", ClientManage: "a machine outlives the half hour",
		TenantView: "above the tenants", TenantCreate: "above the tenants", TenantMerge: "above the tenants", NationView: "above the tenants",
		TenantExport: "the operator does not carry a province's data away",
		SSOManage:    "how people sign in outlives the half hour",
		RoleManage:   "gives rights away", FieldManage: "gives rights away", InspectionAssign: "gives rights away",
		TenantSettings: "how people sign in outlives the half hour",
		PlatformAudit:  "above the tenants", PlatformImpersonate: "not one inside another",
	}
	for _, p := range Permissions() {
		_, own := personal[p]
		if own == inPlace[p] {
			t.Errorf("%s: allowed in another's place %t, listed as the person's own %t", p, inPlace[p], own)
		}
		for _, r := range Roles {
			who := Identity{Account: 1, Role: r.Role}
			instead := who
			instead.Acting = Acting{Account: 2, Name: "Vận"}
			if want := who.Can(p) && !own; instead.Can(p) != want {
				t.Errorf("%s in the place of %s: %t, want %t", p, r.Role, instead.Can(p), want)
			}
		}
	}
}

func TestOnesInAnothersPlaceCannotSwitchRoles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	token := s.start(t)
	if _, err := Switch(t.Context(), s.DB, token, s.target, Device{}); !errors.Is(err, ErrPersonal) {
		t.Errorf("%v, want it refused as the person's own", err)
	}
	if _, err := Resume(t.Context(), s.DB, token); err != nil {
		t.Errorf("the session ended by that: %v", err)
	}
}
