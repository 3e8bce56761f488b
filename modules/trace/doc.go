// Package trace keeps the lots of products and the critical tracking events (CTE) of their way.
//
// Tables: trace.lot, trace.event.
// URLs: /lo-hang (list), /lo-hang/moi (a new lot with its first event), /lo-hang/{id}, /lo-hang/{id}/su-kien.
// Permissions: lot.view, lot.edit.
//
// A lot and its events are private until stamps are activated for it; Publish makes them public, and what is recorded
// later on a published lot is public at once.
package trace
