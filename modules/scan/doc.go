// Package scan answers whoever scans a stamp: is it genuine, and where does the product come from?
//
// A forged serial is refused without asking the database. For a genuine one the scan is recorded, durably, before the
// page says how often the stamp was scanned.
//
// Tables: scan.scan, scan.serial.
// URLs: /01/{gtin}/21/{serial} (a stamp), /01/{gtin} (a product), /anh/{tenant}/{product} (its photo), all open;
// /luot-quet (list of scans).
// Permissions: scan.view.
package scan
