package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/tenant"
	"txng/tenant/fault"
)

// maxAPI is the largest body of a request to the API.
const maxAPI = 1 << 20

// API returns the API that modules register operations with, served by huma below /api/v1 with its OpenAPI document at
// /api/v1/openapi.json.
func (a *App) API() huma.API {
	if a.api != nil {
		return a.api
	}
	config := huma.DefaultConfig("txng", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/v1/openapi", "", "/api/v1/schemas"
	config.CreateHooks = nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "Access token của POST /api/v1/token, hoặc khóa API cá nhân (txng_…)"},
	}
	speakVietnamese()
	a.api = humachi.New(a.mux, config)
	a.api.UseMiddleware(func(c huma.Context, next func(huma.Context)) {
		r, _ := humachi.Unwrap(c)
		ctx, stop := context.WithTimeout(c.Context(), maxTime)
		defer stop()
		c.SetHeader("Cache-Control", "no-store")
		q := a.request(r)
		q.header = c.SetHeader
		next(huma.WithValue(huma.WithContext(c, ctx), requestKey{}, q))
	})
	return a.api
}

// Operate registers an operation of the API that needs no bearer, or finds out by itself who asks. Its errors become
// problem documents.
func Operate[I, O any](a *App, o huma.Operation, route Route, h func(ctx context.Context, q *Request, in *I) (*O, error)) {
	route.Method, route.Path = o.Method, o.Path
	a.Note(route)
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = maxAPI
	}
	huma.Register(a.API(), o, func(ctx context.Context, in *I) (*O, error) {
		q := ctx.Value(requestKey{}).(*Request)
		ctx = audit.From(ctx, q.Device().Address)
		err := q.checkAddress()
		var out *O
		if err == nil {
			out, err = h(ctx, q, in)
		}
		if err == nil {
			return out, nil
		}
		a.refused(q, route, err)
		p := ProblemOf(err, q.ID)
		if p.Status >= 500 && ctx.Err() == nil {
			a.Log.Error("request failed", "request", q.ID, "method", q.Method, "path", q.URL.Path, "tenant", q.Who.Tenant, "error", err)
		}
		return nil, apiProblem{p, RetryAfter(err)}
	})
}

// Ask registers an operation of the API that reads a tenant's data: it finds out who asks by the bearer token, checks
// the permission, and hands h a read-only transaction of their tenant, confined to their organization if they have one.
func Ask[I, O any](a *App, o huma.Operation, p authz.Permission, h func(ctx context.Context, q *Request, tx tenant.Tx, in *I) (*O, error)) {
	o.Security = []map[string][]string{{"bearer": {string(p)}}}
	o.Errors = append(o.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	Operate(a, o, Route{Permission: p, Door: DoorTenant}, func(ctx context.Context, q *Request, in *I) (out *O, err error) {
		if err := a.Bearer(ctx, q); err != nil {
			return nil, err
		}
		if !q.Who.Can(p) {
			return nil, fault.Forbidden
		}
		scope, err := a.scope(q)
		if err != nil {
			return nil, err
		}
		err = a.DB.View(ctx, scope, func(tx tenant.Tx) error {
			out, err = h(ctx, q, tx, in)
			return err
		})
		return out, err
	})
}

// Bearer puts into the request who its bearer token stands for. A token of one tenant opens nothing at the subdomain of
// another. Errors: fault.SignIn when it opens nothing, fault.TooMany beyond the tenant's allowance of calls.
func (a *App) Bearer(ctx context.Context, q *Request) error {
	scheme, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return fault.SignIn
	}
	who, err := a.Signer.Read(ctx, a.DB, token)
	if err != nil {
		return err
	}
	if at, ok := q.TenantOfHost(); ok && at.ID != who.Tenant {
		a.refusedElsewhere(q, who, at.Name)
		return fault.Say(fault.SignIn, "Token này không thuộc về %s.", at.Name)
	}
	q.Who = who
	if who.Tenant == 0 {
		return nil
	}
	if q.Tenant, err = a.DB.Tenant(ctx, who.Tenant); err != nil {
		return err
	}
	if err = a.countCall(q, q.Tenant); err != nil {
		return err
	}
	return q.Tenant.OffersAPI()
}

type requestKey struct{}

// apiProblem is a problem document as huma wants its errors.
type apiProblem struct {
	Problem
	retryAfter int // seconds, for those that pass
}

func (p apiProblem) Error() string                { return p.Title }
func (p apiProblem) GetStatus() int               { return p.Status }
func (p apiProblem) ContentType(string) string    { return "application/problem+json" }
func (p apiProblem) MarshalJSON() ([]byte, error) { return json.Marshal(p.Problem) }

// GetHeaders tells whoever has no right how to get one (RFC 9110, section 11.6.1).
func (p apiProblem) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return h
}
