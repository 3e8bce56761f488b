package web

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// SetCookie gives the browser a secret of ours to keep for a while; "" takes it away.
func (a *App) SetCookie(h http.Header, name, value string, age time.Duration) {
	c := &http.Cookie{
		Name: a.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: a.Secure(),
		SameSite: http.SameSiteLaxMode, MaxAge: int(age / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	h.Add("Set-Cookie", c.String())
}

// CookieValue returns what SetCookie has given the browser, or "".
func (q *Request) CookieValue(name string) string {
	c, err := q.Cookie(q.app.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// byProvider are the pages below /tai-khoan that concern the tenant only, or confine themselves to it.
var byProvider = []string{"/tai-khoan/vai-tro", "/tai-khoan/thiet-bi", "/tai-khoan/lien-ket/go"}

// concernsAccount reports whether a route concerns the whole account, which a tenant's identity provider must not get
// at: whoever rules the provider would reach the person's roles elsewhere. What is not known to be harmless is not.
func concernsAccount(r Route) bool {
	return strings.HasPrefix(r.Path, "/tai-khoan/") && !slices.Contains(byProvider, r.Path)
}
