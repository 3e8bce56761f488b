package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// entry is one entry of an archive.
type entry struct {
	name string
	b    []byte
	kind byte
}

// entries unpacks an archive.
func entries(t testing.TB, file []byte) []entry {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var list []entry
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{h.Name, b, h.Typeflag})
	}
}

// packed makes an archive.
func packed(t testing.TB, list []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, e := range list {
		h := &tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.b)), Typeflag: e.kind}
		if e.kind != tar.TypeReg {
			h.Size, h.Linkname = 0, string(e.b)
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			w.Write(e.b)
		}
	}
	w.Close()
	gz.Close()
	return b.Bytes()
}

// unpacked returns all entries that keep keeps (nil: all), one after the other.
func unpacked(t testing.TB, file []byte, keep func(name string) bool) []byte {
	var all []byte
	for _, e := range entries(t, file) {
		if keep == nil || keep(e.name) {
			all = append(all, e.b...)
		}
	}
	return all
}
