package accounts

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"txng/authz"
	"txng/modules/internal/label"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// The pages of a person's own second factors.
const (
	appPath    = web.SetUpPath + "/ung-dung"
	addKeyPath = web.SetUpPath + "/khoa-truy-cap"
	removePath = web.SetUpPath + "/go"
	codesPath  = web.SetUpPath + "/ma-du-phong"
)

// security registers the pages of a person's own second factors. A session that lacks one may set it up; one that has
// not shown the one there is may not come here.
func security(a *web.App) {
	a.Step(http.MethodGet, web.SetUpPath, showSecurity, authz.SetUpFactor)
	a.StepForm(appPath, provedFirst(showAddApp), provedFirst(submitAddApp), authz.SetUpFactor)
	a.StepForm(addKeyPath, provedFirst(showAddKey), provedFirst(submitAddKey), authz.SetUpFactor)
	a.Step(http.MethodPost, addKeyPath+"/bat-dau", begin(func(ctx context.Context, q *web.Request, tx tenant.Platform, site authz.RelyingParty) (authz.Options, error) {
		return a.Signer.Factors().BeginPasskey(ctx, tx, q.Session(), site)
	}), authz.SetUpFactor)
	a.Self(http.MethodPost, removePath, posting(provedFirst(removeFactor)))
	a.Self(http.MethodPost, codesPath, posting(provedFirst(newCodes)))
}

// posting reads the form of a button.
func posting(h web.PlainHandler) web.PlainHandler {
	return func(q *web.Request) (web.Answer, error) {
		if err := q.ParseForm(); err != nil {
			return web.Answer{}, fault.NotFound
		}
		q.Posted = q.PostForm
		return h(q)
	}
}

// provedFirst has a person show again who they are before a handler runs, unless they have lately; a form that they sent
// is kept meanwhile.
func provedFirst(h web.PlainHandler) web.PlainHandler {
	return func(q *web.Request) (web.Answer, error) {
		var s authz.Standing
		if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
			s, err = authz.StandingOf(q.Context(), tx, q.Session())
			return err
		}); err != nil {
			return web.Answer{}, err
		}
		switch {
		case s.Lately(q.Now()):
			return h(q)
		case q.Method != http.MethodPost:
			return web.See(web.StepPath + "?tiep=" + url.QueryEscape(q.URL.RequestURI())), nil
		}
		page, err := stepPageOf(q)
		if err != nil {
			return web.Answer{}, err
		}
		page.again, page.next, page.kept = true, q.URL.Path, carry(q.Posted)
		answer := web.Page(secondStepPage(page))
		answer.Status = http.StatusUnauthorized
		return answer, nil
	}
}

// securityPage is what the page of a person's second factors shows.
type securityPage struct {
	factors []authz.Factor
	left    int       // recovery codes
	made    time.Time // and when they were made
	next    string
	pending bool
	role    string
	keys    bool // passkeys can be used at this address
}

func showSecurity(q *web.Request) (web.Answer, error) {
	p := securityPage{next: nextOf(q), pending: q.Who.Pending != "", role: q.Who.Role.Name()}
	_, p.keys = q.Site()
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if p.factors, err = authz.FactorsOf(q.Context(), tx, q.Who.Account); err != nil {
			return err
		}
		p.left, p.made, err = authz.RecoveryCodesLeft(q.Context(), tx, q.Who.Account)
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	return q.Show(securityShell(q, "Bảo mật", "Xác thực hai lớp: ngoài mật khẩu, đăng nhập còn cần một thứ chỉ bạn có."), securityCards(p)), nil
}

func securityShell(q *web.Request, title, purpose string) ui.Shell {
	shell := q.Shell(title, purpose)
	if q.Who.Pending == "" {
		shell.Crumbs = []ui.Link{{Label: "Tài khoản của tôi", Href: "/tai-khoan"}}
	}
	if title != "Bảo mật" {
		shell.Crumbs = append(shell.Crumbs, ui.Link{Label: "Bảo mật", Href: web.SetUpPath})
	}
	return shell
}

// appPage is what the page that adds an app shows.
type appPage struct {
	qr, secret, offer, next string
	fields                  []ui.Field
}

func showAddApp(q *web.Request) (web.Answer, error) {
	factors, now := q.App().Signer.Factors(), q.Now()
	offer := q.Value("offer")
	secret, err := factors.Offered(q.Who.Account, offer, now)
	if err != nil { // none yet, or too old
		secret, offer = factors.Offer(q.Who.Account, now)
	}
	qr, err := label.SVG(secret.URI("TXNG "+q.App().Base.Hostname(), q.Who.Email))
	if err != nil {
		return web.Answer{}, err
	}
	code := ui.Field{Name: "code", Label: "Mã 6 chữ số mà ứng dụng đang hiện", InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 10, Error: q.Wrong.Of("code")}
	name := ui.Field{Name: "name", Label: "Tên để nhớ", Value: "Điện thoại của tôi", MaxLength: 60, Autocomplete: "off"}
	if q.Posted != nil {
		name = q.Field(name)
	}
	p := appPage{qr: qr, secret: grouped(secret.String()), offer: offer, next: nextOf(q), fields: []ui.Field{code, name}}
	return q.Show(securityShell(q, "Thêm ứng dụng tạo mã", "Dùng Google Authenticator, Microsoft Authenticator hoặc ứng dụng tương tự; không cần mạng."), addAppPage(p)), nil
}

// grouped returns a secret in groups of four, to be typed.
func grouped(s string) string {
	out := ""
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			out += " "
		}
		out += s[i:min(i+4, len(s))]
	}
	return out
}

func submitAddApp(q *web.Request) (web.Answer, error) {
	var added authz.Added
	err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		added, err = q.App().Signer.Factors().AddTOTP(q.Context(), tx, q.Session(), q.Value("offer"), q.Value("code"), q.Value("name"))
		if err != nil {
			return err
		}
		return auditAccount(q.Context(), tx, accountOf(q), "factor.add", "Thêm "+added.Kind.Name()+" “"+added.Name+"” cho xác thực hai lớp")
	})
	if err != nil {
		return web.Answer{}, err
	}
	return afterAdding(q, added), nil
}

func accountOf(q *web.Request) authz.Account {
	return authz.Account{ID: q.Who.Account, Name: q.Who.Name}
}

// afterAdding shows the recovery codes that come with the first factor, or goes on.
func afterAdding(q *web.Request, added authz.Added) web.Answer {
	var answer web.Answer
	if len(added.Codes) > 0 {
		answer = q.Show(securityShell(q, "Lưu mã dự phòng", ""), codesPage(string(q.Who.Email), added.Codes, nextOf(q)))
	} else {
		answer = web.See(web.SetUpPath).Say("Đã thêm “" + added.Name + "”.")
	}
	if answer.Header == nil {
		answer.Header = http.Header{}
	}
	a, who := q.App(), q.Who
	a.SetSession(answer.Header, added.Token)
	return answer.Later(func(ctx context.Context) error {
		return send(ctx, a, factorLetter(a, who.Email, who.Name, "Đã thêm phương thức xác thực hai lớp", added.Kind.Name()+" “"+added.Name+"” vừa được thêm vào tài khoản "+string(who.Email)+"."))
	})
}

func showAddKey(q *web.Request) (web.Answer, error) {
	_, ok := q.Site()
	name := ui.Field{Name: "name", Label: "Tên để nhớ", Value: deviceName(q.UserAgent()), MaxLength: 60, Autocomplete: "off"}
	if q.Posted != nil {
		name = q.Field(name)
	}
	return q.Show(securityShell(q, "Thêm khóa truy cập", "Đăng nhập bằng vân tay, khuôn mặt hoặc mã khóa máy của thiết bị, hay bằng khóa bảo mật USB."), addKeyPage(name, ok, nextOf(q))), nil
}

func submitAddKey(q *web.Request) (web.Answer, error) {
	a := q.App()
	site, _ := q.Site()
	added, err := a.Signer.Factors().AddPasskey(q.Context(), a.DB, q.Session(), site, q.Value("name"), []byte(q.Posted.Get("credential")), func(tx tenant.Platform, name string) error {
		return auditAccount(q.Context(), tx, accountOf(q), "factor.add", "Thêm khóa truy cập “"+name+"” cho xác thực hai lớp")
	})
	if err != nil {
		return web.Answer{}, err
	}
	return afterAdding(q, added), nil
}

func removeFactor(q *web.Request) (web.Answer, error) {
	id, err := strconv.ParseInt(q.Value("phuong-thuc"), 10, 64)
	if err != nil {
		return web.Answer{}, fault.NotFound
	}
	a, who := q.App(), q.Who
	var gone authz.Factor
	if err := a.DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if gone, err = a.Signer.Factors().RemoveFactor(q.Context(), tx, q.Session(), who, id); err != nil {
			return err
		}
		return auditAccount(q.Context(), tx, accountOf(q), "factor.remove", "Gỡ "+gone.Kind.Name()+" “"+gone.Name+"” khỏi xác thực hai lớp")
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See(web.SetUpPath).Say("Đã gỡ “" + gone.Name + "”.").Later(func(ctx context.Context) error {
		return send(ctx, a, factorLetter(a, who.Email, who.Name, "Đã gỡ phương thức xác thực hai lớp", gone.Kind.Name()+" “"+gone.Name+"” vừa được gỡ khỏi tài khoản "+string(who.Email)+"."))
	}), nil
}

func newCodes(q *web.Request) (web.Answer, error) {
	var codes []string
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if codes, err = q.App().Signer.Factors().NewRecoveryCodes(q.Context(), tx, q.Session()); err != nil {
			return err
		}
		return auditAccount(q.Context(), tx, accountOf(q), "factor.codes", "Tạo mã dự phòng mới; các mã cũ hết hiệu lực")
	}); err != nil {
		return web.Answer{}, err
	}
	return q.Show(securityShell(q, "Lưu mã dự phòng", ""), codesPage(string(q.Who.Email), codes, web.SetUpPath)), nil
}
