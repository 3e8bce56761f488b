package authz

import (
	"context"
	"errors"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// Pending is what a session lacks before its person may do anything with it.
type Pending string

// What a session may lack.
const (
	ShowFactor  Pending = "show"   // the account has a second factor, and this session has not shown it
	SetUpFactor Pending = "set up" // the role needs a second factor, and the account has none
)

// ProvedAge is how long who a person is counts as shown lately: for what could shut them, or let somebody else, out.
const ProvedAge = 10 * time.Minute

// ErrFactorNeeded is the answer of the API to a right password without the code that the account needs.
var ErrFactorNeeded = fault.Say(fault.SignIn, "Tài khoản này đã bật xác thực hai lớp: gửi kèm mã 6 chữ số của ứng dụng trong trường code.")

// errProve is the answer to who has not shown lately who they are.
var errProve = fault.Say(fault.Forbidden, "Hãy xác nhận lại rằng chính bạn đang thao tác, rồi làm lại.")

// alwaysNeedsFactor reports whether a role needs a second factor in every tenant.
func (r Role) alwaysNeedsFactor() bool { return r == Operator || r == Ministry || r == DOSTAdmin }

// pendingOf returns what a session of a role lacks; asked is whether the tenant wants a factor of its officers.
func pendingOf(r Role, hasFactor, shown, asked bool) Pending {
	switch {
	case hasFactor && !shown:
		return ShowFactor
	case !hasFactor && (r.alwaysNeedsFactor() || asked && !r.OfOrganization()):
		return SetUpFactor
	}
	return ""
}

// lacks returns what an identity lacks whose sign-in has, or has not, shown a second factor.
func lacks(ctx context.Context, tx tenant.Platform, who Identity, shown bool) (Pending, error) {
	row, err := tenant.One[struct{ Has, Asked bool }](ctx, tx, `
		select exists (select from authz.factor where account_id = $1) as has,
			exists (select from tenant.setting where tenant_id = $2 and key = $3 and value = $4) as asked`,
		who.Account, who.Tenant, tenant.OfficerFactor, tenant.Required)
	return pendingOf(who.Role, row.Has, shown, row.Asked), err
}

// stillMay refuses a key or token that stands for a second factor shown when it was made, once its person has none while
// their role must have one.
func stillMay(ctx context.Context, tx tenant.Platform, who Identity) error {
	missing, err := lacks(ctx, tx, who, true)
	if err == nil && missing != "" {
		err = fault.SignIn
	}
	return err
}

// needsFactor reports whether a person's role, in its tenant, must have a second factor.
func needsFactor(ctx context.Context, tx tenant.Platform, who Identity) (bool, error) {
	asked, err := tenant.Value[bool](ctx, tx, `
		select exists (select from tenant.setting where tenant_id = $1 and key = $2 and value = $3)`,
		who.Tenant, tenant.OfficerFactor, tenant.Required)
	return pendingOf(who.Role, false, false, asked) != "", err
}

// Standing is how far a session has shown who its person is.
type Standing struct {
	Account   AccountID
	HasFactor bool      // the account has a second factor
	Shown     bool      // the session has shown one
	ProvedAt  time.Time // when its person last showed password or factor
}

// Lately reports whether the person has shown who they are within ProvedAge, and with a second factor if they have one.
func (s Standing) Lately(now time.Time) bool {
	return (s.Shown || !s.HasFactor) && now.Sub(s.ProvedAt) < ProvedAge
}

// StandingOf returns a session's standing. fault.SignIn when it has ended.
func StandingOf(ctx context.Context, tx tenant.Platform, session Token) (Standing, error) {
	s, err := tenant.One[Standing](ctx, tx, `
		select s.account_id as account, exists (select from authz.factor f where f.account_id = s.account_id) as has_factor,
			s.factor_at is not null as shown, coalesce(s.proved_at, s.created_at) as proved_at
		from authz.session s
		where s.token_hash = $1 and s.ended_at is null and s.expires_at > $2`, session.hash(), tx.Now())
	return s, refused(err)
}

// locked returns a session's standing, and has whatever else would change its account's factors or sessions wait.
func (f *Factors) locked(ctx context.Context, tx tenant.Platform, session Token) (Standing, error) {
	s, err := StandingOf(ctx, tx, session)
	if err != nil {
		return s, err
	}
	if _, err := lockAccount(ctx, tx, s.Account); err != nil {
		return s, err
	}
	return StandingOf(ctx, tx, session)
}

// proved is locked for who has shown lately who they are, else errProve.
func (f *Factors) proved(ctx context.Context, tx tenant.Platform, session Token) (Standing, error) {
	s, err := f.locked(ctx, tx, session)
	if err == nil && !s.Lately(tx.Now()) {
		err = errProve
	}
	return s, err
}

// rotate gives a session another token, since it may do more from now on: the one before opens nothing any more. factor
// is whether it has shown a second factor; without one it has shown the password again.
func rotate(ctx context.Context, tx tenant.Platform, session Token, factor bool) (Token, error) {
	next := newToken()
	n, err := tx.Exec(ctx, `
		update authz.session
		set token_hash = $2, proved_at = $3, factor_at = case when $4 then $3 else factor_at end
		where token_hash = $1 and ended_at is null and expires_at > $3`, session.hash(), next.hash(), tx.Now(), factor)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", fault.SignIn
	}
	return next, revokeSession(ctx, tx, session)
}

// inherit gives a session what its person has shown in the one that it takes the place of.
func inherit(ctx context.Context, tx tenant.Platform, from, to Token) error {
	_, err := tx.Exec(ctx, `
		update authz.session n
		set factor_at = o.factor_at, proved_at = coalesce(o.proved_at, o.created_at),
			expires_at = least(n.expires_at, o.expires_at)
		from authz.session o
		where n.token_hash = $2 and o.token_hash = $1`, from.hash(), to.hash())
	return err
}

// Proof is what a person shows at the second step. One of them is set.
type Proof struct {
	Code     string // of an app
	Recovery string // a recovery code
	Passkey  []byte // what a browser made of a challenge of BeginStep
	Password string // where the account has no factor
	Site     RelyingParty
}

// By is what a second step was taken with.
type By string

// What a second step is taken with.
const (
	ByCode     By = "code"
	ByPasskey  By = "passkey"
	ByRecovery By = "recovery"
	BySecret   By = "password" // the account's own password, again
)

// Passed is a second step that was taken.
type Passed struct {
	Token Token // the session's from now on
	Who   Identity
	By    By
	Left  int // recovery codes that are left
}

// Pass takes the second step of a session, or shows again who its person is. The session goes on under a new token.
// Wrong proofs count like wrong sign-ins. Errors: fault.Invalid for code, recovery, password or ""; fault.TooMany.
func (f *Factors) Pass(ctx context.Context, db *tenant.DB, session Token, p Proof, d Device) (Passed, error) {
	who, err := Resume(ctx, db, session)
	if err != nil {
		return Passed{}, err
	}
	attempt, err := f.attempt(ctx, db, who, p, d)
	if err != nil {
		return Passed{}, err
	}
	passed := Passed{By: attempt.by}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		s, err := f.locked(ctx, tx, session)
		if err != nil {
			return err
		}
		if s.HasFactor == (attempt.by == BySecret) { // it was added or removed meanwhile
			return fault.Say(fault.Conflict, "Phương thức xác thực của tài khoản vừa thay đổi. Hãy thử lại.")
		}
		if err := attempt.use(ctx, tx); err != nil {
			return err
		}
		if passed.Left, _, err = RecoveryCodesLeft(ctx, tx, s.Account); err != nil {
			return err
		}
		passed.Token, err = rotate(ctx, tx, session, s.HasFactor)
		return err
	})
	if err != nil {
		return Passed{}, err
	}
	if err := giveBack(ctx, db, attempt.taken); err != nil {
		return Passed{}, err
	}
	passed.Who, err = Resume(ctx, db, passed.Token)
	return passed, err
}

// attempt is a proof that has the right form and has been counted; use tells whether it is right.
type attempt struct {
	by    By
	use   func(ctx context.Context, tx tenant.Platform) error
	taken []bucket
}

func (f *Factors) attempt(ctx context.Context, db *tenant.DB, who Identity, p Proof, d Device) (attempt, error) {
	switch {
	case p.Passkey != nil:
		assertion, err := takeAssertion(ctx, db, toStep, who.Account, p.Passkey)
		return attempt{by: ByPasskey, use: func(ctx context.Context, tx tenant.Platform) error {
			return f.useAssertion(ctx, tx, who.Account, p.Site, assertion)
		}}, err
	case p.Recovery != "":
		code, err := parseRecoveryCode(p.Recovery)
		if err != nil {
			return attempt{}, err
		}
		taken, err := tryFactor(ctx, db, who.Account, who.Email, d)
		return attempt{ByRecovery, func(ctx context.Context, tx tenant.Platform) error {
			return f.useRecoveryCode(ctx, tx, who.Account, code)
		}, taken}, err
	case p.Password != "":
		account, err := checkPassword(ctx, db, string(who.Email), p.Password, d)
		var wrong fault.Invalid
		if errors.As(err, &wrong) { // errCredentials
			err = fault.Invalid{{Name: "password", Message: "Mật khẩu chưa đúng."}}
		}
		return attempt{by: BySecret, use: func(ctx context.Context, tx tenant.Platform) error { return stillHas(ctx, tx, account) }}, err
	}
	return f.codeAttempt(ctx, db, who.Account, who.Email, p.Code, d)
}

func (f *Factors) codeAttempt(ctx context.Context, db *tenant.DB, account AccountID, email Email, typed string, d Device) (attempt, error) {
	code, err := parseCode(typed)
	if err != nil {
		return attempt{}, err
	}
	taken, err := tryFactor(ctx, db, account, email, d)
	return attempt{ByCode, func(ctx context.Context, tx tenant.Platform) error {
		return f.useCode(ctx, tx, account, code)
	}, taken}, err
}

// tryFactor takes one try of a second step: out of the sign-in's buckets, and out of a stricter one of the account's own.
// Who gets here knows the password, so that it locks nobody out whose password is secret; a code of six digits needs it.
// At 10 tries and one more every 5 minutes, guessing for a day finds a code with a chance below one in a thousand.
func tryFactor(ctx context.Context, db *tenant.DB, account AccountID, email Email, d Device) (taken []bucket, err error) {
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		own := bucket{"factor " + string(email), 10, 5 * time.Minute}
		if err := own.take(ctx, tx); err != nil {
			return err
		}
		shared, err := tryOne(ctx, tx, string(email), account, d)
		taken = append([]bucket{own}, shared...) // in the order that everybody takes them in
		return err
	})
	return taken, err
}

// grantStep checks the second step of a sign-in to the API: shown is whether the account has a factor, and the code was
// right. It must be used in the transaction that the tokens are made in.
func (f *Factors) grantStep(ctx context.Context, db *tenant.DB, account Account, code string, d Device) (use func(context.Context, tenant.Platform) (shown bool, err error), taken []bucket, err error) {
	has := func(ctx context.Context, tx tenant.Platform) (bool, error) {
		return tenant.Value[bool](ctx, tx, "select exists (select from authz.factor where account_id = $1)", account.ID)
	}
	var needs bool
	if err := db.Platform(ctx, func(tx tenant.Platform) error {
		needs, err = has(ctx, tx)
		return err
	}); err != nil {
		return nil, nil, err
	}
	if !needs {
		return func(ctx context.Context, tx tenant.Platform) (bool, error) {
			if added, err := has(ctx, tx); err != nil || !added {
				return false, err
			}
			return false, ErrFactorNeeded
		}, nil, nil
	}
	if code == "" {
		return nil, nil, ErrFactorNeeded
	}
	a, err := f.codeAttempt(ctx, db, account.ID, account.Email, code, d)
	return func(ctx context.Context, tx tenant.Platform) (bool, error) { return true, a.use(ctx, tx) }, a.taken, err
}
