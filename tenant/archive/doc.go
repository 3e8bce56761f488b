// Package archive turns everything that a tenant has into one file, such a file into a tenant again, and removes a
// tenant without a trace. What belongs to a tenant is read from the database's catalog, never from a list of tables: a
// new table is part of it from its first day.
//
// # The file
//
// A tar of plain text, compressed by gzip; its entries in this order:
//
//	header.json                       format, versions, tenant, time, names and rows of the tables
//	files/<schema>.<table>/<n>-<m>.*  pictures and documents of the next part
//	tables/<schema>.<table>/<n>.jsonl the rows, one JSON object a line, ordered by primary key, in parts of about 4 MiB
//	manifest.json                     of each table its columns, rows and SHA-256; of everything the totals
//
// Values are exact. Whole numbers up to 32 bits and booleans are themselves; bigint, numeric, json and every type that
// JSON has no exact word for are strings as PostgreSQL writes them; times are UTC with microseconds
// ("2026-11-22T09:59:50.123456Z"); bytea is base64, or {"file", "size", "sha256"} when it is longer than 1 KiB; arrays
// are arrays of strings. The manifest comes last, so that a file that was cut off is known as such.
//
// The tables are those with a tenant_id, and beside them: tenant.tenant (the tenant's own row) and what else refers to it
// (changes of its state, mergers; other provinces stand there by their official unit, never by number), and authz.account
// (people who have or had a role in the tenant).
//
// # What is never in it
//
// Rows of other tenants, also of those that were merged into this one: they have archives of their own. Sessions, refresh
// tokens, second factors, and who is linked to an identity provider. Keys of the deployment and its master secret. The
// list of archives itself.
//
// What signs people and machines in (hashes of passwords, of API secrets, of links) travels only on the operator's wish
// (Options.Credentials). Without it, people set a new password by the link in their mail, machines get new secrets, and
// open invitations are sent again.
//
// # Who has written it
//
// Hashes and counts say that a file is whole, not who has made it: an archive is typed input. Import therefore holds the
// province's name, addresses, colour, contact, settings, picture, features and allowances to the checks of the forms in
// which people type them; each row must be the tenant's own; and a merger with a province that is here needs the
// operator's word (ImportOptions.Mergers).
//
// # Stamps
//
// A stamp's serial is computed from the deployment's master secret, and the key that hides order numbers is the same for
// all tenants. Keys of single orders would therefore not open a serial elsewhere, and the key that does would open every
// other tenant's: so none is in the file. Stamps that are printed stay genuine where the master secret is the same. The
// header has a check value of the stamp key; Import refuses another deployment's archive unless it is told that printed
// stamps will not be recognized (ImportOptions.OtherKey).
//
// # Scans of an archived province
//
// Printed stamps stay on the shelves when a province is archived, and whoever scans one is answered as before, so scans go
// on being recorded (tenant.DB.Visit). An archive has those that came before its snapshot. Delete refuses one that lacks
// some and says how many; where stamps are scanned all the time, it deletes all the same when told so (Deletion.LateScans),
// and counts those that no archive has (Deleted.Late). A province whose rows a successor reads is never deleted.
package archive
