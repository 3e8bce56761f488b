package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"txng/authz"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/tenant"
)

// Config is what a site is made of.
type Config struct {
	DB     *tenant.DB
	Signer *authz.Signer
	// Sessions answers who a session stands for; nil asks the database each time.
	Sessions *authz.Sessions
	// SSO signs people in through the tenants' identity providers; nil: nobody does.
	SSO *authz.SSO
	// Base is the public address of the deployment: "https://txng.vn". Its host is the parent of the tenants' subdomains.
	Base *url.URL
	Log  *slog.Logger
	// Mail takes the site's letters; nil: they are only noted as not sent.
	Mail *mail.Outbox
	// Demo marks a demonstration: anybody may read the letters of the folder at /dev/mail.
	Demo bool
	// Archives is the folder of the archives that provinces ask for; "": they cannot. Instances that share a database
	// share the folder.
	Archives string
	// DemoCode returns the code that a demonstration's account needs now for its second step, "" for others. It is asked
	// in a demonstration only.
	DemoCode func(ctx context.Context, tx tenant.Platform, email authz.Email) (string, error)
	// Proxies are the addresses of our own proxies, whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
}

// App is what all routes share.
type App struct {
	Config
	// SignIn shows the sign-in form; next is where to go afterwards, kept what a lost form had in it, wrong a message.
	SignIn func(q *Request, next string, kept url.Values, wrong string) templ.Component
	// SecondStep shows the second step; next is where to go afterwards, kept what a lost form had in it.
	SecondStep func(q *Request, next string, kept url.Values, wrong string) templ.Component

	mux    *chi.Mux
	routes []Route
	menu   []menuEntry
	api    huma.API
	later  background

	refusals refusals
	rates    *rates
}

// Door is how a route's handler gets to the data.
type Door string

// The doors of a route.
const (
	DoorTenant   Door = "tenant"   // the tenant of the person's role
	DoorNation   Door = "nation"   // the roll-ups of all tenants
	DoorPlatform Door = "platform" // registry and accounts
	DoorSelf     Door = "self"     // any signed-in person, about themselves
	DoorOpen     Door = "open"     // anybody
)

// Route is a registered route, as the tests walk it.
type Route struct {
	Method, Path string
	Permission   authz.Permission // "" for DoorOpen
	Door         Door
	Reason       string          // of DoorOpen: why nobody needs to sign in
	While        []authz.Pending // what a session may lack that it admits
}

type menuEntry struct {
	group, label, path, icon string
	permission               authz.Permission
}

// New returns an App without routes.
func New(c Config) *App {
	a := &App{Config: c, mux: chi.NewRouter(), later: background{slots: make(chan struct{}, laterMost)}, rates: newRates()}
	a.mux.Use(a.requestID, a.recover, a.headers, middleware.Compress(5, "text/html", "application/json", "application/problem+json", "image/svg+xml", "application/linkset+json"))
	a.mux.Use(middleware.GetHead)
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.fail(w, a.request(r), errCrossSite) }))
	a.mux.Use(protection.Handler)
	a.mux.NotFound(func(w http.ResponseWriter, r *http.Request) { a.fail(w, a.request(r), errNoPage) })
	a.mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) { a.fail(w, a.request(r), errMethod) })
	a.mux.Handle("/static/*", ui.Assets())
	return a
}

// Handler returns the whole site.
func (a *App) Handler() http.Handler { return a.mux }

// Mux is the router under the site, for packages that bring their own routes (the API's).
func (a *App) Mux() *chi.Mux { return a.mux }

// Routes returns the registered routes.
func (a *App) Routes() []Route { return append([]Route(nil), a.routes...) }

// Note adds a route that another router serves (the API's) to the list that the tests walk.
func (a *App) Note(r Route) { a.routes = append(a.routes, r) }

// Menu adds an entry of the side menu, shown to those with the permission.
func (a *App) Menu(group, label, path, icon string, p authz.Permission) {
	a.menu = append(a.menu, menuEntry{group, label, path, icon, p})
}

// menuFor returns the menu of a person at a path.
func (a *App) menuFor(who authz.Identity, of tenant.Tenant, path string) []ui.MenuGroup {
	var groups []ui.MenuGroup
	active := a.nearest(who, path)
	for _, e := range a.menu {
		if !who.Can(e.permission) || offers(of, e.path) != nil {
			continue
		}
		item := ui.MenuItem{Label: e.label, Href: e.path, Icon: e.icon, Active: e.path == active}
		found := false
		for i := range groups {
			if groups[i].Label == e.group {
				groups[i].Items = append(groups[i].Items, item)
				found = true
			}
		}
		if !found {
			groups = append(groups, ui.MenuGroup{Label: e.group, Items: []ui.MenuItem{item}})
		}
	}
	// What is set up once stands below the daily work.
	slices.SortStableFunc(groups, func(a, b ui.MenuGroup) int { return last(a) - last(b) })
	return groups
}

// last is 1 for the group of the menu that stands last.
func last(g ui.MenuGroup) int {
	if g.Label == "Quản trị" {
		return 1
	}
	return 0
}

// nearest returns the path of the menu entry that the page at path belongs to.
func (a *App) nearest(who authz.Identity, path string) string {
	best := ""
	for _, e := range a.menu {
		under := path == e.path || e.path != "/" && strings.HasPrefix(path, e.path+"/")
		if under && len(e.path) > len(best) && who.Can(e.permission) {
			best = e.path
		}
	}
	return best
}

// Secure reports whether the site is served over https, so that cookies may have the __Host- prefix.
func (a *App) Secure() bool { return a.Base.Scheme == "https" }

// OriginOf returns the address of a tenant's own subdomain: "https://nghe-an.txng.vn". A base without a domain name
// (an address, localhost) has no subdomains; there it is the base.
func (a *App) OriginOf(t tenant.Tenant) string {
	host := a.Base.Hostname()
	if !strings.Contains(host, ".") || net.ParseIP(host) != nil {
		return a.Base.Scheme + "://" + a.Base.Host
	}
	return a.Base.Scheme + "://" + t.Slug + "." + a.Base.Host
}

// Server returns the HTTP server of the site, with limits of time and size.
func (a *App) Server() *http.Server {
	return &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
}
