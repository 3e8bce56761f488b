package authz

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"txng/tenant/fault"
)

// What asking an identity provider may cost.
const (
	ssoTime    = 10 * time.Second // one request, and one exchange of a code as a whole
	ssoDial    = 5 * time.Second
	ssoBytes   = 1 << 20 // of one answer
	ssoTrusted = 10 * time.Minute
)

// SSO signs people in through the identity providers of tenants, by OpenID Connect: authorization code with PKCE,
// state and nonce.
//
// A provider is chosen and ruled by the tenant's administrator, not by the deployment. So it is asked with care (no
// addresses of the deployment's own network, no redirects, bounded time and size), and what it says opens the roles of
// its own tenant only, of accounts whose owners have linked it with their password.
type SSO struct {
	seal   cipher.AEAD
	plain  bool
	client *http.Client

	mu    sync.Mutex
	known map[string]discovered // by issuer
}

// SSOOptions say what providers a deployment accepts.
type SSOOptions struct {
	// Plain allows http and any address: for a demonstration or a test, whose own address is http, too.
	Plain bool
	// Networks are internal networks that providers may stand in, for a deployment inside the provinces' own network.
	// Everywhere else only public addresses are asked.
	Networks []netip.Prefix
}

// discovered is what a provider says of itself, and when it was asked.
type discovered struct {
	*oidc.Provider
	keys oidc.KeySet
	at   time.Time
}

// NewSSO returns the sign-in through providers of the deployment with the master secret.
func NewSSO(secret []byte, o SSOOptions) (*SSO, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "txng seal of identity providers' client secrets", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the seal of client secrets: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: ssoDial, Control: func(_, address string, _ syscall.RawConn) error {
		// Here the name has been resolved, so that no answer of a name server slips an internal address past the check.
		if o.Plain {
			return nil
		}
		return checkReachable(address, o.Networks)
	}}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: ssoDial, ResponseHeaderTimeout: ssoTime,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	return &SSO{seal: seal, plain: o.Plain, known: map[string]discovered{}, client: &http.Client{
		Transport: careful{transport, o.Plain}, Timeout: ssoTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Why a provider was not asked.
var (
	errInternal = errors.New("address of an internal network")
	errPlain    = errors.New("address without https")
)

// special are the networks that are not the public Internet, beside those that netip knows.
var special = func() (list []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

// checkReachable returns errInternal for an address ("ip:port") that is neither public nor in one of the networks.
func checkReachable(address string, networks []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errInternal
	}
	ip := at.Addr().Unmap().WithZone("")
	within := func(p netip.Prefix) bool { return p.Contains(ip) }
	switch {
	case slices.ContainsFunc(networks, within):
		return nil
	case !ip.IsGlobalUnicast(), ip.IsPrivate(), ip.IsLoopback(), ip.IsLinkLocalUnicast(), slices.ContainsFunc(special, within):
		return errInternal
	}
	return nil
}

// careful refuses addresses without https, and cuts answers that are too long.
type careful struct {
	http.RoundTripper
	plain bool
}

func (c careful) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !c.plain {
		return nil, errPlain
	}
	answer, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, ssoBytes), answer.Body}
	return answer, nil
}

// parseIssuer returns an issuer's address as it is compared: exactly as typed, without spaces around it. Errors:
// fault.Invalid for "issuer".
func (s *SSO) parseIssuer(text string) (string, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	switch {
	case err != nil, len(text) > 500, u.Host == "", u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "", strings.ContainsAny(text, " \t\r\n\\"):
	case u.Scheme == "https", u.Scheme == "http" && s.plain:
		return text, nil
	}
	return "", fault.Invalid{{Name: "issuer", Message: "Nhập địa chỉ bắt đầu bằng https://, không có dấu hỏi hay dấu thăng. Ví dụ: https://sso.nghean.gov.vn/realms/canbo"}}
}

// discover returns what the issuer says of itself, as it was within ssoTrusted, and its keys, which are asked for again
// whenever a token names an unknown one.
func (s *SSO) discover(ctx context.Context, issuer string, now time.Time) (discovered, error) {
	s.mu.Lock()
	d, ok := s.known[issuer]
	s.mu.Unlock()
	if ok && now.Sub(d.at) < ssoTrusted {
		return d, nil
	}
	p, err := s.ask(ctx, issuer)
	if err != nil {
		return discovered{}, err
	}
	d = discovered{p, oidc.NewRemoteKeySet(oidc.ClientContext(context.WithoutCancel(ctx), s.client), metadataOf(p).JWKS), now}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= 200 { // more than there are provinces; a forgotten one is asked again
		clear(s.known)
	}
	s.known[issuer] = d
	return d, nil
}

// ask reads the issuer's discovery document. The page that people are sent to must be one that a browser may be sent to.
func (s *SSO) ask(ctx context.Context, issuer string) (*oidc.Provider, error) {
	ctx, stop := context.WithTimeout(ctx, ssoTime)
	defer stop()
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, s.client), issuer)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(p.Endpoint().AuthURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(s.plain && u.Scheme == "http") {
		return nil, fmt.Errorf("authorization endpoint: %w", errPlain)
	}
	return p, nil
}

// metadata are the parts of a discovery document that the library keeps to itself.
type metadata struct {
	JWKS       string   `json:"jwks_uri"`
	Algorithms []string `json:"id_token_signing_alg_values_supported"`
	Methods    []string `json:"token_endpoint_auth_methods_supported"`
	Responses  []string `json:"response_types_supported"`
	PKCE       []string `json:"code_challenge_methods_supported"`
}

func metadataOf(p *oidc.Provider) metadata {
	var m metadata
	_ = p.Claims(&m) // the library has read the same document
	return m
}

// Found is what a check of an issuer has found.
type Found struct {
	Authorization, Token, UserInfo string // addresses; UserInfo may be ""
	Keys                           int    // that sign its tokens
	PKCE                           bool   // it says that it knows PKCE with S256
}

// Check asks an issuer what it says of itself, and for its keys. Errors: fault.Invalid for "issuer", with a sentence that
// tells what to mend.
func (s *SSO) Check(ctx context.Context, issuer string) (Found, error) {
	wrong := func(err error) error {
		return fmt.Errorf("%w: %w", fault.Invalid{{Name: "issuer", Message: explain(err)}}, err)
	}
	p, err := s.ask(ctx, issuer)
	if err != nil {
		return Found{}, wrong(err)
	}
	m := metadataOf(p)
	f := Found{Authorization: p.Endpoint().AuthURL, Token: p.Endpoint().TokenURL, UserInfo: p.UserInfoEndpoint(), PKCE: slices.Contains(m.PKCE, "S256")}
	if len(m.Responses) > 0 && !slices.Contains(m.Responses, "code") {
		return f, fault.Invalid{{Name: "issuer", Message: "Hệ thống này không hỗ trợ luồng mã ủy quyền (response_type “code”)."}}
	}
	if f.Token == "" {
		return f, fault.Invalid{{Name: "issuer", Message: "Tài liệu cấu hình không có token_endpoint."}}
	}
	if f.Keys, err = s.keys(ctx, m.JWKS); err != nil {
		return f, wrong(err)
	}
	if f.Keys == 0 {
		return f, fault.Invalid{{Name: "issuer", Message: "Không đọc được khóa ký (jwks_uri) của hệ thống này."}}
	}
	return f, nil
}

// keys returns how many keys stand at an address; 0 for what is no set of keys.
func (s *SSO) keys(ctx context.Context, address string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var set struct{ Keys []json.RawMessage }
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&set) != nil {
		return 0, nil
	}
	return len(set.Keys), nil
}

// explain says in a sentence for the administrator why a provider could not be asked.
func explain(err error) string {
	var mismatch *oidc.IssuerMismatchError
	var dns *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &mismatch):
		return "Địa chỉ không khớp: hệ thống này tự xưng là “" + cutText(mismatch.Discovered, 200) + "”. Hãy nhập đúng địa chỉ ấy, kể cả dấu gạch chéo cuối."
	case errors.Is(err, errInternal):
		return "Địa chỉ này nằm trong mạng nội bộ nên không được kết nối. Hãy liên hệ đơn vị vận hành nếu tỉnh dùng mạng riêng."
	case errors.Is(err, errPlain):
		return "Hệ thống này dùng địa chỉ không có https."
	case errors.As(err, &dns):
		return "Không tìm thấy máy chủ có tên này."
	case errors.As(err, &certificate):
		return "Chứng thư TLS của máy chủ không hợp lệ."
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "Máy chủ không trả lời trong 10 giây."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Máy chủ từ chối kết nối."
	}
	return "Không đọc được tài liệu cấu hình OpenID Connect (/.well-known/openid-configuration) ở địa chỉ này."
}

func cutText(s string, most int) string {
	if runes := []rune(strings.ToValidUTF8(s, "")); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// oauthOf returns how the deployment asks a provider's endpoints.
func oauthOf(c configured, p discovered, callback string) *oauth2.Config {
	endpoint := p.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // the default of RFC 8414; trying both would use up the code
	if m := metadataOf(p.Provider).Methods; len(m) > 0 && !slices.Contains(m, "client_secret_basic") && slices.Contains(m, "client_secret_post") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: c.ClientID, ClientSecret: c.secret, Endpoint: endpoint, RedirectURL: callback, Scopes: c.Scopes}
}
