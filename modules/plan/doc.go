// Package plan holds a province's plans (kế hoạch) for product traceability: who does what, by when, and how it is
// measured.
//
// A plan arrives as one file, XLSX or YAML, in the format described by FORMAT.md. The part of the package in file*.go is
// pure: it reads, checks and writes that file and touches neither database nor network. What is put in is stored in the
// tables and followed up task by task.
//
// Tables: plan.plan, plan.department, plan.target, plan.task.
// URLs: /ke-hoach (list), /ke-hoach/{id}, /ke-hoach/nhap (upload, preview), /ke-hoach/nhap/ghi (import),
// /ke-hoach/mau.xlsx, /ke-hoach/dinh-dang, /nhiem-vu (list), /nhiem-vu/{id}, /nhiem-vu/{id}/bao-cao.
// Permissions: plan.view, plan.import, task.report.
package plan
