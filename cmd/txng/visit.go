package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"txng/authz"
	"txng/modules"
	"txng/modules/demo"
	"txng/modules/stamps"
	"txng/tenant"
)

// page is an answer of the site.
type page struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) WriteHeader(code int)        { p.code = code }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }

var (
	link   = regexp.MustCompile(`(?:href|action|src)="(/[^"#]*)"`)
	number = regexp.MustCompile(`[0-9]+`)
	value  = regexp.MustCompile(`=[^&]*`)
)

// visit follows the site's links from the first page, as nobody and once as every role, a page of each shape.
func visit(ctx context.Context, db *tenant.DB, secret []byte, keys *stamps.Keys, base *url.URL, d demo.Result, progress steps) error {
	signer, err := authz.NewSigner(secret)
	if err != nil {
		return err
	}
	site := modules.New(modules.Config{DB: db, Signer: signer, Base: base, Log: slog.New(slog.DiscardHandler), Demo: true}, keys)
	defer site.Close()
	var starts []string
	for _, r := range site.Routes() {
		if r.Method == http.MethodGet && !strings.Contains(r.Path, "{") {
			starts = append(starts, r.Path, r.Path+"?q=cam&trang=2")
		}
	}
	for _, s := range d.Stamps {
		if u, err := url.Parse(s.URL); err == nil {
			starts = append(starts, u.Path)
		}
	}
	seen := map[string]bool{}
	accounts := []demo.Account{{}}
	for _, a := range d.Accounts {
		if !seen[a.Role] && (a.Tenant == "nghe-an" || a.Tenant == "") {
			seen[a.Role] = true
			accounts = append(accounts, a)
		}
	}
	for i, a := range accounts {
		var session authz.Token
		if a.Email != "" {
			if session, err = signedIn(ctx, db, signer, a); err != nil {
				return fmt.Errorf("sign in %s: %w", a.Email, err)
			}
		}
		shapes := map[string]bool{}
		for queue := starts; len(queue) > 0; queue = queue[1:] {
			if shape := value.ReplaceAllString(number.ReplaceAllString(queue[0], "0"), ""); shapes[shape] || strings.HasPrefix(shape, "/static/") {
				continue
			} else {
				shapes[shape] = true
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, queue[0], nil)
			if err != nil {
				continue
			}
			r.Host, r.RemoteAddr = base.Host, "127.0.0.1:1"
			if session != "" {
				r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(session)})
			}
			answer := &page{header: http.Header{}, code: http.StatusOK}
			site.Handler().ServeHTTP(answer, r)
			if answer.code >= 500 || answer.code == http.StatusTooManyRequests {
				return fmt.Errorf("%s as %s: %d", queue[0], a.Role, answer.code)
			}
			if strings.HasPrefix(answer.header.Get("Content-Type"), "text/html") {
				for _, m := range link.FindAllStringSubmatch(answer.body.String(), -1) {
					queue = append(queue, html.UnescapeString(m[1]))
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		progress.at(i+1, len(accounts))
	}
	return nil
}

// signedIn opens a session of a demonstration account, with the second step where its role needs one.
func signedIn(ctx context.Context, db *tenant.DB, signer *authz.Signer, a demo.Account) (authz.Token, error) {
	device := authz.Device{Agent: "txng bench"}
	session, who, err := authz.SignIn(ctx, db, a.Email, a.Password, device)
	if err != nil || who.Pending == "" {
		return session, err
	}
	passed, err := signer.Factors().Pass(ctx, db, session, authz.Proof{Code: demo.FactorSecret.Code(authz.StepAt(db.Now()))}, device)
	return passed.Token, err
}
