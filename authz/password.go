package authz

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The costs of argon2id: 19 MiB and two passes, RFC 9106's small-memory advice as OWASP gives it. They stand in each
// hash, so raising them later leaves old hashes readable.
const (
	argonMemory = 19 * 1024
	argonTime   = 2
	argonLanes  = 1
	saltSize    = 16
	keySize     = 32
	// MaxPassword is the longest password in bytes. A longer one is refused before it costs anything.
	MaxPassword = 256
	// MinPassword is the shortest password in characters.
	MinPassword = 10
)

// idKey is argon2id; a test counts its runs.
var idKey = argon2.IDKey

// HashPassword returns the argon2id hash of a password in PHC form.
func HashPassword(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	key := idKey([]byte(password), salt, argonTime, argonMemory, argonLanes, keySize)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		b.EncodeToString(salt), b.EncodeToString(key))
}

// nobody is a hash that no password has. Checking against it takes the time of a real check.
var nobody = HashPassword(rand.Text())

// CheckPassword reports whether the password has the hash. It takes the same time whether or not it does.
func CheckPassword(hash, password string) bool {
	var memory, time uint32
	var lanes uint8
	part := strings.Split(hash, "$")
	if len(password) > MaxPassword || len(part) != 6 || part[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &memory, &time, &lanes); err != nil || memory > 1<<20 || time == 0 || lanes == 0 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	key, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(key) != keySize {
		return false
	}
	got := idKey([]byte(password), salt, time, memory, lanes, keySize)
	return subtle.ConstantTimeCompare(got, key) == 1
}
