package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/postgres"
)

// databaseFlags say where the database is.
type databaseFlags struct {
	Data        string `help:"Thư mục dữ liệu của PostgreSQL nhúng và khóa bí mật." type:"path" env:"TXNG_DATA"`
	DatabaseURL string `name:"database-url" help:"Máy chủ PostgreSQL bên ngoài: postgres://user:password@host:port/database." env:"TXNG_DATABASE_URL"`
	Secret      string `help:"Khóa bí mật chính, 32 byte base64." env:"TXNG_SECRET"`
}

// databaseName is the database's name on the embedded server.
const databaseName = "txng"

// dataFolder returns the data folder: as given, or below the user's own data directory.
func (f databaseFlags) dataFolder() (string, error) {
	if f.Data != "" {
		return f.Data, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", refuse("không biết thư mục riêng của người dùng, hãy chỉ ra bằng --data: %w", err)
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "txng"), nil
	case "windows":
		return filepath.Join(home, "AppData", "Local", "txng"), nil
	}
	if x := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(x) {
		return filepath.Join(x, "txng"), nil
	}
	return filepath.Join(home, ".local", "share", "txng"), nil
}

// deployment is an open database's whereabouts, and how to leave it.
type deployment struct {
	tenant.Config
	folder  string // "" with an external server
	version int    // of the embedded server; 0 with an external one
	stop    func()
}

// open returns the external database, or starts the embedded server.
func (f databaseFlags) open(ctx context.Context, log io.Writer) (deployment, error) {
	if f.DatabaseURL != "" {
		if u, err := url.Parse(f.DatabaseURL); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return deployment{}, wrongFlag("database-url", "Địa chỉ chưa đúng; viết như postgres://user:password@host:port/database.")
		}
		secret, err := f.secret("")
		if err != nil {
			return deployment{}, err
		}
		return deployment{Config: tenant.Config{URL: f.DatabaseURL, Secret: secret}, stop: func() {}}, nil
	}
	folder, err := f.dataFolder()
	if err != nil {
		return deployment{}, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return deployment{}, refuse("không tạo được thư mục dữ liệu %s: %w", folder, err)
	}
	server, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(folder, "postgres"), Log: log})
	if err != nil {
		return deployment{}, err
	}
	secret, err := f.secret(folder)
	if err == nil {
		err = tenant.CreateDatabase(ctx, server.URL("postgres"), databaseName)
	}
	if err != nil {
		server.Stop()
		return deployment{}, err
	}
	return deployment{
		Config:  tenant.Config{URL: server.URL(databaseName), Secret: secret},
		folder:  folder,
		version: server.Version(),
		stop:    func() { server.Stop() },
	}, nil
}

// connect is open with the database's doors, which the deployment's stop closes too.
func (f databaseFlags) connect(e *environment) (deployment, *tenant.DB, error) {
	d, err := f.open(e, e.err)
	if err != nil {
		return deployment{}, nil, err
	}
	db, err := tenant.Open(e, d.Config)
	if err != nil {
		d.stop()
		return deployment{}, nil, err
	}
	leave := d.stop
	d.stop = func() {
		db.Close()
		leave()
	}
	return d, db, nil
}

// secret returns the master secret: as given, or of the data folder, made at the first start.
func (f databaseFlags) secret(folder string) ([]byte, error) {
	text := f.Secret
	if text == "" && folder == "" {
		return nil, refuse("thiếu khóa bí mật chính: đặt TXNG_SECRET là 32 byte ngẫu nhiên viết theo base64")
	}
	if text == "" {
		file := filepath.Join(folder, "secret")
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			random := make([]byte, 32)
			rand.Read(random)
			b = []byte(base64.StdEncoding.EncodeToString(random))
			err = os.WriteFile(file, b, 0o600)
		}
		if err != nil {
			return nil, refuse("không đọc được khóa bí mật: %w", err)
		}
		text = string(b)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(secret) < 32 {
		return nil, refuse("khóa bí mật chính phải là ít nhất 32 byte viết theo base64")
	}
	return secret, nil
}

// reset removes everything of the data folder that is ours.
func (f databaseFlags) reset() error {
	if f.DatabaseURL != "" {
		return fault.Say(fault.Conflict, "--reset chỉ dùng với PostgreSQL nhúng; không xóa máy chủ bên ngoài.")
	}
	folder, err := f.dataFolder()
	if err != nil {
		return err
	}
	if err := postgres.Remove(filepath.Join(folder, "postgres")); err != nil {
		return err
	}
	for _, name := range []string{"secret", demoFile} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.Join(os.RemoveAll(filepath.Join(folder, mailFolder)), os.RemoveAll(filepath.Join(folder, archivesFolder)))
}
