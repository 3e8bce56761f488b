package tenant

// Waits returns how many of a tenant's transactions wait for a connection.
func (db *DB) Waits(id ID) int {
	db.shares.mu.Lock()
	defer db.shares.mu.Unlock()
	if t := db.shares.tenants[id]; t != nil {
		return len(t.waiting)
	}
	return 0
}
