// Package journal shows a tenant's audit to its officers, and seals it.
//
// Tables: audit.entry and audit.seal, which package audit keeps.
// URLs: /nhat-ky (list, filters, export).
// Permissions: audit.view.
package journal
