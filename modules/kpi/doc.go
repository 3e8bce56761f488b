// Package kpi measures what a province has reached. A number is computed from rows every time: its measure has one SQL
// statement that lists the rows behind it, and the number is their sum, so that the rows one click away always add up.
//
// Roll-ups keep a measure's value of each day; they are all that the ministry reads.
//
// Communes that went to another province take their figures along (moved.go).
//
// Tables: kpi.rollup, kpi.part. Reads organization, catalog, stamps, scan and plan, and audit for when a product was
// published.
// URLs: /chi-tieu (targets of all plans with their values), /chi-tieu/{key} (a measure with the rows behind it).
// Permission: kpi.view.
// Jobs: measure.Refresh (one tenant), measure.RefreshAll (all active tenants, every minute).
package kpi
