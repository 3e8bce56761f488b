package accounts

import (
	"context"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/vi"
	"txng/tenant"
)

// RotateKeys makes a new key that signs access tokens, on behalf of who, and notes it in the platform's own audit.
func RotateKeys(ctx context.Context, db *tenant.DB, who authz.Identity, s *authz.Signer) (authz.Key, error) {
	return s.Rotate(ctx, db, func(tx tenant.Platform, was []authz.Key, k authz.Key) error {
		return audit.WriteChangeAsPlatform(ctx, tx, who, audit.Platform, "token.rotate", audit.Record{Subject: "signing-key"},
			"Lập khóa ký token mới "+k.KID+", bắt đầu ký từ "+vi.DateTime(k.ActiveFrom), keyFields(was...), keyFields(k))
	})
}

// keyFields are signing keys for the audit: their ids and when the newest begins to sign, never the keys.
func keyFields(keys ...authz.Key) audit.Fields {
	if len(keys) == 0 {
		return nil
	}
	var ids []string
	var from time.Time
	for _, k := range keys {
		ids = append(ids, k.KID)
		if k.ActiveFrom.After(from) {
			from = k.ActiveFrom
		}
	}
	return audit.Of("Khóa ký", strings.Join(ids, ", "), "Ký từ", vi.DateTime(from))
}
