package accounts

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant/fault"
)

// attempts are how often one address may try to sign in within a minute.
const attempts = 60

// Names of the fields that carry a form, which came after the session's end, through the sign-in.
const (
	keptPath  = "_tiep"
	keptField = "_gui."
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	limit := web.NewLimit(attempts)
	a.SignIn = func(q *web.Request, next string, kept url.Values, wrong string) templ.Component {
		_, passkeys := q.Site()
		return signInPage(signInFields(q), next, carry(kept), wrong, passkeys, ssoLinks(q, next))
	}
	a.OpenForm("/dang-nhap", "signing in", showSignIn, func(q *web.Request) (web.Answer, error) {
		if limit.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Đăng nhập quá nhiều lần. Hãy chờ một phút rồi thử lại.")
		}
		return submitSignIn(q)
	})
	step(a)
	security(a)
	factorAdmin(a)
	a.Step(http.MethodPost, "/dang-xuat", signOut, authz.ShowFactor, authz.SetUpFactor)
	a.Self(http.MethodGet, "/tai-khoan", showAccount)
	a.Self(http.MethodPost, "/tai-khoan/vai-tro", switchRole)
	a.Self(http.MethodGet, "/tai-khoan/thiet-bi", showDevices)
	a.Self(http.MethodPost, "/tai-khoan/thiet-bi", signOutElsewhere)
	api(a, limit)
	programs(a)
	passwords(a)
	members(a)
	acceptance(a)
	sso(a)
	impersonation(a)
	letters(a)
}

func signInFields(q *web.Request) []ui.Field {
	login, password := loginField(""), ui.Field{Name: "password", Label: "Mật khẩu", Type: "password", Autocomplete: "current-password"}
	if q.Posted.Get(keptPath) != "" || q.URL.Path == "/dang-nhap" {
		login, password = q.Field(login), q.Field(password)
	}
	return []ui.Field{login, password}
}

// carry returns the values of a lost form under the names that take them through the sign-in.
func carry(kept url.Values) url.Values {
	carried := url.Values{}
	for name, values := range kept {
		if !strings.Contains(name, "password") {
			carried[keptField+name] = values
		}
	}
	return carried
}

// local returns a path of ours, or "/" for anything that might lead elsewhere.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, "\\") {
		return "/"
	}
	return path
}

func showSignIn(q *web.Request) (web.Answer, error) {
	_, passkeys := q.Site()
	return web.Page(signInPage(signInFields(q), nextOf(q), keptOf(q), q.Wrong.Of(""), passkeys, ssoLinks(q, nextOf(q)))), nil
}

func submitSignIn(q *web.Request) (web.Answer, error) {
	token, who, err := authz.SignIn(q.Context(), q.App().DB, q.Value("email"), q.Posted.Get("password"), q.Device())
	if err != nil {
		notedRefusal(q, q.Value("email"), err)
		if m := fault.Message(err); m != "" {
			err = fault.Invalid{{Name: "email", Message: m}}
		}
		return web.Answer{}, err
	}
	if err := noted(q, who, "account.signin", "Đăng nhập"); err != nil {
		return web.Answer{}, err // the session's token has not left
	}
	if who.Pending == "" {
		return goOn(q, token), nil
	}
	// The second step comes before what the person wanted, and takes the form that they lost along.
	answer, err := secondStepAfterPassword(q, who)
	if err == nil {
		q.App().SetSession(answer.Header, token)
	}
	return answer, err
}

// secondStepAfterPassword leads somebody who has just shown the password on to the second step, or to where it is set up.
func secondStepAfterPassword(q *web.Request, who authz.Identity) (web.Answer, error) {
	kept := keptOf(q)
	switch {
	case who.Pending == authz.ShowFactor && len(kept) > 0:
		asked := *q
		asked.Who, asked.Posted = who, nil
		page, err := stepPageOf(&asked)
		page.next, page.kept = nextOf(q), kept
		return web.Page(secondStepPage(page)), err
	case who.Pending == authz.ShowFactor:
		return web.See(web.StepPath + "?tiep=" + url.QueryEscape(nextOf(q))), nil
	case len(kept) > 0:
		form := url.Values{}
		for name, values := range kept {
			form[strings.TrimPrefix(name, keptField)] = values
		}
		return web.Page(setUpFirstPage(nextOf(q), form, who.Role.Name())), nil
	}
	return web.See(web.SetUpPath + "?tiep=" + url.QueryEscape(nextOf(q))), nil
}

func signOut(q *web.Request) (web.Answer, error) {
	if err := authz.SignOut(q.Context(), q.App().DB, q.Session()); err != nil {
		return web.Answer{}, err
	}
	if err := noted(q, q.Who, "account.signout", "Đăng xuất"); err != nil {
		return web.Answer{}, err
	}
	answer := web.See("/dang-nhap")
	q.App().SetSession(answer.Header, "")
	return answer, nil
}

// role is one role that the person may work in, with the name of its tenant.
type role struct {
	authz.Identity
	place string
}

func showAccount(q *web.Request) (web.Answer, error) {
	choices, err := authz.Choices(q.Context(), q.App().DB, q.Who)
	if err != nil {
		return web.Answer{}, err
	}
	roles := make([]role, len(choices))
	for i, c := range choices {
		roles[i] = role{c, placeOf(q.Context(), q.App(), c)}
	}
	links, err := linksOf(q)
	if err != nil {
		return web.Answer{}, err
	}
	number, err := ownPhone(q)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Tài khoản của tôi", "Thông tin đăng nhập và các vai trò của bạn trên hệ thống.")
	return q.Show(shell, ui.Join(accountPage(q.Who, number, roles, permissions(q.Who)), linksCard(links))), nil
}

func placeOf(ctx context.Context, a *web.App, i authz.Identity) string {
	if i.Tenant == 0 {
		return "Toàn quốc"
	}
	t, err := a.DB.Tenant(ctx, i.Tenant)
	if err != nil {
		return ""
	}
	return t.Name
}

// permissions returns what the person may do, as sentences.
func permissions(who authz.Identity) []string {
	var list []string
	for _, p := range authz.Permissions() {
		if who.Can(p) {
			list = append(list, authz.Sentences[p])
		}
	}
	return list
}

func switchRole(q *web.Request) (web.Answer, error) {
	if err := q.ParseForm(); err != nil {
		return web.Answer{}, fault.NotFound
	}
	membership, err := strconv.ParseInt(q.PostForm.Get("vai-tro"), 10, 64)
	if err != nil {
		return web.Answer{}, fault.NotFound
	}
	token, err := authz.Switch(q.Context(), q.App().DB, q.Session(), membership, q.Device())
	if err != nil {
		return web.Answer{}, err
	}
	if err := notedSwitch(q, q.Who, token); err != nil {
		return web.Answer{}, err
	}
	answer := web.See("/").Say("Đã đổi vai trò làm việc.")
	q.App().SetSession(answer.Header, token)
	return answer, nil
}
