package job

import "github.com/jackc/pgx/v5"

// pgxTx is the transaction type of river's driver.
type pgxTx = pgx.Tx
