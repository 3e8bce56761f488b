// Package units shows administrative units over time.
//
// Tables: none; the units are package unit's.
// URLs: /don-vi-hanh-chinh (look up a unit of today or of the past), /don-vi-hanh-chinh/tim (the list of a picker).
// Permissions: none; the map is public.
package units
