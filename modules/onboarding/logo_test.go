package onboarding_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"txng/modules/onboarding"
	"txng/tenant/fault"
)

// chunk is a part of a PNG.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// TestLogoIsAPictureAndNothingElse: what two programs may read in two ways comes out as a picture, or not at all.
func TestLogoIsAPictureAndNothingElse(t *testing.T) {
	t.Parallel()
	script := []byte("<html><script>alert('secret')</script></html>")
	good := picture(t, 64, 64)
	head := good[:33] // signature and IHDR
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	comment := append([]byte{0xff, 0xfe, 0, byte(len(script) + 2)}, script...)
	dimensions := func(width, height uint32) []byte {
		b := bytes.Clone(good)
		binary.BigEndian.PutUint32(b[16:], width)
		binary.BigEndian.PutUint32(b[20:], height)
		binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
		return b
	}
	for name, c := range map[string]struct {
		file  []byte
		taken bool
	}{
		"PNG with a page behind it":     {append(bytes.Clone(good), script...), true},
		"PNG with a page in a comment":  {append(append(bytes.Clone(head), chunk("tEXt", append([]byte("Comment\x00"), script...))...), good[33:]...), true},
		"moving PNG":                    {append(append(bytes.Clone(head), chunk("acTL", []byte{0, 0, 0, 9, 0, 0, 0, 0})...), good[33:]...), true},
		"JPEG with a page in a comment": {append(append(bytes.Clone(photo.Bytes()[:2]), comment...), photo.Bytes()[2:]...), true},
		"page with a PNG behind it":     {append(bytes.Clone(script), good...), false},
		"PNG of another size than said": {dimensions(3000, 3000), false},
		"PNG of one line without end":   {dimensions(1, 1<<31-1), false},
		"PNG beyond any size":           {dimensions(1<<31-1, 1<<31-1), false},
		"PNG of no size":                {dimensions(0, 0), false},
		"PNG that ends after its head":  {head, false},
		"JPEG cut off":                  {photo.Bytes()[:photo.Len()/2], false},
		"JPEG that ends after its head": {photo.Bytes()[:20], false},
		"PNG with a wrong checksum":     {append(append(bytes.Clone(good[:40]), good[40]^1), good[41:]...), false},
	} {
		out, err := onboarding.ReadLogo(bytes.NewReader(c.file))
		if !c.taken {
			var wrong fault.Invalid
			if !errors.As(err, &wrong) || wrong[0].Name != "logo" || out != nil {
				t.Errorf("%s: %v, want a sentence for logo", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if config, err := png.DecodeConfig(bytes.NewReader(out)); err != nil || config.Width != 64 || bytes.Contains(out, []byte("secret")) || bytes.Contains(out, []byte("acTL")) {
			t.Errorf("%s: comes out as %v, %v, or with what was hidden in it", name, config, err)
		}
	}
}

// TestManyLargeLogosAtOnceCostTheMemoryOfOne uploads small files of 16 million points each.
func TestManyLargeLogosAtOnceCostTheMemoryOfOne(t *testing.T) {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 4000, 4000))); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 6 {
		all.Go(func() {
			if _, err := onboarding.ReadLogo(bytes.NewReader(file)); err != nil {
				t.Error(err)
			}
		})
	}
	go func() {
		all.Wait()
		close(done)
	}()
	peak := uint64(0)
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(5 * time.Millisecond):
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	t.Logf("%d KB of file, %d MB at most", len(file)>>10, peak>>20)
	if peak > 500<<20 {
		t.Errorf("six logos at once take %d MB, want that of one", peak>>20)
	}
}
