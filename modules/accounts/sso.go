package accounts

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// ssoCookie is the name of the secret that a browser keeps while it is away at an identity provider.
const ssoCookie = "txng_sso"

const (
	ssoPath  = "/dang-nhap/sso"
	linkPath = ssoPath + "/lien-ket"
	backPath = "/tro-ve" // after a provider's path
)

// sso registers the pages of signing in through the tenants' identity providers.
func sso(a *web.App) {
	if a.SSO == nil {
		return
	}
	limit := web.NewLimit(attempts)
	counted := func(h web.PlainHandler) web.PlainHandler {
		return func(q *web.Request) (web.Answer, error) {
			if limit.Exceeded(q) {
				return web.Answer{}, fault.Say(fault.TooMany, "Đăng nhập quá nhiều lần. Hãy chờ một phút rồi thử lại.")
			}
			return h(q)
		}
	}
	a.Open(http.MethodGet, ssoPath, "who signs in by a province's own system looks for the province first", chooseProvince)
	a.OpenForm(linkPath, "what the provider has said, and the password asked here, are the proof", showLink, counted(submitLink))
	a.Open(http.MethodGet, ssoPath+"/{tenant}/{id}", "signing in", counted(startSSO))
	a.Open(http.MethodGet, ssoPath+"/{tenant}/{id}"+backPath, "signing in", counted(finishSSO))
	a.Self(http.MethodPost, "/tai-khoan/lien-ket/go", unlink)
	ssoAdmin(a)
}

// ssoAddress is where the sign-in with a provider begins: at the tenant's own subdomain, whose cookies it needs.
func ssoAddress(a *web.App, t tenant.Tenant, provider int64) string {
	return a.OriginOf(t) + ssoPath + "/" + t.Slug + "/" + strconv.FormatInt(provider, 10)
}

// callback is the address that a provider sends people back to; its administrator registers it there. Each provider has
// its own, so that the answer of one cannot be passed off as another's (RFC 9700, section 4.4.2).
func callback(a *web.App, t tenant.Tenant, provider int64) string {
	return ssoAddress(a, t, provider) + backPath
}

// after returns the part of an address that says where to go afterwards.
func after(next string) string {
	if next = local(next); next == "/" {
		return ""
	}
	return "?" + url.Values{"tiep": {next}}.Encode()
}

// ssoLinks returns the ways to sign in that the sign-in page offers beside the password: those of the tenant whose
// subdomain it is, elsewhere the way to look for one's province. That they cannot be read hides them; the password works.
func ssoLinks(q *web.Request, next string) []ui.Link {
	a := q.App()
	if a.SSO == nil {
		return nil
	}
	t, own := q.TenantOfHost()
	var list []authz.Provider
	if err := a.DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		list, err = authz.Enabled(q.Context(), tx, t.ID)
		return err
	}); err != nil {
		a.Log.Warn("identity providers", "request", q.ID, "error", err)
		return nil
	}
	if !own && len(list) > 0 {
		return []ui.Link{{Label: "Đăng nhập bằng tài khoản của tỉnh", Href: ssoPath + after(next), Icon: "building"}}
	}
	return providerLinks(a, t, list, next)
}

func providerLinks(a *web.App, t tenant.Tenant, list []authz.Provider, next string) []ui.Link {
	var links []ui.Link
	for _, p := range list {
		if p.TenantID == t.ID {
			links = append(links, ui.Link{Label: "Đăng nhập bằng " + p.Name, Href: ssoAddress(a, t, p.ID) + after(next), Icon: "login"})
		}
	}
	return links
}

// province is a tenant with its ways to sign in.
type province struct {
	name  string
	links []ui.Link
}

func chooseProvince(q *web.Request) (web.Answer, error) {
	ctx, a := q.Context(), q.App()
	query := q.URL.Query()
	var list []authz.Provider
	if err := a.DB.Platform(ctx, func(tx tenant.Platform) (err error) {
		list, err = authz.Enabled(ctx, tx, 0)
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	tenants, err := a.DB.Tenants(ctx)
	if err != nil {
		return web.Answer{}, err
	}
	var found []province
	for _, t := range tenants {
		links := providerLinks(a, t, list, query.Get("tiep"))
		if len(links) > 0 && signsIn(t) && vi.HasWords(t.Name, query.Get(ui.QuerySearch)) {
			found = append(found, province{t.Name, links})
		}
	}
	return web.Page(provincesPage(found, query.Get(ui.QuerySearch), local(query.Get("tiep")))), nil
}

// signsIn reports whether people of a tenant may sign in. Those of an archived one look at its data, and export them.
func signsIn(t tenant.Tenant) bool { return t.State != tenant.Draft }

// provider returns the tenant and the provider that an address names.
func provider(q *web.Request) (tenant.Tenant, authz.ProviderRef, error) {
	id, err := q.Number("id")
	if err != nil {
		return tenant.Tenant{}, authz.ProviderRef{}, err
	}
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("tenant"))
	if err == nil && !signsIn(t) {
		err = fault.NotFound
	}
	return t, authz.ProviderRef{Tenant: t.ID, ID: id}, err
}

func startSSO(q *web.Request) (web.Answer, error) {
	t, ref, err := provider(q)
	if err != nil {
		return notSignedIn(q, ref, authz.Arrival{}, err)
	}
	a, next := q.App(), local(q.URL.Query().Get("tiep"))
	address := ssoAddress(a, t, ref.ID)
	if u, err := url.Parse(address); err == nil && u.Host != q.Host {
		return web.See(address + after(next)), nil // where the person comes back to, which must have the cookie
	}
	away, browser, err := a.SSO.Start(q.Context(), a.DB, ref, callback(a, t, ref.ID), next)
	if err != nil {
		return notSignedIn(q, ref, authz.Arrival{}, err)
	}
	answer := web.See(away)
	a.SetCookie(answer.Header, ssoCookie, string(browser), authz.FlowAge)
	return answer, nil
}

func finishSSO(q *web.Request) (web.Answer, error) {
	t, ref, err := provider(q)
	if err != nil {
		return notSignedIn(q, ref, authz.Arrival{}, err)
	}
	a, query := q.App(), q.URL.Query()
	said := authz.SSOAnswer{State: query.Get("state"), Code: query.Get("code"), Error: query.Get("error"), Issuer: query.Get("iss")}
	arrival, err := a.SSO.Finish(q.Context(), a.DB, ref, callback(a, t, ref.ID), said, authz.Token(q.CookieValue(ssoCookie)), q.Device())
	if err != nil {
		return notSignedIn(q, ref, arrival, err)
	}
	if arrival.Token == "" {
		return web.See(linkPath), nil
	}
	if err := noted(q, arrival.Who, "account.sso", "Đăng nhập bằng “"+arrival.Provider.Name+"”"); err != nil {
		return web.Answer{}, err // the session's token has not left
	}
	return arrived(q, arrival), nil
}

// arrived gives the browser its session, and takes the secret of the way there.
func arrived(q *web.Request, arrival authz.Arrival) web.Answer {
	answer := web.See(local(arrival.Next))
	q.App().SetSession(answer.Header, arrival.Token)
	q.App().SetCookie(answer.Header, ssoCookie, "", 0)
	return answer
}

// notSignedIn says why somebody did not get in, and what else they can do. A refusal of the provider's word is noted in
// its tenant.
func notSignedIn(q *web.Request, ref authz.ProviderRef, from authz.Arrival, err error) (web.Answer, error) {
	said := fault.Message(err)
	status := 0
	for kind, code := range map[error]int{
		fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Forbidden: http.StatusForbidden, fault.Unavailable: http.StatusServiceUnavailable,
	} {
		if errors.Is(err, kind) {
			status = code
		}
	}
	if said == "" || status == 0 {
		return web.Answer{}, err
	}
	q.App().Log.Warn("nobody signed in by an identity provider", "request", q.ID, "tenant", ref.Tenant, "provider", ref.ID, "error", err)
	if status == http.StatusForbidden && from.Provider.ID != 0 {
		who := authz.Identity{Name: from.Provider.Name}
		what := "Không cho vào"
		if from.Claimed != "" {
			what += " người có thư điện tử " + from.Claimed
		}
		if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
			return audit.WriteAsPlatform(q.Context(), tx, who, ref.Tenant, "sso.refused", audit.Record{Subject: "sso", ID: ref.ID}, what+". Đã trả lời: “"+said+"”")
		}); err != nil {
			return web.Answer{}, err
		}
	}
	answer := web.Page(deadLinkPage("Chưa đăng nhập được", said, ui.Link{Label: "Về trang đăng nhập", Href: "/dang-nhap"}))
	answer.Status = status
	if status == http.StatusServiceUnavailable {
		answer = answer.With("Retry-After", "30")
	}
	return answer, nil
}

func showLink(q *web.Request) (web.Answer, error) {
	a := q.App()
	var offer authz.LinkOffer
	var t tenant.Tenant
	err := a.DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		offer, err = a.SSO.Offer(q.Context(), tx, authz.Token(q.CookieValue(ssoCookie)))
		return err
	})
	if err == nil {
		t, err = a.DB.Tenant(q.Context(), offer.Provider.TenantID)
	}
	if err != nil {
		return notSignedIn(q, authz.ProviderRef{}, authz.Arrival{}, err)
	}
	password := q.Field(ui.Field{Name: "password", Label: "Mật khẩu của tài khoản", Type: "password", Autocomplete: "current-password"})
	return web.Page(linkingPage(offer, t.Name, password, q.Wrong.Of(""))), nil
}

func submitLink(q *web.Request) (web.Answer, error) {
	a, ctx := q.App(), q.Context()
	browser := authz.Token(q.CookieValue(ssoCookie))
	arrival, err := a.SSO.Link(ctx, a.DB, browser, q.Posted.Get("password"), q.Device(), func(tx tenant.Platform, arrival authz.Arrival) error {
		who := arrival.Who
		return audit.WriteChangeAsPlatform(ctx, tx, who, who.Tenant, "sso.link", subject(who), "Liên kết tài khoản với “"+arrival.Provider.Name+"” sau khi xác nhận bằng mật khẩu, và đăng nhập",
			nil, audit.Of("Liên kết", arrival.Provider.Name))
	})
	if errors.Is(err, fault.Forbidden) {
		return notSignedIn(q, authz.ProviderRef{}, authz.Arrival{}, err)
	}
	if err != nil {
		return web.Answer{}, err
	}
	return arrived(q, arrival).Say("Đã liên kết tài khoản với “" + arrival.Provider.Name + "”.").Later(func(ctx context.Context) error {
		return send(ctx, a, linkLetter(a, arrival))
	}), nil
}

// linkLetter tells the owner of an account that it has been linked.
func linkLetter(a *web.App, arrival authz.Arrival) mail.Message {
	who, name := arrival.Who, arrival.Provider.Name
	return mail.Message{
		To: string(who.Email), Name: who.Name, Subject: "Tài khoản vừa được liên kết với " + name,
		Lines: []string{
			"Kính gửi " + who.Name + ",",
			"Tài khoản " + string(who.Email) + " vừa được liên kết với “" + name + "”. Từ nay có thể đăng nhập bằng “" + name + "” để làm việc với các vai trò của bạn tại tỉnh, thành phố này.",
			"Nếu không phải bạn làm, hãy đặt lại mật khẩu ngay (việc đó bỏ mọi liên kết) và báo cho quản trị của đơn vị.",
		},
		Link: mail.Link{Label: "Xem các liên kết", URL: a.Base.JoinPath("tai-khoan").String()},
	}
}

// link is an identity that the person's account is linked with, as the account's page shows it.
type link struct {
	authz.Linked
	place string
}

func linksOf(q *web.Request) ([]link, error) {
	var list []authz.Linked
	err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		list, err = authz.LinkedOf(q.Context(), tx, q.Who)
		return err
	})
	links := make([]link, len(list))
	for i, l := range list {
		links[i] = link{l, placeOf(q.Context(), q.App(), authz.Identity{Tenant: l.TenantID})}
	}
	return links, err
}

func unlink(q *web.Request) (web.Answer, error) {
	if err := q.ParseForm(); err != nil {
		return web.Answer{}, fault.NotFound
	}
	id, err := strconv.ParseInt(q.PostForm.Get("id"), 10, 64)
	if err != nil {
		return web.Answer{}, fault.NotFound
	}
	var l authz.Linked
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if l, err = authz.Unlink(q.Context(), tx, q.Who, id); err != nil {
			return err
		}
		who := authz.Identity{Account: q.Who.Account, Name: q.Who.Name}
		if l.TenantID == q.Who.Tenant {
			who = q.Who
		}
		return audit.WriteChangeAsPlatform(q.Context(), tx, who, l.TenantID, "sso.unlink", subject(who), "Bỏ liên kết tài khoản với “"+l.Provider+"”",
			audit.Of("Liên kết", l.Provider), nil)
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See("/tai-khoan").Say("Đã bỏ liên kết với “" + l.Provider + "”."), nil
}
