//go:build !unix

package postgres

import (
	"context"

	"txng/tenant/fault"
)

var errPlatform = fault.Say(ErrNoPostgres, "Chương trình chưa tự chạy được PostgreSQL trên hệ điều hành này. "+
	"Trên Windows, hãy mở PowerShell, chạy “wsl --install”, rồi trong WSL chạy “sudo apt-get install postgresql” và chạy lại chương trình này.")

type places struct{}

// Server is a running PostgreSQL; there is none on this platform.
type Server struct{}

// Start always fails with ErrNoPostgres on this platform.
func Start(context.Context, Options) (*Server, error) { return nil, errPlatform }

// Find always fails with ErrNoPostgres on this platform.
func Find() (Binaries, error) { return Binaries{}, errPlatform }

// Location always fails with ErrNoPostgres on this platform.
func Location(string) (string, error) { return "", errPlatform }

// Remove always fails with ErrNoPostgres on this platform.
func Remove(string) error { return errPlatform }

// URL is "" on this platform.
func (*Server) URL(string) string { return "" }

// Version is 0 on this platform.
func (*Server) Version() int { return 0 }

// Dir is "" on this platform.
func (*Server) Dir() string { return "" }

// Stop does nothing on this platform.
func (*Server) Stop() error { return nil }
