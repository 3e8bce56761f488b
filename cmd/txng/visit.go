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

// step is a page to ask for. of is the other province to whose rows the page narrowed itself on which the link stood, "" for
// none: a record of a predecessor, or of a commune that came from elsewhere, is another page than one of the province's own.
type step struct{ path, of string }

// shape is the same for pages that differ in numbers and what is searched for only.
func (s step) shape() string {
	return s.of + narrowedTo(s.path) + value.ReplaceAllString(number.ReplaceAllString(s.path, "0"), "")
}

// narrowedTo returns the province to whose rows a page is narrowed, "" for none.
func narrowedTo(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return ""
	}
	return u.Query().Get("goc")
}

// visited are the provinces whose people go around, "" above them; the largest comes last, because of what is said often
// the last is kept.
var visited = []string{"", "da-nang", "nghe-an"}

// visit follows the site's links from the first page, as nobody and once as every role, a page of each shape.
func visit(ctx context.Context, db *tenant.DB, secret []byte, keys *stamps.Keys, base *url.URL, d demo.Result, progress steps) error {
	signer, err := authz.NewSigner(secret)
	if err != nil {
		return err
	}
	site := modules.New(modules.Config{DB: db, Signer: signer, Base: base, Log: slog.New(slog.DiscardHandler), Demo: true}, keys)
	defer site.Close()
	accounts := []demo.Account{{}}
	for _, slug := range visited {
		seen := map[string]bool{}
		for _, a := range d.Accounts {
			if a.Tenant == slug && !seen[a.Role] {
				seen[a.Role] = true
				accounts = append(accounts, a)
			}
		}
	}
	for i, a := range accounts {
		var session authz.Token
		if a.Email != "" {
			if session, err = signedIn(ctx, db, signer, a); err != nil {
				return fmt.Errorf("sign in %s: %w", a.Email, err)
			}
		}
		queue, err := starts(ctx, db, site, d, a)
		if err != nil {
			return err
		}
		shapes := map[string]bool{}
		for ; len(queue) > 0; queue = queue[1:] {
			at := queue[0]
			if shape := at.shape(); shapes[shape] || strings.HasPrefix(at.path, "/static/") {
				continue
			} else {
				shapes[shape] = true
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.path, nil)
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
				return fmt.Errorf("%s as %s: %d", at.path, a.Role, answer.code)
			}
			if strings.HasPrefix(answer.header.Get("Content-Type"), "text/html") {
				of := narrowedTo(at.path)
				if of == a.Tenant {
					of = ""
				}
				for _, m := range link.FindAllStringSubmatch(answer.body.String(), -1) {
					queue = append(queue, step{html.UnescapeString(m[1]), of})
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

// starts are the pages without a record's number, in a province also narrowed to it as it was alone and to each other one
// whose rows it reads, and where stamps lead.
func starts(ctx context.Context, db *tenant.DB, site *modules.App, d demo.Result, a demo.Account) (list []step, err error) {
	of, err := readable(ctx, db, a.Tenant)
	if err != nil {
		return nil, err
	}
	var own []step
	for _, r := range site.Routes() {
		if r.Method != http.MethodGet || strings.Contains(r.Path, "{") {
			continue
		}
		for _, slug := range of {
			list = append(list, step{path: r.Path + "?goc=" + slug})
		}
		own = append(own, step{path: r.Path}, step{path: r.Path + "?q=cam&trang=2"})
	}
	for _, s := range d.Stamps {
		if u, err := url.Parse(s.URL); err == nil {
			own = append(own, step{path: u.Path})
		}
	}
	return append(list, own...), nil
}

// readable returns a province and those of whose rows it reads all or a part, by their slugs; none for "".
func readable(ctx context.Context, db *tenant.DB, slug string) (list []string, err error) {
	if slug == "" {
		return nil, nil
	}
	of, err := db.TenantBySlug(ctx, slug)
	if err != nil {
		return nil, err
	}
	ids := []tenant.ID{of.ID}
	origins, err := db.Origins(ctx, of.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range origins {
		ids = append(ids, o.Origin)
	}
	parts, err := db.Ceded(ctx, of.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		ids = append(ids, p.Origin)
	}
	for _, id := range ids {
		t, err := db.Tenant(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, t.Slug)
	}
	return list, nil
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
