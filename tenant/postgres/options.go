// Package postgres starts a real PostgreSQL (15 or newer) of our own for the demo and for tests, and sees to it that
// it ends with the process that started it. It is no way to run a production database.
//
// A cluster lives in a folder of its own ("home"), readable by its owner only:
//
//	txng-postgres  the marker that the folder is ours; in a folder that cannot hold the cluster, its second line
//	               is the path of the home that does
//	lock           held while a process owns the cluster
//	password       of the superuser "postgres"
//	server.log     of the running server, server.log.1 of the one before
//	data           PGDATA
package postgres

import (
	"errors"
	"io"
)

// Kinds of errors; test with errors.Is. fault.Message gives the Vietnamese sentence of each.
var (
	// ErrNoPostgres: no PostgreSQL 15 or newer is installed here, nor could one be downloaded.
	ErrNoPostgres = errors.New("no usable PostgreSQL")
	// ErrOtherVersion: the cluster was made by another major version of PostgreSQL.
	ErrOtherVersion = errors.New("cluster of another PostgreSQL version")
	// ErrNotOurs: the data folder holds files, but not our marker. Nothing in it was touched.
	ErrNotOurs = errors.New("folder is not ours")
	// ErrInUse: another process, or another server of this one, owns the cluster.
	ErrInUse = errors.New("cluster in use")
	// ErrNoAccess: the data folder belongs to another user or cannot be written.
	ErrNoAccess = errors.New("no access to the data folder")
	// ErrNotStarted: PostgreSQL ended or did not answer in time; the message ends with the tail of its log.
	ErrNotStarted = errors.New("PostgreSQL did not start")
)

// Options say where and how a server runs.
type Options struct {
	// Dir is the data folder of the cluster and its secrets, ours alone: missing, empty, or made by an earlier Start.
	// Never a folder of the repository.
	Dir string
	// Bin is the folder with initdb and postgres; "" = the one Find finds, else a downloaded one.
	Bin string
	// Test trades safety on power loss (fsync) and memory for speed.
	Test bool
	// Log is told, in Vietnamese, about what takes long or may surprise; nil = nobody.
	Log io.Writer

	places *places // where binaries are looked for; nil = the places of this system
}

// Binaries is one installed PostgreSQL.
type Binaries struct {
	Dir   string // folder with initdb and postgres
	Major int    // 15, 16, ...
}
