package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// receiver takes what an archive holds, in the order of the file.
type receiver interface {
	header(Header) error
	begin(HeaderTable) error
	// row takes a line without its break, and the files of its part.
	row(line []byte, files map[string][]byte) error
	end() error
}

// Check reads an archive to its end and returns what it holds. A file that is cut off, altered, of another kind or
// beyond the limits is fault.Invalid with a sentence.
func Check(file io.Reader) (Header, Manifest, error) { return read(file, nothing{}) }

// nothing is a receiver that takes no heed.
type nothing struct{}

func (nothing) header(Header) error                 { return nil }
func (nothing) begin(HeaderTable) error             { return nil }
func (nothing) row([]byte, map[string][]byte) error { return nil }
func (nothing) end() error                          { return nil }

// reader is an archive being read.
type reader struct {
	tar *tar.Reader
	to  receiver

	head  Header
	found Manifest // what has been read
	next  int      // place of the next table in head.Tables
	open  bool     // a table is under way: head.Tables[next-1]
	part  int      // of it, the last one
	rows  int64
	hash  hash.Hash

	all   hash.Hash         // of all files' lines
	files map[string][]byte // of the part to come
	held  int
}

// errEntry is an entry at a place where it does not belong.
func errEntry(name string) error {
	return bad("Tệp lưu trữ có mục %.80q không đúng chỗ hoặc không thuộc định dạng. Không nhập gì.", name)
}

func read(file io.Reader, to receiver) (Header, Manifest, error) {
	in := &meter{r: bufio.NewReaderSize(file, 64<<10)}
	gz, err := gzip.NewReader(in)
	if err != nil {
		return Header{}, Manifest{}, readFault(err)
	}
	gz.Multistream(false)
	expanded := &expanded{r: gz, from: in}
	r := &reader{tar: tar.NewReader(expanded), to: to, all: sha256.New(), files: map[string][]byte{}}
	m, err := r.entries()
	if err != nil {
		return r.head, m, readFault(r.cause(err, expanded))
	}
	// What comes behind the end would be in the file and not in the manifest.
	if rest, err := io.Copy(io.Discard, expanded); err != nil {
		return r.head, m, readFault(err)
	} else if _, err := in.ReadByte(); rest != 0 || err != io.EOF {
		return r.head, m, bad("Tệp lưu trữ có dữ liệu thừa ở sau phần kết. Không nhập gì.")
	}
	return r.head, m, nil
}

// cause returns what is wrong with a file in which something was found to be wrong. A damaged file may say anything, so
// its own checksum, which comes last, is asked first.
func (r *reader) cause(err error, rest io.Reader) error {
	var wrong fault.Invalid
	if !errors.As(err, &wrong) && !errors.Is(err, tar.ErrHeader) {
		return err
	}
	if _, damaged := io.Copy(io.Discard, rest); damaged != nil {
		return damaged
	}
	if errors.Is(err, tar.ErrHeader) && r.head.Format != "" {
		return bad("Tệp lưu trữ bị hỏng: có mục không đọc được. Hãy chép lại tệp.")
	}
	return err
}

// readFault says in a sentence why a file cannot be read.
func readFault(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return bad("Tệp lưu trữ bị cắt cụt: thiếu phần cuối. Hãy chép lại tệp.")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, tar.ErrHeader):
		return bad("Tệp này không phải tệp lưu trữ của hệ thống.")
	case errors.Is(err, gzip.ErrChecksum):
		return bad("Tệp lưu trữ bị hỏng: mã kiểm tra không khớp. Hãy chép lại tệp.")
	}
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) {
		return bad("Tệp lưu trữ bị hỏng: phần nén không đọc được. Hãy chép lại tệp.")
	}
	return err
}

// entries reads every entry.
func (r *reader) entries() (Manifest, error) {
	var m Manifest
	b, err := r.entry(headerName)
	if err != nil {
		return m, err
	}
	if err := r.readHeader(b); err != nil {
		return m, err
	}
	for {
		e, err := r.tar.Next()
		if err != nil {
			return m, err // also io.EOF: the manifest has not come
		}
		switch part, file := partForm.FindStringSubmatch(e.Name), fileForm.FindStringSubmatch(e.Name); {
		case e.Typeflag != tar.TypeReg:
			return m, errEntry(e.Name)
		case part != nil:
			err = r.readPart(part[1], part[2], e)
		case file != nil:
			err = r.readFile(file[1], file[2], e)
		case e.Name == manifestName:
			if b, err = r.body(e, maxJSON); err == nil {
				m, err = r.readManifest(b)
			}
			if err == nil {
				if _, err = r.tar.Next(); err == io.EOF {
					return m, nil
				} else if err == nil {
					err = bad("Tệp lưu trữ có dữ liệu thừa ở sau phần kết. Không nhập gì.")
				}
			}
			return m, err
		default:
			err = errEntry(e.Name)
		}
		if err != nil {
			return m, err
		}
	}
}

// entry reads the next entry, which must have the name.
func (r *reader) entry(name string) ([]byte, error) {
	e, err := r.tar.Next()
	if err != nil {
		return nil, err
	}
	if e.Name != name || e.Typeflag != tar.TypeReg {
		return nil, bad("Tệp này không phải tệp lưu trữ của hệ thống.")
	}
	return r.body(e, maxJSON)
}

// body reads an entry of at most so many bytes.
func (r *reader) body(e *tar.Header, most int64) ([]byte, error) {
	if e.Size > most {
		return nil, bad("Mục %.80q của tệp lưu trữ quá lớn. Không nhập gì.", e.Name)
	}
	b := make([]byte, e.Size)
	_, err := io.ReadFull(r.tar, b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func (r *reader) readHeader(b []byte) error {
	if err := json.Unmarshal(b, &r.head); err != nil || r.head.Format != Format {
		return bad("Tệp này không phải tệp lưu trữ của hệ thống.")
	}
	if r.head.Version > Version {
		return bad("Tệp lưu trữ do bản txng mới hơn lập (định dạng %d, bản này đọc được đến %d). Hãy dùng bản mới hơn.", r.head.Version, Version)
	}
	if r.head.Version < 1 || r.head.Tenant.ID < 1 || r.head.Tenant.ID > 1023 || r.head.Total < 0 || len(r.head.Tables) == 0 {
		return bad("Phần đầu của tệp lưu trữ không đúng.")
	}
	r.found.Header = sum(b)
	return r.to.header(r.head)
}

// table ends the table under way and begins the next ones up to the named one. Tables without rows have no part.
func (r *reader) table(name string) error {
	for !r.open || r.head.Tables[r.next-1].Name != name {
		if err := r.endTable(); err != nil {
			return err
		}
		if r.next == len(r.head.Tables) {
			return errEntry("tables/" + name)
		}
		if err := r.beginTable(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) beginTable() error {
	t := r.head.Tables[r.next]
	r.next, r.open, r.part, r.rows, r.hash = r.next+1, true, 0, 0, sha256.New()
	return r.to.begin(t)
}

func (r *reader) endTable() error {
	if !r.open {
		return nil
	}
	r.open = false
	t := r.head.Tables[r.next-1]
	if r.rows != t.Rows {
		return bad("Tệp lưu trữ không trọn vẹn: bảng %s có %d dòng, phần đầu ghi %d.", t.Name, r.rows, t.Rows)
	}
	if len(r.files) > 0 {
		return errEntry("files/" + t.Name)
	}
	r.found.Tables = append(r.found.Tables, ManifestTable{t.Name, r.rows, hex.EncodeToString(r.hash.Sum(nil))})
	r.found.Rows += r.rows
	return r.to.end()
}

// numbered reports whether an entry is of the part that comes next.
func (r *reader) numbered(part string) bool {
	n, err := strconv.Atoi(part)
	return err == nil && n == r.part+1
}

func (r *reader) readFile(table, part string, e *tar.Header) error {
	if err := r.table(table); err != nil {
		return err
	}
	if !r.numbered(part) || r.files[e.Name] != nil {
		return errEntry(e.Name)
	}
	b, err := r.body(e, maxFile)
	if err != nil {
		return err
	}
	if r.held += len(b); r.held > maxPending {
		return bad("Các tệp kèm theo của bảng %s quá lớn. Không nhập gì.", table)
	}
	r.files[e.Name] = b
	r.found.Files++
	r.found.Bytes += int64(len(b))
	fmt.Fprintf(r.all, "%s %s\n", e.Name, sum(b))
	return nil
}

func (r *reader) readPart(table, part string, e *tar.Header) error {
	if err := r.table(table); err != nil {
		return err
	}
	if !r.numbered(part) {
		return errEntry(e.Name)
	}
	r.part++
	most := r.head.Tables[r.next-1].Rows
	lines := bufio.NewReaderSize(r.tar, 64<<10)
	for {
		line, err := readLine(lines)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if r.rows++; r.rows > most {
			return bad("Tệp lưu trữ không đúng: bảng %s có nhiều dòng hơn phần đầu ghi (%d).", table, most)
		}
		if !utf8.Valid(line) {
			return bad("Bảng %s, dòng %d của tệp lưu trữ có ký tự không đọc được.", table, r.rows)
		}
		r.hash.Write(line)
		if err := r.to.row(line[:len(line)-1], r.files); err != nil {
			return err
		}
	}
	r.files, r.held = map[string][]byte{}, 0
	return nil
}

// readLine returns the next line with its break, which is never missing; io.EOF when there is none.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		piece, err := r.ReadSlice('\n')
		if len(line)+len(piece) > maxLine {
			return nil, bad("Tệp lưu trữ có dòng dài quá %d MB. Không nhập gì.", maxLine>>20)
		}
		if err == nil && line == nil {
			return piece, nil
		}
		line = append(line, piece...)
		switch {
		case err == nil:
			return line, nil
		case err == io.EOF && len(line) > 0:
			return nil, bad("Tệp lưu trữ có dòng không trọn vẹn.")
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

// readManifest ends the last tables and compares what was read with what should have been.
func (r *reader) readManifest(b []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return m, bad("Phần kết của tệp lưu trữ không đọc được.")
	}
	for more := true; more; {
		if err := r.endTable(); err != nil {
			return m, err
		}
		if more = r.next < len(r.head.Tables); more {
			if err := r.beginTable(); err != nil {
				return m, err
			}
		}
	}
	for i, t := range r.found.Tables {
		if i < len(m.Tables) && m.Tables[i] != t {
			return m, bad("Tệp lưu trữ đã bị sửa: bảng %s không khớp với phần kết.", t.Name)
		}
	}
	if !slices.Equal(m.Tables, r.found.Tables) || m.Header != r.found.Header || m.Rows != r.found.Rows ||
		m.Files != r.found.Files || m.Bytes != r.found.Bytes || m.Hash != hex.EncodeToString(r.all.Sum(nil)) || m.Rows != r.head.Total {
		return m, bad("Tệp lưu trữ đã bị sửa: phần đầu hoặc tổng số không khớp với phần kết.")
	}
	return m, nil
}

// takeFile returns the bytes that a reference in a row stands for. Each may be taken once.
func takeFile(raw json.RawMessage, files map[string][]byte) ([]byte, error) {
	var ref fileRef
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&ref); err != nil {
		return nil, errValue
	}
	b, ok := files[ref.File]
	if !ok {
		return nil, bad("Tệp lưu trữ thiếu tệp kèm theo %.80q.", ref.File)
	}
	if len(b) != ref.Size || sum(b) != ref.SHA256 {
		return nil, bad("Tệp lưu trữ đã bị sửa: tệp kèm theo %.80q không khớp.", ref.File)
	}
	return b, nil
}

// meter counts the compressed bytes.
type meter struct {
	r *bufio.Reader
	n int64
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	return n, err
}

// ReadByte makes gzip take no byte more than its own.
func (m *meter) ReadByte() (byte, error) {
	b, err := m.r.ReadByte()
	if err == nil {
		m.n++
	}
	return b, err
}

// expanded refuses a file that expands beyond reason.
type expanded struct {
	r    io.Reader
	from *meter
	n    int64
}

func (e *expanded) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if e.n += int64(n); e.n > 64<<20 && e.n > maxRatio*e.from.n {
		return 0, bad("Tệp lưu trữ nén bất thường: bung ra lớn hơn %d lần. Không nhập gì.", maxRatio)
	}
	return n, err
}

// sameTenant reports whether a header is of the tenant.
func sameTenant(h Header, t tenant.Tenant) bool {
	return h.Tenant.ID == t.ID && h.Tenant.Unit == t.Unit
}
