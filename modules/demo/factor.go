package demo

import (
	"context"
	"strings"

	"txng/authz"
	"txng/tenant"
)

// FactorSecret is the secret of the app of all demonstration accounts whose role needs a second factor. It is public, as
// Password is; no other account ever gets it.
var FactorSecret = authz.TOTPSecret("txng-demo-2026-app!!")

// needFactor are the roles that the demonstration gives the app to.
var needFactor = map[authz.Role]bool{authz.Operator: true, authz.Ministry: true, authz.DOSTAdmin: true}

// enrol gives a demonstration account the app.
func (l *loader) enrol(ctx context.Context, tx tenant.Platform, account authz.AccountID) error {
	_, err := l.factors.Enrol(ctx, tx, account, "Điện thoại trình diễn", FactorSecret)
	return err
}

// Code returns the code that opens the second step of a demonstration account now, "" for any other account and while
// the codes of this minute are used up. It is there for the page of a demonstration, which nobody has the app of.
func Code(ctx context.Context, tx tenant.Platform, email authz.Email) (string, error) {
	if !strings.HasSuffix(string(email), domain) {
		return "", nil
	}
	used, ok, err := authz.LastStep(ctx, tx, email)
	if err != nil || !ok {
		return "", err
	}
	now := authz.StepAt(tx.Now())
	step := max(now, used+1)
	if step > now+1 {
		return "", nil
	}
	return FactorSecret.Code(step), nil
}
