// Package migrations holds the database schema as plain SQL, one numbered file a step, embedded in the binary.
//
// tenant.Migrate runs them. A file is `-- up` above the marker line and `-- down` below it (tern's format). Rules:
// a step runs with the code before it and with the code after it; a new tenant table calls tenant.protect in the
// step that creates it; nothing is granted on a partition or by default privileges.
package migrations

import "embed"

// FS holds the files NNN_name.sql.
//
//go:embed *.sql
var FS embed.FS
