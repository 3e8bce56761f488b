// Package mail sends the platform's letters: through an SMTP server, or, where none is configured, as .eml files into a
// folder that `txng demo` shows.
//
// A letter is text and simple HTML with the same words. Addresses are parsed and lines with control characters refused,
// so nothing that a person typed can become a header.
package mail
