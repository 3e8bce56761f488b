package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"txng/tenant/fault"
)

// SetLogo gives the transaction's own tenant a picture, a PNG; nil leaves the one it has. The caller writes the audit.
func SetLogo(ctx context.Context, tx Tx, png []byte) error {
	if png == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `
		insert into tenant.logo (tenant_id, digest, png, changed_at)
		values ($1, $2, $3, $4)
		on conflict (tenant_id) do update
		set digest = excluded.digest, png = excluded.png, changed_at = excluded.changed_at`, LogoDigest(png), png, tx.Now())
	return err
}

// RemoveLogo takes the picture of the transaction's own tenant away and returns its digest; "" when there is none. The
// caller writes the audit.
func RemoveLogo(ctx context.Context, tx Tx) (digest string, err error) {
	digest, err = Put[string](ctx, tx, `
		delete from tenant.logo
		where tenant_id = $1
		returning digest`)
	if errors.Is(err, fault.NotFound) {
		err = nil
	}
	return digest, err
}

// LogoDigest is the name of a picture in its address: another picture has another address.
func LogoDigest(png []byte) string {
	sum := sha256.Sum256(png)
	return hex.EncodeToString(sum[:16])
}

// LogoPNG returns a tenant's picture. fault.NotFound when it has none, or another one by now.
func LogoPNG(ctx context.Context, tx Public, of ID, digest string) ([]byte, error) {
	return Value[[]byte](ctx, tx, `
		select png
		from tenant.logo
		where tenant_id = $1 and digest = $2`, of, digest)
}
