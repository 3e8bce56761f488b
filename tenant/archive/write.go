package archive

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"
)

// writer writes an archive. It holds one part in memory.
type writer struct {
	gz   *gzip.Writer
	tar  *tar.Writer
	at   time.Time
	done Manifest

	// of the table under way
	table string
	part  int
	rows  int64
	hash  hash.Hash
	lines []byte
	files []pending
	all   hash.Hash // of the files' lines
	held  int       // bytes of lines and files
}

type pending struct {
	name string
	b    []byte
}

// newWriter begins an archive with its header.
func newWriter(to io.Writer, h Header) (*writer, error) {
	gz := gzip.NewWriter(to)
	w := &writer{gz: gz, tar: tar.NewWriter(gz), at: h.At, all: sha256.New()}
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, err
	}
	w.done.Header = sum(b)
	return w, w.entry(headerName, b)
}

func (w *writer) entry(name string, b []byte) error {
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: w.at.Truncate(time.Second), Format: tar.FormatUSTAR}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := w.tar.Write(b); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// begin begins a table.
func (w *writer) begin(table string) {
	w.table, w.part, w.rows, w.hash = table, 1, 0, sha256.New()
}

// file takes bytes that are too long for a row and returns what stands in the row for them.
func (w *writer) file(b []byte) fileRef {
	name := fmt.Sprintf("files/%s/%06d-%04d.%s", w.table, w.part, len(w.files)+1, extension(b))
	w.files = append(w.files, pending{name, append([]byte(nil), b...)})
	w.held += len(b)
	return fileRef{name, len(b), sum(b)}
}

// row takes a row's line, with its line break.
func (w *writer) row(line []byte) error {
	w.lines = append(w.lines, line...)
	w.hash.Write(line)
	w.rows++
	w.held += len(line)
	if w.held >= partSize {
		return w.flush()
	}
	return nil
}

func (w *writer) flush() error {
	if len(w.lines) == 0 {
		return nil
	}
	for _, f := range w.files {
		if err := w.entry(f.name, f.b); err != nil {
			return err
		}
		w.done.Files++
		w.done.Bytes += int64(len(f.b))
		fmt.Fprintf(w.all, "%s %s\n", f.name, sum(f.b))
	}
	if err := w.entry(fmt.Sprintf("tables/%s/%06d.jsonl", w.table, w.part), w.lines); err != nil {
		return err
	}
	clear(w.files)
	w.part, w.lines, w.files, w.held = w.part+1, w.lines[:0], w.files[:0], 0
	return nil
}

// end ends a table.
func (w *writer) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	w.done.Tables = append(w.done.Tables, ManifestTable{w.table, w.rows, hex.EncodeToString(w.hash.Sum(nil))})
	w.done.Rows += w.rows
	return nil
}

// close writes the manifest.
func (w *writer) close() error {
	w.done.Hash = hex.EncodeToString(w.all.Sum(nil))
	b, err := json.MarshalIndent(w.done, "", "  ")
	if err != nil {
		return err
	}
	if err := w.entry(manifestName, b); err != nil {
		return err
	}
	if err := w.tar.Close(); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	if err := w.gz.Close(); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}
