package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// The ways to get an access token.
const (
	byPassword = "password"
	byRefresh  = "refresh_token"
	byClient   = "client_credentials"
)

// TokenRequest is the body of POST /api/v1/token.
type TokenRequest struct {
	Body struct {
		GrantType    string `json:"grant_type,omitempty" enum:"password,refresh_token,client_credentials" default:"password" doc:"Cách lấy token"`
		Email        string `json:"email,omitempty" maxLength:"254" doc:"password: thư điện tử hoặc số điện thoại đăng nhập"`
		Password     string `json:"password,omitempty" maxLength:"256" doc:"password: mật khẩu"`
		Code         string `json:"code,omitempty" maxLength:"10" doc:"password: mã 6 chữ số của ứng dụng, khi tài khoản đã bật xác thực hai lớp. Thiếu mã: 401, type urn:txng:problem:second-factor"`
		Tenant       string `json:"tenant,omitempty" maxLength:"40" doc:"password: tên miền con của tỉnh, thành phố; để trống với vai trò toàn quốc"`
		RefreshToken string `json:"refresh_token,omitempty" maxLength:"200" doc:"refresh_token: token làm mới, chỉ dùng được một lần; dùng lại sẽ thu hồi cả chuỗi token"`
		ClientID     string `json:"client_id,omitempty" maxLength:"60" doc:"client_credentials: mã kết nối của đơn vị"`
		ClientSecret string `json:"client_secret,omitempty" maxLength:"200" doc:"client_credentials: khóa bí mật của kết nối"`
		Scope        string `json:"scope,omitempty" maxLength:"1000" doc:"client_credentials: các quyền cần dùng, cách nhau bằng dấu cách; để trống là mọi quyền của kết nối"`
	}
}

// TokenAnswer is the answer of POST /api/v1/token.
type TokenAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in" doc:"Số giây token còn hiệu lực"`
		RefreshToken string `json:"refresh_token,omitempty" doc:"Đổi lấy cặp token mới trong 30 ngày, dùng một lần"`
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

// api registers the operations that give out tokens and tell who one stands for.
func api(a *web.App, limit web.Limit) {
	a.Open(http.MethodGet, "/.well-known/jwks.json", "public keys", func(q *web.Request) (web.Answer, error) {
		set, err := a.Signer.JWKS(q.Context(), a.DB)
		if err != nil {
			return web.Answer{}, err
		}
		return web.JSON(set).With("Cache-Control", fmt.Sprintf("public, max-age=%d", int(authz.JWKSAge.Seconds()))), nil
	})

	web.Operate(a, huma.Operation{
		OperationID: "token", Method: http.MethodPost, Path: "/api/v1/token", MaxBodyBytes: 4 << 10,
		Summary: "Lấy access token", Errors: []int{401, 403, 422, 429},
	}, web.Route{Door: web.DoorOpen, Reason: "gives out tokens for address and password, a refresh token or a machine's secret"},
		func(ctx context.Context, q *web.Request, in *TokenRequest) (*TokenAnswer, error) {
			if limit.Exceeded(q) {
				return nil, fault.TooMany
			}
			tokens, err := grant(ctx, q, in)
			if err != nil {
				return nil, err
			}
			out := &TokenAnswer{CacheControl: "no-store"}
			out.Body.AccessToken, out.Body.RefreshToken = tokens.Access, string(tokens.Refresh)
			out.Body.TokenType, out.Body.ExpiresIn = "Bearer", int(authz.AccessAge.Seconds())
			return out, nil
		})

	web.Operate(a, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/api/v1/me", Summary: "Tôi là ai, được làm gì", Errors: []int{401},
		Security: []map[string][]string{{"bearer": {}}},
	}, web.Route{Permission: authz.AccountSelf, Door: web.DoorSelf}, func(ctx context.Context, q *web.Request, _ *struct{}) (*MeAnswer, error) {
		if err := a.Bearer(ctx, q); err != nil {
			return nil, err
		}
		who := q.Who
		out := &MeAnswer{}
		out.Body.Account, out.Body.Name, out.Body.Email, out.Body.Role = int64(who.Account), who.Name, string(who.Email), string(who.Role)
		out.Body.Tenant, out.Body.Permissions = q.Tenant.Slug, []string{}
		for _, p := range authz.Permissions() {
			if who.Can(p) {
				out.Body.Permissions = append(out.Body.Permissions, string(p))
			}
		}
		return out, nil
	})
}

// grant gives tokens in the way that is asked for.
func grant(ctx context.Context, q *web.Request, in *TokenRequest) (authz.Tokens, error) {
	db, signer, b := q.App().DB, q.App().Signer, in.Body
	switch b.GrantType {
	case byRefresh:
		return signer.Refresh(ctx, db, authz.Token(b.RefreshToken), noteToken)
	case byClient:
		access, _, err := signer.GrantClient(ctx, db, b.ClientID, b.ClientSecret, b.Scope)
		return authz.Tokens{Access: access}, err
	}
	tokens, err := byName(ctx, q, in)
	notedRefusal(q, b.Email, err)
	return tokens, err
}

// byName gives tokens for an address or number and the password.
func byName(ctx context.Context, q *web.Request, in *TokenRequest) (authz.Tokens, error) {
	db, signer, b := q.App().DB, q.App().Signer, in.Body
	if b.Tenant == "" {
		return signer.Grant(ctx, db, b.Email, b.Password, b.Code, 0, q.Device(), noteToken)
	}
	t, err := db.TenantBySlug(ctx, b.Tenant)
	if errors.Is(err, fault.NotFound) {
		err = fault.Invalid{{Name: "tenant", Message: "Không có tỉnh, thành phố này trên hệ thống."}}
	}
	if err != nil {
		return authz.Tokens{}, err
	}
	return signer.Grant(ctx, db, b.Email, b.Password, b.Code, t.ID, q.Device(), noteToken)
}

// noteToken writes what happens to tokens into the audit of the person's tenant, or above the tenants the platform's.
func noteToken(ctx context.Context, tx tenant.Platform, who authz.Identity, e authz.Event) error {
	what := "Đăng nhập qua API"
	if e == authz.TokenReused {
		what = "Token làm mới bị dùng lại: đã thu hồi cả chuỗi token"
	}
	return audit.WriteAsPlatform(ctx, tx, who, who.Tenant, string(e), audit.Record{Subject: "account", ID: int64(who.Account), Org: who.Org}, what)
}
