package tenant

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image/png"
	"slices"

	"txng/tenant/fault"
)

// SetLogo gives the transaction's own tenant a picture, a PNG; nil leaves the one it has. The caller writes the audit.
func SetLogo(ctx context.Context, tx Tx, picture []byte) error {
	if picture == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `
		insert into tenant.logo (tenant_id, digest, png, changed_at)
		values ($1, $2, $3, $4)
		on conflict (tenant_id) do update
		set digest = excluded.digest, png = excluded.png, changed_at = excluded.changed_at`, LogoDigest(picture), picture, tx.Now())
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
func LogoDigest(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:16])
}

// LogoSide is the longest side of a stored picture in pixels.
const LogoSide = 512

// CheckLogo notes under "logo" what is wrong with a picture that is stored as it is: it must be such as onboarding makes
// of an upload, a PNG with a side of at most LogoSide and nothing beside the picture, under its own digest.
func CheckLogo(wrong *fault.Invalid, digest string, b []byte) {
	config, err := png.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil || !onlyPixels(b):
		wrong.Add("logo", "Biểu trưng không phải ảnh PNG do hệ thống lưu.")
	case config.Width > LogoSide || config.Height > LogoSide:
		wrong.Add("logo", "Biểu trưng rộng %d × %d điểm ảnh, quá %d.", config.Width, config.Height, LogoSide)
	case digest != LogoDigest(b):
		wrong.Add("logo", "Biểu trưng không khớp với mã của nó.")
	default:
		if _, err := png.Decode(bytes.NewReader(b)); err != nil {
			wrong.Add("logo", "Biểu trưng bị hỏng, không đọc hết được.")
		}
	}
}

// onlyPixels reports whether a PNG holds its picture and nothing else: no text, no foreign chunk, nothing behind its end.
// After eight bytes come chunks of length, name, content and checksum (ISO/IEC 15948, 5.3).
func onlyPixels(b []byte) bool {
	for at := 8; at+12 <= len(b); {
		size, name := int64(binary.BigEndian.Uint32(b[at:])), string(b[at+4:at+8])
		next := int64(at) + 12 + size
		switch {
		case next > int64(len(b)) || !slices.Contains([]string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}, name):
			return false
		case name == "IEND":
			return size == 0 && next == int64(len(b))
		}
		at = int(next)
	}
	return false
}

// LogoPNG returns a tenant's picture. fault.NotFound when it has none, or another one by now.
func LogoPNG(ctx context.Context, tx Public, of ID, digest string) ([]byte, error) {
	return Value[[]byte](ctx, tx, `
		select png
		from tenant.logo
		where tenant_id = $1 and digest = $2`, of, digest)
}
