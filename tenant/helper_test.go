package tenant_test

import (
	"strconv"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
