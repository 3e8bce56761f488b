// Package ui is the one visual language of the product: page shells, forms, tables, statuses,
// charts, the tile map of the provinces, and the static assets behind them.
//
// Every component is a templ component fed by a plain struct whose zero value works. Every text
// parameter is already Vietnamese and is escaped here. All pages work without JavaScript.
//
// The package owns the URL prefix /static/ and knows no module, no database and no request.
package ui

// Addresses that stand in the frame of every signed-in page.
const (
	HomePath    = "/"
	SearchPath  = "/tim"       // GET, text in QuerySearch
	HelpPath    = "/tro-giup"  // GET
	ReportPath  = "/bao-loi"   // GET, request id in "ma"
	AccountPath = "/tai-khoan" // GET
	LogoutPath  = "/dang-xuat" // POST
)

// Query keys shared by every list.
const (
	QuerySearch = "q"     // words to search for
	QuerySort   = "sap"   // column key, "-" in front for descending
	QueryPage   = "trang" // page number from 1
	QueryExport = "xuat"  // ExportXLSX or ExportCSV: the same rows as a file
)

// Values of QueryExport.
const (
	ExportXLSX = "xlsx"
	ExportCSV  = "csv"
)
