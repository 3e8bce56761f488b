package tenant

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// ID is the number of a tenant in the registry, 1 to 1023 (a stamp's serial has ten bits for it). It is not a
// province code: those were re-used in 2025.
type ID int32

// OrgID is the number of an organization; 0 stands for "no organization", an officer's view of the whole tenant.
type OrgID int64

// epoch is where the time in a record's number begins.
var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// NewID returns a number for a new record: 42 bits of milliseconds since 2025 and 21 random bits. It sorts by time, is
// made without asking the database, and tells nobody how many records other tenants have.
func NewID(now time.Time) int64 {
	var b [4]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	ms := uint64(now.Sub(epoch).Milliseconds()) & (1<<42 - 1)
	return int64(ms<<21 | uint64(binary.BigEndian.Uint32(b[:]))&(1<<21-1))
}
