// Package journal shows a tenant's audit to its officers and the platform's own to the operator, and seals them.
//
// Tables: audit.entry and audit.seal, which package audit keeps.
// URLs: /nhat-ky and /nhat-ky-he-thong (list, filters, export).
// Permissions: audit.view, platform.audit.
package journal
