package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTwoExportsToOnePlaceDoNotMix: each writes a file of its own, and the place has a whole one.
func TestTwoExportsToOnePlaceDoNotMix(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	place := filepath.Join(folder, "nghe-an.tar.gz")
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, place+".part"); err != nil {
		t.Fatal(err)
	}
	a, err := newFile(place)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newFile(place)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, _ = a.WriteString("aaaa")
		_, _ = b.WriteString("bb")
	}
	if err := a.keep(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(place); err != nil || string(got) != "aaaaaaaaaaaa" {
		t.Errorf("the place has %q, %v", got, err)
	}
	b.giveUp()
	a.giveUp()
	if got, err := os.ReadFile(place); err != nil || string(got) != "aaaaaaaaaaaa" {
		t.Errorf("after the other has given up: %q, %v", got, err)
	}
	if got, _ := os.ReadFile(victim); string(got) != "mine" {
		t.Errorf("a file behind a link was written to: %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.part")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
