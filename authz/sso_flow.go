package authz

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"txng/tenant"
	"txng/tenant/fault"
)

// FlowAge is how long a way to a provider and back, with the linking of an account after it, may take.
const FlowAge = 10 * time.Minute

// What a person is told when a way through a provider leads nowhere.
var (
	errFlow   = fault.Say(fault.Conflict, "Lần đăng nhập này đã quá 10 phút, đã dùng rồi, hoặc bắt đầu từ trình duyệt khác. Hãy đăng nhập lại từ đầu.")
	errEmail  = fault.Say(fault.Forbidden, "Hệ thống đăng nhập chưa xác thực thư điện tử của bạn, nên chưa thể liên kết với tài khoản. Hãy xác thực thư điện tử ở đó, hoặc đăng nhập bằng mật khẩu.")
	errInvite = fault.Say(fault.Forbidden, "Bạn chưa có tài khoản tại tỉnh, thành phố này với thư điện tử đã xác thực ở hệ thống đăng nhập. Tài khoản chỉ được mở theo lời mời: hãy nhờ quản trị của cơ quan, đơn vị mời đúng địa chỉ thư ấy.")
	errShut   = fault.Say(fault.Forbidden, "Tài khoản đang bị khóa. Hãy liên hệ quản trị của cơ quan, đơn vị.")
)

// SSOAnswer is what a provider's redirect brings back.
type SSOAnswer struct {
	State, Code string
	Error       string // by RFC 6749, section 4.1.2.1; "" for none
	Issuer      string // by RFC 9207; "" for none
}

// Arrival is where a way through a provider has led: to a session, or, with the zero Token, to an account that its owner
// may link.
type Arrival struct {
	Provider Provider
	Token    Token
	Who      Identity
	Next     string // where the person wanted to go
	Claimed  string // the address that the provider named, verified or not
}

// drawn returns a value of a flow that is made from the browser's secret: nobody else can.
func (t Token) drawn(purpose string) string {
	sum := sha256.Sum256([]byte("txng sso " + purpose + " " + string(t)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	drawnNonce    = "nonce"
	drawnVerifier = "verifier"
)

// Start begins a way to a provider. It returns the address to send the browser to, and the secret that the browser keeps
// until it comes back: who comes back without it is somebody else. callback is the provider's own address of ours; no
// other provider has it, so that the answer of one is never taken for that of another. Errors: fault.NotFound for a
// provider that is shut, fault.Unavailable for one that does not answer.
func (s *SSO) Start(ctx context.Context, db *tenant.DB, ref ProviderRef, callback, next string) (address string, browser Token, err error) {
	var c configured
	if err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		c, err = s.configuration(ctx, tx, ref)
		return err
	}); err != nil {
		return "", "", err
	}
	p, err := s.discover(ctx, c.Issuer, db.Now())
	if err != nil {
		return "", "", silent(c, err)
	}
	browser = newToken()
	state := newToken()
	if len(next) > 2000 {
		next = "/"
	}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			insert into authz.oidc_flow (state_hash, browser_hash, provider_tenant, provider_id, next, created_at, expires_at)
			values ($1, $2, $3, $4, $5, $6, $7)`,
			state.hash(), browser.hash(), ref.Tenant, ref.ID, next, tx.Now(), tx.Now().Add(FlowAge))
		return err
	})
	return oauthOf(c, p, callback).AuthCodeURL(string(state), oidc.Nonce(browser.drawn(drawnNonce)),
		oauth2.S256ChallengeOption(browser.drawn(drawnVerifier))), browser, err
}

// silent is the answer for a provider that does not answer.
func silent(c configured, cause error) error {
	return fmt.Errorf("%w: %w", fault.Say(fault.Unavailable, "“%s” tạm thời không trả lời. Hãy thử lại sau ít phút, hoặc đăng nhập bằng mật khẩu.", c.Name), cause)
}

// unproven is the answer when what a provider says does not hold.
func unproven(c configured, cause error) error {
	return fmt.Errorf("%w: %w", fault.Say(fault.Forbidden, "Không xác nhận được câu trả lời của “%s”, nên bạn chưa đăng nhập. Hãy thử lại; nếu lặp lại, hãy báo quản trị của tỉnh.", c.Name), cause)
}

// Finish takes a provider's answer, once, from the browser that asked. It opens a session for an account that is linked;
// for another account of the provider's tenant with the address that the provider has verified, it leaves the flow
// waiting for Link. Errors: fault.Conflict for a flow that is none of this browser's; fault.Unavailable;
// fault.Forbidden with the reason when the person does not get in.
func (s *SSO) Finish(ctx context.Context, db *tenant.DB, ref ProviderRef, callback string, a SSOAnswer, browser Token, d Device) (Arrival, error) {
	var c configured
	var next string
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		next, err = tenant.Value[string](ctx, tx, `
			update authz.oidc_flow
			set answered_at = $5
			where state_hash = $1 and browser_hash = $2 and provider_tenant = $3 and provider_id = $4
			and answered_at is null and expires_at > $5
			returning next`, Token(a.State).hash(), browser.hash(), ref.Tenant, ref.ID, tx.Now())
		if errors.Is(err, fault.NotFound) {
			return errFlow
		}
		if err == nil {
			c, err = s.configuration(ctx, tx, ref)
		}
		return err
	})
	if err != nil {
		return Arrival{}, err
	}
	switch {
	case a.Issuer != "" && a.Issuer != c.Issuer: // RFC 9207
		return Arrival{Provider: c.Provider}, unproven(c, errors.New("answer of another issuer"))
	case a.Error != "":
		return Arrival{Provider: c.Provider}, fault.Say(fault.Conflict, "Việc đăng nhập ở “%s” chưa hoàn tất. Hãy thử lại hoặc đăng nhập bằng mật khẩu.", c.Name)
	}
	claim, err := s.redeem(ctx, db, c, callback, a.Code, browser)
	if err != nil {
		return Arrival{Provider: c.Provider}, err
	}
	arrival := Arrival{Provider: c.Provider, Next: next}
	if storable(claim.Email) {
		arrival.Claimed = cutText(claim.Email, 254)
	}
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if _, err := s.configuration(ctx, tx, ref); err != nil {
			return err // it was shut meanwhile
		}
		account, err := linkedAccount(ctx, tx, ref, claim.Subject)
		if errors.Is(err, fault.NotFound) {
			return offerLink(ctx, tx, ref, claim, browser)
		}
		if err != nil {
			return err
		}
		arrival.Token, arrival.Who, err = enter(ctx, tx, account, ref.Tenant, d)
		return err
	})
	return arrival, err
}

// claim is what a provider has proven to say of somebody.
type claim struct {
	Subject  string
	Email    string
	Verified bool // the address
}

// redeem exchanges a code for the provider's claim, with every check of OpenID Connect Core, section 3.1.3.7.
func (s *SSO) redeem(ctx context.Context, db *tenant.DB, c configured, callback, code string, browser Token) (claim, error) {
	ctx, stop := context.WithTimeout(oidc.ClientContext(ctx, s.client), ssoTime)
	defer stop()
	p, err := s.discover(ctx, c.Issuer, db.Now())
	if err != nil {
		return claim{}, silent(c, err)
	}
	if code == "" || len(code) > 4096 {
		return claim{}, unproven(c, errors.New("no code"))
	}
	answer, err := oauthOf(c, p, callback).Exchange(ctx, code, oauth2.VerifierOption(browser.drawn(drawnVerifier)))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500:
		return claim{}, unproven(c, fmt.Errorf("token endpoint: %s %s", refused.Response.Status, cutText(refused.ErrorCode, 60)))
	case isUnreachable(err), errors.As(err, &refused):
		return claim{}, silent(c, err)
	case err != nil:
		return claim{}, unproven(c, err)
	}
	raw, _ := answer.Extra("id_token").(string)
	keys := &remoteKeys{KeySet: p.keys}
	token, err := oidc.NewVerifier(c.Issuer, keys, &oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: algorithms(p.Provider), Now: db.Now}).Verify(ctx, raw)
	switch {
	case keys.unreachable != nil:
		return claim{}, silent(c, keys.unreachable)
	case err != nil:
		return claim{}, unproven(c, err)
	}
	return s.claimOf(ctx, c, p.Provider, token, answer, browser)
}

// claimOf checks what the library leaves to its caller, and finds the address: in the token, else at the provider.
func (s *SSO) claimOf(ctx context.Context, c configured, p *oidc.Provider, token *oidc.IDToken, answer *oauth2.Token, browser Token) (claim, error) {
	var named struct {
		Party    string `json:"azp"`
		Email    string `json:"email"`
		Verified any    `json:"email_verified"`
	}
	if err := token.Claims(&named); err != nil {
		return claim{}, unproven(c, err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(browser.drawn(drawnNonce))) != 1:
		return claim{}, unproven(c, errors.New("nonce of another flow"))
	case named.Party != "" && named.Party != c.ClientID, named.Party == "" && len(token.Audience) > 1:
		return claim{}, unproven(c, errors.New("token of another party"))
	case token.AccessTokenHash != "" && token.VerifyAccessToken(answer.AccessToken) != nil:
		return claim{}, unproven(c, errors.New("access token of another answer"))
	case token.Subject == "" || utf8.RuneCountInString(token.Subject) > 255 || !storable(token.Subject):
		return claim{}, unproven(c, errors.New("no usable subject"))
	}
	of := claim{token.Subject, named.Email, named.Verified == true || named.Verified == "true"}
	if of.Email != "" || p.UserInfoEndpoint() == "" {
		return of, nil
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(answer))
	switch {
	case isUnreachable(err):
		return claim{}, silent(c, err)
	case err != nil:
		return claim{}, unproven(c, err)
	case info.Subject != token.Subject:
		return claim{}, unproven(c, errors.New("user info of another subject"))
	}
	of.Email, of.Verified = info.Email, info.EmailVerified
	return of, nil
}

// storable reports whether PostgreSQL can store the text.
func storable(s string) bool {
	return utf8.ValidString(s) && !slices.Contains([]byte(s), 0)
}

// isUnreachable reports whether a request got no answer.
func isUnreachable(err error) bool {
	var u *url.Error
	return errors.As(err, &u)
}

// signatures are the algorithms that a provider's tokens may be signed with: none with a shared secret, and never none.
var signatures = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// algorithms returns those of the signatures that the provider says it uses; RS256 when it says nothing.
func algorithms(p *oidc.Provider) []string {
	list := slices.DeleteFunc(metadataOf(p).Algorithms, func(a string) bool { return !slices.Contains(signatures, a) })
	if len(list) == 0 {
		return []string{oidc.RS256}
	}
	return list
}

// remoteKeys remembers that a provider's keys could not be read, which the library tells in words only.
type remoteKeys struct {
	oidc.KeySet
	unreachable error
}

func (k *remoteKeys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, jwt)
	if isUnreachable(err) {
		k.unreachable = err
	}
	return payload, err
}

// linkedAccount returns the account that a provider's subject is linked to, locked. fault.NotFound when there is none.
func linkedAccount(ctx context.Context, tx tenant.Platform, ref ProviderRef, subject string) (Account, error) {
	id, err := tenant.Value[AccountID](ctx, tx, `
		select account_id
		from authz.oidc_identity
		where provider_tenant = $1 and provider_id = $2 and subject = $3`, ref.Tenant, ref.ID, subject)
	if err != nil {
		return Account{}, err
	}
	if _, err := lockAccount(ctx, tx, id); err != nil {
		return Account{}, err
	}
	n, err := tx.Exec(ctx, `
		update authz.oidc_identity
		set used_at = $5
		where provider_tenant = $1 and provider_id = $2 and subject = $3 and account_id = $4`, ref.Tenant, ref.ID, subject, id, tx.Now())
	if err != nil {
		return Account{}, err
	}
	if n == 0 {
		return Account{}, errFlow // it was unlinked meanwhile
	}
	account, err := tenant.One[Account](ctx, tx, `
		select `+accountColumns+`
		from authz.account
		where id = $1`, id)
	if err == nil && account.DisabledAt != nil {
		err = errShut
	}
	account.through = ref
	return account, err
}

// offerLink leaves a flow waiting for the owner of the account that its claim's address belongs to. An account that is
// shut, or has no role in the provider's tenant, is to this tenant as good as none.
func offerLink(ctx context.Context, tx tenant.Platform, ref ProviderRef, c claim, browser Token) error {
	email, err := ParseEmail(c.Email)
	if err != nil || !c.Verified {
		return errEmail
	}
	account, err := AccountByEmail(ctx, tx, email)
	if errors.Is(err, fault.NotFound) || err == nil && account.DisabledAt != nil {
		return errInvite
	}
	if err != nil {
		return err
	}
	account.through = ref
	roles, err := vouchedFor(ctx, tx, account)
	if err != nil {
		return err
	}
	if len(roles) == 0 {
		return errInvite
	}
	_, err = tx.Exec(ctx, `
		update authz.oidc_flow
		set subject = $2, email = $3, account_id = $4
		where browser_hash = $1`, browser.hash(), c.Subject, email, account.ID)
	return err
}

// SweepFlows removes flows that have long ended.
func SweepFlows(ctx context.Context, db *tenant.DB) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			delete from authz.oidc_flow
			where expires_at < $1`, tx.Now().Add(-time.Hour))
		return err
	})
}
