// Package stamps keeps the orders of stamps (đợt tem): what a stamp is, who may have how many, and what became of them.
//
// A stamp is computed, not stored: an order is one row, stamp i of it has the serial that Keys mints, and the state of
// its stamps lives in ranges. Inside the program stamps count from 0, on pages and labels from 1.
//
// Tables: stamps.counter, stamps.stamp_order, stamps.stamp_range.
// URLs: /tem (list), /tem/dat (order), /tem/{number}, /tem/{number}/kich-hoat, /tem/{number}/huy, /tem/{number}/thu-hoi,
// /tem/{number}/nhan.pdf (labels). An order of a merged predecessor is {tenant}-{number}.
// Permissions: stamp.view, stamp.order, stamp.activate, stamp.print, stamp.recall.
package stamps
