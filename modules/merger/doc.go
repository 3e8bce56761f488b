// Package merger merges provinces as the National Assembly does (63 to 34 on 1 July 2025): the successor reads the rows
// of the origin from a day on, and works on them as the origin; no row moves, no stamp, domain or sign-in of the origin
// ends. The origin's officers get roles in the successor by a list that somebody has reviewed. It can be taken back while
// nothing depends on it.
//
// Tables: none of its own; tenant.merger and tenant.lineage belong to the kernel.
// URLs: /tinh/{slug}/sap-nhap, /tinh/{slug}/huy-sap-nhap, /tinh/{slug}/chuyen-xa. Permission: tenant.merge.
// Jobs: gives a province its state on the day of its merger.
package merger
