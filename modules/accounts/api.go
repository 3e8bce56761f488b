package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"txng/authz"
	"txng/modules/internal/web"
	"txng/tenant/fault"
)

// TokenRequest is the body of POST /api/v1/token.
type TokenRequest struct {
	Body struct {
		Email    string `json:"email" maxLength:"254" doc:"Thư điện tử đăng nhập"`
		Password string `json:"password" maxLength:"256" doc:"Mật khẩu"`
		Tenant   string `json:"tenant,omitempty" maxLength:"40" doc:"Tên miền con của tỉnh, thành phố; để trống với vai trò toàn quốc"`
	}
}

// TokenAnswer is the answer of POST /api/v1/token.
type TokenAnswer struct {
	Body struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in" doc:"Số giây token còn hiệu lực"`
	}
}

// MeAnswer is the answer of GET /api/v1/me.
type MeAnswer struct {
	Body struct {
		Account     int64    `json:"account,string"`
		Name        string   `json:"name"`
		Email       string   `json:"email"`
		Role        string   `json:"role"`
		Tenant      string   `json:"tenant,omitempty"`
		Permissions []string `json:"permissions"`
	}
}

// api registers the API's operations, served by huma below /api/v1 with its OpenAPI document at /api/v1/openapi.json.
func api(a *web.App, limit web.Limit) {
	config := huma.DefaultConfig("txng", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/v1/openapi", "", "/api/v1/schemas"
	config.CreateHooks = nil
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return newProblem(status, message, errs)
	}
	h := humachi.New(a.Mux(), config)
	h.UseMiddleware(func(c huma.Context, next func(huma.Context)) {
		r, _ := humachi.Unwrap(c)
		next(huma.WithValue(c, requestKey{}, a.Internal(r, authz.Identity{})))
	})

	a.Note(web.Route{Method: http.MethodPost, Path: "/api/v1/token", Door: web.DoorOpen, Reason: "gives out tokens for address and password"})
	huma.Register(h, huma.Operation{
		OperationID: "token", Method: http.MethodPost, Path: "/api/v1/token", MaxBodyBytes: 4 << 10,
		Summary: "Lấy access token", Errors: []int{422, 429},
	}, func(ctx context.Context, in *TokenRequest) (*TokenAnswer, error) {
		q := requestOf(ctx)
		if limit.Exceeded(q) {
			return nil, problem(fault.TooMany, q)
		}
		t := in.Body.Tenant
		out := &TokenAnswer{}
		var err error
		if out.Body.AccessToken, err = grant(ctx, a, in.Body.Email, in.Body.Password, t); err != nil {
			return nil, problem(err, q)
		}
		out.Body.TokenType, out.Body.ExpiresIn = "Bearer", int(authz.AccessAge.Seconds())
		return out, nil
	})

	a.Note(web.Route{Method: http.MethodGet, Path: "/api/v1/me", Permission: authz.AccountSelf, Door: web.DoorSelf})
	huma.Register(h, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/api/v1/me", Summary: "Tôi là ai, được làm gì", Errors: []int{401},
	}, func(ctx context.Context, _ *struct{}) (*MeAnswer, error) {
		q := requestOf(ctx)
		who, err := bearer(ctx, a, q)
		if err != nil {
			return nil, problem(err, q)
		}
		out := &MeAnswer{}
		out.Body.Account, out.Body.Name, out.Body.Email, out.Body.Role = int64(who.Account), who.Name, string(who.Email), string(who.Role)
		for _, p := range authz.Permissions() {
			if who.Can(p) {
				out.Body.Permissions = append(out.Body.Permissions, string(p))
			}
		}
		if who.Tenant != 0 {
			t, err := a.DB.Tenant(ctx, who.Tenant)
			if err != nil {
				return nil, problem(err, q)
			}
			out.Body.Tenant = t.Slug
		}
		return out, nil
	})
}

type requestKey struct{}

func requestOf(ctx context.Context) *web.Request { return ctx.Value(requestKey{}).(*web.Request) }

func grant(ctx context.Context, a *web.App, email, password, slug string) (string, error) {
	if slug == "" {
		return a.Signer.Grant(ctx, a.DB, email, password, 0)
	}
	t, err := a.DB.TenantBySlug(ctx, slug)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return "", err
	}
	if err != nil {
		return "", fault.Invalid{{Name: "tenant", Message: "Không có tỉnh, thành phố này trên hệ thống."}}
	}
	return a.Signer.Grant(ctx, a.DB, email, password, t.ID)
}

// bearer returns who the request's access token stands for.
func bearer(ctx context.Context, a *web.App, q *web.Request) (authz.Identity, error) {
	token, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return authz.Identity{}, fault.SignIn
	}
	return a.Signer.Read(ctx, a.DB, token)
}

// apiProblem is a problem document as huma wants its errors.
type apiProblem struct{ web.Problem }

func (p apiProblem) Error() string                { return p.Title }
func (p apiProblem) GetStatus() int               { return p.Status }
func (p apiProblem) ContentType(string) string    { return "application/problem+json" }
func (p apiProblem) MarshalJSON() ([]byte, error) { return json.Marshal(p.Problem) }
func problem(err error, q *web.Request) error     { return apiProblem{web.ProblemOf(err, q.ID)} }

// newProblem turns huma's own refusals (a body that is no JSON, a field too long) into problem documents.
func newProblem(status int, message string, errs []error) huma.StatusError {
	p := web.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: message}
	for _, err := range errs {
		f := web.ProblemField{Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok {
			f = web.ProblemField{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message}
		}
		p.Errors = append(p.Errors, f)
	}
	return apiProblem{p}
}
