package stamps

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// currentVersion is the version of the key that new stamps are minted with.
const currentVersion = 1

// KeysOf derives the stamps' keys from the deployment's master secret. Whoever has the secret can make stamps; losing it
// makes every printed stamp unreadable.
func KeysOf(secret []byte) (*Keys, error) {
	master, err := hkdf.Key(sha256.New, secret, nil, fmt.Sprintf("txng stamp master key %d", currentVersion), 32)
	if err != nil {
		return nil, fmt.Errorf("derive the stamp key: %w", err)
	}
	return NewKeys(currentVersion, map[int][]byte{currentVersion: master})
}

// Check returns 16 characters that tell two keys apart and nothing about either: deployments with the same value mint and
// open the same stamps. It is a hash of the last serial that there could ever be.
func (k *Keys) Check() string {
	last := k.Order("99999999999999", MaxTenant, MaxOrder).Serial(MaxIndex)
	sum := sha256.Sum256([]byte("txng stamp key check " + last))
	return hex.EncodeToString(sum[:8])
}
