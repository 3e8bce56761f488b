package stamps

import (
	"crypto/hkdf"
	"crypto/sha256"
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
