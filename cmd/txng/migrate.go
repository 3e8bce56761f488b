package main

import (
	"fmt"

	"txng/tenant"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" default:"withargs" help:"Nâng cấp lên bước mới nhất, hoặc bước chỉ ra."`
	Status migrateStatus `cmd:"" help:"Cho biết cơ sở dữ liệu đang ở bước nào."`
}

type migrateUp struct {
	databaseFlags
	To int `help:"Bước cần đến; bỏ trống là bước mới nhất." default:"-1"`
}

func (c migrateUp) Run(e *environment) error {
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	if newest, err := tenant.NewestMigration(); err != nil {
		return err
	} else if c.To < -1 || c.To > newest {
		return wrongFlag("to", "Không có bước %d; chương trình biết đến bước %d.", c.To, newest)
	}
	if err := tenant.Migrate(e, d.Config, c.To); err != nil {
		return err
	}
	return printStatus(e, d.Config)
}

type migrateStatus struct{ databaseFlags }

func (c migrateStatus) Run(e *environment) error {
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	return printStatus(e, d.Config)
}

func printStatus(e *environment, c tenant.Config) error {
	now, newest, err := tenant.SchemaVersion(e, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Cơ sở dữ liệu ở bước %d, chương trình biết đến bước %d.\n", now, newest)
	return nil
}
