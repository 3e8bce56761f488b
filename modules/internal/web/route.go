package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
)

// Handlers, one kind a door.
type (
	// Handler works in the transaction of the tenant that the person's role is in.
	Handler func(q *Request, tx tenant.Tx) (Answer, error)
	// NationHandler reads the roll-ups of all tenants.
	NationHandler func(q *Request, tx tenant.Nation) (Answer, error)
	// PlatformHandler works on registry and accounts.
	PlatformHandler func(q *Request, tx tenant.Platform) (Answer, error)
	// PlainHandler has no transaction; what it needs it asks through App.DB.
	PlainHandler func(q *Request) (Answer, error)
)

// Get registers a page of a tenant, read only.
func (a *App) Get(path string, p authz.Permission, h Handler) {
	a.add(Route{Method: http.MethodGet, Path: path, Permission: p, Door: DoorTenant}, func(q *Request) (Answer, error) {
		return a.view(q, h)
	})
}

// Download registers a file of a tenant whose making is noted: like Get, but its handler may write.
func (a *App) Download(path string, p authz.Permission, h Handler) {
	a.add(Route{Method: http.MethodGet, Path: path, Permission: p, Door: DoorTenant}, func(q *Request) (answer Answer, err error) {
		scope, err := a.scope(q)
		if err != nil {
			return Answer{}, err
		}
		err = a.DB.In(q.Context(), scope, func(tx tenant.Tx) error {
			answer, err = h(q, tx)
			return err
		})
		return answer, err
	})
}

// Submit registers what a form of a tenant sends. When h finds the input wrong, its transaction is rolled back and show
// answers, with what was typed and what is wrong with it in the request.
func (a *App) Submit(path string, p authz.Permission, show, h Handler) {
	a.add(Route{Method: http.MethodPost, Path: path, Permission: p, Door: DoorTenant}, func(q *Request) (Answer, error) {
		err := q.parse()
		if err == nil && q.searches() {
			return a.view(q, show)
		}
		var answer Answer
		var scope tenant.Scope
		if err == nil {
			scope, err = a.scope(q)
		}
		if err == nil {
			answer, err = a.write(q, scope, h)
		}
		if !q.keep(err) {
			return answer, err
		}
		answer, err = a.view(q, show)
		answer.Status = status(q.fault)
		return answer, err
	})
}

// write runs a handler that changes records of a tenant. For a record of a province that was merged into it, the handler
// runs again as that province.
func (a *App) write(q *Request, scope tenant.Scope, h Handler) (answer Answer, err error) {
	in := func(tx tenant.Tx) error {
		answer, err = h(q, tx)
		return err
	}
	err = a.DB.In(q.Context(), scope, in)
	var elsewhere tenant.Elsewhere
	if !errors.As(err, &elsewhere) {
		err = q.elsewhere(err, func(s tenant.Scope) error { return a.DB.In(q.Context(), s, in) })
		return answer, err
	}
	if scope, err = a.DB.ScopeAs(q.Context(), q.Who.Tenant, elsewhere.Origin); err != nil {
		return Answer{}, err
	}
	if scope, err = q.narrow(scope); err != nil {
		return Answer{}, err
	}
	err = a.DB.In(q.Context(), scope, in)
	return answer, err
}

// Form registers a form of a tenant: GET shows it, POST sends it.
func (a *App) Form(path string, p authz.Permission, show, submit Handler) {
	a.Get(path, p, show)
	a.Submit(path, p, show, submit)
}

// Nation registers a page over all tenants' roll-ups.
func (a *App) Nation(path string, p authz.Permission, h NationHandler) {
	a.add(Route{Method: http.MethodGet, Path: path, Permission: p, Door: DoorNation}, func(q *Request) (answer Answer, err error) {
		err = a.DB.Nation(q.Context(), func(tx tenant.Nation) error {
			answer, err = h(q, tx)
			return err
		})
		return answer, err
	})
}

// Platform registers a page over registry and accounts.
func (a *App) Platform(path string, p authz.Permission, h PlatformHandler) {
	a.add(Route{Method: http.MethodGet, Path: path, Permission: p, Door: DoorPlatform}, func(q *Request) (Answer, error) {
		return a.platform(q, h)
	})
}

// PlatformForm registers a form over registry and accounts. Its submit handler opens its own transactions: what it does
// may span the registry and a tenant.
func (a *App) PlatformForm(path string, p authz.Permission, show PlatformHandler, submit PlainHandler) {
	a.Platform(path, p, show)
	a.add(Route{Method: http.MethodPost, Path: path, Permission: p, Door: DoorPlatform}, func(q *Request) (Answer, error) {
		err := q.parse()
		var answer Answer
		if err == nil {
			answer, err = submit(q)
		}
		if !q.keep(err) {
			return answer, err
		}
		answer, err = a.platform(q, show)
		answer.Status = status(q.fault)
		return answer, err
	})
}

func (a *App) platform(q *Request, h PlatformHandler) (answer Answer, err error) {
	err = a.DB.Platform(q.Context(), func(tx tenant.Platform) error {
		answer, err = h(q, tx)
		return err
	})
	return answer, err
}

// Self registers a route for any signed-in person, about themselves.
func (a *App) Self(method, path string, h PlainHandler) {
	a.add(Route{Method: method, Path: path, Permission: authz.AccountSelf, Door: DoorSelf}, h)
}

// Open registers a route that nobody needs to sign in for; reason says why.
func (a *App) Open(method, path, reason string, h PlainHandler) {
	a.add(Route{Method: method, Path: path, Door: DoorOpen, Reason: reason}, h)
}

// OpenForm registers a form that nobody needs to sign in for.
func (a *App) OpenForm(path, reason string, show, submit PlainHandler) {
	a.Open(http.MethodGet, path, reason, show)
	a.Open(http.MethodPost, path, reason, again(show, submit))
}

// SelfForm registers a form for any signed-in person, about themselves.
func (a *App) SelfForm(path string, show, submit PlainHandler) {
	a.Self(http.MethodGet, path, show)
	a.Self(http.MethodPost, path, again(show, submit))
}

// again submits a form, and shows it again when what was sent is wrong.
func again(show, submit PlainHandler) PlainHandler {
	return func(q *Request) (Answer, error) {
		err := q.parse()
		if err == nil && q.searches() {
			return show(q)
		}
		var answer Answer
		if err == nil {
			answer, err = submit(q)
		}
		if !q.keep(err) {
			return answer, err
		}
		answer, err = show(q)
		answer.Status = status(q.fault)
		return answer, err
	}
}

func (a *App) view(q *Request, h Handler) (answer Answer, err error) {
	scope, err := a.scope(q)
	if err == nil {
		scope, err = q.reading(scope)
	}
	if err != nil {
		return Answer{}, err
	}
	in := func(tx tenant.Tx) error {
		answer, err = h(q, tx)
		return err
	}
	err = a.DB.View(q.Context(), scope, in)
	err = q.elsewhere(err, func(s tenant.Scope) error { return a.DB.View(q.Context(), s, in) })
	return answer, err
}

// Scope returns the scope of the person's role: the tenant, confined to the organization for a role of one, and to the
// commune for an officer of one, to the groups of products of an officer's department, and to the organizations that are
// assigned to an inspector.
func (q *Request) Scope() (tenant.Scope, error) { return q.app.scope(q) }

func (a *App) scope(q *Request) (tenant.Scope, error) {
	if q.Who.Tenant == 0 {
		return tenant.Scope{}, fault.Forbidden
	}
	s, err := a.DB.Scope(q.Context(), q.Who.Tenant)
	if err != nil {
		return tenant.Scope{}, err
	}
	return q.narrow(s)
}

// narrow confines a scope to what the person's role sees of it.
func (q *Request) narrow(s tenant.Scope) (tenant.Scope, error) {
	switch {
	case q.Who.Role.OfOrganization():
		return s.Of(q.Who.Org), nil
	case q.Who.Role == authz.UnitOfficer:
		s = s.Within(areaOf(q.Who.Unit, q.Now()))
		// The unit stands with the organization only: what belongs to it is confined by its number.
		orgs, err := q.organizations(s)
		return s.Only(orgs), err
	case q.Who.Role == authz.DepartmentOfficer:
		return s.InFields(q.Who.Fields), nil
	case q.Who.Role == authz.Inspector:
		return s.Only(q.Who.Assigned), nil
	}
	return s, nil
}

// organizations returns those that a scope sees, the oldest ones when they are too many: then pages say so (cutNotice).
func (q *Request) organizations(s tenant.Scope) (tenant.Orgs, error) {
	var orgs []tenant.OrgID
	err := q.app.DB.View(q.Context(), s, func(tx tenant.Tx) (err error) {
		orgs, err = tenant.Column[tenant.OrgID](q.Context(), tx, `
			select id
			from organization.organization
			where tenant_id = any ($1)
			order by id`)
		return err
	})
	set := tenant.OrgsOf(orgs)
	q.cut = set.Cut()
	return set, err
}

// add registers the route behind sign-in and permission.
func (a *App) add(route Route, h PlainHandler) {
	a.routes = append(a.routes, route)
	a.mux.MethodFunc(route.Method, route.Path, func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := context.WithTimeout(r.Context(), maxTime)
		defer stop()
		r = r.WithContext(ctx)
		q := a.request(r)
		q.permission, q.pattern = route.Permission, route.Path
		var answer Answer
		err := q.checkAddress()
		if r.ContentLength > maxBody {
			// A browser shows an answer only when it could send everything: take it in, up to a bound, and forget it.
			if r.ContentLength > maxDrain || !q.keepTexts() {
				_, _ = io.CopyN(io.Discard, r.Body, min(r.ContentLength, maxDrain))
				err = errBody
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err == nil {
			answer, err = a.admit(q, route)
		}
		if err == nil && answer.body == nil {
			answer, err = h(q)
		}
		if err != nil {
			a.refused(q, route, err)
			a.fail(w, q, err)
			return
		}
		err = answer.write(w, q)
		a.start(q, answer.later) // once the answer is written, so that its time tells nothing of this
		if err != nil {
			a.fail(w, q, err)
		}
	})
}

// EndInPlace is where who works in another's place says that this is over.
const EndInPlace = "/thoi-lam-thay"

// inPlace are the routes about oneself that are open to who works in another's place: all others are the person's own.
var inPlace = []string{"GET /", "GET /tim", "POST /dang-xuat", "POST " + EndInPlace}

// admit finds out who asks and whether they may. For a form that comes after the session's end it answers with the
// sign-in page, which keeps the form.
func (a *App) admit(q *Request, route Route) (Answer, error) {
	a.readFlash(q)
	if route.Door == DoorOpen {
		return Answer{}, nil // who asks makes no difference, so the database is not asked
	}
	err := a.identify(q)
	if errors.Is(err, fault.SignIn) || err == nil && q.Who.Nobody() {
		return a.signInFirst(q)
	}
	if err != nil {
		return Answer{}, err
	}
	if q.Who.Tenant != 0 {
		if q.Tenant, err = a.DB.Tenant(q.Context(), q.Who.Tenant); err != nil {
			return Answer{}, err
		}
		if _, err = a.count(q, q.Tenant, tenant.PageRate); err != nil {
			return Answer{}, err
		}
	}
	if lacks(q.Who, route) {
		return a.stepFirst(q)
	}
	if q.Who.Pending == "" && !q.Who.Can(route.Permission) {
		if q.Who.Impersonated() {
			return Answer{}, authz.ErrPersonal
		}
		return Answer{}, fault.Forbidden
	}
	if concernsAccount(route) {
		if err := q.Who.Owner(); err != nil {
			return Answer{}, err
		}
	}
	if q.Who.Impersonated() && route.Permission == authz.AccountSelf && !slices.Contains(inPlace, route.Method+" "+route.Path) {
		return Answer{}, authz.ErrPersonal
	}
	return Answer{}, offers(q.Tenant, route.Path)
}

func (a *App) signInFirst(q *Request) (Answer, error) {
	if q.Method != http.MethodPost || a.SignIn == nil {
		return Answer{}, fault.SignIn
	}
	// A form with files is read for its text only where there was a session, not for everybody.
	withFiles := strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/")
	lost := fault.Say(fault.SignIn, "Phiên làm việc đã kết thúc. Đăng nhập lại rồi gửi lại.")
	if withFiles && q.Session() == "" {
		return Answer{}, lost
	}
	if err := q.keepForm(lost); err != nil {
		return Answer{}, err
	}
	says := "Phiên làm việc đã kết thúc. Đăng nhập lại để gửi tiếp; nội dung vừa nhập được giữ nguyên."
	if withFiles {
		says += " Tệp đính kèm không giữ được, hãy chọn lại sau khi gửi."
	}
	answer := Page(a.SignIn(q, q.URL.Path, q.Posted, says))
	answer.Status = http.StatusUnauthorized
	return answer, nil
}
