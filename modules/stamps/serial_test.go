package stamps

import (
	"bytes"
	"errors"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

const gtin = "08936012345674"

// master returns a fixed master key, of another value for every seed.
func master(seed byte) []byte {
	key := make([]byte, masterLen)
	for i := range key {
		key[i] = seed + byte(i)
	}
	return key
}

// keysOf returns keys minting under current and knowing versions.
func keysOf(t testing.TB, current int, versions ...int) *Keys {
	t.Helper()
	masters := make(map[int][]byte)
	for _, version := range versions {
		masters[version] = master(byte(version))
	}
	keys, err := NewKeys(current, masters)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func random() *rand.Rand { return rand.New(rand.NewPCG(2026, 7)) }

// randomStamp draws a stamp over the whole range of its numbers.
func randomStamp(r *rand.Rand) Stamp {
	return Stamp{Tenant: 1 + r.IntN(MaxTenant), Order: 1 + r.IntN(MaxOrder), Index: r.IntN(MaxIndex + 1)}
}

func randomGTIN(r *rand.Rand) string {
	digits := make([]byte, 14)
	for i := range digits {
		digits[i] = '0' + byte(r.IntN(10))
	}
	return string(digits)
}

func mint(k *Keys, gtin string, s Stamp) Serial {
	return k.Order(gtin, s.Tenant, s.Order).Serial(s.Index)
}

// TestKnownSerialsStayTheSame holds values that were computed by a second implementation of the construction
// in another language, with OpenSSL's AES. Printed stamps depend on them.
func TestKnownSerialsStayTheSame(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		version int
		gtin    string
		stamp   Stamp
		want    Serial
	}{
		{0, gtin, Stamp{1, 1, 0}, "03RXX9MGMPHTS6PBKE7F"},
		{0, gtin, Stamp{1, 1, 1}, "16DW7JVB9GWVEG88NY7Y"},
		{1, gtin, Stamp{1, 1, 0}, "39VRNW8WP8GHM0BJNGCE"},
		{15, "99999999999999", Stamp{MaxTenant, MaxOrder, MaxIndex}, "ZRBEHVX6VZ8GDE9YGCKG"},
		{7, "00000000000000", Stamp{40, 123456, 7890123}, "E96PHPT4JDMH482ERCV7"},
	} {
		keys := keysOf(t, v.version, v.version)
		if got := mint(keys, v.gtin, v.stamp); got != v.want {
			t.Errorf("version %d, gtin %s, %+v: got %s, want %s", v.version, v.gtin, v.stamp, got, v.want)
		}
		if got, err := keys.Open(v.gtin, v.want); err != nil || got != v.stamp {
			t.Errorf("Open(%s) = %+v, %v; want %+v", v.want, got, err, v.stamp)
		}
	}
}

func TestMintedSerialOpensToItsStamp(t *testing.T) {
	t.Parallel()
	r := random()
	for range 20_000 {
		version := r.IntN(keyVersions)
		keys := keysOf(t, version, version)
		product, want := randomGTIN(r), randomStamp(r)
		serial := mint(keys, product, want)
		if parsed, err := ParseSerial(string(serial)); err != nil || parsed != serial {
			t.Fatalf("ParseSerial(%s) = %s, %v", serial, parsed, err)
		}
		if got, err := keys.Open(product, serial); err != nil || got != want {
			t.Fatalf("version %d: Open(%s, %s) = %+v, %v; want %+v", version, product, serial, got, err, want)
		}
	}
}

func TestChangeOfAnyCharacterIsRefused(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
	r := random()
	for range 200 {
		serial := mint(keys, gtin, randomStamp(r))
		for i := range serialLen {
			for _, c := range alphabet {
				changed := serial[:i] + Serial(c) + serial[i+1:]
				if changed == serial {
					continue
				}
				if got, err := keys.Open(gtin, changed); !errors.Is(err, ErrForged) || got != (Stamp{}) {
					t.Fatalf("%s changed to %s: got %+v, %v; want ErrForged", serial, changed, got, err)
				}
			}
		}
	}
}

// forge builds a serial that decrypts to payload and whose tag is the right one with some bits flipped.
// It takes the keys: an outsider cannot come this close.
func forge(k *Keys, gtin string, payload, flipped uint64) Serial {
	number, _ := gtinNumber(gtin)
	keys, version := k.versions[k.current], uint64(k.current)
	var block [16]byte
	tag := tagOf(keys.orderBlock(payload), &block, version<<payloadBits|payload, number) ^ flipped
	var text [serialLen]byte
	putBase32(text[:hiddenLen], version<<payloadBits|payload^maskOf(keys.enc, &block, tag))
	putBase32(text[hiddenLen:], tag)
	return Serial(text[:])
}

func TestEveryBitOfTheTagCounts(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 1)
	stamp := Stamp{40, 12, 345}
	if got := forge(keys, gtin, stamp.payload(), 0); got != mint(keys, gtin, stamp) {
		t.Fatalf("the test builds %s, want %s", got, mint(keys, gtin, stamp))
	}
	for bit := range tagBits {
		if got, err := keys.Open(gtin, forge(keys, gtin, stamp.payload(), 1<<bit)); !errors.Is(err, ErrForged) {
			t.Errorf("tag with bit %d flipped: got %+v, %v; want ErrForged", bit, got, err)
		}
	}
}

func TestStampOfNoTenantOrNoOrderIsRefusedEvenWithARightTag(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 1)
	for _, stamp := range []Stamp{{0, 1, 1}, {1, 0, 1}, {0, 0, 0}} {
		if got, err := keys.Open(gtin, forge(keys, gtin, stamp.payload(), 0)); !errors.Is(err, ErrForged) {
			t.Errorf("%+v: got %+v, %v; want ErrForged", stamp, got, err)
		}
	}
}

func TestSerialOfAnotherProductIsRefused(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 1)
	serial := mint(keys, gtin, Stamp{1, 1, 0})
	for _, other := range []string{"08936012345675", "18936012345674", "8936012345674", "", "0893601234567A", "008936012345674"} {
		if got, err := keys.Open(other, serial); !errors.Is(err, ErrForged) {
			t.Errorf("Open(%q) = %+v, %v; want ErrForged", other, got, err)
		}
	}
}

func TestTextThatIsNoSerialIsRefusedByOpen(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 1)
	serial := mint(keys, gtin, Stamp{1, 1, 0})
	for _, bad := range []Serial{"", serial[1:], serial + "0", serial[:19] + "U", Serial(strings.ToLower(string(serial))), "\xff" + serial[1:]} {
		if got, err := keys.Open(gtin, bad); !errors.Is(err, ErrForged) {
			t.Errorf("Open(%q) = %+v, %v; want ErrForged", bad, got, err)
		}
	}
}

func TestOldKeyVersionStillOpensAndNewOneMints(t *testing.T) {
	t.Parallel()
	stamp := Stamp{5, 6, 7}
	old := mint(keysOf(t, 1, 1), gtin, stamp)
	both := keysOf(t, 2, 1, 2)
	fresh := mint(both, gtin, stamp)
	if old == fresh {
		t.Fatalf("both versions mint %s", old)
	}
	for _, serial := range []Serial{old, fresh} {
		if got, err := both.Open(gtin, serial); err != nil || got != stamp {
			t.Errorf("Open(%s) = %+v, %v; want %+v", serial, got, err, stamp)
		}
	}
	if _, err := keysOf(t, 2, 2).Open(gtin, old); !errors.Is(err, ErrForged) {
		t.Errorf("version without a key: got %v, want ErrForged", err)
	}
	replaced, err := NewKeys(1, map[int][]byte{1: master(200)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaced.Open(gtin, old); !errors.Is(err, ErrForged) {
		t.Errorf("same version, other master: got %v, want ErrForged", err)
	}
}

func TestSameMasterGivesOtherSerialsInAnotherVersion(t *testing.T) {
	t.Parallel()
	same := bytes.Repeat([]byte{9}, masterLen)
	keys, err := NewKeys(0, map[int][]byte{0: same, 1: same})
	if err != nil {
		t.Fatal(err)
	}
	serial := mint(keys, gtin, Stamp{1, 1, 0})
	// The version is the upper 4 of the first character's 5 bits.
	value := base32Digits[serial[0]]
	moved := Serial(alphabet[value+2]) + serial[1:]
	if _, err := keys.Open(gtin, moved); !errors.Is(err, ErrForged) {
		t.Errorf("serial moved to version 1: got %v, want ErrForged", err)
	}
}

func TestMillionSerialsOfAnOrderAreDistinct(t *testing.T) {
	t.Parallel()
	minter := keysOf(t, 3, 3).Order(gtin, 40, 12)
	seen := make(map[Serial]struct{}, 1_000_000)
	for index := range 1_000_000 {
		seen[minter.Serial(index)] = struct{}{}
	}
	if len(seen) != 1_000_000 {
		t.Errorf("got %d distinct serials, want 1000000", len(seen))
	}
}

// TestNeighboursShareNoPattern counts how often each of the 96 bits after the version differs between neighbouring
// stamps: half of the time, within six standard deviations.
func TestNeighboursShareNoPattern(t *testing.T) {
	t.Parallel()
	const n = 20_000
	minter := keysOf(t, 1, 1).Order(gtin, 1, 1)
	var differs [100]int
	previous := minter.Serial(0)
	for index := 1; index <= n; index++ {
		serial := minter.Serial(index)
		for i := range serialLen {
			change := base32Digits[serial[i]] ^ base32Digits[previous[i]]
			for bit := range 5 {
				differs[5*i+bit] += int(change >> (4 - bit) & 1)
			}
		}
		previous = serial
	}
	for bit, count := range differs[4:] {
		if count < n/2-6*71 || count > n/2+6*71 {
			t.Errorf("bit %d differs in %d of %d neighbours, want about half", bit+4, count, n)
		}
	}
}

// TestNeighbouringOrdersAndTenantsShareNoPattern flips one bit of the stamp's numbers at a time:
// on average half of the 96 bits change.
func TestNeighbouringOrdersAndTenantsShareNoPattern(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 1)
	r := random()
	for bit := range payloadBits {
		total, n := 0, 0
		for range 300 {
			a := randomStamp(r)
			b := stampOf(a.payload() ^ 1<<bit)
			if b.Tenant == 0 || b.Order == 0 {
				continue
			}
			x, y := mint(keys, gtin, a), mint(keys, gtin, b)
			for i := range serialLen {
				total += bits.OnesCount8(base32Digits[x[i]] ^ base32Digits[y[i]])
			}
			n++
		}
		if mean := float64(total) / float64(n); mean < 46 || mean > 50 {
			t.Errorf("flipping payload bit %d changes %.1f of 96 bits, want about 48", bit, mean)
		}
	}
}

func TestMasterKeysAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		current int
		masters map[int][]byte
	}{
		"no key":              {0, nil},
		"current has no key":  {1, map[int][]byte{0: master(0)}},
		"version too large":   {0, map[int][]byte{0: master(0), 16: master(1)}},
		"version negative":    {0, map[int][]byte{0: master(0), -1: master(1)}},
		"current too large":   {16, map[int][]byte{0: master(0)}},
		"current negative":    {-1, map[int][]byte{0: master(0)}},
		"master too short":    {0, map[int][]byte{0: master(0)[1:]}},
		"master too long":     {0, map[int][]byte{0: append(master(0), 1)}},
		"other key is a stub": {0, map[int][]byte{0: master(0), 1: {}}},
	} {
		if _, err := NewKeys(c.current, c.masters); err == nil {
			t.Errorf("%s: got keys, want an error", name)
		}
	}
}

func TestNumbersOutOfRangeAreNeverMinted(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, 1, 1)
	panics := func(f func()) (did bool) {
		defer func() { did = recover() != nil }()
		f()
		return
	}
	for name, f := range map[string]func(){
		"tenant 0":          func() { keys.Order(gtin, 0, 1) },
		"tenant 1024":       func() { keys.Order(gtin, MaxTenant+1, 1) },
		"order 0":           func() { keys.Order(gtin, 1, 0) },
		"order 4194304":     func() { keys.Order(gtin, 1, MaxOrder+1) },
		"gtin of 13 digits": func() { keys.Order(gtin[1:], 1, 1) },
		"gtin with letter":  func() { keys.Order("0893601234567X", 1, 1) },
		"index -1":          func() { keys.Order(gtin, 1, 1).Serial(-1) },
		"index 16777216":    func() { keys.Order(gtin, 1, 1).Serial(MaxIndex + 1) },
	} {
		if !panics(f) {
			t.Errorf("%s was accepted, want a panic", name)
		}
	}
}

func TestParseSerialFoldsCaseAndLookAlikes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Serial{
		"0123456789ABCDEFGHJK": "0123456789ABCDEFGHJK",
		"MNPQRSTVWXYZ00000000": "MNPQRSTVWXYZ00000000",
		"mnpqrstvwxyzabcdefgh": "MNPQRSTVWXYZABCDEFGH",
		"OoIiLl00000000000000": "00111100000000000000",
	} {
		if got, err := ParseSerial(text); err != nil || got != want {
			t.Errorf("ParseSerial(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestParseSerialRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "0123456789ABCDEFGHJ", "0123456789ABCDEFGHJKM", "U123456789ABCDEFGHJK", "u123456789ABCDEFGHJK",
		"01234-6789ABCDEFGHJK", " 123456789ABCDEFGHJK", "\x00123456789ABCDEFGHJK", "０1234567ABCDEFGHJK", "Đ23456789ABCDEFGHJK",
	} {
		if got, err := ParseSerial(text); !errors.Is(err, ErrNotSerial) || got != "" {
			t.Errorf("ParseSerial(%q) = %q, %v; want ErrNotSerial", text, got, err)
		}
	}
}

func TestOpenAllocatesLittle(t *testing.T) {
	keys := keysOf(t, 1, 1)
	minter := keys.Order(gtin, 1, 1)
	serial := minter.Serial(0)
	if got := testing.AllocsPerRun(100, func() { _, _ = keys.Open(gtin, serial) }); got > 3 {
		t.Errorf("Open makes %v allocations, want at most 3", got)
	}
	if got := testing.AllocsPerRun(100, func() { minter.Serial(1) }); got > 2 {
		t.Errorf("Serial makes %v allocations, want at most 2", got)
	}
}

func FuzzRandomTextNeverOpens(f *testing.F) {
	keys := keysOf(f, 1, 0, 1, 15)
	genuine := string(mint(keys, gtin, Stamp{1, 1, 0}))
	f.Add("")
	f.Add("0123456789ABCDEFGHJK")
	f.Add(genuine[:19] + "U")
	f.Add(strings.ToLower(mutate(genuine)))
	f.Fuzz(func(t *testing.T, text string) {
		serial, err := ParseSerial(text)
		if err != nil {
			if serial != "" || !errors.Is(err, ErrNotSerial) {
				t.Fatalf("ParseSerial(%q) = %q, %v", text, serial, err)
			}
			// Even unparsed text must be refused, without a panic.
			serial = Serial(text)
		} else if again, err := ParseSerial(string(serial)); err != nil || again != serial {
			t.Fatalf("ParseSerial(%q) = %q, which parses to %q, %v", text, serial, again, err)
		}
		got, err := keys.Open(gtin, serial)
		if string(serial) == genuine && err != nil || string(serial) != genuine && !errors.Is(err, ErrForged) {
			t.Fatalf("Open(%q) = %+v, %v; want ErrForged of all but the genuine %s", serial, got, err, genuine)
		}
	})
}

// mutate changes the last character of a serial.
func mutate(serial string) string {
	last := base32Digits[serial[serialLen-1]]
	return serial[:serialLen-1] + string(alphabet[last^1])
}

func BenchmarkMint(b *testing.B) {
	minter := keysOf(b, 1, 1).Order(gtin, 1, 1)
	b.ReportAllocs()
	index := 0
	for b.Loop() {
		minter.Serial(index & MaxIndex)
		index++
	}
}

func BenchmarkOpen(b *testing.B) {
	keys := keysOf(b, 1, 1)
	serial := mint(keys, gtin, Stamp{1, 1, 0})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Open(gtin, serial); err != nil {
			b.Fatal(err)
		}
	}
}
