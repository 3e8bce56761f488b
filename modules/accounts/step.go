package accounts

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// passkeyPath is where a passkey alone signs in.
const passkeyPath = "/dang-nhap/khoa-truy-cap"

// step registers the second step of the sign-in, and the sign-in by a passkey that counts as both.
func step(a *web.App) {
	// Limits of their own: a second step takes nothing from the sign-ins of the same office.
	slow := func(h web.PlainHandler) web.PlainHandler {
		limit := web.NewLimit(attempts)
		return func(q *web.Request) (web.Answer, error) {
			if limit.Exceeded(q) {
				return web.Answer{}, fault.Say(fault.TooMany, "Đăng nhập quá nhiều lần. Hãy chờ một phút rồi thử lại.")
			}
			return h(q)
		}
	}
	a.SecondStep = secondStep
	a.StepForm(web.StepPath, showStep, slow(submitStep), authz.ShowFactor, authz.SetUpFactor)
	a.Step(http.MethodPost, web.StepPath+"/khoa-truy-cap", begin(func(ctx context.Context, q *web.Request, tx tenant.Platform, site authz.RelyingParty) (authz.Options, error) {
		return a.Signer.Factors().BeginStep(ctx, tx, q.Session(), site)
	}), authz.ShowFactor)
	a.OpenForm(passkeyPath, "signing in", showSignIn, slow(submitPasskey))
	a.Open(http.MethodPost, passkeyPath+"/bat-dau", "signing in", slow(begin(func(ctx context.Context, _ *web.Request, tx tenant.Platform, site authz.RelyingParty) (authz.Options, error) {
		return a.Signer.Factors().BeginSignIn(ctx, tx, site)
	})))
}

// begin answers a page's script with what the browser is to make of a challenge.
func begin(of func(ctx context.Context, q *web.Request, tx tenant.Platform, site authz.RelyingParty) (authz.Options, error)) web.PlainHandler {
	return func(q *web.Request) (web.Answer, error) {
		site, _ := q.Site()
		var options authz.Options
		err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
			options, err = of(q.Context(), q, tx, site)
			return err
		})
		return web.JSON(options), err
	}
}

// stepPage is what the page of the second step shows.
type stepPage struct {
	next     string
	kept     url.Values
	wrong    string
	fields   []ui.Field
	again    bool // the person is to show once more who they are
	app      bool // the account has an app
	passkey  bool // and a passkey, which this address can use
	recovery bool // a recovery code is asked for
	demo     string
}

// secondStep shows the second step, with what a lost form had in it. It is no error to fail at asking what the account
// has: then a code is asked for.
func secondStep(q *web.Request, next string, kept url.Values, wrong string) templ.Component {
	if q.Who.Pending == authz.SetUpFactor {
		return setUpFirstPage(next, kept, q.Who.Role.Name())
	}
	page, err := stepPageOf(q)
	if err != nil {
		q.App().Log.Error("the second step was not prepared", "request", q.ID, "error", err)
	}
	page.next, page.kept, page.wrong = next, carry(kept), wrong
	return secondStepPage(page)
}

func stepPageOf(q *web.Request) (stepPage, error) {
	p := stepPage{again: q.Who.Pending == "", recovery: q.URL.Path == web.StepPath && (q.URL.Query().Get("cach") == "du-phong" || q.Posted.Has("recovery"))}
	a := q.App()
	var list []authz.Factor
	err := a.DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if list, err = authz.FactorsOf(q.Context(), tx, q.Who.Account); err != nil {
			return err
		}
		if a.Demo && a.DemoCode != nil {
			p.demo, err = a.DemoCode(q.Context(), tx, q.Who.Email)
		}
		return err
	})
	_, site := q.Site()
	for _, f := range list {
		p.app = p.app || f.Kind == authz.TOTP
		p.passkey = p.passkey || f.Kind == authz.Passkey && site
	}
	field := ui.Field{Name: "code", Label: "Mã 6 chữ số", Hint: "Mã đang hiện trong ứng dụng tạo mã trên điện thoại", InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 10}
	switch {
	case err == nil && len(list) == 0:
		field = ui.Field{Name: "password", Label: "Mật khẩu hiện tại", Type: "password", Autocomplete: "current-password"}
	case p.recovery:
		field = ui.Field{Name: "recovery", Label: "Mã dự phòng", Hint: "Một trong các mã đã lưu khi bật xác thực hai lớp, ví dụ 7K2M-9QXD-4HTB", Autocomplete: "off", MaxLength: 30}
	case !p.app:
		return p, err // only passkeys: nothing to type
	}
	field.Error = q.Wrong.Of(field.Name) // a code that was refused is not given back
	p.fields = []ui.Field{field}
	return p, err
}

func showStep(q *web.Request) (web.Answer, error) {
	page, err := stepPageOf(q)
	if err != nil {
		return web.Answer{}, err
	}
	page.next, page.kept, page.wrong = nextOf(q), keptOf(q), q.Wrong.Of("")
	return web.Page(secondStepPage(page)), nil
}

// nextOf returns where a page's person wants to go.
func nextOf(q *web.Request) string {
	if p := q.Posted.Get(keptPath); p != "" {
		return local(p)
	}
	return local(q.URL.Query().Get("tiep"))
}

// keptOf returns the fields that carry a lost form.
func keptOf(q *web.Request) url.Values {
	kept := url.Values{}
	for name, values := range q.Posted {
		if strings.HasPrefix(name, keptField) {
			kept[name] = values
		}
	}
	return kept
}

// goOn leads on to where the person wanted to go, with the form that was lost on the way, under the session's new token.
func goOn(q *web.Request, token authz.Token) web.Answer {
	form := url.Values{}
	for name, values := range q.Posted {
		if field, ok := strings.CutPrefix(name, keptField); ok {
			form[field] = values
		}
	}
	answer := web.See(nextOf(q))
	if len(form) > 0 {
		answer = web.Page(resumePage(nextOf(q), form))
	}
	q.App().SetSession(answer.Header, token)
	return answer
}

func submitStep(q *web.Request) (web.Answer, error) {
	a := q.App()
	site, _ := q.Site()
	proof := authz.Proof{Code: q.Value("code"), Recovery: q.Value("recovery"), Password: q.Posted.Get("password"), Site: site}
	if c := q.Posted.Get("credential"); c != "" {
		proof.Passkey = []byte(c)
	}
	passed, err := a.Signer.Factors().Pass(q.Context(), a.DB, q.Session(), proof, q.Device())
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		if err := noted(q, q.Who, "factor.refused", "Xác thực lớp thứ hai không thành công"); err != nil {
			return web.Answer{}, err
		}
	}
	if err != nil {
		return web.Answer{}, err
	}
	who := passed.Who
	if passed.By != authz.ByRecovery {
		words := map[authz.By]string{authz.ByCode: "mã của ứng dụng", authz.ByPasskey: "khóa truy cập", authz.BySecret: "mật khẩu"}
		if err := noted(q, who, "factor.shown", "Xác thực lại bằng "+words[passed.By]); err != nil {
			return web.Answer{}, err
		}
		return goOn(q, passed.Token), nil
	}
	left := "còn " + strconv.Itoa(passed.Left) + " mã"
	if err := noted(q, who, "factor.recovery", "Xác thực bằng mã dự phòng, "+left); err != nil {
		return web.Answer{}, err
	}
	return goOn(q, passed.Token).Say("Đã dùng một mã dự phòng, " + left + ". Nếu đã mất thiết bị, hãy gỡ nó ở trang Bảo mật và tạo mã mới.").
		Later(func(ctx context.Context) error {
			return send(ctx, a, factorLetter(a, who.Email, who.Name, "Mã dự phòng vừa được dùng", "Một mã dự phòng của tài khoản "+string(who.Email)+" vừa được dùng để đăng nhập, "+left+"."))
		}), nil
}

func submitPasskey(q *web.Request) (web.Answer, error) {
	a := q.App()
	site, _ := q.Site()
	token, who, err := a.Signer.Factors().SignInByPasskey(q.Context(), a.DB, site, []byte(q.Posted.Get("credential")), q.Device())
	if err != nil {
		return web.Answer{}, err
	}
	if err := noted(q, who, "account.signin", "Đăng nhập bằng khóa truy cập"); err != nil {
		return web.Answer{}, err // the session's token has not left
	}
	return goOn(q, token), nil
}

// factorLetter tells a person what has happened to their second factors.
func factorLetter(a *web.App, email authz.Email, name, subject, what string) mail.Message {
	return mail.Message{
		To: string(email), Name: name, Subject: subject,
		Lines: []string{"Kính gửi " + name + ",", what + " Nếu không phải bạn, hãy đổi mật khẩu ngay và báo cho quản trị của đơn vị."},
		Link:  mail.Link{Label: "Mở trang Bảo mật", URL: a.Base.JoinPath(web.SetUpPath).String()},
	}
}
