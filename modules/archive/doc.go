// Package archive gives a province everything that it has here as one file: it is asked for on a page, made in the
// background, and can be downloaded for seven days. What is in the file is the business of tenant/archive.
//
// The files lie in a folder of the deployment (TXNG_ARCHIVE_FOLDER, in the chart a volume) and not in the database: a
// province may have gigabytes, and each export would write them once more into tables, log and backups. Instances that
// share a database share the folder. Its files are named after tenant and number, have rights for the program only, and
// are removed after seven days whatever the database says.
//
// The page works through the platform's door: a province that is suspended or archived writes nothing in its own scope,
// and its data are its own all the same.
//
// Tables: archive.export.
// URLs: /cau-hinh/du-lieu, /cau-hinh/du-lieu/{id}/tep.
// Permission: tenant.export.
// Jobs: archive_export, archive_sweep.
package archive
