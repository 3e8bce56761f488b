// Package gs1 holds the GS1 identifiers of the platform (GTIN, GLN, SSCC, lot, serial number) and the GS1 Digital
// Link that carries them in a QR code.
//
// A value of one of these types has been parsed and may be trusted; make one only with its Parse function.
// Sources: GS1 General Specifications (application identifiers, check digit, character set 82) and GS1 Digital Link
// URI Syntax 1.7.0. Tables follow the GS1 Barcode Syntax Dictionary.
package gs1
