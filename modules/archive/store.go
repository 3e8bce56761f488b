package archive

import (
	"context"
	"fmt"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/job"
	"txng/tenant"
	"txng/tenant/fault"
)

// Keep is how long a file can be downloaded.
const Keep = 7 * 24 * time.Hour

// silence is how long a job may give no sign of life before it counts as ended.
const silence = 5 * time.Minute

// State is where an export is.
type State string

// The states of an export.
const (
	Waiting State = "waiting"
	Running State = "running"
	Ready   State = "ready"
	Failed  State = "failed"
	Expired State = "expired"
)

// Export is one archive that was asked for.
type Export struct {
	ID          int64
	State       State
	Requester   string
	RequestedAt time.Time
	Done, Total int64  // rows
	Size        int64  // bytes of the file
	SHA256      string `db:"sha256"`
	Reason      string // why it failed
	ReadyAt     *time.Time
	ExpiresAt   *time.Time
	SeenAt      time.Time
}

const columns = `id, state, requester, requested_at, done, total, size, sha256, reason, ready_at, expires_at, seen_at`

// open reports whether an export is still being made.
func (e Export) open(now time.Time) bool {
	return (e.State == Waiting || e.State == Running) && e.SeenAt.Add(silence).After(now)
}

// downloadable reports whether the file can be fetched.
func (e Export) downloadable(now time.Time) bool {
	return e.State == Ready && e.ExpiresAt != nil && e.ExpiresAt.After(now)
}

// newest returns the tenant's exports, the newest first, at most 20.
func newest(ctx context.Context, tx tenant.Platform, of tenant.ID) ([]Export, error) {
	return tenant.List[Export](ctx, tx, `
		select `+columns+`
		from archive.export
		where tenant_id = $1
		order by id desc
		limit 20`, of)
}

func byID(ctx context.Context, tx tenant.Platform, of tenant.ID, id int64) (Export, error) {
	return tenant.One[Export](ctx, tx, `
		select `+columns+`
		from archive.export
		where tenant_id = $1 and id = $2`, of, id)
}

// Request asks for an archive of the tenant and notes it in the tenant's audit. One is made at a time: fault.Conflict.
func Request(ctx context.Context, tx tenant.Platform, who authz.Identity, of tenant.ID) (int64, error) {
	if _, err := tx.Exec(ctx, `
		update archive.export
		set state = 'failed', reason = 'Việc lập tệp bị gián đoạn. Hãy yêu cầu lại.'
		where tenant_id = $1 and state in ('waiting', 'running') and seen_at < $2`, of, tx.Now().Add(-silence)); err != nil {
		return 0, fmt.Errorf("end what stands still: %w", err)
	}
	id := tx.NewID()
	_, err := tx.Exec(ctx, `
		insert into archive.export (tenant_id, id, state, account_id, requester, requested_at, seen_at)
		values ($1, $2, 'waiting', $3, $4, $5, $5)`, of, id, who.Account, who.Name, tx.Now())
	if tenant.Violates(err, "export_open") {
		return 0, fault.Say(fault.Conflict, "Đang lập một tệp lưu trữ. Hãy đợi tệp đó xong.")
	}
	if err != nil {
		return 0, fmt.Errorf("ask for an archive: %w", err)
	}
	if err := note(ctx, tx, who, of, id, "tenant.export", "Yêu cầu lập tệp lưu trữ toàn bộ dữ liệu của tỉnh."); err != nil {
		return 0, err
	}
	return id, job.EnqueueAsPlatform(ctx, tx, makeOne{Tenant: of, Export: id}, nil)
}

// Note writes what was done with a tenant's archive into the tenant's audit.
func Note(ctx context.Context, db *tenant.DB, who authz.Identity, of tenant.ID, action, what string) error {
	return db.Platform(ctx, func(tx tenant.Platform) error { return note(ctx, tx, who, of, 0, action, what) })
}

func note(ctx context.Context, tx tenant.Platform, who authz.Identity, of tenant.ID, id int64, action, what string) error {
	return audit.WriteAsPlatform(ctx, tx, who, of, action, audit.Record{Subject: "archive", ID: id}, what)
}

// claim takes an export to make, and reports whether it is to be made: a job may come twice.
func claim(ctx context.Context, tx tenant.Platform, of tenant.ID, id int64) (bool, error) {
	n, err := tx.Exec(ctx, `
		update archive.export
		set state = 'running', seen_at = $3
		where tenant_id = $1 and id = $2 and (state = 'waiting' or state = 'running' and seen_at < $4)`,
		of, id, tx.Now(), tx.Now().Add(-silence))
	if err != nil {
		return false, fmt.Errorf("claim an export: %w", err)
	}
	return n == 1, nil
}

// progress notes how far an export is. fault.Conflict when it is no longer wanted.
func progress(ctx context.Context, tx tenant.Platform, of tenant.ID, id, done, total int64) error {
	n, err := tx.Exec(ctx, `
		update archive.export
		set done = $3, total = $4, seen_at = $5
		where tenant_id = $1 and id = $2 and state = 'running'`, of, id, done, total, tx.Now())
	if err == nil && n == 0 {
		err = fault.Conflict
	}
	return err
}

func ready(ctx context.Context, tx tenant.Platform, of tenant.ID, id, rows, size int64, sha256 string) error {
	_, err := tx.Exec(ctx, `
		update archive.export
		set state = 'ready', done = $3, total = $3, size = $4, sha256 = $5, ready_at = $6, expires_at = $7
		where tenant_id = $1 and id = $2 and state = 'running'`, of, id, rows, size, sha256, tx.Now(), tx.Now().Add(Keep))
	return err
}

func failed(ctx context.Context, tx tenant.Platform, of tenant.ID, id int64, reason string) error {
	_, err := tx.Exec(ctx, `
		update archive.export
		set state = 'failed', reason = $3
		where tenant_id = $1 and id = $2 and state in ('waiting', 'running')`, of, id, reason)
	return err
}

// expire marks the tenant's files whose time is over.
func expire(ctx context.Context, tx tenant.Platform, of tenant.ID) error {
	_, err := tx.Exec(ctx, `
		update archive.export
		set state = 'expired'
		where tenant_id = $1 and state = 'ready' and expires_at <= $2`, of, tx.Now())
	return err
}
