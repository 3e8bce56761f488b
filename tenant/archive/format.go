package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"regexp"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// Format and Version name the file's form. A program reads its own version and older ones.
const (
	Format  = "txng-archive"
	Version = 1
)

// Names of the entries that are not parts.
const (
	headerName   = "header.json"
	manifestName = "manifest.json"
)

// Limits of a file. A file of ours stays far below them; one that does not is refused before it costs memory.
const (
	partSize   = 4 << 20   // of rows and files together, about where a part ends
	inlineSize = 1 << 10   // longest bytes within a row
	maxLine    = 8 << 20   // one row
	maxFile    = 32 << 20  // one picture or document
	maxPending = 128 << 20 // files of one part, kept until their rows come
	maxJSON    = 4 << 20   // header or manifest
	maxRatio   = 400       // of expanded to compressed bytes, after the first 64 MiB
)

// Header stands at the beginning of an archive.
type Header struct {
	Format      string        `json:"format"`
	Version     int           `json:"version"`
	Product     string        `json:"product"` // version of the program that wrote it, or ""
	Schema      int           `json:"schema"`  // number of the newest migration
	Tenant      HeaderTenant  `json:"tenant"`
	At          time.Time     `json:"at"` // of the snapshot
	Credentials bool          `json:"credentials"`
	StampKey    string        `json:"stampKey"` // check value, see the package's comment
	Tables      []HeaderTable `json:"tables"`   // in the order of the file
	Total       int64         `json:"total"`    // rows of all tables
}

// HeaderTenant names the tenant.
type HeaderTenant struct {
	ID   tenant.ID `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
	Unit string    `json:"unit"`
}

// HeaderTable is a table of the archive: its columns as they travel, and how many rows follow.
type HeaderTable struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Rows    int64    `json:"rows"`
}

// Column is a column of a table, its type as PostgreSQL writes it.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Manifest stands at the end of an archive, and says what a whole one holds.
type Manifest struct {
	Header string          `json:"header"` // SHA-256 of header.json
	Tables []ManifestTable `json:"tables"`
	Rows   int64           `json:"rows"`
	Files  int64           `json:"files"`
	Bytes  int64           `json:"bytes"`       // of the files
	Hash   string          `json:"filesSHA256"` // over a line "name sha256" of each file, in their order
}

// ManifestTable is what of a table is in the archive. The hash is over its lines, those of all parts, each with its line
// break; a row names its files with their hashes.
type ManifestTable struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// fileRef stands in a row for bytes that are a file of the archive.
type fileRef struct {
	File   string `json:"file"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// Names of parts and files. Nothing else is an entry, so no name leads anywhere.
var (
	partForm = regexp.MustCompile(`^tables/([a-z_0-9]+\.[a-z_0-9]+)/(\d{6,9})\.jsonl$`)
	fileForm = regexp.MustCompile(`^files/([a-z_0-9]+\.[a-z_0-9]+)/(\d{6,9})-(\d{4,9})\.(jpg|png|pdf|bin)$`)
)

// extension returns the ending of a file's name, by its first bytes.
func extension(b []byte) string {
	for _, known := range []struct{ begin, ext string }{{"\xff\xd8\xff", "jpg"}, {"\x89PNG", "png"}, {"%PDF", "pdf"}} {
		if len(b) >= len(known.begin) && string(b[:len(known.begin)]) == known.begin {
			return known.ext
		}
	}
	return "bin"
}

// bad says what is wrong with an archive.
func bad(format string, args ...any) error {
	return fault.Invalid{{Message: fmt.Sprintf(format, args...)}}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// counter counts and hashes what is written through it.
type counter struct {
	to   io.Writer
	n    int64
	hash hash.Hash
}

func newCounter(to io.Writer) *counter { return &counter{to: to, hash: sha256.New()} }

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	c.hash.Write(b[:n])
	return n, err
}

func (c *counter) sum() string { return hex.EncodeToString(c.hash.Sum(nil)) }
