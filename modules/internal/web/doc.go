// Package web is the way from a request to a module's handler and back.
//
// A route is registered with its permission and its door; the router finds out who asks, checks the permission, opens
// the scoped transaction and hands it to the handler, so that neither can be forgotten. A handler returns an Answer or
// an error; the answer is written after the commit, and an error becomes a page (or, below /api/, an RFC 9457 problem)
// by its kind in package fault.
//
// A form keeps what was typed by construction: when Submit's handler returns fault.Invalid, or a conflict with a
// sentence, the router rolls back and runs the handler that shows the form, with the values and the messages in the
// request; Request.Field puts them into the fields. When the session ended before a form was sent, the sign-in page
// carries the values over.
//
// Each tenant has an allowance of requests a minute (tenant.Allowances), for signed-in people, programs and the public
// apart. What is beyond it is answered at once, without the database, with 429 and when to come again: a page that sends
// the form once more with what was typed, or a problem. Calls of the API learn from RateLimit and RateLimit-Policy how
// their tenant stands.
package web
