package authz_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

func newSSO(t *testing.T, networks ...string) *authz.SSO {
	t.Helper()
	var o authz.SSOOptions
	for _, n := range networks {
		o.Networks = append(o.Networks, netip.MustParsePrefix(n))
	}
	s, err := authz.NewSSO(tenanttest.Secret, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestInternalAddressesAreNotAsked has a tenant's administrator point the deployment at its own network.
func TestInternalAddressesAreNotAsked(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	s := newSSO(t)
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
		"[fe80::1]", "[fd00::1]", "100.64.0.1", "[64:ff9b::a00:1]", "[2002:a00:1::]", "224.0.0.1", "255.255.255.255",
	} {
		_, err := s.Check(t.Context(), "https://"+host+port)
		var wrong fault.Invalid
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v, want it refused", host, err)
			continue
		}
		if m := wrong.Of("issuer"); !strings.Contains(m, "mạng nội bộ") && host != "2130706433" {
			t.Errorf("%s: %q", host, m)
		}
	}
	if asked != 0 {
		t.Errorf("%d requests arrived", asked)
	}
	if _, err := s.Check(t.Context(), "http://example.vn"); err == nil || !strings.Contains(err.Error(), "https") {
		t.Errorf("without https: %v", err)
	}
	// A network that the deployment allows is asked: there the certificate of the test is what is wrong.
	_, err := newSSO(t, "127.0.0.0/8").Check(t.Context(), server.URL)
	if err == nil || !strings.Contains(err.Error(), "Chứng thư TLS") {
		t.Errorf("in an allowed network: %v", err)
	}
}

func TestDeploymentWithHTTPSTakesProvidersWithHTTPSOnly(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	who := authz.Identity{Account: 1, Name: "Quản trị", Tenant: e.Tenant.ID, Role: authz.DOSTAdmin}
	add := func(issuer string) error {
		return e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			_, err := newSSO(t).AddProvider(t.Context(), tx, who, "SSO "+issuer[:5], issuer)
			return err
		})
	}
	if err := add("https://sso.example.vn/realms/a"); err != nil {
		t.Error(err)
	}
	var wrong fault.Invalid
	if err := add("http://sso.example.vn"); !errors.As(err, &wrong) || wrong.Of("issuer") == "" {
		t.Errorf("http: %v, want it refused", err)
	}
	// It cannot be opened before it has a client, by the schema, too.
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		all, err := authz.Providers(t.Context(), tx)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d providers, %v", len(all), err)
		}
		_, err = authz.OpenProvider(t.Context(), tx, who, all[0].ID, true)
		return err
	}); !errors.Is(err, fault.Conflict) {
		t.Errorf("opened without a client: %v, want fault.Conflict", err)
	}
	if _, err := e.Owner(t).Exec(t.Context(), "update authz.oidc_provider set enabled_at = now() where tenant_id = $1", e.Tenant.ID); err == nil {
		t.Error("the schema lets a provider without a client be opened")
	}
}
