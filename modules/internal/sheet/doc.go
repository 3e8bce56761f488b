// Package sheet writes tables to XLSX and CSV files and reads them back.
//
// XLSX is the format for people: numbers and dates are real ones, the header is bold, frozen and has a filter.
// CSV is the format for programs (RFC 4180): UTF-8 with a byte order mark, a comma between fields, a point in
// numbers, dates as 2026-11-22 and moments as 2026-11-22 14:05 in Việt Nam.
//
// No exported cell is ever a formula. Reading enforces limits before the content is taken into memory.
package sheet
