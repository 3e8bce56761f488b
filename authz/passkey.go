package authz

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"txng/tenant"
	"txng/tenant/fault"
)

// RelyingParty is the site as a browser knows it: the domain that passkeys belong to, which the tenants' subdomains
// share, and the origin of the page that asks, the only one whose answer is taken.
type RelyingParty struct{ ID, Origin string }

// Options is what a page hands to the browser's navigator.credentials, as JSON.
type Options = json.RawMessage

// maxResponse is longer than what any browser makes of a challenge.
const maxResponse = 64 << 10

// challengeAge is how long a challenge may be signed.
const challengeAge = 5 * time.Minute

// purpose is what a challenge is for; it serves no other.
type purpose string

const (
	toRegister purpose = "register"
	toStep     purpose = "step"
	toSignIn   purpose = "sign in"
)

// errPasskey is the one answer to whatever is wrong with a passkey's answer.
var errPasskey = fault.Invalid{{Name: "", Message: "Khóa truy cập không được chấp nhận. Hãy thử lại, hoặc dùng cách khác."}}

// errNoPasskeys is the answer where browsers know no domain that passkeys could belong to.
var errNoPasskeys = fault.Say(fault.Conflict, "Địa chỉ này không dùng được khóa truy cập; hãy mở hệ thống bằng tên miền chính thức.")

// at returns the library's relying party for one origin.
func (r RelyingParty) at() (*webauthn.WebAuthn, error) {
	if r.ID == "" {
		return nil, errNoPasskeys
	}
	return webauthn.New(&webauthn.Config{RPID: r.ID, RPDisplayName: "Truy xuất nguồn gốc", RPOrigins: []string{r.Origin}})
}

// passkeyUser is an account as the library wants it.
type passkeyUser struct {
	Account
	handle []byte
	keys   []storedKey
}

type storedKey struct {
	id         int64
	credential webauthn.Credential
}

func (u passkeyUser) WebAuthnID() []byte          { return u.handle }
func (u passkeyUser) WebAuthnName() string        { return string(u.Email) }
func (u passkeyUser) WebAuthnDisplayName() string { return u.Name }
func (u passkeyUser) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(u.keys))
	for i, k := range u.keys {
		list[i] = k.credential
	}
	return list
}

// handle is the name by which passkeys know an account; it tells nothing about it.
func (f *Factors) handle(account AccountID) []byte {
	mac := hmac.New(sha256.New, f.handles)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(account)))
	return mac.Sum(nil)
}

func (f *Factors) passkeyUser(ctx context.Context, tx tenant.Platform, id AccountID) (passkeyUser, error) {
	account, err := tenant.One[Account](ctx, tx, `
		select `+accountColumns+`
		from authz.account
		where id = $1 and disabled_at is null`, id)
	if err != nil {
		return passkeyUser{}, err
	}
	u := passkeyUser{Account: account, handle: f.handle(id)}
	list, err := f.stored(ctx, tx, id, Passkey)
	for _, s := range list {
		text, err := f.open(s.Sealed, bound(string(Passkey), id, s.ID))
		if err != nil {
			return passkeyUser{}, fmt.Errorf("open second factor %d: %w", s.ID, err)
		}
		k := storedKey{id: s.ID}
		if err := json.Unmarshal(text, &k.credential); err != nil {
			return passkeyUser{}, fmt.Errorf("read second factor %d: %w", s.ID, err)
		}
		u.keys = append(u.keys, k)
	}
	return u, err
}

func hashChallenge(c string) []byte {
	sum := sha256.Sum256([]byte(c))
	return sum[:]
}

func putChallenge(ctx context.Context, tx tenant.Platform, p purpose, account AccountID, data *webauthn.SessionData) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var of any
	if account != 0 {
		of = account
	}
	_, err = tx.Exec(ctx, `
		insert into authz.challenge (hash, purpose, account_id, data, expires_at)
		values ($1, $2, $3, $4, $5)`, hashChallenge(data.Challenge), p, of, string(text), tx.Now().Add(challengeAge))
	return err
}

// takeChallenge uses a challenge up, in a transaction of its own: whatever its answer is worth, there is no second one.
func takeChallenge(ctx context.Context, db *tenant.DB, p purpose, account AccountID, signed string) (webauthn.SessionData, error) {
	var data webauthn.SessionData
	err := db.Platform(ctx, func(tx tenant.Platform) error {
		text, err := tenant.Value[string](ctx, tx, `
			delete from authz.challenge
			where hash = $1 and purpose = $2 and coalesce(account_id, 0) = $3 and expires_at > $4
			returning data`, hashChallenge(signed), p, account, tx.Now())
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &data)
	})
	if errors.Is(err, fault.NotFound) {
		err = errPasskey
	}
	return data, err
}

// SweepChallenges removes challenges that nobody has signed in time.
func SweepChallenges(ctx context.Context, db *tenant.DB) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			delete from authz.challenge
			where expires_at < $1`, tx.Now())
		return err
	})
}

// BeginPasskey begins to add a passkey to the session's account. errProve when its person has not shown lately who they
// are.
func (f *Factors) BeginPasskey(ctx context.Context, tx tenant.Platform, session Token, site RelyingParty) (Options, error) {
	s, err := f.proved(ctx, tx, session)
	if err != nil {
		return nil, err
	}
	w, err := site.at()
	if err != nil {
		return nil, err
	}
	u, err := f.passkeyUser(ctx, tx, s.Account)
	if err != nil {
		return nil, err
	}
	known := webauthn.Credentials(u.WebAuthnCredentials()).CredentialDescriptors()
	options, data, err := w.BeginRegistration(u, webauthn.WithExclusions(known),
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementPreferred),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation))
	if err != nil {
		return nil, err
	}
	if err := putChallenge(ctx, tx, toRegister, s.Account, data); err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

// AddPasskey gives the session's account the passkey that a browser made of BeginPasskey; the session has shown a second
// factor from then on, under a new token. Errors: fault.Invalid for name and ""; errProve as BeginPasskey.
func (f *Factors) AddPasskey(ctx context.Context, db *tenant.DB, session Token, site RelyingParty, name string, response []byte, note func(tx tenant.Platform, name string) error) (Added, error) {
	name, err := factorName(name)
	if err != nil {
		return Added{}, err
	}
	w, err := site.at()
	if err != nil {
		return Added{}, err
	}
	if len(response) > maxResponse {
		return Added{}, errPasskey
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Added{}, errPasskey
	}
	var s Standing
	if err := db.Platform(ctx, func(tx tenant.Platform) error {
		s, err = StandingOf(ctx, tx, session)
		return err
	}); err != nil {
		return Added{}, err
	}
	data, err := takeChallenge(ctx, db, toRegister, s.Account, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return Added{}, err
	}
	added := Added{Name: name, Kind: Passkey}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		s, err := f.proved(ctx, tx, session)
		if err != nil {
			return err
		}
		u, err := f.passkeyUser(ctx, tx, s.Account)
		if err != nil {
			return err
		}
		credential, err := w.CreateCredential(u, data, parsed)
		if err != nil {
			return errPasskey
		}
		text, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		if added.Codes, err = f.insert(ctx, tx, s.Account, Passkey, name, credential.ID, text, 0); err != nil {
			return err
		}
		if added.Token, err = rotate(ctx, tx, session, true); err != nil {
			return err
		}
		return note(tx, name)
	})
	return added, err
}

// BeginStep begins to show a passkey of the session's account as its second factor. fault.Conflict when it has none.
func (f *Factors) BeginStep(ctx context.Context, tx tenant.Platform, session Token, site RelyingParty) (Options, error) {
	s, err := StandingOf(ctx, tx, session)
	if err != nil {
		return nil, err
	}
	w, err := site.at()
	if err != nil {
		return nil, err
	}
	u, err := f.passkeyUser(ctx, tx, s.Account)
	if err != nil {
		return nil, err
	}
	if len(u.keys) == 0 {
		return nil, fault.Say(fault.Conflict, "Tài khoản chưa có khóa truy cập.")
	}
	options, data, err := w.BeginLogin(u)
	if err != nil {
		return nil, err
	}
	if err := putChallenge(ctx, tx, toStep, s.Account, data); err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

// BeginSignIn begins a sign-in by a passkey alone, of whatever account. The browser must make sure that its person is
// there and is the one (a fingerprint, a PIN), so that having the device and being its owner are two factors.
func (f *Factors) BeginSignIn(ctx context.Context, tx tenant.Platform, site RelyingParty) (Options, error) {
	w, err := site.at()
	if err != nil {
		return nil, err
	}
	options, data, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	if err := putChallenge(ctx, tx, toSignIn, 0, data); err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

// assertion is an answer to a challenge, which is used up.
type assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
	data   webauthn.SessionData
}

func takeAssertion(ctx context.Context, db *tenant.DB, p purpose, account AccountID, response []byte) (assertion, error) {
	if len(response) > maxResponse {
		return assertion{}, errPasskey
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return assertion{}, errPasskey
	}
	data, err := takeChallenge(ctx, db, p, account, parsed.Response.CollectedClientData.Challenge)
	return assertion{parsed, data}, err
}

// useAssertion checks a passkey's answer for a locked account, and stores what has changed of the passkey.
func (f *Factors) useAssertion(ctx context.Context, tx tenant.Platform, account AccountID, site RelyingParty, a assertion) error {
	w, err := site.at()
	if err != nil {
		return err
	}
	u, err := f.passkeyUser(ctx, tx, account)
	if err != nil {
		return refused(err)
	}
	var credential *webauthn.Credential
	if len(a.data.UserID) > 0 {
		credential, err = w.ValidateLogin(u, a.data, a.parsed)
	} else {
		_, credential, err = w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			if !hmac.Equal(handle, u.handle) {
				return nil, errPasskey
			}
			return u, nil
		}, a.data, a.parsed)
	}
	if err != nil || credential.Authenticator.CloneWarning { // its counter went back: there are two of it
		return errPasskey
	}
	text, err := json.Marshal(credential)
	if err != nil {
		return err
	}
	for _, k := range u.keys {
		if string(k.credential.ID) != string(credential.ID) {
			continue
		}
		_, err = tx.Exec(ctx, `
			update authz.factor
			set sealed = $2, last_used_at = $3
			where id = $1`, k.id, f.close(text, bound(string(Passkey), account, k.id)), tx.Now())
		return err
	}
	return errPasskey
}

// SignInByPasskey opens a session for the account whose passkey answered BeginSignIn. It counts as both steps. Errors:
// fault.Invalid for "".
func (f *Factors) SignInByPasskey(ctx context.Context, db *tenant.DB, site RelyingParty, response []byte, d Device) (Token, Identity, error) {
	a, err := takeAssertion(ctx, db, toSignIn, 0, response)
	if err != nil {
		return "", Identity{}, err
	}
	var token Token
	var who Identity
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		id, err := tenant.Value[AccountID](ctx, tx, `
			select account_id
			from authz.factor
			where credential_id = $1`, a.parsed.RawID)
		if errors.Is(err, fault.NotFound) {
			return errPasskey
		}
		if err != nil {
			return err
		}
		if _, err := lockAccount(ctx, tx, id); err != nil {
			return err
		}
		if err := f.useAssertion(ctx, tx, id, site, a); err != nil {
			return err
		}
		u, err := f.passkeyUser(ctx, tx, id)
		if err != nil {
			return err
		}
		d.How = ByKey
		if token, who, err = enter(ctx, tx, u.Account, 0, d); err != nil {
			return err
		}
		who.Pending = ""
		_, err = tx.Exec(ctx, `
			update authz.session
			set factor_at = $2
			where token_hash = $1`, token.hash(), tx.Now())
		return err
	})
	if errors.Is(err, fault.SignIn) {
		err = errPasskey
	}
	return token, who, err
}
