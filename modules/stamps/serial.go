package stamps

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

// Serial is the number printed on one stamp: 20 characters of Crockford base32 in upper case, 100 bits.
// It fits GS1 application identifier 21 (at most 20 characters of CSET 82) and the alphanumeric mode of QR.
// A Serial is well formed; whether it is genuine is known only after Keys.Open.
//
// # Layout, most significant bit first
//
//	version  4 bits  which master key
//	hidden  56 bits  payload XOR mask; payload = tenant 10 ‖ order 22 ‖ index 24
//	tag     40 bits  proof that the holder of the master key made it for this GTIN
//
// # Construction
//
// The serial is the SIV construction (RFC 5297: the tag serves as the nonce), with one AES block as each of its
// functions:
//
//	orderKey = AES(macKey[version], tenant ‖ order)                      the key of an AES-128, one for each order
//	tag      = AES(orderKey, version ‖ payload ‖ gtin14), first 40 bits
//	mask     = AES(encKey[version], tag), first 56 bits
//
// encKey and macKey are AES-256 keys, drawn from the 32-byte master key by HKDF-SHA256 (RFC 5869) under different info.
// Every message above has one fixed form of at most 128 bits (14 digits fit 47 bits), so a single AES block is a sound
// pseudo-random function and no chaining, as in CMAC, is needed. AES was taken instead of HMAC-SHA256 because processors
// compute it in hardware: an order of a million stamps is computed in well under a second.
//
// # What it gives
//
// Two different stamps of one key version never share a serial, whatever their GTINs: equal tags give equal masks, hence
// different hidden parts. The serial shows neither the tenant, nor the order, nor how many stamps there are.
//
// # What it does not give
//
//   - A tag of 40 bits lets one blind guess in 2^40 (about 10^12) pass. A guess can be tried only by asking the
//     server, so whoever serves Open must limit the rate of refused serials.
//   - Among n serials of a version about n²/2^41 pairs share a tag, hence a mask; such a pair shows the XOR of two
//     payloads, nothing more, and helps nobody to make a serial.
//   - A copy of a genuine stamp is genuine here. Counting scans is what finds copies.
//   - Whoever holds a master key can make any serial of its version. A version is retired by leaving its key out of
//     NewKeys, which refuses all stamps made under it.
type Serial string

// Limits of a stamp's numbers. The lowest tenant and order are 1, the lowest index is 0.
const (
	MaxTenant = 1<<tenantBits - 1 // 1,023
	MaxOrder  = 1<<orderBits - 1  // 4,194,303
	MaxIndex  = 1<<indexBits - 1  // 16,777,215; an order holds one stamp more than this
)

const (
	tenantBits  = 10
	orderBits   = 22
	indexBits   = 24
	payloadBits = tenantBits + orderBits + indexBits
	tagBits     = 40
	keyVersions = 16
	serialLen   = 20
	hiddenLen   = 12 // characters holding version and hidden part; the other 8 hold the tag
	masterLen   = 32
)

var (
	// ErrNotSerial: the text cannot be a serial: wrong length or a foreign character.
	ErrNotSerial = errors.New("not a stamp serial")
	// ErrForged: the text has the form of a serial, but nobody minted it for this GTIN under a key known here.
	ErrForged = errors.New("forged stamp serial")
)

// Stamp says which stamp a serial stands for.
type Stamp struct {
	Tenant int // 1..MaxTenant
	Order  int // number of the stamp order within the tenant, 1..MaxOrder
	Index  int // place of the stamp in its order, 0..MaxIndex
}

// payload packs s into its low 56 bits.
func (s Stamp) payload() uint64 {
	return uint64(s.Tenant)<<(orderBits+indexBits) | uint64(s.Order)<<indexBits | uint64(s.Index)
}

// stampOf is the inverse of Stamp.payload.
func stampOf(payload uint64) Stamp {
	return Stamp{
		Tenant: int(payload >> (orderBits + indexBits)),
		Order:  int(payload >> indexBits & MaxOrder),
		Index:  int(payload & MaxIndex),
	}
}

// Keys mints serials under the current key version and opens those of every version it knows. Safe for concurrent use.
type Keys struct {
	current  int
	versions [keyVersions]*versionKeys
}

type versionKeys struct{ enc, mac cipher.Block }

// NewKeys derives the working keys from the master keys: 32 random bytes for each version 0..15.
// current is the version that mints and must be among them. Masters are secrets, never reused for anything else.
func NewKeys(current int, masters map[int][]byte) (*Keys, error) {
	k := &Keys{current: current}
	for version, master := range masters {
		if version < 0 || version >= keyVersions {
			return nil, fmt.Errorf("stamp key version %d: want 0..%d", version, keyVersions-1)
		}
		if len(master) != masterLen {
			return nil, fmt.Errorf("stamp key version %d: master of %d bytes, want %d", version, len(master), masterLen)
		}
		enc, err := deriveBlock(master, version, "encryption")
		if err != nil {
			return nil, err
		}
		mac, err := deriveBlock(master, version, "authentication")
		if err != nil {
			return nil, err
		}
		k.versions[version] = &versionKeys{enc: enc, mac: mac}
	}
	if current < 0 || current >= keyVersions || k.versions[current] == nil {
		return nil, fmt.Errorf("stamp key version %d is current but has no master", current)
	}
	return k, nil
}

// deriveBlock makes the AES-256 of one purpose of one version.
func deriveBlock(master []byte, version int, purpose string) (cipher.Block, error) {
	info := fmt.Sprintf("txng stamp serial, key version %d, %s", version, purpose)
	key, err := hkdf.Key(sha256.New, master, nil, info, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving stamp key version %d for %s: %w", version, purpose, err)
	}
	return aes.NewCipher(key)
}

// orderBlock makes the AES-128 that authenticates the stamps of one order, whose payload is given with any index.
func (v *versionKeys) orderBlock(payload uint64) cipher.Block {
	var key [aes.BlockSize]byte
	binary.BigEndian.PutUint64(key[8:], payload>>indexBits)
	v.mac.Encrypt(key[:], key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has a valid length
	}
	return block
}

// Minter makes the serials of one order of stamps. Safe for concurrent use.
type Minter struct {
	version uint64
	first   uint64 // payload of index 0
	gtin    uint64
	enc     cipher.Block
	order   cipher.Block
}

// Order returns the minter of a stamp order, under the current key version.
// gtin is 14 digits, tenant 1..MaxTenant, order 1..MaxOrder; anything else is a fault of the caller and panics,
// because a number cut to its bits would repeat the stamps of another order.
func (k *Keys) Order(gtin string, tenant, order int) *Minter {
	number, ok := gtinNumber(gtin)
	if !ok || tenant < 1 || tenant > MaxTenant || order < 1 || order > MaxOrder {
		panic(fmt.Sprintf("stamps: no such order: gtin %q, tenant %d, order %d", gtin, tenant, order))
	}
	keys := k.versions[k.current]
	first := Stamp{Tenant: tenant, Order: order}.payload()
	return &Minter{version: uint64(k.current), first: first, gtin: number, enc: keys.enc, order: keys.orderBlock(first)}
}

// Serial returns the serial of the stamp at index 0..MaxIndex of the order. Any other index panics.
func (m *Minter) Serial(index int) Serial {
	if index < 0 || index > MaxIndex {
		panic(fmt.Sprintf("stamps: no stamp %d in an order", index))
	}
	payload := m.first | uint64(index)
	var block [aes.BlockSize]byte
	tag := tagOf(m.order, &block, m.version<<payloadBits|payload, m.gtin)
	hidden := payload ^ maskOf(m.enc, &block, tag)

	var text [serialLen]byte
	putBase32(text[:hiddenLen], m.version<<payloadBits|hidden)
	putBase32(text[hiddenLen:], tag)
	return Serial(text[:])
}

// Open says which stamp a serial stands for, or ErrForged when it was not minted for this GTIN (14 digits)
// under one of the known keys. The time it takes does not depend on how much of the tag is right.
func (k *Keys) Open(gtin string, s Serial) (Stamp, error) {
	number, ok := gtinNumber(gtin)
	if !ok || len(s) != serialLen {
		return Stamp{}, ErrForged
	}
	head, ok := base32Value(s[:hiddenLen])
	tag, ok2 := base32Value(s[hiddenLen:])
	if !ok || !ok2 {
		return Stamp{}, ErrForged
	}
	version := head >> payloadBits
	keys := k.versions[version]
	if keys == nil {
		return Stamp{}, ErrForged
	}

	var block [aes.BlockSize]byte
	payload := (head ^ maskOf(keys.enc, &block, tag)) & (1<<payloadBits - 1)
	want := tagOf(keys.orderBlock(payload), &block, version<<payloadBits|payload, number)

	var gotBytes, wantBytes [8]byte
	binary.BigEndian.PutUint64(gotBytes[:], tag)
	binary.BigEndian.PutUint64(wantBytes[:], want)
	stamp := stampOf(payload)
	if subtle.ConstantTimeCompare(gotBytes[:], wantBytes[:]) != 1 || stamp.Tenant == 0 || stamp.Order == 0 {
		return Stamp{}, ErrForged
	}
	return stamp, nil
}

// tagOf authenticates a version with its payload, and a GTIN. block is scratch.
func tagOf(order cipher.Block, block *[aes.BlockSize]byte, versioned, gtin uint64) uint64 {
	binary.BigEndian.PutUint64(block[:8], versioned)
	binary.BigEndian.PutUint64(block[8:], gtin)
	order.Encrypt(block[:], block[:])
	return binary.BigEndian.Uint64(block[:8]) >> (64 - tagBits)
}

// maskOf returns the 56 bits that hide the payload whose tag is given. block is scratch.
func maskOf(enc cipher.Block, block *[aes.BlockSize]byte, tag uint64) uint64 {
	binary.BigEndian.PutUint64(block[:8], 0)
	binary.BigEndian.PutUint64(block[8:], tag)
	enc.Encrypt(block[:], block[:])
	return binary.BigEndian.Uint64(block[:8]) >> (64 - payloadBits)
}

// gtinNumber returns the value of a GTIN of 14 digits; ok is false for anything else. The check digit is not looked at.
func gtinNumber(gtin string) (number uint64, ok bool) {
	if len(gtin) != 14 {
		return 0, false
	}
	for i := range len(gtin) {
		digit := gtin[i] - '0'
		if digit > 9 {
			return 0, false
		}
		number = number*10 + uint64(digit)
	}
	return number, true
}

// alphabet is Crockford's base32: no I, L, O, U.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// foreign marks a character outside the alphabet in base32Digits.
const foreign = 0xff

// base32Digits maps an upper-case character to its value.
var base32Digits = func() (digits [256]byte) {
	for i := range digits {
		digits[i] = foreign
	}
	for value := range len(alphabet) {
		digits[alphabet[value]] = byte(value)
	}
	return digits
}()

// putBase32 fills text with value, 5 bits to a character.
func putBase32(text []byte, value uint64) {
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = alphabet[value&31]
		value >>= 5
	}
}

// base32Value is the inverse of putBase32.
func base32Value(text Serial) (value uint64, ok bool) {
	var seen byte
	for i := range len(text) {
		digit := base32Digits[text[i]]
		seen |= digit
		value = value<<5 | uint64(digit&31)
	}
	return value, seen < 32
}

// ParseSerial reads a serial as a person or a scanner gives it: lower case is folded, and the look-alikes that
// Crockford's alphabet leaves out are read as what was meant: O as 0, I and L as 1.
// Anything but 20 such characters is ErrNotSerial; spaces are not removed.
func ParseSerial(text string) (Serial, error) {
	if len(text) != serialLen {
		return "", ErrNotSerial
	}
	var serial [serialLen]byte
	for i := range serial {
		c := text[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch c {
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if base32Digits[c] == foreign {
			return "", ErrNotSerial
		}
		serial[i] = c
	}
	return Serial(serial[:]), nil
}
