package web

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
)

// StepPath is the page of the second step, and SetUpPath the one that sets it up.
const (
	StepPath  = "/dang-nhap/buoc-hai"
	SetUpPath = "/tai-khoan/bao-mat"
)

// Step registers a route for any signed-in person, about themselves, that also admits sessions which lack one of what is
// named. No other route that needs a sign-in does.
func (a *App) Step(method, path string, h PlainHandler, while ...authz.Pending) {
	a.add(Route{Method: method, Path: path, Permission: authz.AccountSelf, Door: DoorSelf, While: while}, h)
}

// StepForm registers such a form.
func (a *App) StepForm(path string, show, submit PlainHandler, while ...authz.Pending) {
	a.Step(http.MethodGet, path, show, while...)
	a.Step(http.MethodPost, path, again(show, submit), while...)
}

// stepFirst leads a session that lacks something to where it gets it. What a form has sent is kept.
func (a *App) stepFirst(q *Request) (Answer, error) {
	if q.Method != http.MethodPost || a.SecondStep == nil {
		to := StepPath
		if q.Who.Pending == authz.SetUpFactor {
			to = SetUpPath
		}
		if q.URL.Path == "/" {
			return See(to), nil
		}
		return See(to + "?tiep=" + url.QueryEscape(q.URL.RequestURI())), nil
	}
	if err := q.keepForm(fault.Say(fault.SignIn, "Cần xác thực hai lớp. Nội dung vừa gửi không giữ được; hãy xác thực rồi gửi lại.")); err != nil {
		return Answer{}, err
	}
	answer := Page(a.SecondStep(q, q.URL.Path, q.Posted, "Cần xác thực hai lớp để gửi tiếp; nội dung vừa nhập được giữ nguyên."))
	answer.Status = http.StatusUnauthorized
	return answer, nil
}

// keepForm reads a form that its person is to send again; lost is the error for one that is too large to be kept. Of a
// form with files the text is kept.
func (q *Request) keepForm(lost error) error {
	if !strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/") {
		if q.ContentLength > maxKept {
			return lost
		}
		q.Body = http.MaxBytesReader(nil, q.Body, maxKept)
	}
	if err := q.parse(); err != nil {
		return err
	}
	if len(q.Posted.Encode()) > maxKept {
		return lost
	}
	return nil
}

// Site returns the site as the browser that asks knows it, for passkeys: the deployment's domain, which its tenants'
// subdomains share, and the origin that was asked. ok is false where a browser knows no passkeys: at an address without
// a name. A demonstration at 127.0.0.1 is also there as localhost, which is one.
func (q *Request) Site() (site authz.RelyingParty, ok bool) {
	base, host := q.app.Base, strings.ToLower(q.Host)
	name := base.Hostname()
	switch _, of := q.TenantOfHost(); {
	case host == "localhost:"+base.Port() && net.ParseIP(name).IsLoopback():
		name = "localhost"
	case host == strings.ToLower(base.Host), of:
	default:
		return authz.RelyingParty{}, false
	}
	if net.ParseIP(name) != nil {
		return authz.RelyingParty{}, false
	}
	return authz.RelyingParty{ID: name, Origin: base.Scheme + "://" + host}, true
}

// FactorProblem is the type of the problem document that asks for a second factor (RFC 9457).
const FactorProblem = "urn:txng:problem:second-factor"

// APIOffProblem is the type of the problem document that says that a tenant's API is closed, for every operation and
// grant.
const APIOffProblem = "urn:txng:problem:api-off"

// typeOf returns a problem's type.
func typeOf(err error) string {
	switch {
	case errors.Is(err, authz.ErrFactorNeeded):
		return FactorProblem
	case errors.Is(err, tenant.ErrAPIOff):
		return APIOffProblem
	}
	return "about:blank"
}

// lacks reports whether a session lacks what a route does not do without.
func lacks(who authz.Identity, route Route) bool {
	return who.Pending != "" && !slices.Contains(route.While, who.Pending)
}
