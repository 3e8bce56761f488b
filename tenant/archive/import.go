package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant"
	"txng/tenant/fault"
)

// ImportOptions say how an archive is taken in.
type ImportOptions struct {
	StampKey string // check value of this deployment's stamp key
	// OtherKey takes an archive of a deployment with another stamp key: printed stamps will not be recognized here.
	OtherKey bool
	// KeepAccounts leaves people who are here already, with the same number and e-mail address, as they are. Without it
	// they are a reason to refuse; with another number they always are.
	KeepAccounts bool
	// Mergers restores mergers and cessions with provinces that are here: from then on the one reads rows of the other, as
	// the archive says. Without it they are a reason to refuse, because an archive vouches for its own province only.
	Mergers bool
	// Base is the host of this platform, of which a province's own domain is no part; "" leaves that out.
	Base string
	// Progress is told how many of all rows have been read; nil tells nobody. It is called for every row.
	Progress func(done, total int64)
}

// Imported is what was taken in.
type Imported struct {
	Header   Header
	Manifest Manifest
	Kept     int      // accounts that were here already
	Lineage  []string // provinces of mergers that could not be restored, because they are not here
}

// Import takes an archive into a deployment that does not have its tenant, all or nothing. What is wrong with the file is
// fault.Invalid, what stands in its way here is fault.Conflict, both with a sentence.
//
// It signs in as the owner of the schema (c.URL), because no door may write registry, accounts and a tenant's rows in one
// transaction. Call DB.Forget of a deployment that runs.
func Import(ctx context.Context, c tenant.Config, file io.Reader, o ImportOptions) (Imported, error) {
	i := &importer{ctx: ctx, o: o, now: time.Now()}
	if c.Clock != nil {
		i.now = c.Clock()
	}
	if i.o.Progress == nil {
		i.o.Progress = func(int64, int64) {}
	}
	err := asOwner(ctx, c, func(tx pgx.Tx) error {
		i.tx = tx
		defer i.stop()
		var err error
		if _, i.report.Manifest, err = read(file, i); err != nil {
			return err
		}
		return i.finish()
	})
	return i.report, err
}

// importer writes an archive's rows, table by table.
type importer struct {
	ctx    context.Context
	o      ImportOptions
	tx     pgx.Tx
	head   Header
	parts  []part
	report Imported
	done   int64

	now      time.Time
	units    map[string]string    // number of each province that is here, by unit
	names    map[string]string    // its name
	places   []tenant.Place       // where they are found
	domains  map[string]string    // whose each own domain is
	existing map[string]accountOf // people who are here, by number and by e-mail address

	// of the table under way
	part    part
	kinds   []kind
	fillers []func() string // for the columns that stayed behind
	row1    int64           // number of its row
	skipped int64           // rows that were not written
	line    []byte
	pipe    *io.PipeWriter
	out     *bufio.Writer // into the pipe
	result  chan error
}

type accountOf struct{ ID, Email string }

func (i *importer) header(h Header) error {
	i.head, i.report.Header = h, h
	if err := i.here(); err != nil {
		return err
	}
	list, err := parts(i.ctx, i.tx, h.Credentials)
	if err != nil {
		return err
	}
	i.parts = list
	newest, err := tenant.NewestMigration()
	if err != nil {
		return err
	}
	switch {
	case h.Schema > newest:
		return bad("Tệp lưu trữ do bản txng mới hơn lập (bước %d, bản này ở bước %d). Hãy dùng bản mới hơn.", h.Schema, newest)
	case h.Schema < newest:
		return bad("Tệp lưu trữ do bản txng cũ hơn lập (bước %d, bản này ở bước %d). Hãy nhập bằng bản cũ rồi nâng cấp.", h.Schema, newest)
	}
	return sameTables(h.Tables, list)
}

// sameTables refuses an archive whose tables or columns are not exactly those of this database.
func sameTables(of []HeaderTable, list []part) error {
	for n, t := range of {
		i := slices.IndexFunc(list, func(p part) bool { return p.Name == t.Name })
		if i < 0 {
			return bad("Tệp lưu trữ có bảng lạ: %.80q. Không nhập gì.", t.Name)
		}
		if i != n {
			return bad("Các bảng của tệp lưu trữ thiếu hoặc không đúng thứ tự ở %s. Không nhập gì.", t.Name)
		}
		for j, c := range t.Columns {
			if j >= len(list[i].carried) || c.Name != list[i].names()[j] || c.Type != list[i].typeOf(j) {
				return bad("Tệp lưu trữ có cột lạ trong bảng %s: %.80q. Không nhập gì.", t.Name, c.Name)
			}
		}
		if len(t.Columns) != len(list[i].carried) {
			return bad("Bảng %s của tệp lưu trữ thiếu cột. Không nhập gì.", t.Name)
		}
	}
	if len(of) != len(list) {
		return bad("Tệp lưu trữ thiếu bảng %s. Không nhập gì.", list[len(of)].Name)
	}
	return nil
}

// here looks for what stands in the archive's way in this deployment. It locks the registry, so that it stays so.
func (i *importer) here() error {
	if err := i.province(); err != nil {
		return err
	}
	t := i.head.Tenant
	if i.head.StampKey != i.o.StampKey && !i.o.OtherKey {
		return fault.Say(fault.Conflict, "Tệp lưu trữ thuộc hệ thống có khóa bí mật chính khác: tem đã in sẽ không còn được nhận ra ở đây. Hãy dùng đúng khóa bí mật cũ, hoặc nhập với --other-key nếu chấp nhận điều đó.")
	}
	if _, err := i.tx.Exec(i.ctx, "lock table tenant.tenant in share row exclusive mode"); err != nil {
		return fmt.Errorf("lock the registry: %w", err)
	}
	rows, err := i.tx.Query(i.ctx, "select id, slug, name, unit, domain from tenant.tenant")
	if err != nil {
		return fmt.Errorf("read the registry: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
		HeaderTenant
		Domain string
	}])
	if err != nil {
		return fmt.Errorf("read the registry: %w", err)
	}
	i.units, i.names, i.domains = map[string]string{t.Unit: fmt.Sprint(t.ID)}, map[string]string{}, map[string]string{}
	for _, other := range all {
		switch {
		case other.Unit == t.Unit:
			return fault.Say(fault.Conflict, "%s đã có trên hệ thống này. Chỉ nhập được vào hệ thống chưa có tỉnh, thành phố đó.", other.Name)
		case other.ID == t.ID:
			return fault.Say(fault.Conflict, "Số hiệu %d của %s đã thuộc về %s trên hệ thống này. Số hiệu nằm trong mã tem đã in nên không đổi được.", t.ID, t.Name, other.Name)
		case other.Slug == t.Slug:
			return fault.Say(fault.Conflict, "Tên miền con “%s” đã có %s dùng trên hệ thống này.", t.Slug, other.Name)
		}
		i.units[other.Unit], i.names[other.Unit] = fmt.Sprint(other.ID), other.Name
		i.places = append(i.places, tenant.Place{Slug: other.Slug, Domain: other.Domain})
		if other.Domain != "" {
			i.domains[other.Domain] = other.Name
		}
	}
	var spentBy string
	err = i.tx.QueryRow(i.ctx, "select unit from tenant.spent where id = $1", t.ID).Scan(&spentBy)
	if err == nil && spentBy != t.Unit {
		return fault.Say(fault.Conflict, "Số hiệu %d từng thuộc về một tỉnh, thành phố khác đã xóa khỏi hệ thống này. Số hiệu nằm trong mã tem đã in nên không dùng lại được.", t.ID)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("look for spent numbers: %w", err)
	}
	return i.people()
}

// people reads who is here already.
func (i *importer) people() error {
	rows, err := i.tx.Query(i.ctx, "select id::text, email from authz.account")
	if err != nil {
		return fmt.Errorf("read the accounts: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[accountOf])
	if err != nil {
		return fmt.Errorf("read the accounts: %w", err)
	}
	i.existing = map[string]accountOf{}
	for _, a := range list {
		i.existing[a.ID], i.existing[a.Email] = a, a
	}
	return nil
}

// begin begins to write a table: what comes into the pipe, COPY takes.
func (i *importer) begin(t HeaderTable) error {
	i.part = i.parts[slices.IndexFunc(i.parts, func(p part) bool { return p.Name == t.Name })]
	i.kinds, i.fillers, i.row1, i.skipped = nil, nil, 0, 0
	var columns []string
	for n, name := range i.part.names() {
		i.kinds = append(i.kinds, kindOf(i.part.typeOf(n)))
		columns = append(columns, quote(name))
	}
	for at, name := range i.part.Columns {
		if fill := credentials[t.Name+"."+name]; fill != nil && !slices.Contains(i.part.carried, at) {
			i.fillers = append(i.fillers, fill)
			columns = append(columns, quote(name))
		}
	}
	sql := "copy " + quote(t.Name) + " (" + strings.Join(columns, ", ") + ") from stdin"
	out, in := io.Pipe()
	i.pipe, i.out, i.result = in, bufio.NewWriterSize(in, 64<<10), make(chan error, 1)
	go func() {
		_, err := i.tx.Conn().PgConn().CopyFrom(i.ctx, out, sql)
		out.CloseWithError(errCopy) // the sender learns that nobody reads any more
		i.result <- err
	}()
	return nil
}

// errCopy is what a row gets when COPY has ended before it; end says why.
var errCopy = errors.New("copy has ended")

func (i *importer) row(line []byte, files map[string][]byte) error {
	i.row1++
	i.done++
	i.o.Progress(i.done, i.head.Total)
	values, err := i.values(line, files)
	if err != nil {
		return err
	}
	if skip, err := i.check(values); err != nil {
		return err
	} else if skip {
		i.skipped++
		return nil
	}
	i.line = i.line[:0]
	for n, v := range values {
		if n > 0 {
			i.line = append(i.line, '\t')
		}
		i.line = appendCopy(i.line, v)
	}
	for _, fill := range i.fillers {
		v := fill()
		i.line = appendCopy(append(i.line, '\t'), &v)
	}
	if _, err := i.out.Write(append(i.line, '\n')); err != nil {
		return cmp.Or(i.end(), err)
	}
	return nil
}

// wrongRow says what is wrong with the row.
func (i *importer) wrongRow(format string, args ...any) error {
	return bad("Tệp lưu trữ, bảng %s, dòng %d: %s. Không nhập gì.", i.part.Name, i.row1, fmt.Sprintf(format, args...))
}

// values returns a row's values in the order of the columns, as PostgreSQL reads them.
func (i *importer) values(line []byte, files map[string][]byte) ([]*string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil || object == nil {
		return nil, i.wrongRow("không phải một đối tượng JSON")
	}
	names := i.part.names()
	values := make([]*string, len(names))
	for n, name := range names {
		raw, ok := object[name]
		if !ok {
			return nil, i.wrongRow("thiếu cột %s", name)
		}
		delete(object, name)
		if i.kinds[n] == asBytes && bytes.HasPrefix(raw, []byte("{")) {
			b, err := takeFile(raw, files)
			if err != nil && !errors.Is(err, errValue) {
				return nil, err
			} else if err == nil {
				text := `\x` + hex.EncodeToString(b)
				values[n] = &text
				continue
			}
		}
		v, err := parseValue(i.kinds[n], raw)
		if err != nil {
			return nil, i.wrongRow("giá trị của cột %s không đúng kiểu", name)
		}
		values[n] = v
	}
	for name := range object {
		return nil, i.wrongRow("có cột lạ %.80q", name)
	}
	return values, nil
}

// check makes sure that the row is the tenant's, and reports whether it is not to be written.
func (i *importer) check(values []*string) (skip bool, err error) {
	names := i.part.names()
	text := func(column string) string {
		if n := slices.Index(names, column); n >= 0 && values[n] != nil {
			return *values[n]
		}
		return ""
	}
	id := fmt.Sprint(i.head.Tenant.ID)
	switch {
	case i.part.Name == accounts:
		return i.known(accountOf{text("id"), text("email")})
	case i.part.relation:
		return i.relation(values)
	case text(i.part.owner) != id:
		return false, i.wrongRow("thuộc về tỉnh, thành phố khác")
	}
	return false, i.plausible(text)
}

// known reports whether a person is here already and is to be left alone.
func (i *importer) known(a accountOf) (bool, error) {
	byID, sameID := i.existing[a.ID]
	byEmail, sameEmail := i.existing[a.Email]
	switch {
	case !sameID && !sameEmail:
		return false, nil
	case byID != a || byEmail != a:
		return false, fault.Say(fault.Conflict, "Tài khoản %s đã có trên hệ thống này với số hiệu khác. Hãy đổi thư điện tử của một trong hai tài khoản trước.", a.Email)
	case !i.o.KeepAccounts:
		return false, fault.Say(fault.Conflict, "Tài khoản %s đã có trên hệ thống này. Nhập với --keep-accounts để giữ nguyên tài khoản đang có và nối vai trò vào đó.", a.Email)
	}
	i.report.Kept++
	return true, nil
}

// relation puts the provinces' numbers in for their units, and reports whether one of them is not here.
func (i *importer) relation(values []*string) (bool, error) {
	own, other, undone := false, "", false
	for n, name := range i.part.names() {
		undone = undone || name == "undone_at" && values[n] != nil
		if !slices.Contains(i.part.Tenants, name) {
			continue
		}
		if values[n] == nil {
			return false, i.wrongRow("thiếu tỉnh, thành phố")
		}
		unit := *values[n]
		if unit == i.head.Tenant.Unit {
			own = true
		} else {
			other = i.names[unit]
		}
		number, here := i.units[unit]
		if !here {
			if !slices.Contains(i.report.Lineage, unit) {
				i.report.Lineage = append(i.report.Lineage, unit)
			}
			return true, nil
		}
		values[n] = &number
	}
	if !own {
		return false, i.wrongRow("thuộc về tỉnh, thành phố khác")
	}
	// What was taken back is history: nobody reads another's rows by it.
	if !i.o.Mergers && !undone {
		return false, fault.Say(fault.Conflict, "Theo tệp lưu trữ, %s có sáp nhập hoặc chuyển xã, phường với %s đang có trên hệ thống này, nên bên kế thừa sẽ đọc được dữ liệu của bên kia. Hãy đối chiếu với nghị quyết rồi nhập với --mergers.",
			i.head.Tenant.Name, cmp.Or(other, "tỉnh, thành phố khác"))
	}
	return false, nil
}

// end waits for COPY and says what was wrong.
func (i *importer) end() error {
	if i.pipe == nil {
		return nil
	}
	_ = i.out.Flush() // when nobody reads any more, the result says why
	i.pipe.Close()
	i.pipe = nil
	if err := <-i.result; err != nil {
		return i.databaseFault(err)
	}
	return nil
}

// stop ends a COPY that is under way when the import is given up.
func (i *importer) stop() {
	if i.pipe != nil {
		i.pipe.CloseWithError(errCopy)
		<-i.result
		i.pipe = nil
	}
}

// copyLine is where PostgreSQL says at which row COPY stopped.
var copyLine = regexp.MustCompile(`line (\d+)`)

// databaseFault says in a sentence why the database refused a table's rows; its own text is for the log only.
func (i *importer) databaseFault(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("import %s: %w", i.part.Name, err)
	}
	where := "bảng " + i.part.Name
	if m := copyLine.FindStringSubmatch(pg.Where); m != nil && i.skipped == 0 {
		where += ", dòng " + m[1]
	}
	var what string
	switch {
	case pg.Code == "23505":
		what = "có dòng trùng nhau hoặc trùng với dữ liệu đã có"
	case pg.Code == "23503":
		what = "có dòng nhắc đến một bản ghi không có"
	case pg.Code[:2] == "23", pg.Code[:2] == "22":
		what = "có giá trị không hợp lệ"
	default:
		return fmt.Errorf("import %s: %w", i.part.Name, err)
	}
	return fmt.Errorf("%w: %w", bad("Tệp lưu trữ, %s: %s. Không nhập gì.", where, what), err)
}

// finish checks what only the whole can show, and moves the numbers of new tenants past the imported one.
func (i *importer) finish() error {
	id := i.head.Tenant.ID
	for _, c := range []struct{ what, sql string }{
		{"có vai trò của tài khoản không có trong tệp", "select count(*) from authz.membership m where m.tenant_id = $1 and not exists (select from authz.account a where a.id = m.account_id)"},
		{"có vai trò cấp toàn quốc", "select count(*) from authz.membership m where m.tenant_id = $1 and m.role in ('operator', 'ministry')"},
		{"không có đúng một tỉnh, thành phố", "select count(*) - 1 from tenant.tenant t where t.id = $1"},
	} {
		var n int64
		if err := i.tx.QueryRow(i.ctx, c.sql, id).Scan(&n); err != nil {
			return fmt.Errorf("check the import: %w", err)
		}
		if n != 0 {
			return bad("Tệp lưu trữ %s. Không nhập gì.", c.what)
		}
	}
	var orphans int64
	if err := i.tx.QueryRow(i.ctx, `
		select count(*)
		from authz.account a
		where not (a.id::text = any ($1))
		and not exists (select from authz.membership m where m.account_id = a.id)
		and not exists (select from authz.platform_role r where r.account_id = a.id)`, i.before()).Scan(&orphans); err != nil {
		return fmt.Errorf("check the import: %w", err)
	}
	if orphans != 0 {
		return bad("Tệp lưu trữ có tài khoản không giữ vai trò nào trong tỉnh. Không nhập gì.")
	}
	_, err := i.tx.Exec(i.ctx, "delete from tenant.spent where id = $1", id)
	if err != nil {
		return fmt.Errorf("take the number back: %w", err)
	}
	_, err = i.tx.Exec(i.ctx, `
		select setval(pg_get_serial_sequence('tenant.tenant', 'id'), greatest($1::bigint, last_value), is_called or $1::bigint >= last_value)
		from tenant.tenant_id_seq`, id)
	if err != nil {
		return fmt.Errorf("move the numbers of tenants on: %w", err)
	}
	return nil
}

// before returns the numbers of the accounts that were here before.
func (i *importer) before() []string {
	list := []string{}
	for _, a := range i.existing {
		list = append(list, a.ID)
	}
	return list
}
